"""A removed device that writes once more into a history that has forgotten its removal.

The server came back from a backup older than the removal. The removed device runs the ordinary
program, with its real keys, before any other device is there again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.sync.resolving import NothingToResolve
from sealwax.sync.taking_back import BEFORE
from tests.homes import ignore, texts
from tests.server.running import Running
from tests.sync.homes_on_server import FIRST, Household, phone_with
from tests.sync.restored import Machine

MESSAGES = 40
THIRD = "+15550100002"
"""A conversation that the removed device alone has."""


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
            agent.import_source(phone_with(folder / "late", 1, 1, 7, seed="late"), ignore)
            agent.delete(Select((FIRST,)))
            agent.drop_snapshots(["keep"])
        house.sync(1)
        yield Scene(house, server)


def _is_as_before(house: Household, number: int = 0) -> None:
    """Nothing of what the removed device wrote is there."""
    assert len(house.texts(number, FIRST)) == MESSAGES
    assert len(house.texts(number, FIRST, "keep")) == MESSAGES
    assert house.texts(number, THIRD) == []


def test_nothing_of_it_is_applied_before_a_person_says_so(tmp_path: Path) -> None:
    with taken_away(tmp_path) as (house, _):
        for _ in range(2):
            with house.agent(0) as agent:
                done = agent.sync.now()
                assert not done.is_verified
                assert "“home 1”, which was removed, wrote" in done.why
                assert agent.sync.state().trouble_code == "removed-device-wrote"
        _is_as_before(house)


def test_what_it_would_do_is_told(tmp_path: Path) -> None:
    with taken_away(tmp_path) as (house, _):
        with house.agent(0) as agent:
            plan = agent.sync.plan_resolution()
            assert plan.devices == ("home 1",)
            assert plan.steps >= 3
            # The messages, and their conversation.
            assert plan.deletions == MESSAGES + 1
            assert plan.messages >= 9
            assert (plan.snapshots, plan.unreadable) == (1, 0)
        _is_as_before(house)


def test_what_is_new_meanwhile_is_kept_at_the_place(tmp_path: Path) -> None:
    with taken_away(tmp_path) as (house, server):
        with house.agent(0) as agent:
            agent.sync.now()
            agent.import_source(phone_with(tmp_path / "new", 2, 3, seed="new"), ignore)
            done = agent.sync.now()
            assert done.waiting.messages == 5
        recover_home(tmp_path / "third", server.url, house.recovery_key, "third", house.env)
        with open_agent(tmp_path / "third", house.env) as agent:
            assert agent.devices.adopt("home 0").messages == 5


def test_without_it_all_is_as_before_on_every_device(tmp_path: Path) -> None:
    with taken_away(tmp_path, 3) as (house, server):
        with house.agent(0) as agent:
            done = agent.sync.resolve(is_accepted=False)
            assert done.is_verified, done
            assert agent.verify(ignore).damage == ()
        _is_as_before(house)
        # This one has pulled nothing of it yet.
        house.sync(2, 0)
        _is_as_before(house, 2)
        # Nor does a new device, or a library that is made anew, show anything of it.
        recover_home(tmp_path / "new", server.url, house.recovery_key, "new", house.env)
        (house.homes[2] / "library.db").unlink()
        for home in (tmp_path / "new", house.homes[2]):
            with open_agent(home, house.env) as agent:
                assert agent.sync.now().is_verified
                assert len(texts(agent, FIRST)) == len(texts(agent, FIRST, "keep")) == MESSAGES
                assert agent.verify(ignore).damage == ()


def test_accepted_it_goes_through_the_brake(tmp_path: Path) -> None:
    with taken_away(tmp_path) as (house, _), house.agent(0) as agent:
        agent.sync.resolve(is_accepted=True)
        assert agent.status().held > 0
        kept = [one for one in agent.snapshots() if one.reason.startswith("before deletions")]
        # What this device had, whole, before it took in anything of theirs.
        assert len(texts(agent, FIRST, str(kept[0].number))) == MESSAGES
        agent.answer_held(is_accepted=False)
        assert len(texts(agent, FIRST)) == MESSAGES
        assert len(texts(agent, THIRD)) == 7
        assert agent.sync.now().is_verified
        assert agent.verify(ignore).damage == ()


def test_a_device_that_had_taken_it_in_keeps_that_moment(tmp_path: Path) -> None:
    with taken_away(tmp_path, 3) as (house, _):
        # It has not heard of the removal, for the server had forgotten it.
        house.sync(2)
        assert house.texts(2, FIRST) == []
        assert len(house.texts(2, THIRD)) == 7
        with house.agent(0) as agent:
            assert agent.sync.resolve(is_accepted=False).is_verified
        house.sync(2)
        _is_as_before(house, 2)
        with house.agent(2) as agent:
            assert "taken back" in agent.status().taken_back
            (before,) = [one for one in agent.snapshots() if one.reason == BEFORE]
            assert texts(agent, FIRST, str(before.number)) == []
            assert len(texts(agent, THIRD, str(before.number))) == 7
            assert agent.verify(ignore).damage == ()
        (house.homes[2] / "library.db").unlink()
        with house.agent(2) as agent:
            (before,) = [one for one in agent.snapshots() if one.reason == BEFORE]
            assert texts(agent, FIRST, str(before.number)) == []
            assert len(texts(agent, THIRD, str(before.number))) == 7


@pytest.mark.parametrize("cut", range(6))
def test_cut_off_anywhere_nothing_of_it_is_applied(
    tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken_away(tmp_path) as (house, _):
        with house.agent(0) as agent, monkeypatch.context() as patch:
            _cut_off_at(patch, agent, cut)
            with pytest.raises(OSError, match="cut off"):
                agent.sync.resolve(is_accepted=False)
        _is_as_before(house)
        with house.agent(0) as agent:
            done = agent.sync.now()
            if not done.is_verified:
                assert agent.sync.state().trouble_code == "removed-device-wrote"
                assert agent.sync.resolve(is_accepted=False).is_verified
        _is_as_before(house)
        with house.agent(0) as agent:
            assert agent.verify(ignore).damage == ()


def _cut_off_at(patch: pytest.MonkeyPatch, agent: Agent, step: int) -> None:
    """The process ends before one of the steps of going on without it."""
    mirror, outbox = agent.device.mirror, agent.device.outbox
    assert mirror is not None
    steps = [
        (mirror, "append_far"),
        (mirror, "fetch"),
        (outbox, "keep"),
        (mirror.near, "set_aside_zone"),
        (mirror.near, "append_commits"),
        (outbox, "catch_up"),
    ]
    owner, name = steps[step]

    def cut_off(*_: object, **__: object) -> None:
        raise OSError("cut off")

    patch.setattr(owner, name, cut_off)


def test_nothing_to_resolve_is_said(tmp_path: Path) -> None:
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent, pytest.raises(NothingToResolve):
            agent.sync.plan_resolution()
