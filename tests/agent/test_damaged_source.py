"""A source that cannot be read to its end is no success, and is told until it can be."""

import sqlite3
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.examining import facts_of
from sealwax.agent.importing import damage_of
from sealwax.base.clock import SetClock
from sealwax.base.condition import SetConditions
from sealwax.sources.base import SourceDamaged, SourceError
from sealwax.sources.registry import probe_source
from tests.homes import NOW_MS, environment, ignore, made_home, texts, write_threads

A = "+15550100000"


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """A database in one file."""
    write_threads(tmp_path / "phone", [600, 600])
    path = tmp_path / "phone" / "chat.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return path


def _told(agent: Agent) -> list[str]:
    facts = facts_of(agent, SetConditions(), SetClock(NOW_MS))
    return [source.code for source in facts.sources]


def _spoil(path: Path) -> None:
    """Damages the second half of the pages, but for its length."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:] = b"\xaa" * (len(data) - middle)
    path.write_bytes(data)


def test_a_database_that_is_cut_short_is_seen_before_it_is_read(phone: Path) -> None:
    probe_source(phone)
    data = phone.read_bytes()
    phone.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceDamaged, match="cut short"):
        probe_source(phone)
    # What SQLite keeps beside it may have the rest.
    phone.with_name("chat.db-wal").write_bytes(b"more")
    probe_source(phone)


def test_damage_is_told_until_the_source_was_read_to_its_end(tmp_path: Path, phone: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    whole = phone.read_bytes()
    with open_agent(home, env) as agent:
        agent.add_source(phone)
        assert not agent.import_source(phone, ignore).damage
        assert _told(agent) == [""]
        _spoil(phone)
        done = agent.import_source(phone, ignore)
        assert done.damage
        assert isinstance(damage_of(phone, done), SourceDamaged)
        assert _told(agent) == ["source-damaged"]
        # Nothing else changed; it is read again all the same.
        assert agent.import_source(phone, ignore).damage
        assert agent.tracing.trace(A, ignore).sources[0].trouble
        assert len(texts(agent, A)) == 600
        phone.write_bytes(whole)
        assert not agent.import_source(phone, ignore).damage
        assert _told(agent) == [""]
        assert not agent.tracing.trace(A, ignore).sources[0].trouble


def test_one_that_does_not_open_at_all_is_remembered_too(tmp_path: Path, phone: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    whole = phone.read_bytes()
    with open_agent(home, env) as agent:
        agent.add_source(phone)
        phone.write_bytes(whole[:100] + b"\xaa" * (len(whole) - 100))
        with pytest.raises(SourceError):
            agent.import_source(phone, ignore)
        assert _told(agent) == ["source-not-a-database"]
        phone.write_bytes(whole)
        agent.import_source(phone, ignore)
        assert _told(agent) == [""]
