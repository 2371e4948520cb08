"""A server that answers with a history that does not hang together: nothing of it comes near, it is
told, everything here goes on, and when the server is honest again all is as if nothing had been."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.base.condition import Condition
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from tests import lying_place as lying
from tests.accounts import made_account
from tests.homes import ignore
from tests.lying_place import ChainLie, Lies, lied_to
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, Household, phone_with

STRANGER = made_account("a stranger", 2)
JUNK = b"this is no commit"


class _Still:
    """The condition of a computer that never changes."""

    def now(self) -> Condition:
        return Condition()


class Place:
    """Two homes and their server, which can be made to lie to both."""

    def __init__(self, folder: Path, server: Running, lies: Lies) -> None:
        self.lies = lies
        self.house = Household(folder, server)
        self._phone = phone_with(folder / "phone", 3)
        with self.house.agent(0) as agent:
            agent.import_source(self._phone, ignore)
        self.house.sync(0, 1)
        self._number = 0

    def write(self, number: int = 0, steps: int = 5) -> None:
        """One home writes steps of the history, and renames the other device as often."""
        with self.house.agent(number) as agent:
            for _ in range(steps):
                self._number += 1
                agent.create_snapshot(f"step {self._number}")
            agent.sync.now()

    def rename(self, steps: int = 4) -> None:
        """The first home writes steps of the account's log."""
        with self.house.agent(0) as agent:
            for _ in range(steps):
                self._number += 1
                agent.devices.rename("home 1", f"home 1 {self._number}")
                agent.devices.rename(f"home 1 {self._number}", "home 1")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    lies = Lies()
    with running(tmp_path / "server") as server, lied_to(monkeypatch, lies):
        yield Place(tmp_path, server, lies)


def _near(agent: Agent) -> dict[str, list[bytes]]:
    """All commits of the home's own vault."""
    near = agent.device.near
    return {zone: [data for _, data in near.read_commits(zone, 0)] for zone in near.list_zones()}


def _findings(agent: Agent, house: Household) -> dict[str, str]:
    found = examine(facts_of(agent, _Still(), house.clock)).findings
    return {finding.key: finding.text for finding in found}


def _lie(place: Place, zone: str, lie: ChainLie, honest: Callable[[Agent], object]) -> None:
    """The second home meets a lie, and says so; then the server is honest, and all is well."""
    house, lies = place.house, place.lies
    lies.chains[zone] = lie
    with house.agent(1) as agent:
        before = _near(agent)
        done = agent.sync.now()
        assert lies.told > 0
        assert not done.is_verified
        assert "does not hang together" in done.why
        state = agent.sync.state()
        assert state.trouble_code == "history-unsound"
        assert _near(agent)[zone] == before[zone]
        # Everything here goes on.
        agent.create_snapshot("while it lied")
        assert house.env.clock.now_ms() > 0
    with house.agent(1) as agent:
        findings = _findings(agent, house)
        assert "does not hang together" in findings["server-history"]
        assert agent.verify(ignore).damage == ()
    lies.be_honest()
    with house.agent(1) as agent:
        assert agent.sync.now().is_verified
        assert "server-history" not in _findings(agent, house)
        assert agent.verify(ignore).damage == ()
        honest(agent)
    house.sync(0, 1)
    with house.agent(0) as one, house.agent(1) as two:
        shared = [_near(agent) for agent in (one, two)]
        assert shared[0][MESSAGES_ZONE] == shared[1][MESSAGES_ZONE]
        assert shared[0][ACCOUNT_ZONE] == shared[1][ACCOUNT_ZONE]
        names = [[snapshot.name for snapshot in agent.snapshots()] for agent in (one, two)]
        assert names[0] == names[1]


def _after(lie: Callable[[int], ChainLie]) -> Callable[[int], ChainLie]:
    return lie


LIES: dict[str, Callable[[int], ChainLie]] = {
    "swapped": lambda seq: lying.swapped(seq + 2, seq + 3),
    "one left out": lambda seq: lying.without(seq + 2),
    "the first new one left out": lambda seq: lying.without(seq + 1),
    "one twice": lambda seq: lying.doubled(seq + 2),
    "an old one again at the end": lambda seq: (lambda told: [*told, told[seq]]),
    "one bit wrong": lambda seq: lying.flipped(seq + 2),
    "one bit of the first new one wrong": lambda seq: lying.flipped(seq + 1),
    "junk in the middle": lambda seq: lying.replaced(seq + 3, JUNK),
    "junk behind the end": lambda seq: lying.followed_by(JUNK),
    "an empty commit": lambda seq: lying.replaced(seq + 2, b""),
    "one that is too large": lambda seq: lying.followed_by(bytes(3 * 1024 * 1024)),
    "the new ones backwards": lambda seq: (
        lambda told: told[: seq + 1] + told[: seq : -1]
    ),
    "those of a stranger": lambda seq: lying.followed_by(STRANGER.commits[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_messages(place: Place, name: str) -> None:
    with place.house.agent(1) as agent:
        seq = agent.device.near.head_seq(MESSAGES_ZONE)
    place.write()
    _lie(place, MESSAGES_ZONE, LIES[name](seq), lambda agent: len(agent.snapshots()))
    assert len(place.house.texts(1, FIRST)) == 3


@pytest.mark.parametrize("name", LIES)
def test_the_log_of_the_account(place: Place, name: str) -> None:
    with place.house.agent(1) as agent:
        seq = agent.device.near.head_seq(ACCOUNT_ZONE)
    place.rename()

    def still_works(agent: Agent) -> None:
        agent.devices.rename("home 0", "renamed")

    _lie(place, ACCOUNT_ZONE, LIES[name](seq), still_works)
