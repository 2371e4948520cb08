"""Numbers in memory: each record that was added is among the candidates, however many there are."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.library import held_numbers
from sealwax.library.held_numbers import HELD_LIMIT, HeldNumbers

UIDS = st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=60)


@given(UIDS, UIDS)
def test_those_that_were_added_are_found(added: list[bytes], others: list[bytes]) -> None:
    numbers = HeldNumbers()
    numbers.add(added, range(1, len(added) + 1))
    for uid, number in zip(added, range(1, len(added) + 1), strict=True):
        assert numbers.candidates([uid]) == [number]
    strangers = [uid for uid in others if uid not in added]
    assert numbers.candidates(strangers) == []


def test_it_grows_and_keeps_all() -> None:
    numbers = HeldNumbers()
    uids = [number.to_bytes(16, "big") for number in range(1, 40_001)]
    for start in range(0, len(uids), 3_000):
        part = uids[start : start + 3_000]
        numbers.add(part, range(start + 1, start + 1 + len(part)))
    found = numbers.candidates(uids)
    assert set(found) == set(range(1, 40_001))
    # An id has two candidates where 32 bits of two hashes are the same: hardly ever.
    assert len(found) < 40_010


def test_a_number_that_changed_is_a_candidate_beside_the_old_one() -> None:
    """A transaction was rolled back, and the record got another number."""
    numbers = HeldNumbers()
    numbers.add([b"a" * 16], [7])
    numbers.add([b"a" * 16], [9])
    assert sorted(numbers.candidates([b"a" * 16])) == [7, 9]


def test_it_says_when_it_holds_too_many() -> None:
    numbers = HeldNumbers()
    assert not numbers.is_full
    numbers._count = HELD_LIMIT - 1
    assert not numbers.is_full
    numbers._count = HELD_LIMIT
    assert numbers.is_full


def test_the_table_of_so_many_takes_32_mib() -> None:
    slots = held_numbers._FIRST_SLOTS
    while slots < HELD_LIMIT * 2:
        slots *= held_numbers._GROWTH
    assert slots * 8 == 32 * 2**20
