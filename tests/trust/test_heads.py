"""Remembered heads: durable, never going back, damage noticed."""

from pathlib import Path

import pytest

from sealwax.ledger.chain import Head
from sealwax.trust.heads import HeadsBroken, RememberedHeads, RolledBack


def test_heads_are_remembered_and_never_go_back(tmp_path: Path) -> None:
    heads = RememberedHeads(tmp_path)
    heads.remember("messages", 7, b"h" * 32)
    heads.remember("messages", 3, b"x" * 32)
    assert RememberedHeads(tmp_path).get("messages") == (7, b"h" * 32)


def test_another_commit_at_the_same_seq_is_refused(tmp_path: Path) -> None:
    heads = RememberedHeads(tmp_path)
    heads.remember("messages", 7, b"h" * 32)
    heads.check(Head("messages", 7, b"h" * 32, 0))
    heads.check(Head("messages", 6, b"any hash that came before it 12", 0))
    with pytest.raises(RolledBack):
        heads.check(Head("messages", 7, b"x" * 32, 0))


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    RememberedHeads(tmp_path).remember("messages", 7, b"h" * 32)
    path = tmp_path / "heads"
    data = path.read_bytes()
    for place in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(HeadsBroken):
            RememberedHeads(tmp_path)
