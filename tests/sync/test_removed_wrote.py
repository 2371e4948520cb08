"""A removed device that writes once more into a history that has forgotten its removal.

The server came back from a backup older than the removal. The removed device runs the ordinary
program, with its real keys, before any other device is there again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.agent.selecting import Select
from tests.homes import ignore
from tests.server.running import Running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with
from tests.sync.restored import Machine

MESSAGES = 40
THIRD = "+15550100002"


class Scene(NamedTuple):
    """A household whose home 1 was removed; the server came back from before, and home 1 has taken
    all away."""

    house: Household
    server: Running


@contextmanager
def taken_away(folder: Path, homes: int = 2) -> Iterator[Scene]:
    machine = Machine(folder)
    with machine.serving() as server:
        house = Household(folder, server, homes)
        with house.agent(0) as agent:
            agent.import_source(phone_with(folder / "phone", MESSAGES, 5), ignore)
            agent.create_snapshot("keep")
        house.sync(*range(homes))
    machine.copy()
    with machine.serving():
        with house.agent(0) as agent:
            agent.devices.revoke("home 1")
        house.sync(0)
    machine.come_back()
    with machine.serving() as server:
        with house.agent(1) as agent:
            agent.delete(Select((FIRST,)))
            agent.drop_snapshots(["keep"])
        house.sync(1)
        yield Scene(house, server)


def test_nothing_of_it_is_applied_before_a_person_says_so(tmp_path: Path) -> None:
    with taken_away(tmp_path) as (house, _):
        for _ in range(2):
            with house.agent(0) as agent:
                done = agent.sync.now()
                assert not done.is_verified
                assert "home 1" in done.why
                assert "removed" in done.why
                assert agent.sync.state().trouble_code == "removed-device-wrote"
        assert len(house.texts(0, FIRST)) == MESSAGES
        assert len(house.texts(0, FIRST, "keep")) == MESSAGES
