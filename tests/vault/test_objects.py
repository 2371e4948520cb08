"""Sealed objects: segments cut to size, chunks that name themselves, digests, checkpoints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.crypto.sealing import SealBroken
from sealwax.model.change import Change, entry
from sealwax.model.field import ORIGIN, RAW, TEXT
from sealwax.model.state import empty, encode, join_changes
from sealwax.vault.checkpoint import (
    Checkpoint,
    Held,
    PinnedMoment,
    open_checkpoint,
    seal_checkpoint,
)
from sealwax.vault.digest import MODULUS, change_digest
from sealwax.vault.objects import (
    CHUNK_BYTES,
    check_name,
    cut_segments,
    open_chunk,
    open_segment,
    seal_chunk,
    seal_segment,
)
from sealwax.vault.segment import LARGEST_CHANGES_BYTES, encode_segment
from tests.accounts import made_account

ACCOUNT = made_account("objects of the vault")
KEYS = ACCOUNT.keys
ZONE = "messages"


def _change(number: int, words: str = "words") -> Change:
    entries = (entry(ORIGIN, ["imessage", str(number)]), entry(TEXT, words))
    return Change(2, b"\2" + number.to_bytes(15, "big"), 0, number, b"d" * 16, entries)


def test_a_sealed_segment_opens_and_has_its_name() -> None:
    changes = [_change(number) for number in range(50)]
    sealed = seal_segment(KEYS.zone_key(ZONE, 0), KEYS.roots, changes, ACCOUNT.entropy)
    check_name(sealed.name, sealed.data)
    assert open_segment(KEYS, ZONE, sealed.data) == changes
    assert sealed.change_digest == change_digest(KEYS.roots, reversed(changes))
    with pytest.raises(SealBroken):
        check_name(sealed.name, sealed.data + b"\x00")
    with pytest.raises(SealBroken):
        open_segment(KEYS, "account", sealed.data)


def test_equal_pieces_have_equal_names_unless_counted_apart() -> None:
    one, two = seal_chunk(KEYS, ZONE, 0, b"piece"), seal_chunk(KEYS, ZONE, 0, b"piece")
    assert one == two
    assert seal_chunk(KEYS, ZONE, 0, b"piece", 1).name != one.name
    assert seal_chunk(KEYS, ZONE, 0, b"other").name != one.name
    assert open_chunk(KEYS, ZONE, one.data) == b"piece"
    other = made_account("another account").keys
    assert seal_chunk(other, ZONE, 0, b"piece").name != one.name


@pytest.mark.parametrize("length", [1, 511, 512, 70_000, CHUNK_BYTES])
def test_chunks_of_any_length(length: int) -> None:
    piece = b"\x00" * (length - 1) + b"x"
    assert open_chunk(KEYS, ZONE, seal_chunk(KEYS, ZONE, 0, piece).data) == piece


def test_a_change_larger_than_a_segment_becomes_several() -> None:
    entries = tuple(
        entry(RAW, bytes([at]) * (LARGEST_CHANGES_BYTES // 4), f"column {at}") for at in range(20)
    )
    large = _change(1, "words")._replace(entries=entries)
    changes = [_change(0, "a"), large, _change(2, "b")]
    batches = list(cut_segments(changes))
    told = [change for batch in batches for change in batch]
    assert [item for change in told for item in change.entries] == [
        item for change in changes for item in change.entries
    ]
    assert encode(join_changes(empty(2), told)) == encode(join_changes(empty(2), changes))
    for batch in batches:
        assert len(encode_segment(KEYS.roots, batch)) < LARGEST_CHANGES_BYTES * 2
    assert len(batches) > 4


@given(st.lists(st.integers(0, 3_000), max_size=60))
def test_segments_are_cut_without_losing_a_change(lengths: list[int]) -> None:
    changes = [_change(at, "w" * length * 100) for at, length in enumerate(lengths)]
    batches = list(cut_segments(changes))
    assert [change for batch in batches for change in batch] == changes
    for batch in batches:
        size_bytes = sum(len(change.entries[1].value) for change in batch[:-1])
        assert size_bytes < LARGEST_CHANGES_BYTES
    sizes = [sum(len(change.entries[1].value) for change in batch) for batch in batches]
    largest = max(lengths, default=0) * 100 + 100
    # None is a leftover: all are of about the same size.
    assert all(abs(one - other) <= 2 * largest for one in sizes for other in sizes)


@given(st.permutations(range(6)))
def test_a_digest_does_not_depend_on_the_order(order: list[int]) -> None:
    changes = [_change(number) for number in range(6)]
    shuffled = [changes[number] for number in order]
    assert change_digest(KEYS.roots, shuffled) == change_digest(KEYS.roots, changes)
    parts = sum(change_digest(KEYS.roots, [change]) for change in changes) % MODULUS
    assert parts == change_digest(KEYS.roots, changes)


def test_a_digest_covers_every_part_of_a_change() -> None:
    base = _change(1)
    others = [
        base,
        base._replace(life=2),
        base._replace(life=None),
        base._replace(time_ms=9),
        base._replace(device=b"e" * 16),
        base._replace(kind=3),
        base._replace(entries=base.entries[:1]),
        _change(1, "other"),
        _change(2),
    ]
    assert len({change_digest(KEYS.roots, [change]) for change in others}) == len(others)


def test_a_checkpoint_comes_back_and_damage_is_noticed() -> None:
    listed = Checkpoint(
        7,
        b"h" * 32,
        0,
        [
            Held(name := bytes([n]) * 32, n, None if n % 2 else n + 3, 600, None if n % 3 else name)
            for n in range(200)
        ],
        [PinnedMoment(3, 2, 0, 1_000)],
    )
    pieces = [piece.data for piece in seal_checkpoint(KEYS, ZONE, 0, listed, ACCOUNT.entropy)]
    assert open_checkpoint(KEYS, ZONE, pieces) == listed
    flipped = bytearray(pieces[0])
    flipped[len(flipped) // 2] ^= 1
    with pytest.raises(SealBroken):
        open_checkpoint(KEYS, ZONE, [bytes(flipped), *pieces[1:]])
