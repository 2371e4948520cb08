"""A server that answers with a history that does not hang together: nothing of it comes near, it is
told, everything here goes on, and when the server is honest again all is as if nothing had been."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sealwax.agent.api import Agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.base.condition import Condition
from sealwax.demo.world import write_world
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.wire import Event, encode_frames
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from tests import lying_place as lying
from tests.accounts import made_account
from tests.homes import DAY_MS, NOW_MS, ignore
from tests.lying_place import ChainLie, Lies, lied_to
from tests.server.running import Running, running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with

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


def _enough(place: Place) -> None:
    """Honest again: both homes are verified and say the same."""
    place.lies.be_honest()
    place.house.sync(1, 0, 1)
    for number in (0, 1):
        with place.house.agent(number) as agent:
            assert agent.verify(ignore).damage == ()


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_a_head_beyond_all_bounds_costs_nothing(place: Place, zone: str) -> None:
    place.write()
    place.rename()
    junk = [hashlib.sha256(b"%d" % number).digest() * 100 for number in range(600)]
    place.lies.chains[zone] = lambda commits: [*commits, *junk]
    place.lies.heads = lambda heads: {**heads, zone: (2**53, heads[zone][1])}
    with place.house.agent(1) as agent:
        before = sum(path.stat().st_size for path in _files(place.house.homes[1]))
        assert "does not hang together" in agent.sync.now().why
        assert JUNK not in _near(agent)[zone]
        after = sum(path.stat().st_size for path in _files(place.house.homes[1]))
        assert after - before < 100_000
    _enough(place)


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_another_hash_of_the_head_than_that_of_its_commit(place: Place, zone: str) -> None:
    place.write()
    place.rename()
    place.lies.heads = lambda heads: {**heads, zone: (heads[zone][0], b"x" * 32)}
    with place.house.agent(1) as agent:
        before = _near(agent)[zone]
        assert "does not hang together" in agent.sync.now().why
        assert _near(agent)[zone] == before
    _enough(place)


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_an_older_head_is_told_and_puts_nothing_back_in_vain(place: Place, zone: str) -> None:
    place.write()
    place.rename()
    place.house.sync(1)
    place.lies.chains[zone] = lying.ended(1)
    with place.house.agent(1) as agent:
        before = _near(agent)
        done = agent.sync.now()
        assert not done.is_verified
        assert done.why
        assert _near(agent) == before
    _enough(place)


def test_the_log_of_the_account_withheld_while_messages_go_on(place: Place) -> None:
    with place.house.agent(1) as agent:
        seq = agent.device.near.head_seq(ACCOUNT_ZONE)
    place.rename()
    place.write()
    place.lies.chains[ACCOUNT_ZONE] = lying.ended(seq)
    with place.house.agent(1) as agent:
        before = _near(agent)
        assert "does not hang together" in agent.sync.now().why
        assert _near(agent) == before
        assert agent.status().void_commits == 0
    _enough(place)


def test_always_another_commit_in_the_way(place: Place, tmp_path: Path) -> None:
    def refusing(request: httpx.Request) -> httpx.Response | None:
        is_append = request.method == "POST" and "/commits/" in request.url.path
        return (
            lying.refusing(409, "commit-exists", "Another device was faster.")
            if is_append
            else None
        )

    place.lies.answer = refusing
    with place.house.agent(1) as agent:
        agent.import_source(phone_with(tmp_path / "more", 1, 4, seed="more"), ignore)
        assert agent.sync.state().waiting.messages == 5
        assert not agent.sync.now().is_verified
    _enough(place)
    assert len(place.house.texts(0, SECOND)) == 4


def test_a_forged_event_brings_nothing(place: Place) -> None:
    place.write()
    with place.house.agent(1) as agent:
        agent.sync.pull()
        seq = agent.device.near.head_seq(MESSAGES_ZONE)
        before = _near(agent)
        for data in (JUNK, STRANGER.commits[1], before[MESSAGES_ZONE][-1]):
            event = Event(MESSAGES_ZONE, seq + 1, hashlib.sha256(data).hexdigest(), data)
            with pytest.raises(FarAway, match="does not hang together"):
                agent.sync.heard(event)
        assert _near(agent) == before
        assert agent.sync.now().is_verified


def test_a_removal_that_the_log_does_not_tell_and_that_has_no_end(place: Place) -> None:
    given = [0]

    def frames() -> Iterator[bytes]:
        while True:
            given[0] += 1
            yield encode_frames([JUNK])

    def removed(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith(("/challenges", "/tokens")):
            return None
        if request.url.path.endswith("/commits"):
            return httpx.Response(200, content=frames())
        return lying.refusing(401, "device-not-trusted", "Removed.")

    place.lies.answer = removed
    with place.house.agent(1) as agent:
        before = _near(agent)
        done = agent.sync.now()
        assert (done.is_verified, done.why) == (False, "Removed.")
        assert _near(agent) == before
        assert given[0] * len(JUNK) < 64 * 1024 * 1024
    _enough(place)


def test_a_new_device_takes_nothing_of_a_log_that_does_not_hang_together(
    place: Place, tmp_path: Path
) -> None:
    house, new = place.house, tmp_path / "new"
    place.lies.chains[ACCOUNT_ZONE] = lying.followed_by(JUNK)
    with pytest.raises(StoreError, match="does not hang together"):
        recover_home(new, house.url, house.recovery_key, "new", house.env)
    assert not (new / "keys").exists()
    place.lies.be_honest()
    recover_home(new, house.url, house.recovery_key, "new", house.env)
    house.homes.append(new)
    house.sync(2)


def test_a_new_device_takes_no_messages_that_do_not_hang_together(
    place: Place, tmp_path: Path
) -> None:
    house, new = place.house, tmp_path / "new"
    place.write()
    place.lies.chains[MESSAGES_ZONE] = lying.flipped(3)
    recover_home(new, house.url, house.recovery_key, "new", house.env)
    house.homes.append(new)
    with house.agent(2) as agent:
        assert "does not hang together" in agent.sync.now().why
        assert MESSAGES_ZONE not in _near(agent)
    place.lies.be_honest()
    house.sync(2)
    assert len(house.texts(2, FIRST)) == 3


def test_what_another_device_kept_is_not_taken_over_from_a_lie(
    place: Place, tmp_path: Path
) -> None:
    with place.house.agent(0) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(tmp_path / "own", 2, seed="own"), ignore)
        agent.sync.back_up_now()
        zone = agent.device.outbox.zone
    place.lies.chains[zone] = lying.followed_by(JUNK)
    with place.house.agent(1) as agent:
        with pytest.raises(FarAway, match="does not hang together"):
            agent.devices.adopt("home 0")
        place.lies.be_honest()
        assert agent.devices.adopt("home 0").messages == 2


def test_a_lie_about_what_one_device_keeps_for_itself_holds_up_nothing_else(
    place: Place, tmp_path: Path
) -> None:
    house = place.house
    with house.agent(0) as agent:
        agent.sync.switch(False)
        agent.import_source(phone_with(tmp_path / "own", 2, seed="own"), ignore)
        agent.sync.back_up_now()
        zone = agent.device.outbox.zone
        agent.sync.switch(True)
    world = write_world(tmp_path / "world", NOW_MS - DAY_MS, talks=2, photos=2)
    with house.agent(0) as agent:
        agent.import_source(world.path, ignore)
        agent.sync.now()
    place.lies.chains[zone] = lying.followed_by(JUNK)
    with house.agent(1) as agent:
        done = agent.sync.now()
        assert f"({zone} from" in done.why
        # Words and photos came all the same.
        assert done.fetched > 0
        assert len(list(agent.media(Select()))) > 0
    _enough(place)


def _files(home: Path) -> list[Path]:
    return [path for path in (home / "vault").rglob("*") if path.is_file()]
