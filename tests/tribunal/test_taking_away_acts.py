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
from sealwax.model.record import Kind
from sealwax.vault.commit_part import Part
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SNAPSHOTS
from tests.tribunal.court import HONEST, Court

ACTS = Acts()
THIEF_NAMED = r"thief"
HIGHEST_LIFE = 2**31
encode = msgspec.msgpack.encode


def unpin(seqs: list[int]) -> bytes:
    return encode([seqs])


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
