"""Reading from many threads while another one writes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import apsw
import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.readers import Readers
from sealwax.agent.selecting import NothingMatches, Select
from sealwax.demo.world import write_world
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    importing,
    made_home,
    said,
    texts,
    write_threads,
)


def test_what_was_written_is_read_and_what_was_missing_turns_up(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    (chat,) = write_threads(tmp_path / "phone", [3])
    with open_agent(home, env) as agent:
        readers = Readers(agent)
        late = "late-guid"
        with pytest.raises(NothingMatches):
            readers.read(lambda reader: reader.affected(Select(messages=(late,))))
        changed(
            tmp_path / "phone",
            lambda db: db.add_messages([said(chat, 1, late, "late", NOW_MS - 5)]),
        )
        agent.import_source(tmp_path / "phone", ignore)
        agent.create_snapshot("one")
        found = readers.read(lambda reader: reader.affected(Select(messages=(late,))))
        assert found.messages == 1
        assert readers.read(lambda reader: texts(reader, "1")) == texts(agent, "1")
        assert readers.read(lambda reader: reader.status()) == agent.status()
        readers.close()


def test_a_reader_sees_one_moment_and_the_writer_does_not_wait_for_it(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [50])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        readers = Readers(agent)
        reading, deleted = Event(), Event()

        def twice(reader: Agent) -> tuple[int, int]:
            first = reader.status().counts.messages
            reading.set()
            assert deleted.wait(60)
            return first, reader.status().counts.messages

        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(readers.read, twice)
            assert reading.wait(60)
            agent.delete(Select())
            deleted.set()
            assert asked.result() == (50, 50)
        assert readers.read(lambda reader: reader.status().counts.messages) == 0
        readers.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        readers = Readers(agent)
        with pytest.raises(apsw.ReadOnlyError):
            readers.read(lambda reader: reader.create_snapshot("never"))
        assert readers.read(lambda reader: reader.snapshots()) == []
        assert agent.verify(ignore).is_sound
        readers.close()


def test_many_threads_read_while_one_imports(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=60, photos=4)
    with open_agent(home, env) as agent:
        readers = Readers(agent, limit=2)
        is_done = Event()

        def keep_asking(_: int) -> int:
            highest = 0
            while not is_done.is_set():
                shown, counted = readers.read(_shown_and_counted)
                assert shown == counted
                assert shown >= highest
                highest = shown
            return highest

        with ThreadPoolExecutor(4) as pool:
            asking = pool.map(keep_asking, range(4))
            try:
                agent.import_source(world.path, ignore)
            finally:
                is_done.set()
            assert len(list(asking)) == 4
        assert readers.read(_shown_and_counted) == (agent.status().counts.messages,) * 2
        photos = readers.read(lambda reader: list(reader.media(Select())))
        with ThreadPoolExecutor(4) as pool:
            sizes = pool.map(
                lambda item: readers.read(
                    lambda reader: len(b"".join(reader.attachment_bytes(item.attachment)))
                ),
                photos * 5,
            )
            assert all(sizes)
        readers.close()


def _shown_and_counted(reader: Agent) -> tuple[int, int]:
    shown = sum(1 for _ in reader._library.read.messages(_everything(reader), _now(reader)))
    return shown, reader.status().counts.messages


def _everything(reader: Agent) -> object:
    return reader._selection(Select(), _now(reader))


def _now(reader: Agent) -> object:
    return reader._library.now()
