"""A device of the account that takes away: messages, photos, snapshots, by every way that there is.

It is trusted, so its steps count. What they take away is refused, or held on every other device
until a person answers there; whoever takes away does not answer for the others.
"""

import msgspec
import pytest

from sealwax.agent.selecting import Select
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import Entry, entry
from sealwax.model.field import HELD, LIFE, PURGED
from sealwax.model.merge import Merge
from sealwax.model.record import Kind
from sealwax.vault.commit_part import Part
from sealwax.vault.digest import digest_bytes
from sealwax.vault.objects import SealedSegment
from tests.tribunal.court import (
    DAY_MS,
    HONEST,
    OWNER,
    SECOND,
    SNAPSHOTS,
    THIEF,
    Act,
    Acts,
    Court,
    try_act,
)
from tests.tribunal.device import Intruder

ACTS = Acts()
THIEF_NAMED = r"thief"
EMPTY_DIGEST = bytes(32)
YEAR_142000_MS = 4_418_064_000_000_000
HIGHEST_LIFE = 2**31
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


# Snapshots.


@ACTS.detected(THIEF_NAMED)
def it_lets_go_of_every_snapshot(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.UNPIN, public=unpin(thief.pins()))
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_lets_go_of_every_snapshot_one_in_each_step(court: Court) -> None:
    thief = court.intruder()
    for pin in thief.pins():
        thief.append(kind=CommitKind.UNPIN, public=unpin([pin]), part=Part(confirmed=True))


@ACTS.detected(THIEF_NAMED)
def it_lets_go_of_every_snapshot_with_syncs_in_between(court: Court) -> None:
    for pin in court.intruder().pins():
        court.intruder().append(kind=CommitKind.UNPIN, public=unpin([pin]))
        court.day(OWNER, is_writing=False)


@ACTS.harmless
def it_lets_go_of_snapshots_that_are_not_there(court: Court) -> None:
    thief = court.intruder()
    thief.append(kind=CommitKind.UNPIN, public=unpin([0, 10**6, 2**53]))


@ACTS.harmless
def facts_of_snapshots_have_any_form(court: Court) -> None:
    thief = court.intruder()
    for kind in (CommitKind.PIN, CommitKind.UNPIN, CommitKind.REDACT, CommitKind.MERGE):
        for public in (b"\xff", encode([]), encode([[]]), encode([-1, "x"]), b"\x91" * 900):
            thief.append(kind=kind, public=public)
    with court.agent(OWNER) as agent:
        agent.sync.now()
        named = {found.name for found in agent.snapshots()}
    assert set(SNAPSHOTS) <= named


@ACTS.harmless
def a_pin_holds_a_moment_that_is_still_to_come(court: Court) -> None:
    thief = court.intruder()
    head = thief.truth.store.head_seq(MESSAGES_ZONE)
    for seq in (head + 1, head + 2, 2**53):
        thief.append(kind=CommitKind.PIN, public=encode([0, seq]))


# Records.


def fall(court: Court, *entries: Entry, is_confirmed: bool = False) -> None:
    """The same is said of every message."""
    thief = court.intruder()
    assert thief.say(thief.about(court.messages(), *entries), is_confirmed) is None


@ACTS.detected(r"wait for your answer|thief")
def it_deletes_every_message(court: Court) -> None:
    fall(court, entry(LIFE, 1))


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_message_and_says_that_a_person_confirmed_it(court: Court) -> None:
    fall(court, entry(LIFE, 1), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_message_and_says_that_it_is_held_already(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(HELD, True, "1"))


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_message_and_says_that_it_was_answered(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(HELD, False, "1"))


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_message_and_answers_for_the_others(court: Court) -> None:
    """First the deletion; when the others hold it, the one that deleted says yes."""
    fall(court, entry(LIFE, 1))
    for number in HONEST:
        court.day(number, is_writing=False)
    fall(court, entry(HELD, False, "1"), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_deletes_two_messages_in_each_step(court: Court) -> None:
    messages = court.messages()
    for start in range(0, len(messages), 2):
        thief = court.intruder()
        thief.say(thief.about(messages[start : start + 2], entry(LIFE, 1)))


@ACTS.detected(THIEF_NAMED)
def it_deletes_two_messages_an_hour(court: Court) -> None:
    messages = court.messages()
    for start in range(0, len(messages), 2):
        thief = court.intruder()
        thief.say(thief.about(messages[start : start + 2], entry(LIFE, 1)), is_confirmed=True)
        court.day(OWNER, is_writing=False)
        court.advance(1 / 24)


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_message_for_the_last_time(court: Court) -> None:
    """With the highest odd life that there is."""
    fall(court, entry(LIFE, HIGHEST_LIFE - 1), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(PURGED, 1))
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message_and_says_that_a_person_confirmed_it(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(PURGED, 1), is_confirmed=True)
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message_that_nobody_has_deleted(court: Court) -> None:
    fall(court, entry(PURGED, 0))


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message_for_all_lives_to_come(court: Court) -> None:
    fall(court, entry(PURGED, HIGHEST_LIFE), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message_and_drops_the_words(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(PURGED, 1), is_confirmed=True)
    thief = court.intruder()
    live = thief.live()
    thief.append(kind=CommitKind.PURGE, dropped=live[:-1])
    kept_by_all(court)


@ACTS.detected(THIEF_NAMED)
def it_deletes_every_conversation(court: Court) -> None:
    thief = court.intruder()
    thief.say(thief.about(court.records(Kind.CONVERSATION), entry(LIFE, 1)), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_conversation(court: Court) -> None:
    thief = court.intruder()
    chats = court.records(Kind.CONVERSATION)
    thief.say(thief.about(chats, entry(LIFE, 1), entry(PURGED, 1)), is_confirmed=True)


@ACTS.detected(THIEF_NAMED)
def it_purges_every_message_and_lets_go_of_every_snapshot(court: Court) -> None:
    fall(court, entry(LIFE, 1), entry(PURGED, 1), is_confirmed=True)
    let_go_of_all(court)
    kept_by_all(court)


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


def test_it_purges_one_photo(court: Court) -> None:
    """That is no more than a person may do in a day without being asked. A snapshot has it, with
    its pieces, and brings it back."""
    thief = court.intruder()
    thief.say(thief.about(court.records(Kind.ATTACHMENT), entry(LIFE, 1), entry(PURGED, 1)), True)
    thief.append(dropped=thief.live_chunks())
    kept_by_all(court)
    for number in HONEST:
        court.day(number)
    with court.agent(OWNER) as agent:
        agent.restore(SNAPSHOTS[0], Select())
    court.settle()
    court.check()


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_taking_away(court: Court, act: Act) -> None:
    try_act(court, act)
