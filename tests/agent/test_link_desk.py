"""Linking through a running agent: two threads on one side, a new machine on the other."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.joining import join_home
from sealwax.agent.link_desk import PATIENCE_SECONDS, LinkDesk, LinkGone
from sealwax.agent.linking import Asking, Linked, Offered, letters_of
from sealwax.agent.running import RunningAgent
from sealwax.base.clock import SetClock, SystemClock
from sealwax.base.condition import SetConditions
from sealwax.stores.letters import LinkUnknown
from sealwax.trust.linking import LinkExpired, LinkRefused
from tests.agent.test_remote import Serving
from tests.homes import environment

ENV = environment()
WAIT_SECONDS = 60


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    create_home(tmp_path / "home", tmp_path / "vault", "first", ENV)
    with open_agent(tmp_path / "home", ENV) as agent:
        running = RunningAgent(agent, SystemClock(), SetConditions())
        running.look = list  # type: ignore[method-assign]
        made = Serving(tmp_path / "home", running)
        yield made
        made.close()


class Machine:
    """A new machine that joins."""

    def __init__(self, tmp_path: Path) -> None:
        self.home, self.vault = tmp_path / "second", tmp_path / "vault"
        self.digits: list[str] = []
        self.failure: list[Exception] = []
        self.has_digits = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, offered: Offered) -> None:
        self.threads.append(threading.Thread(target=self._join, args=(offered.code,)))
        self.threads[0].start()

    def _join(self, code: str) -> None:
        try:
            join_home(self.home, str(self.vault), code, "second", ENV, self._tell)
        except Exception as error:
            self.failure.append(error)

    def _tell(self, digits: str) -> None:
        self.digits.append(digits)
        self.has_digits.set()


def test_a_device_is_let_in_while_the_agent_goes_on(serving: Serving, tmp_path: Path) -> None:
    remote, machine = serving.remote(), Machine(tmp_path)
    snapshots = []

    def confirm(asking: Asking) -> bool:
        assert machine.has_digits.wait(WAIT_SECONDS)
        assert (asking.name, [asking.digits]) == ("second", machine.digits)
        # The agent does other things while a person compares.
        snapshots.append(serving.remote().create_snapshot("meanwhile"))
        return True

    linked = remote.devices.link(machine.start, confirm)
    machine.threads[0].join(WAIT_SECONDS)
    assert machine.failure == []
    assert snapshots
    assert linked.name == "second"
    assert [device.name for device in remote.devices.list()] == ["first", "second"]
    with open_agent(machine.home, ENV) as second:
        assert [one.name for one in second.snapshots()] == ["meanwhile"]


def test_a_person_says_no(serving: Serving, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with pytest.raises(LinkRefused):
        serving.remote().devices.link(machine.start, lambda _: False)
    machine.threads[0].join(WAIT_SECONDS)
    assert isinstance(machine.failure[0], LinkRefused)
    assert len(serving.remote().devices.list()) == 1
    assert not machine.home.exists()


def test_a_command_that_is_cut_off_ends_the_link(serving: Serving, tmp_path: Path) -> None:
    codes: list[Offered] = []

    def cut_off(offered: Offered) -> None:
        codes.append(offered)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serving.remote().devices.link(cut_off, lambda _: True)
    machine = Machine(tmp_path)
    machine.start(codes[0])
    machine.threads[0].join(WAIT_SECONDS)
    assert isinstance(machine.failure[0], LinkRefused | LinkUnknown | LinkExpired)
    assert len(serving.remote().devices.list()) == 1


def test_a_new_code_ends_the_one_before(serving: Serving) -> None:
    desk = serving.running.links
    first = desk.begin()
    second = desk.begin()
    assert second.code != first.code
    for ask in (lambda: desk.look(first.number), lambda: desk.answer(first.number, True)):
        with pytest.raises(LinkGone):
            ask()
    # What came late ends nothing.
    desk.end(first.number)
    assert desk.look(second.number).digits == ""
    desk.end(second.number)
    with pytest.raises(LinkRefused):
        for _ in range(100):
            desk.look(second.number)


def test_a_home_without_letter_boxes_says_so(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.agent.devices.letters_of", lambda _: letters_of(_Nowhere()))
    with pytest.raises(Exception, match="has no letter boxes"):
        serving.remote().devices.link(lambda _: None, lambda _: True)


class _Nowhere:
    """A store that cannot carry letters."""

    def describe(self) -> str:
        return "This place"


def test_nobody_is_let_in_for_a_command_that_has_left() -> None:
    clock = SetClock(0)
    ended = threading.Event()
    failures: list[Exception] = []

    def offer(tell: Any, confirm: Any, wait: Any) -> Linked:
        tell(Offered("CODE", 1))
        try:
            confirm(Asking("second", "123456"))
        except LinkRefused as error:
            failures.append(error)
            raise
        finally:
            ended.set()
        raise AssertionError("nobody answered")

    desk = LinkDesk(offer, clock)
    begun = desk.begin()
    while not desk.look(begun.number).digits:
        continue
    clock.advance(round(PATIENCE_SECONDS * 1000) + 1)
    assert ended.wait(WAIT_SECONDS)
    assert len(failures) == 1


def test_a_mistake_of_ours_is_told(serving: Serving) -> None:
    def offer(tell: Any, confirm: Any, wait: Any) -> Linked:
        raise ZeroDivisionError

    with pytest.raises(Exception, match="ZeroDivisionError"):
        LinkDesk(offer, SystemClock()).begin()
