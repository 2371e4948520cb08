"""A library that is being made: quick, and never taken for a whole one after a crash."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.home import LIBRARY_FILE
from sealwax.library.database import MAKING_SUFFIX, Database, LibraryStale
from tests.homes import environment, ignore, importing, made_home, texts, write_threads

KEY = b"k" * 32


class Trouble(Exception):
    """Something that goes wrong in the middle."""


def _say(database: Database, name: str) -> None:
    with database.transaction():
        database.connection.execute("INSERT INTO fact VALUES (?, x'00')", (name,))


def _facts(database: Database) -> list[str]:
    return [name for (name,) in database.connection.execute("SELECT name FROM fact ORDER BY 1")]


def test_a_mark_stands_beside_it_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    database = Database(path, KEY)
    mark = path.with_name(path.name + MAKING_SUFFIX)
    with database.making():
        assert mark.exists()
        _say(database, "a")
        with pytest.raises(LibraryStale):
            Database(path, KEY)
    assert not mark.exists()
    assert database.connection.pragma("journal_mode") == "wal"
    assert database.check() == []
    database.close()
    again = Database(path, KEY)
    assert _facts(again) == ["a"]
    again.close()


def test_what_fails_in_the_middle_is_taken_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", KEY)
    with database.making():
        _say(database, "a")
    with pytest.raises(Trouble), database.making(), database.transaction():
        database.connection.execute("INSERT INTO fact VALUES ('b', x'00')")
        raise Trouble
    assert _facts(database) == ["a"]
    assert database.check() == []
    _say(database, "c")
    assert _facts(database) == ["a", "c"]
    database.close()


def test_with_readers_it_is_made_the_careful_way(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    database = Database(path, KEY)
    database.has_readers = True
    with database.making():
        _say(database, "a")
        assert not path.with_name(path.name + MAKING_SUFFIX).exists()
        assert database.connection.pragma("journal_mode") == "wal"
    assert _facts(database) == ["a"]
    database.close()


def test_a_half_made_one_is_made_anew_without_a_word(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [20])
    importing(home, env, tmp_path / "phone")
    path = home / LIBRARY_FILE
    path.write_bytes(path.read_bytes()[: 8192 * 3])
    path.with_name(path.name + MAKING_SUFFIX).touch()
    with open_agent(home, env) as agent:
        assert agent.notes == ()
        assert len(texts(agent, "+15550100000")) == 20
        assert agent.verify(ignore).is_sound
    assert not path.with_name(path.name + MAKING_SUFFIX).exists()
