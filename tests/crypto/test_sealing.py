"""Sealing: what is sealed opens again, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.crypto.key_tree import AccountKey
from sealwax.crypto.padding import padded_length
from sealwax.crypto.sealing import (
    HEADER_BYTES,
    OBJECT_LEAST_BYTES,
    OVERHEAD_BYTES,
    PART_LEAST_BYTES,
    SealBroken,
    SealedKind,
    SealUnknown,
    open_sealed,
    read_header,
    seal,
)

ACCOUNT = b"a" * 32
KEY = AccountKey(3, b"k" * 32)
ZONE = KEY.zone_key(ACCOUNT, "messages")
SALT = b"s" * 32


@given(st.binary(max_size=5_000), st.sampled_from(SealedKind))
def test_what_is_sealed_opens(content: bytes, kind: SealedKind) -> None:
    data = seal(ZONE, kind, SALT, content)
    assert open_sealed(ZONE, kind, data) == content
    least = PART_LEAST_BYTES if kind is SealedKind.COMMIT_PART else OBJECT_LEAST_BYTES
    assert len(data) == padded_length(OVERHEAD_BYTES + len(content), least)
    header = read_header(data)
    assert (header.kind, header.epoch, header.salt) == (kind, 3, SALT)


@given(st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(place: int, bit: int) -> None:
    data = bytearray(seal(ZONE, SealedKind.SEGMENT, SALT, b"some words"))
    data[place % len(data)] ^= 1 << bit
    with pytest.raises((SealBroken, SealUnknown)):
        open_sealed(ZONE, SealedKind.SEGMENT, bytes(data))


def test_every_bit_of_the_header_counts() -> None:
    data = seal(ZONE, SealedKind.SEGMENT, SALT, b"some words")
    for place in range(HEADER_BYTES * 8):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises((SealBroken, SealUnknown)):
            open_sealed(ZONE, SealedKind.SEGMENT, bytes(flipped))


@given(st.integers(0, 600))
def test_what_is_cut_short_is_noticed(length: int) -> None:
    data = seal(ZONE, SealedKind.SEGMENT, SALT, b"some words")
    with pytest.raises(SealBroken):
        open_sealed(ZONE, SealedKind.SEGMENT, data[: min(length, len(data) - 1)])


@pytest.mark.parametrize(
    "other",
    [
        KEY.zone_key(ACCOUNT, "account"),
        KEY.zone_key(b"b" * 32, "messages"),
        AccountKey(3, b"K" * 32).zone_key(ACCOUNT, "messages"),
        AccountKey(4, b"k" * 32).zone_key(ACCOUNT, "messages"),
    ],
)
def test_another_key_opens_nothing(other: object) -> None:
    data = seal(ZONE, SealedKind.SEGMENT, SALT, b"words")
    with pytest.raises(SealBroken):
        open_sealed(other, SealedKind.SEGMENT, data)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", set(SealedKind) - {SealedKind.SEGMENT})
def test_one_kind_does_not_pass_for_another(kind: SealedKind) -> None:
    data = bytearray(seal(ZONE, SealedKind.SEGMENT, SALT, b"words"))
    with pytest.raises(SealBroken):
        open_sealed(ZONE, kind, bytes(data))
    data[6] = kind
    with pytest.raises(SealBroken):
        open_sealed(ZONE, kind, bytes(data))


def test_keys_never_show() -> None:
    for value in (KEY, ZONE, ZONE.object_key(1, 1, SALT), KEY.chunk_key(ACCOUNT)):
        assert "kkkk" not in repr(value)
        assert "secret" not in repr(value)


@given(st.integers(1, 2**40))
def test_padding_adds_little_and_tells_little(length: int) -> None:
    padded = padded_length(length, 512)
    assert padded >= max(length, 512)
    assert padded == 512 or padded <= length * 1.12
    assert padded_length(padded, 512) == padded
