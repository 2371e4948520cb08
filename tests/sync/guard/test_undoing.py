"""What is undone is shown again as it was, on every device, and nobody takes undoing for a loss."""

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, PURGED, TEXT
from sealwax.model.record import Kind
from tests.sync.guard.household import CHATS, PER_CHAT, House, message

HONEST, OTHER = 0, 1
ALL = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}


def _shown(house: House, number: int, records: list[bytes]) -> set[str]:
    """The words that a person reads, not those that stand behind others."""
    return {state.get(TEXT) for state in house.library(number).states(records).values()}


def _replace_words(house: House, records: list[bytes]) -> None:
    """Other words in the place of all that was said, told as if they had been there before."""
    evil = house.evil()
    told = ((None, entry(PURGED, 1)), (None, entry(LIFE, 2)), (2, entry(TEXT, "rubbish")))
    evil.append(
        changes=[
            Change(int(Kind.MESSAGE), one, life, 1, evil.id, (said,))
            for one in records
            for life, said in told
        ]
    )


def test_words_in_the_place_of_others_go(house: House) -> None:
    records = house.rows(HONEST)
    _replace_words(house, records)
    house.sync(HONEST, OTHER)
    assert _shown(house, HONEST, records) == {"rubbish"}
    house.answer(HONEST, is_accepted=False)
    assert _shown(house, HONEST, records) == ALL
    # To the other device, which asks the same, that is no loss of the rubbish.
    house.sync(HONEST, OTHER)
    assert _shown(house, OTHER, records) == ALL
    assert house.asked(OTHER) == []


def test_words_that_were_replaced_in_the_trash_come_back_there(house: House) -> None:
    records = house.rows(HONEST, 0, 1, 2)
    for chat in (0, 1, 2):
        house.delete(HONEST, chat)
    house.sync(HONEST, OTHER)
    house.answer(OTHER, is_accepted=True)
    house.sync(OTHER, HONEST)
    evil = house.evil()
    told = ((None, entry(PURGED, 1)), (3, entry(TEXT, "rubbish")))
    evil.append(
        changes=[
            Change(int(Kind.MESSAGE), one, life, 1, evil.id, (said,))
            for one in records
            for life, said in told
        ]
    )
    house.sync(HONEST)
    assert house.held(HONEST).waiting() == len(records)
    house.answer(HONEST, is_accepted=False)
    states = house.library(HONEST).states(records)
    assert {state.is_live for state in states.values()} == {False}
    assert all(str(state.get(TEXT)).startswith("words of") for state in states.values())


def test_what_was_put_back_later_is_in_no_snapshot_from_before(house: House) -> None:
    """While it was nowhere, snapshots were made that hold none of it, whatever this device shows
    of them."""
    evil = house.evil()
    evil.append(CommitKind.PURGE, dropped=evil.segments())
    evil.append(CommitKind.PIN)
    house.sync(HONEST)
    evil.purge(house.rows(HONEST), 0)
    house.sync(HONEST)
    house.homes[HONEST].kill(is_library_lost=True)
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) == ALL


def test_a_device_that_lost_some_of_what_it_had_seen_looks_at_the_rest(house: House) -> None:
    """Its library is gone, and so is a segment that was replaced since."""
    more = {f"words of message {number}" for number in range(60, 80)}
    fetched = house.homes[HONEST].device.mirror
    assert fetched is not None
    before = {name for name, *_ in house.library(HONEST).holdings.live_segments()}
    house.take(HONEST, [message(number) for number in range(60, 80)])
    house.sync(HONEST, OTHER)
    evil = house.evil()
    replaced = [name for name in evil.segments() if name not in before]
    changes = [change for name in replaced for change in evil.pulled().read_segment(name)]
    evil.append(CommitKind.COMPACT, changes, dropped=replaced)
    evil.purge(house.rows(HONEST, 0, 1, 2), 0)
    # The history comes near, and the device stops.
    fetched.refresh([MESSAGES_ZONE])
    fetched.fetch(evil.segments())
    for store in (fetched.near, house.place):
        store.delete_objects(replaced)
    house.homes[HONEST].kill(is_library_lost=True)
    house.sync(HONEST)
    assert house.asked(HONEST) != []
    house.answer(HONEST, is_accepted=False)
    assert house.texts(HONEST) >= ALL
    assert house.texts(HONEST) <= ALL | more
