"""A device of the account that drops objects: by steps of every kind, and by what it says of them.

A segment ends only where the same changes stay. Locks, redactions and merges take nothing away.
"""

import msgspec
import pytest

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import Entry, entry
from sealwax.model.field import LIFE
from sealwax.model.merge import Merge
from sealwax.vault.commit_part import Part
from sealwax.vault.digest import digest_bytes
from sealwax.vault.objects import SealedSegment
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import DAY_MS, OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court
from tests.tribunal.device import Intruder

ACTS = Acts()
THIEF_NAMED = r"thief"
EMPTY_DIGEST = bytes(32)
YEAR_142000_MS = 4_418_064_000_000_000
encode = msgspec.msgpack.encode


def unpin(seqs: list[int]) -> bytes:
    return encode([seqs])


def nothing_left() -> Part:
    """A part that says that the history is empty now, as an honest device would of an empty one."""
    return Part(reason="harm", confirmed=True, digest=EMPTY_DIGEST, digest_rules=1)


def kept_by_all(court: Court) -> None:
    """Objects that were let go of go nowhere while nobody has answered."""
    before = [len(list(court.home(number).rglob("objects/*/*"))) for number in HONEST]
    for number in HONEST:
        with court.agent(number, is_lenient=True) as agent:
            agent.sync.now()
            agent.compact(lambda _: None)
    after = [len(list(court.home(number).rglob("objects/*/*"))) for number in HONEST]
    assert all(now >= then for now, then in zip(after, before, strict=True))


def let_go_of_all(court: Court) -> None:
    """No snapshot holds anything any more."""
    thief = court.intruder()
    refused = thief.append(
        kind=CommitKind.UNPIN, public=unpin(thief.pins()), part=Part(confirmed=True)
    )
    assert refused is None


# Dropping.


@pytest.mark.parametrize(
    "kind",
    [
        CommitKind.CHANGE,
        CommitKind.PIN,
        CommitKind.UNPIN,
        CommitKind.CHECKPOINT,
        CommitKind.REDACT,
        CommitKind.MERGE,
        CommitKind.REVOKE,
        "a kind from the future",
    ],
)
def test_a_step_of_any_kind_drops_every_message(court: Court, kind: str) -> None:
    thief = court.intruder()
    assert thief.append(kind=kind, dropped=thief.live(), part=nothing_left()) is None
    try_act(court, Act(lambda _: None, THIEF_NAMED))


@ACTS.detected(THIEF_NAMED)
def it_drops_every_message_and_tells_no_digest(court: Court) -> None:
    thief = court.intruder()
    thief.append(dropped=thief.live())


@ACTS.detected(THIEF_NAMED)
def it_drops_every_message_and_lets_go_of_every_snapshot(court: Court) -> None:
    thief = court.intruder()
    thief.append(dropped=thief.live(), part=nothing_left())
    let_go_of_all(court)
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_drops_one_segment_a_day(court: Court) -> None:
    for name in court.intruder().live()[:3]:
        court.intruder().append(dropped=[name])
        court.advance(1.5)
        court.day(OWNER, is_writing=False)


@ACTS.detected(THIEF_NAMED)
def a_compaction_keeps_nothing(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.COMPACT, dropped=thief.live(), part=nothing_left())


@ACTS.detected(THIEF_NAMED)
def a_compaction_keeps_half(court: Court) -> None:
    """The first segment is written anew, and both are dropped for it."""
    with court.agent(THIEF) as agent:
        history = agent.device.history
        live = court.intruder().live()
        half = history.read_segment(live[0])[::2]
    thief = court.intruder()
    thief.append(kind=CommitKind.COMPACT, segments=[thief.segment(half)], dropped=live)


@ACTS.detected(THIEF_NAMED)
def a_purge_drops_every_message(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.PURGE, dropped=thief.live(), part=nothing_left())
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def a_purge_drops_every_message_without_a_digest(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.PURGE, dropped=thief.live())


@ACTS.detected(THIEF_NAMED)
def a_reset_says_nothing(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.RESET, dropped=thief.live(), part=nothing_left())
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def a_reset_says_half(court: Court) -> None:
    with court.agent(THIEF) as agent:
        history = agent.device.history
        live = court.intruder().live()
        half = [change for name in live for change in history.read_segment(name)][::2]
    thief = court.intruder()
    thief.append(kind=CommitKind.RESET, segments=[thief.segment(half)], dropped=live)


@ACTS.detected(THIEF_NAMED)
def a_reset_is_followed_by_letting_go_of_every_snapshot(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.RESET, dropped=thief.live(), part=nothing_left())
    let_go_of_all(court)
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_drops_the_pieces_of_every_photo(court: Court) -> None:
    thief = court.intruder()
    chunks = thief.live_chunks()
    assert chunks
    thief.append(dropped=chunks)
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_drops_the_pieces_of_every_photo_and_lets_go_of_every_snapshot(court: Court) -> None:
    thief = court.intruder()
    thief.append(dropped=thief.live_chunks())
    let_go_of_all(court)
    kept_by_all(court)


@ACTS.harmless
def it_drops_names_that_are_nowhere(court: Court) -> None:
    thief = court.intruder()
    thief.append(dropped=[bytes([number]) * 32 for number in range(200)])


@ACTS.harmless
def it_adds_names_again_that_are_there(court: Court) -> None:
    thief = court.intruder()
    known = [SealedSegment(name, thief.truth.store.get_object(name), 0, 1) for name in thief.live()]
    thief.append(segments=known)


@ACTS.harmless
def it_adds_every_message_as_pieces_of_files(court: Court) -> None:
    """A name is added once: what was a segment stays one."""
    thief = court.intruder()
    store = thief.truth.store
    thief.append(chunks=[(name, len(store.get_object(name))) for name in thief.live()])


# Redactions, erasures, locks.


@ACTS.harmless
def a_redaction_takes_every_object_out_of_every_moment(court: Court) -> None:
    thief = court.intruder()
    names = [*thief.live(), *thief.live_chunks()]
    thief.append(kind=CommitKind.REDACT, public=encode([[[name, None] for name in names]]))
    kept_by_all(court)


@ACTS.harmless
def a_redaction_puts_forged_objects_in_the_place_of_all(court: Court) -> None:
    thief = court.intruder()
    forged = thief.segment(thief.about(court.messages()[:1], entry(LIFE, 0)))
    pairs = [[name, forged.name] for name in thief.live()]
    thief.append(kind=CommitKind.REDACT, segments=[forged], public=encode([pairs]))


@ACTS.harmless
def it_erases_every_message(court: Court) -> None:
    """Erasing is not built: it has no effect, and no alarm is needed."""
    thief = court.intruder()
    thief.say(
        thief.about(court.messages(), Entry("erased", int(Merge.ONCE), "", True)), is_confirmed=True
    )


def _locked(court: Court) -> Intruder:
    """The owner's snapshot is locked for ten years."""
    with court.agent(OWNER) as agent:
        library, journal = agent.device.history.library, agent.device.journal
        from sealwax.snapshot.pins import create_snapshot

        until_ms = court.clocks[OWNER].now_ms() + 3_650 * DAY_MS
        create_snapshot(library, journal, "locked", "test", lock_until_ms=until_ms)
        agent.sync.now()
    court.snapshots["locked"] = court.shown(OWNER, "locked")
    court.day(SECOND, is_writing=False)
    return court.intruder()


@ACTS.detected(THIEF_NAMED)
def it_takes_a_lock_off_by_saying_that_it_is_the_year_142000(court: Court) -> None:
    thief = _locked(court)
    data = thief.commit(
        kind=CommitKind.UNPIN, public=unpin(thief.pins()[-1:]), time_ms=YEAR_142000_MS
    )
    court.truth.force(MESSAGES_ZONE, data)


@ACTS.detected(THIEF_NAMED)
def it_takes_a_lock_off_by_saying_nothing_of_the_time(court: Court) -> None:
    thief = _locked(court)
    data = thief.commit(kind=CommitKind.UNPIN, public=unpin(thief.pins()[-1:]), time_ms=0)
    court.truth.force(MESSAGES_ZONE, data)


# Merges.


@ACTS.harmless
def a_merge_disowns_the_whole_history(court: Court) -> None:
    """What a trusted device wrote cannot be disowned."""
    thief = court.intruder()
    head = thief.truth.head(MESSAGES_ZONE)
    for first in (0, 1, head.seq):
        thief.append(kind=CommitKind.MERGE, public=encode([head.seq, head.hash, first]))


@ACTS.harmless
def a_merge_names_a_head_that_never_was(court: Court) -> None:
    thief = court.intruder()
    for facts in ([2**53, bytes(32), 0], [0, b"\x01" * 32, 1], [5, bytes(32)]):
        thief.append(kind=CommitKind.MERGE, public=encode(facts))


def test_an_honest_merge_disowns_nothing_of_a_trusted_device(court: Court) -> None:
    """Two devices went on from an old disk of the place: all of both stays."""
    earlier = court.truth.copy()
    court.write(OWNER, 2)
    court.place.truths[court.account] = earlier
    court.write(SECOND, 2)
    court.settle()
    court.check()


def test_a_compaction_lies_about_its_digest(court: Court) -> None:
    """The header says that the sum is right; what is inside is a forged line."""
    thief = court.intruder()
    live = thief.live()
    forged = thief.segment(thief.about(court.messages()[:1], entry(LIFE, 0)))
    thief.append(
        kind=CommitKind.COMPACT,
        segments=[forged],
        dropped=live,
        digests=[digest_bytes(thief.digest_of(live))],
        part=Part(reason="compact"),
    )
    kept_by_all(court)
    let_go_of_all(court)
    for number in HONEST:
        court.day(number)
    court.need_told(THIEF_NAMED)
    court.put_out()
    court.settle()
    court.check()


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_dropping(court: Court, act: Act) -> None:
    try_act(court, act)
