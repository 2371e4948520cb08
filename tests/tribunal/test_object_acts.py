"""A place that lies about objects: other bytes, fewer, none, or none any more."""

import os

import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.names import MESSAGES_ZONE, object_name
from sealwax.stores.base import StoreError
from sealwax.stores.server_errors import ServerTrouble
from sealwax.sync.reading_back import EVERYTHING
from sealwax.vault.objects import SealedSegment
from tests.homes import ignore
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court, shown_by
from tests.tribunal.place import Truth

ACTS = Acts()
LOST = r"sealed object|sync store lost|place\.example|shared place"
TROUBLE = r"place\.example|[Ss]erver trouble|sync store|could not be read"


def news(court: Court) -> None:
    """Another device wrote, what the owner has not fetched yet."""
    court.write(SECOND, 2)


def throw_away(truth: Truth, names: set[bytes]) -> None:
    """The operator deletes objects from its disk."""
    for name in names:
        truth.store._objects.pop(name, None)


def segments(court: Court) -> list[bytes]:
    return court.intruder().live()


@ACTS.detected(TROUBLE)
def the_bytes_of_two_objects_are_swapped(court: Court) -> None:
    news(court)
    one, other = segments(court)[-2:]
    swap = {one: other, other: one}
    objects = court.truth.store._objects
    court.place.lies.objects = lambda name, data: objects[swap[name]] if name in swap else data
    court.place.lies.whom = frozenset((court.id(OWNER),))


@ACTS.detected(TROUBLE)
def objects_are_cut_short(court: Court) -> None:
    news(court)
    court.place.lies.objects = lambda _, data: data[: len(data) // 2]


@ACTS.detected(TROUBLE)
def objects_are_empty(court: Court) -> None:
    news(court)
    court.place.lies.objects = lambda *_: b""


@ACTS.detected(TROUBLE)
def one_bit_of_every_object_is_wrong(court: Court) -> None:
    news(court)
    court.place.lies.objects = lambda _, data: data[:-1] + bytes([data[-1] ^ 1])


@ACTS.detected(TROUBLE)
def every_object_is_too_large(court: Court) -> None:
    """Seventeen megabytes for what may have sixteen."""
    news(court)
    large = bytes(17 * 1024 * 1024)
    court.place.lies.objects = lambda *_: large


@ACTS.detected(TROUBLE)
def every_object_is_refused(court: Court) -> None:
    news(court)

    def refuse(name: bytes, data: bytes) -> bytes:
        raise ServerTrouble("The server cannot read its disk.")

    court.place.lies.objects = refuse


@ACTS.detected(TROUBLE)
def objects_are_said_to_be_there_and_what_is_put_is_thrown_away(court: Court) -> None:
    court.place.lies.present = lambda wanted, _: wanted
    court.place.lies.puts = lambda _: []


@ACTS.harmless
def what_is_put_is_thrown_away_once(court: Court) -> None:
    """An object is missed at the commit that names it, and sent again."""
    court.place.lies.puts = lambda _: []
    with court.agent(OWNER) as agent:
        agent.sync.now()
    court.place.be_honest()


@ACTS.harmless
def everything_is_said_to_be_lost(court: Court) -> None:
    court.place.lies.lost = lambda: sorted(court.truth.store._objects)


@ACTS.harmless
def what_was_never_there_is_said_to_be_lost(court: Court) -> None:
    court.place.lies.lost = lambda: [os.urandom(32) for _ in range(2_000)]
    for number in HONEST:
        court.day(number)
    court.place.be_honest()


@ACTS.harmless
def half_of_the_objects_are_lost(court: Court) -> None:
    """The disk of an honest server lost them; the owner has all, and sends them again."""
    names = sorted(court.truth.store._objects)
    throw_away(court.truth, set(names[::2]))


@ACTS.harmless
def all_objects_are_lost(court: Court) -> None:
    throw_away(court.truth, set(court.truth.store._objects))


def test_everything_is_thrown_away_and_every_question_is_answered_yes(court: Court) -> None:
    """No question finds it; reading does. Whoever has read says so from then on, and puts all of it
    back; a new device has everything."""
    throw_away(court.truth, set(court.truth.store._objects))
    court.place.lies.present = lambda wanted, _: wanted
    court.place.lies.lost = list
    with court.agent(OWNER) as agent:
        found = agent.verify(ignore, reading=EVERYTHING)
    assert not found.is_sound
    assert any("sync store" in one.kind for one in found.damage), found.damage
    court.day(OWNER, is_writing=False)
    court.need_told(LOST)
    court.settle()
    court.check()


def test_a_device_that_lacks_something_vouches_for_nothing(court: Court) -> None:
    """A new device could not read all. What it writes must not call the others' libraries wrong,
    nor itself verified."""
    news(court)
    throw_away(court.truth, set(segments(court)[-2:]))
    court.place.lies.lost = list
    day = court.day(OWNER)
    assert day.outcome is not None
    assert not day.outcome.is_verified
    for number in (SECOND, SECOND, OWNER):
        court.day(number)
    with court.agent(SECOND) as agent:
        found = agent.verify(ignore)
        assert [one for one in found.damage if one.kind == "library"] == []
    court.settle()
    court.check()
    court.need_told(TROUBLE)


def test_a_device_names_an_object_that_is_nowhere(court: Court) -> None:
    """An honest place does not take such a commit; with the operator in league it stands. What
    devices have stays, what they write is shared, and the step is named."""
    thief = court.intruder(THIEF)
    missing = SealedSegment(os.urandom(32), b"x" * 700, 0, 1)
    assert thief.append(segments=[missing]) is not None
    court.truth.force(MESSAGES_ZONE, thief.commit(segments=[missing]))
    _check_with_damage(court)


@pytest.mark.parametrize("size_bytes", [0, 1, 99, 512, 100_000])
def test_a_device_adds_an_object_of_junk(court: Court, size_bytes: int) -> None:
    thief = court.intruder(THIEF)
    junk = TestOnlySeededEntropy("junk").bytes(size_bytes)
    thief.put(junk, object_name(junk))
    refused = thief.append(segments=[SealedSegment(object_name(junk), junk, 0, 1)])
    assert refused is None
    _check_with_damage(court)


def test_a_device_adds_an_object_that_is_too_large(court: Court) -> None:
    thief = court.intruder(THIEF)
    junk = bytes(17 * 1024 * 1024)
    thief.put(junk, object_name(junk))
    thief.append(segments=[SealedSegment(object_name(junk), junk, 0, 1)])
    _check_with_damage(court)


def _check_with_damage(court: Court) -> None:
    """What cannot be read stays named until its device is put out and the history is said anew by
    one that has everything; until then nothing else is touched by it."""
    expected = court.kept
    for number in HONEST:
        day = court.day(number)
        assert day.refusals == ()
        assert not expected - day.shown
    court.need_told(r"sealed object.*could not be read|thief")
    court.put_out()
    court.settle()
    court.check()


def test_a_place_that_fails_at_every_second_question(court: Court) -> None:
    """Nothing is lost, and it goes on when the place does."""
    turns = iter(range(10**6))

    def sometimes(name: bytes, data: bytes) -> bytes:
        if next(turns) % 2:
            raise ServerTrouble("The server cannot read its disk.")
        return data

    news(court)
    court.place.lies.objects = sometimes
    for number in (OWNER, SECOND, OWNER):
        court.day(number)
    court.settle()
    court.check()


def test_a_place_that_is_gone_for_good_while_a_snapshot_is_read(court: Court) -> None:
    """Every message and the snapshot are read from this device alone."""
    court.place.is_away = True
    for number in HONEST:
        with court.agent(number, is_lenient=True) as agent:
            assert shown_by(agent) == court.kept
            for name, words in court.snapshots.items():
                assert shown_by(agent, name) == words
        day = court.day(number)
        assert not day.refusals or isinstance(day.refusals[0], StoreError)
    court.settle()
    court.check()
    court.need_told(TROUBLE)


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_objects(court: Court, act: Act) -> None:
    try_act(court, act)
