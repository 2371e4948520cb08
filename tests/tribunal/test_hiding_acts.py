"""A device of the account that takes nothing away, and has everything disappear.

What is hidden is lost to a person as much as what is deleted: the same is held and told, and a
restore from a snapshot shows all again.
"""

import msgspec
import pytest

from sealwax.agent.selecting import Select
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.naming import ids_of, own_name
from sealwax.library.select import Selection
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    ALIAS,
    ARCHIVED,
    CONVERSATION,
    EDIT,
    EVENT,
    NAME,
    ORDER,
    ORIGIN,
    PARTS,
    PLACED,
    SPLIT,
    TEXT,
    TIME_NS,
    UNSENT,
)
from sealwax.model.record import Kind
from sealwax.model.state import content_under
from sealwax.vault.checkpoint import Checkpoint, seal_checkpoint
from sealwax.vault.commit_part import Part
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SNAPSHOTS
from tests.tribunal.court import HONEST, Court, shown_by

ACTS = Acts()
THIEF_NAMED = r"thief"
LONG_AGO_MS = -(2**53)
FORGED = "words that nobody wrote"


def try_with_restore(court: Court, told: str = THIEF_NAMED) -> None:
    """The owner is told by whom; a restore from the snapshot before brings all back, everywhere."""
    for number in HONEST:
        court.day(number)
    court.settle()
    court.need_told(told)
    with court.agent(OWNER) as agent:
        if (court.kept | court.said) - shown_by(agent):
            agent.restore(SNAPSHOTS[0], Select(), "replace")
            agent.sync.now()
    court.settle()
    court.check()


def say_of_all(
    court: Court, *entries: Entry, kind: int | None = None, time_ms: int | None = None
) -> None:
    """The same is said of every message, as content of its present life."""
    thief = court.intruder()
    time_ms = thief.now_ms if time_ms is None else time_ms
    changes = [
        Change(kind or known, record, 0, time_ms, thief.id, entries)
        for known, record in court.messages()
    ]
    assert thief.say(changes) is None


@pytest.mark.parametrize("kind", [0, int(Kind.CONVERSATION)])
def test_every_message_becomes_something_else(court: Court, kind: int) -> None:
    """An id begins with its kind, so it is another record that it says this of: nothing is lost."""
    thief = court.intruder()
    changes = [
        Change(kind, record, 0, thief.now_ms, thief.id, (entry(NAME, "x"),))
        for _, record in court.messages()
    ]
    assert thief.say(changes) is None
    try_with_restore(court, "")


@pytest.mark.parametrize("value", ["x", None, 2**63 - 1, -1, b"", [1]])
def test_every_message_gets_a_time_that_is_none(court: Court, value: object) -> None:
    """The first time that is told counts."""
    say_of_all(court, entry(TIME_NS, value), time_ms=LONG_AGO_MS)
    try_with_restore(court, "")


def test_every_message_is_placed_nowhere(court: Court) -> None:
    say_of_all(court, entry(PLACED, "direct:nobody"))
    try_with_restore(court)


def test_every_message_is_placed_in_one_conversation(court: Court) -> None:
    say_of_all(court, entry(PLACED, "direct:+15550100000"))
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()


def test_every_message_is_unsent(court: Court) -> None:
    say_of_all(court, entry(UNSENT, True, "0"))
    try_with_restore(court)


@pytest.mark.parametrize("words", ["", FORGED])
def test_every_message_is_edited(court: Court, words: str) -> None:
    say_of_all(court, entry(EDIT, [1, words], f"0:{10**9 - 1}:0123456789abcdef"))
    try_with_restore(court)


@pytest.mark.parametrize("words", ["", FORGED])
def test_every_message_had_other_words_from_the_beginning(court: Court, words: str) -> None:
    """The first words that are told count; those that were there are kept beside them."""
    say_of_all(court, entry(TEXT, words), time_ms=LONG_AGO_MS)
    try_with_restore(court)


def test_every_message_is_decoded_by_a_newer_version(court: Court) -> None:
    parts = [{"index": 0, "kind": "text", "text": FORGED}]
    say_of_all(court, entry(PARTS, [2**31, parts]), entry(UNSENT, True, "7"))
    try_with_restore(court)


def test_every_message_becomes_an_event_of_its_group(court: Court) -> None:
    say_of_all(court, entry(EVENT, {"kind": "left"}), time_ms=LONG_AGO_MS)
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()


@ACTS.harmless
def every_message_is_said_to_be_one_and_the_same(court: Court) -> None:
    """By all of one, by one of all, and by something that nobody knows of all of them."""
    with court.agent(OWNER) as agent:
        moment = agent._library.now()
        names = [own_name(row.state) for row in agent._library.read.messages(Selection(), moment)]
    say_of_all(court, *(entry(ALIAS, True, name) for name in names))


@ACTS.harmless
def every_message_is_told_again_with_other_words(court: Court) -> None:
    """Twins that say what the messages said, and are unsent, edited and in no order."""
    thief = court.intruder()
    with court.agent(OWNER) as agent:
        moment = agent._library.now()
        rows = list(agent._library.read.messages(Selection(), moment))
        roots = agent._library.roots
    told = (entry(UNSENT, True, "0"), entry(EDIT, [1, FORGED], "0:9:0123456789abcdef"))
    changes = []
    for row in rows:
        own = own_name(row.state)
        name = f"again {own}"
        (uid,) = ids_of(roots, Kind.MESSAGE, [name])
        named = (entry(ORIGIN, ["imessage", name]), entry(ALIAS, True, own), entry(ORDER, -9))
        for change in content_under(0, uid, [row.state]):
            entries = tuple(one for one in change.entries if one.name != ORIGIN.name)
            changes.append(change._replace(entries=entries))
        changes.append(Change(row.kind, uid, 0, thief.now_ms, thief.id, (*named, *told)))
    assert thief.say(changes) is None


@ACTS.harmless
def every_conversation_is_archived(court: Court) -> None:
    thief = court.intruder()
    thief.say(thief.about(court.records(Kind.CONVERSATION), entry(ARCHIVED, True), life=0))


@ACTS.harmless
def every_conversation_is_split(court: Court) -> None:
    thief = court.intruder()
    for value in (True, "direct:nobody", 7):
        thief.say(thief.about(court.records(Kind.CONVERSATION), entry(SPLIT, value), life=0))


@ACTS.harmless
def every_conversation_has_no_name(court: Court) -> None:
    thief = court.intruder()
    thief.say(thief.about(court.records(Kind.CONVERSATION), entry(NAME, ""), life=0))


@ACTS.harmless
def every_conversation_says_that_it_is_another_one(court: Court) -> None:
    thief = court.intruder()
    thief.now_ms = LONG_AGO_MS
    chats = court.records(Kind.CONVERSATION)
    thief.about(chats, entry(ORIGIN, ["imessage", "direct:nobody"]), life=0)
    segment = thief.segment(
        thief.about(chats, entry(ORIGIN, ["imessage", "direct:nobody"]), life=0)
    )
    thief.now_ms = 0
    thief.append(segments=[segment])


@ACTS.harmless
def every_message_is_in_a_thousand_conversations(court: Court) -> None:
    thief = court.intruder()
    entries = [entry(CONVERSATION, True, f"direct:{number}") for number in range(1_000)]
    thief.say(thief.about(court.messages()[:1], *entries, life=0))
    # It is shown in each of them; the others stay as they were.
    with court.agent(OWNER) as agent:
        agent.sync.now()
        assert set(court.kept) <= set(shown_by(agent))


@ACTS.harmless
def a_thousand_messages_come_that_nobody_wrote(court: Court) -> None:
    """A trusted device may say what it likes; it takes nothing from what was there."""
    thief = court.intruder()
    changes = [
        Change(
            int(Kind.MESSAGE), b"\2" + number.to_bytes(15, "big"), 0, thief.now_ms, thief.id,
            (
                entry(ORIGIN, ["imessage", f"m{number}"]),
                entry(CONVERSATION, True, "direct:+15550100000"),
                entry(TIME_NS, number),
                entry(TEXT, FORGED),
            ),
        )
        for number in range(1_000)
    ]  # fmt: skip
    thief.say(changes)


@ACTS.harmless
def a_step_says_that_it_has_seen_heads_that_nobody_has(court: Court) -> None:
    """What a device tells of heads is a hint, and stops nobody."""
    for seq, hash_ in ((2**50, bytes(32)), (0, b"\x01" * 32), (3, b"\x02" * 32)):
        heads = {"account": (seq, hash_), "messages": (seq, hash_), "device/x": (seq, hash_)}
        court.intruder().append(part=Part(reason="harm", heads=heads))


@ACTS.harmless
def a_step_has_a_wrong_digest(court: Court) -> None:
    """Each device makes its library anew once; the next honest step is right again."""
    court.intruder().append(part=Part(reason="harm", digest=b"\x07" * 32, digest_rules=1))


@ACTS.harmless
def a_step_has_no_digest(court: Court) -> None:
    """Nobody calls it verified before a whole device has written one."""
    court.intruder().append()


@ACTS.harmless
def a_step_has_a_digest_of_rules_to_come(court: Court) -> None:
    court.intruder().append(part=Part(reason="harm", digest=b"\x07" * 32, digest_rules=2**31))


@ACTS.detected(THIEF_NAMED)
def a_device_turns_sync_and_backup_of_itself_off(court: Court) -> None:
    from sealwax.vault.commit_part import Switches

    part = Part(reason="switches", switches=Switches(sync=False, backup=False))
    court.intruder().append(part=part)


@ACTS.harmless
def many_snapshots_are_made(court: Court) -> None:
    thief = court.intruder()
    head = thief.truth.head("messages").seq
    for number in range(60):
        facts = msgspec.msgpack.encode([0, head])
        part = Part(reason="harm", name=f"junk {number}")
        thief.append(kind=CommitKind.PIN, public=facts, part=part)


@ACTS.harmless
def a_snapshot_has_the_name_of_another_one(court: Court) -> None:
    """It cannot stand in for that."""
    thief = court.intruder()
    thief.say(thief.about(court.messages(), entry(TEXT, FORGED), life=0))
    head = thief.truth.head("messages").seq
    part = Part(reason="harm", name=SNAPSHOTS[0])
    thief.append(kind=CommitKind.PIN, public=msgspec.msgpack.encode([0, head]), part=part)


def test_a_step_says_nothing_that_can_be_unsealed(court: Court) -> None:
    """It stays in the history, and checks go on naming it; nothing else is touched."""
    for sealed in (b"", b"junk", b"SLWX" + bytes(200)):
        assert court.intruder().append(sealed=sealed) is None
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check(is_named="kind='commit'")
    court.need_told(THIEF_NAMED)


def test_a_checkpoint_lists_nothing(court: Court) -> None:
    """A new device that believed it would have nothing: the history is folded instead."""
    thief = court.intruder()
    head = thief.truth.head(MESSAGES_ZONE)
    listed = Checkpoint(head.seq, head.hash, thief.position, [], [])
    sealed = seal_checkpoint(thief.keys, MESSAGES_ZONE, thief.epoch, listed, thief.entropy)
    for one in sealed:
        thief.put(one.data, one.name)
    part = Part(reason="checkpoint", checkpoint=[one.name for one in sealed])
    chunks = [(one.name, len(one.data)) for one in sealed]
    assert thief.append(kind=CommitKind.CHECKPOINT, chunks=chunks, part=part) is None
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check(is_named="kind='commit'")


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_hiding(court: Court, act: Act) -> None:
    try_act(court, act)
