"""A device that listens has what others wrote at once, and need not ask for it."""

from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.wire import Event
from sealwax.stores.base import StoreError
from tests.homes import ignore, write_threads
from tests.server.running import running
from tests.sync.homes_on_server import Household

CHAT = "+15550100000"
WAIT_SECONDS = 30


def test_what_an_event_brings_is_readable_without_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = []
    for number in range(2):
        phones.append(tmp_path / f"phone{number}")
        phones[number].mkdir()
        write_threads(phones[number], (1 + number,), seed=f"phone {number}")
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phones[0], ignore)
        house.sync(0, 1)
        asked: list[bytes] = []
        count = server.parts.limits.take_account
        heard: Queue[Event | None] = Queue()
        with house.agent(1) as listening:

            def listen() -> None:
                try:
                    for event in listening.sync.listen():
                        heard.put(event)
                except StoreError:
                    heard.put(None)

            Thread(target=listen, daemon=True).start()
            assert heard.get(timeout=WAIT_SECONDS) is None
            listening.sync.pull()
            with house.agent(0) as agent:
                agent.import_source(phones[1], ignore)
            events = []
            while not any(event.zone == MESSAGES_ZONE for event in events):
                event = heard.get(timeout=WAIT_SECONDS)
                events += [event] if event is not None else []

            def counted(account: bytes) -> None:
                asked.append(account)
                count(account)

            monkeypatch.setattr(server.parts.limits, "take_account", counted)
            for event in events:
                listening.sync.heard(event)
            assert asked == []
            assert len(listening.read(listening.conversation(CHAT).record)) == 3
            monkeypatch.undo()
        house.sync(1, 0)


def test_without_a_server_there_is_nothing_to_hear(tmp_path: Path) -> None:
    from sealwax.agent.bootstrap import open_agent
    from tests.homes import environment, made_home

    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent, pytest.raises(StoreError):
        next(agent.sync.listen())
