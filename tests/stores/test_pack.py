"""A pack, whatever is in it: who reads it gets bytes for every commit, and no error."""

import random

import pytest

from sealwax.stores.base import COMMIT_LIMIT_BYTES
from sealwax.stores.pack import Pack, hang_together, is_pack, is_settled, make_pack
from tests.laws import cases
from tests.stores.rows import row

COUNT = 9
COMMITS = row(COUNT)
WHOLE = make_pack(4_000, COMMITS) or b""


def _is_pack(data: bytes, start_seq: int = 4_000, count: int = COUNT) -> bool:
    return is_pack(lambda at, size: data[at : at + size], len(data), start_seq, count)


def test_what_is_packed_comes_back() -> None:
    assert _is_pack(WHOLE)
    pack = Pack.of(WHOLE, 4_000, COUNT)
    assert pack.commits() == COMMITS
    assert pack.damaged() == []


def test_a_pack_is_one_of_its_range_and_count_alone() -> None:
    assert not _is_pack(WHOLE, start_seq=5_000)
    assert not _is_pack(WHOLE, count=COUNT - 1)
    assert not _is_pack(WHOLE[:100])
    assert not _is_pack(b"")


def test_a_flipped_bit_costs_two_commits_at_most_and_is_named() -> None:
    for bit in range(0, len(WHOLE) * 8, 7):
        data = bytearray(WHOLE)
        data[bit // 8] ^= 1 << bit % 8
        assert _is_pack(bytes(data))
        pack = Pack.of(bytes(data), 4_000, COUNT)
        told = enumerate(pack.commits(), 4_000)
        lost = {seq for seq, one in told if one != COMMITS[seq - 4_000]}
        assert lost <= set(pack.damaged()), bit
        assert len(pack.damaged()) <= 2, bit


@pytest.mark.parametrize("seed", range(cases(20, 2_000)))
def test_whatever_lies_there_is_read_in_bounds(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(WHOLE[: rng.randrange(16, len(WHOLE))])
    for _ in range(rng.randrange(1, 60)):
        at = rng.randrange(min(len(data), 160) if rng.random() < 0.8 else len(data))
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    asked: list[int] = []

    def read(at: int, size_bytes: int) -> bytes:
        assert at >= 0
        asked.append(size_bytes)
        return bytes(data[at : at + size_bytes])

    pack = Pack(read, 4_000, COUNT)
    found = pack.commits()
    assert len(found) == COUNT
    assert all(0 < len(one) <= COMMIT_LIMIT_BYTES for one in found)
    assert max(asked) <= COMMIT_LIMIT_BYTES
    right = [seq for seq in range(4_000, 4_000 + COUNT) if seq not in pack.damaged()]
    # Whoever wants a wrong commit believed has to write its check as well: the chain tells that.
    assert all(pack.is_whole(seq) for seq in right)


def test_what_is_too_large_is_not_packed() -> None:
    assert make_pack(0, [*COMMITS, b""]) is None
    assert make_pack(0, [bytes(COMMIT_LIMIT_BYTES + 1)]) is None
    assert make_pack(0, [bytes(COMMIT_LIMIT_BYTES)] * 33) is None
    assert make_pack(0, COMMITS, limit_bytes=200) is None


def test_a_row_hangs_together_when_each_names_the_one_before() -> None:
    assert hang_together(COMMITS)
    assert hang_together([*COMMITS[:4], b"void"])
    assert not hang_together([*COMMITS[:4], *COMMITS[5:]])
    assert not hang_together([*COMMITS[:4], b"void", *COMMITS[5:]])


def test_a_range_is_old_when_the_head_has_left_it_by_a_tenth() -> None:
    assert not is_settled(2_000, 3_098)
    assert is_settled(2_000, 3_099)
