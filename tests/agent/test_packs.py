"""Packs in a home: made in passing, read by everything, and mended when a disk damages one."""

import shutil
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.stores.folder import FolderStore
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from tests.homes import environment, ignore, made_home, write_threads

COMMITS = 1_150


def _go_on(agent: Agent, count: int) -> None:
    """So many more steps that say nothing."""
    replica = agent.device.history
    head, commits = replica.head(), list[bytes]()
    start_seq = head.seq + 1
    for _ in range(count):
        draft = Draft(CommitKind.CHANGE, replica.new_op_id(), Part())
        commits.append(replica.compose_after(head, draft))
        head = replica.judged(head, commits[-1]).head
    agent.device.near.append_commits(MESSAGES_ZONE, start_seq, commits)
    replica.pull()


class _Long:
    """A home with a long history of a short conversation."""

    def __init__(self, folder: Path) -> None:
        self.env: Environment = environment()
        self.home, _ = made_home(folder, self.env)
        self.phone = folder / "phone"
        write_threads(self.phone, [3])
        with open_agent(self.home, self.env) as agent:
            agent.import_source(self.phone, ignore)
            _go_on(agent, COMMITS)
            self.account = agent.status().account


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Long:
    return _Long(tmp_path_factory.mktemp("long"))


@pytest.fixture
def home(made: _Long, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.home, tmp_path / "home"))


def _files(home: Path) -> list[Path]:
    return [path for path in (home / "vault").rglob("zones/messages/**/*") if path.is_file()]


def _pack(home: Path) -> Path:
    (pack,) = (path for path in _files(home) if path.suffix == ".pack")
    return pack


@pytest.mark.parametrize("by", ["import", "compaction"])
def test_old_commits_are_packed_in_passing(
    made: _Long, home: Path, tmp_path: Path, by: str
) -> None:
    assert len(_files(home)) > COMMITS
    write_threads(tmp_path / "another", [2], seed="another")
    with open_agent(home, made.env) as agent:
        before = agent.status().head
        if by == "import":
            agent.import_source(tmp_path / "another", ignore)
        else:
            agent.compact(ignore)
            assert agent.status().head == before
        assert agent.verify(ignore).is_sound
    assert len(_files(home)) < COMMITS - 900
    # All of it can be read again by a library that begins from nothing.
    for path in home.glob("library.db*"):
        path.unlink()
    with open_agent(home, made.env) as agent:
        assert agent.status().counts.messages == (5 if by == "import" else 3)
        assert agent.verify(ignore).is_sound


def test_a_flipped_bit_is_named_and_mended(made: _Long, home: Path) -> None:
    with open_agent(home, made.env) as agent:
        agent.compact(ignore)
    data = bytearray(_pack(home).read_bytes())
    data[16 + 12_000 + 200_000] ^= 1
    _pack(home).write_bytes(data)
    store = FolderStore.open(home / "vault", bytes.fromhex(made.account))
    (seq,) = store.damaged_packed(MESSAGES_ZONE)
    with open_agent(home, made.env) as agent:
        found = agent.verify(ignore)
        assert [(one.kind, one.name) for one in found.damage] == [("commit", f"messages/{seq}")]
        agent.mend(found)
        assert agent.verify(ignore).is_sound
        agent.compact(ignore)
        assert agent.verify(ignore).is_sound
    assert store.damaged_packed(MESSAGES_ZONE) == []
    assert all(path.suffix == ".pack" or int(path.name) >= 1_000 for path in _files(home))
