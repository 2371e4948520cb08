"""The zones that devices have for themselves: their outbox, and their backup while sync is off.

What is called backed up can be brought back by another device, whatever others wrote there,
whatever the place says, and whatever disk the home came back from.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable

import pytest

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, device_zone, object_name
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, ORIGIN, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.stores.base import StoreError
from sealwax.vault.commit_part import Part
from sealwax.vault.objects import SealedSegment
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import NAMES, OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court, shown_by

ACTS = Acts()
FOREIGN_STEPS = 20
FORGED = "forged words that the owner never said"


def zone_of(court: Court, number: int, generation: int = 0) -> str:
    if not generation:
        return device_zone(court.id(number))
    return f"{device_zone(court.id(number))}/{generation}"


def keep_apart(court: Court, number: int, times: int = 3) -> None:
    """Sync is off on a device, and words come in."""
    with court.agent(number) as agent:
        if agent.sync.is_on:
            agent.sync.switch(False)
    court.write(number, times)


def back_up(court: Court, number: int) -> bool:
    """Whether `backup now` says that another device could bring all of it back."""
    with court.agent(number) as agent:
        return agent.sync.back_up_now().is_whole


def check_backed_up(court: Court, number: int, by: int) -> None:
    """The device is lost; another one takes over what it had for itself, and lacks nothing."""
    words = court.kept | court.said
    with court.agent(by) as agent:
        agent.devices.adopt(NAMES[number])
        lost = words - shown_by(agent)
        assert not lost, f"{len(lost)} of {len(words)} were backed up and are not there"


def check_backup(court: Court, number: int, by: int = SECOND) -> None:
    """Whatever `backup now` says is true; and it says at last that all is there."""
    if back_up(court, number):
        # By an honest look at the truth: what the place says to the other device is its own lie.
        truth, lies, put_back = court.truth.copy(), court.place.lies, image(court, by)
        court.place.be_honest()
        check_backed_up(court, number, by)
        put_back()
        court.place.truths[court.account], court.place.lies = truth, lies
    court.place.be_honest()
    assert back_up(court, number)
    check_backed_up(court, number, by)


def foreign_steps(court: Court, kind: str, steps: int = FOREIGN_STEPS) -> None:
    """Another device writes into the owner's zone; the operator puts it there in any case."""
    zone = zone_of(court, OWNER)
    for _ in range(steps):
        thief = court.intruder()
        court.truth.force(zone, thief.commit(zone, kind=kind))


def test_an_honest_place_takes_nothing_into_the_zone_of_another_device(court: Court) -> None:
    thief = court.intruder()
    assert thief.append(zone_of(court, OWNER)) is not None
    assert court.truth.store.head_seq(zone_of(court, OWNER)) == -1


@pytest.mark.parametrize("kind", [CommitKind.CHANGE, CommitKind.PIN, CommitKind.REVOKE])
def test_another_device_has_written_there_before(court: Court, kind: str) -> None:
    foreign_steps(court, kind)
    keep_apart(court, OWNER)
    check_backup(court, OWNER)


@pytest.mark.parametrize("kind", [CommitKind.CHANGE, CommitKind.REVOKE])
def test_another_device_writes_there_between_two_backups(court: Court, kind: str) -> None:
    keep_apart(court, OWNER)
    assert back_up(court, OWNER)
    foreign_steps(court, kind)
    keep_apart(court, OWNER)
    check_backup(court, OWNER)


def test_another_device_closes_the_zone_of_the_owner(court: Court) -> None:
    """Every trusted device may close a zone behind a revocation; there was none."""
    zone = zone_of(court, OWNER)
    thief = court.intruder()
    for _ in range(3):
        thief.append(zone, kind=CommitKind.REVOKE, part=Part(reason="revoked"))
    keep_apart(court, OWNER)
    check_backup(court, OWNER)


@pytest.mark.parametrize("taken", ["dropped", "public"])
def test_a_step_that_closes_a_zone_takes_nothing_away(court: Court, taken: str) -> None:
    keep_apart(court, OWNER)
    assert back_up(court, OWNER)
    zone, thief = zone_of(court, OWNER), court.intruder()
    names = [name for name in court.truth.store._objects if name not in thief.live()]
    more: dict[str, object] = (
        {"dropped": names} if taken == "dropped" else {"public": b"\x91\x93\x00\x01\x02"}
    )
    assert thief.append(zone, kind=CommitKind.REVOKE, **more) is not None
    court.truth.force(zone, thief.commit(zone, kind=CommitKind.REVOKE, **more))
    with contextlib.suppress(StoreError):
        # With the operator in league there is nobody to be asked; nothing is taken in that is not
        # there.
        check_backed_up(court, OWNER, SECOND)
    court.place.be_honest()
    check_backed_up(court, OWNER, SECOND)


def test_the_place_says_that_it_has_more_of_the_zone(court: Court) -> None:
    keep_apart(court, OWNER)
    zone = zone_of(court, OWNER)
    court.place.lies.heads = lambda found: {**found, zone: (1_000, bytes(32))}
    check_backup(court, OWNER)


def test_the_place_throws_away_what_it_acknowledges(court: Court) -> None:
    keep_apart(court, OWNER)
    court.place.lies.append = lambda *_: False
    court.place.lies.puts = lambda _: []
    check_backup(court, OWNER)


def test_the_place_keeps_the_steps_and_throws_the_objects_away(court: Court) -> None:
    keep_apart(court, OWNER)
    court.place.lies.puts = lambda _: []
    court.place.lies.present = lambda wanted, _: wanted
    take = court.truth.store.append_commit
    court.place.lies.append = lambda zone, seq, data: bool(take(zone, seq, data))
    check_backup(court, OWNER)


def test_the_place_loses_the_objects_after_the_backup(court: Court) -> None:
    """The next backup finds it out, and sends them again."""
    keep_apart(court, OWNER)
    before = set(court.truth.store._objects)
    assert back_up(court, OWNER)
    for name in set(court.truth.store._objects) - before:
        del court.truth.store._objects[name]
    court.place.lies.present = lambda wanted, _: wanted
    check_backup(court, OWNER)


def test_the_place_changes_the_objects_after_the_backup(court: Court) -> None:
    keep_apart(court, OWNER)
    before = set(court.truth.store._objects)
    assert back_up(court, OWNER)
    for name in set(court.truth.store._objects) - before:
        court.truth.store._objects[name] = b"SLWX" + bytes(600)
    court.place.lies.present = lambda wanted, _: wanted
    check_backup(court, OWNER)


def image(court: Court, number: int) -> Callable[[], None]:
    """A copy of a home's disk; gives what puts it back."""
    copy = court.folder / f"image of {NAMES[number]}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(court.home(number), copy)

    def put_back() -> None:
        shutil.rmtree(court.home(number))
        shutil.copytree(copy, court.home(number))

    return put_back


def test_a_home_comes_back_from_an_image_with_sync_off(court: Court) -> None:
    """Nobody attacks: what was backed up before the disk broke, and after, is there."""
    keep_apart(court, OWNER)
    put_back = image(court, OWNER)
    keep_apart(court, OWNER, 4)
    assert back_up(court, OWNER)
    put_back()
    keep_apart(court, OWNER, 5)
    check_backup(court, OWNER)


def test_a_home_comes_back_from_an_image_that_was_never_backed_up(court: Court) -> None:
    put_back = image(court, OWNER)
    keep_apart(court, OWNER, 4)
    assert back_up(court, OWNER)
    put_back()
    keep_apart(court, OWNER, 6)
    check_backup(court, OWNER)


def test_a_home_comes_back_from_an_image_again_and_again(court: Court) -> None:
    put_back = image(court, OWNER)
    for _ in range(3):
        keep_apart(court, OWNER, 2)
        assert back_up(court, OWNER)
        put_back()
    keep_apart(court, OWNER, 1)
    check_backup(court, OWNER)


def test_a_home_comes_back_from_an_image_with_sync_on(court: Court) -> None:
    put_back = image(court, OWNER)
    court.day(OWNER)
    with court.agent(OWNER) as agent:
        agent.create_snapshot("after the image")
        agent.sync.now()
    court.snapshots["after the image"] = court.shown(OWNER, "after the image")
    put_back()
    court.day(OWNER)
    court.settle()
    court.check()


def test_a_home_comes_back_from_an_image_while_the_place_was_away(court: Court) -> None:
    """What waited on the first disk and was never sent is gone with it; nothing else is."""
    put_back = image(court, OWNER)
    court.place.is_away = True
    court.day(OWNER)
    with court.agent(OWNER) as agent:
        agent.create_snapshot("while away")
    put_back()
    court.said = Counter()
    court.day(OWNER)
    court.place.is_away = False
    court.settle()
    court.check()


def test_a_foreign_step_and_a_snapshot_made_while_the_place_was_away(court: Court) -> None:
    """Syncs go on, and files of others are fetched."""
    foreign_steps(court, CommitKind.CHANGE, 1)
    court.place.is_away = True
    court.day(OWNER)
    with court.agent(OWNER) as agent:
        agent.create_snapshot("while away")
    court.snapshots["while away"] = court.shown(OWNER, "while away")
    court.place.is_away = False
    court.write(SECOND, 2)
    court.settle()
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    court.check([OWNER])


def forged_words(court: Court) -> SealedSegment:
    """A message "from me"."""
    thief = court.intruder()
    origin = "forged"
    entries = (
        entry(ORIGIN, ["imessage", origin]),
        entry(CONVERSATION, True, "direct:+15550100000"),
        entry(TIME_NS, 1_795_000_000_000_000_000),
        entry(TEXT, FORGED),
    )
    change = Change(int(Kind.MESSAGE), b"f" * 16, 0, thief.now_ms, thief.id, entries)
    return thief.segment([change])


def test_a_removed_device_writes_into_a_zone_that_its_device_never_used(court: Court) -> None:
    """The second device has nothing of its own yet. The removed one and the operator put a forged
    message there, at the position before the removal; nobody takes it over."""
    thief = court.intruder()
    zone = zone_of(court, SECOND)
    forged = forged_words(court)
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    court.truth.force(zone, thief.commit(zone, segments=[forged]))
    court.truth.force(zone, thief.commit(zone, kind=CommitKind.PIN, public=b"\x92\x00\x00"))
    court.day(OWNER)
    with court.agent(OWNER) as agent:
        with contextlib.suppress(StoreError):
            agent.devices.adopt("second")
        assert FORGED not in shown_by(agent)
        assert agent.sync.unshown_snapshots() == 0
    court.settle()
    court.check()


@pytest.mark.parametrize("generation", [0, 1, 2, 9_999])
def test_a_removed_device_begins_a_zone_of_its_own_after_its_removal(
    court: Court, generation: int
) -> None:
    """At the position at which it was trusted. An honest place does not take it; what a place in
    league tells of it is taken over by nobody."""
    thief = court.intruder()
    zone = zone_of(court, THIEF, generation)
    forged = forged_words(court)
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    court.truth.force(zone, thief.commit(zone, segments=[forged]))
    court.day(OWNER)
    with court.agent(OWNER) as agent:
        with contextlib.suppress(StoreError):
            agent.devices.adopt("thief")
        assert FORGED not in shown_by(agent)
    court.settle()
    court.check()


def test_after_a_removal_nothing_that_it_signs_counts_in_any_zone(court: Court) -> None:
    """Also in those that no device has begun yet."""
    thief = court.intruder()
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    zones = [zone_of(court, number) for number in (OWNER, SECOND, THIEF)]
    for zone in (*zones, MESSAGES_ZONE):
        assert thief.append(zone) is not None, zone


@ACTS.detected(r"do not count|does not hang together")
def a_device_fills_all_generations_of_another_ones_zone(court: Court) -> None:
    thief = court.intruder()
    for generation in (1, 2, 3, 9_999):
        zone = zone_of(court, OWNER, generation)
        court.truth.force(zone, thief.commit(zone))


@ACTS.harmless
def a_zone_has_a_generation_that_is_none(court: Court) -> None:
    head = court.truth.heads()[MESSAGES_ZONE]
    own = zone_of(court, OWNER)
    names = [f"{own}/{wrong}" for wrong in ("0", "01", "10000", "-1", "x", "1/2")]
    court.place.lies.heads = lambda found: {**found, **dict.fromkeys(names, head)}
    for number in HONEST:
        court.day(number)


@ACTS.harmless
def the_thief_fills_a_zone_of_its_own_with_junk(court: Court) -> None:
    thief, zone = court.intruder(), zone_of(court, THIEF)
    junk = b"junk" * 200
    thief.put(junk, object_name(junk))
    thief.append(zone, segments=[SealedSegment(object_name(junk), junk, 0, 1)])
    for heads in ({"messages": (2**50, bytes(32))}, {"account": (7, b"\x07" * 32)}, {}):
        part = Part(reason="harm", name="junk", heads=heads, alone=True)
        facts = b"\x92\x00\x00"
        thief.append(zone, kind=CommitKind.PIN, public=facts, part=part)


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_own_zones(court: Court, act: Act) -> None:
    try_act(court, act)
