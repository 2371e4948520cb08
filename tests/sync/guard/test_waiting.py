"""What waits on a device, and nobody else has yet, is guarded like the rest."""

import pytest

from sealwax.library.project import PRESENT, TRASH
from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, PURGED, READ_NS
from sealwax.model.record import Kind
from sealwax.sources.base import Observation
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from sealwax.sync.guard.plan import BEFORE
from sealwax.sync.outgoing import Outgoing
from sealwax.sync.progress import Report
from tests.homes import NOW_MS
from tests.sync.guard.household import CHATS, PER_CHAT, Evil, House, message

HONEST, OTHER, EVIL = 0, 1, 2
NUMBERS = range(1_000, 1_000 + 2 * PER_CHAT)
WORDS = {f"words of message {number}" for number in NUMBERS}
ALL = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}


def _take_apart(house: House) -> list[bytes]:
    """Messages that one device alone has; their records."""
    before = set(house.rows(HONEST))
    house.homes[HONEST].device.journal.is_sharing = False
    house.take(HONEST, [message(number) for number in NUMBERS])
    house.homes[HONEST].device.journal.is_sharing = True
    return [one for one in house.rows(HONEST) if one not in before]


def _read(number: int) -> Observation:
    entries = (entry(READ_NS, NOW_MS * 1_000_000),)
    return Observation(int(Kind.MESSAGE), f"m{number}", NOW_MS, entries)


def _bring_back(house: House) -> set[str]:
    house.answer(HONEST, is_accepted=False)
    return house.texts(HONEST)


def test_it_is_looked_at_though_it_is_just_being_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first look took what waits off the library; more comes before it is on it again."""
    records, evil = _take_apart(house), house.evil()
    evil.delete(house.rows(OTHER, 0))
    send = Outgoing.send

    def send_late(self: Outgoing, report: Report) -> int:
        evil.purge(records, 0)
        return send(self, report)

    with monkeypatch.context() as patched:
        patched.setattr(Outgoing, "send", send_late)
        house.sync(HONEST)
    assert house.held(HONEST).waiting() >= len(records)
    assert house.reachable(HONEST) >= WORDS
    assert _bring_back(house) == ALL | WORDS


def test_words_wait_of_a_message_that_others_know_in_part(house: House) -> None:
    """The moment of the shared history has when it was read, and no more."""
    house.take(OTHER, [_read(number) for number in NUMBERS])
    house.sync(OTHER, HONEST)
    _take_apart(house)
    records = house.rows(HONEST)
    waiting = [one for one in records if one not in set(house.rows(OTHER))]
    evil = house.evil()
    evil.purge(waiting, 0)
    house.sync(HONEST)
    assert house.reachable(HONEST) >= WORDS
    # Another device undoes what it had; the words are not back by that.
    house.sync(OTHER)
    house.answer(OTHER, is_accepted=False)
    house.sync(OTHER, HONEST)
    assert house.held(HONEST).waiting() == len(waiting)
    assert _bring_back(house) == ALL | WORDS


def test_a_snapshot_of_this_device_makes_nothing_known_to_others(house: House) -> None:
    device = house.homes[HONEST].device
    device.journal.is_sharing = False
    house.take(HONEST, [message(number) for number in NUMBERS])
    house.snapshot(HONEST)
    house.take(OTHER, [message(2_000)])
    house.sync(OTHER)
    device.sync.pull()
    library = house.library(HONEST)
    records = [one for one in house.rows(HONEST) if one not in set(house.rows(OTHER))]
    assert library.read.unknown_at(records, library.head_seq()) == set(records)


def test_the_trash_is_not_emptied_where_a_deletion_was_meant(house: House) -> None:
    """A person says that messages were to be deleted; then they are purged, weeks too early."""
    evil, records = house.evil(), house.rows(HONEST, 0, 1, 2)
    evil.delete(records)
    house.sync(HONEST)
    house.answer(HONEST, is_accepted=True)
    evil.purge(records, 1)
    house.sync(HONEST)
    assert house.held(HONEST).waiting() == len(records)
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST, place=PRESENT) | house.texts(HONEST, place=TRASH) == ALL


def test_what_is_said_under_a_new_life_is_not_what_was_taken_away(house: House) -> None:
    """Little by little, each time with a word that makes the message seem to be there."""
    evil = house.evil()
    for number in range(4):
        records = house.rows(HONEST, number)
        told = ((None, entry(PURGED, 1)), (None, entry(LIFE, 2)), (2, entry(READ_NS, 1)))
        evil.append(
            changes=[
                Change(int(Kind.MESSAGE), one, life, NOW_MS, evil.id, (said,))
                for one in records
                for life, said in told
            ]
        )
        house.sync(HONEST)
    assert house.held(HONEST).waiting() == 4 * PER_CHAT
    assert _bring_back(house) == ALL


def test_undoing_shows_the_moments_that_it_needs(house: House) -> None:
    """A library passes moments by that are pinned later; one that is made anew shows them."""
    _purge(house.evil(), house)
    connection = house.library(HONEST).database.connection
    connection.execute("UPDATE pin SET is_shown = 0 WHERE reason = ?", (BEFORE,))
    assert _bring_back(house) == ALL
    assert house.asked(HONEST) == []


def test_what_no_moment_shows_yet_stays_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _purge(house.evil(), house)
    connection = house.library(HONEST).database.connection
    connection.execute("UPDATE pin SET is_shown = 0 WHERE reason = ?", (BEFORE,))

    def break_off(*_: object) -> None:
        raise FarAway(StoreError("The line broke."))

    with monkeypatch.context() as patched:
        patched.setattr("sealwax.sync.others.Others.show", break_off)
        house.answer(HONEST, is_accepted=False)
    assert house.held(HONEST).waiting() == 3 * PER_CHAT
    assert _bring_back(house) == ALL


def _purge(evil: Evil, house: House) -> None:
    evil.purge(house.rows(HONEST, 0, 1, 2), 0)
    house.sync(HONEST)
