"""What a compaction decides: tiers, and changes without purged content."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, PURGED, READ_NS, TEXT
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, encode, join_change
from sealwax.sync.compaction.plan import (
    MERGED_BYTES,
    TIERS,
    LiveSegment,
    plan_merges,
    without_purged,
)

DEVICE = b"d" * 16


def _segments(sizes: list[int]) -> list[LiveSegment]:
    return [
        LiveSegment(number.to_bytes(32, "big"), number, size) for number, size in enumerate(sizes)
    ]


def test_too_few_are_left_alone() -> None:
    assert plan_merges(_segments([1_000] * (TIERS[0].least - 1))) == ()


def test_enough_small_ones_become_one_oldest_first() -> None:
    segments = _segments([1_000] * TIERS[0].least)
    assert plan_merges(reversed(segments)) == (tuple(segments),)


def test_large_ones_are_never_written_again() -> None:
    assert plan_merges(_segments([TIERS[-1].size_bytes + 1] * 500)) == ()


def test_a_merge_is_bounded() -> None:
    merges = plan_merges(_segments([8_000] * 200))
    assert len(merges) > 1
    for merge in merges:
        assert sum(segment.size_bytes for segment in merge[:-1]) < MERGED_BYTES


@given(st.lists(st.integers(512, 300_000), max_size=80))
def test_each_segment_is_in_one_merge_at_most(sizes: list[int]) -> None:
    merged = [segment for merge in plan_merges(_segments(sizes)) for segment in merge]
    assert len(merged) == len(set(merged))
    assert all(len(merge) > 1 for merge in plan_merges(_segments(sizes)))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=400))
def test_no_byte_is_written_more_often_than_there_are_tiers(kilobytes: list[int]) -> None:
    """Day after day: what merges has grown out of its tier, so it cannot merge there again."""
    rounds: dict[bytes, int] = {}
    live: list[LiveSegment] = []
    for number, size in enumerate(kilobytes):
        live.append(LiveSegment(f"day {number}".encode(), number, size * 1024))
        for merge in plan_merges(live):
            name = f"merge {len(rounds)}".encode()
            rounds[name] = 1 + max(rounds.get(segment.name, 0) for segment in merge)
            live = [segment for segment in live if segment not in merge]
            size_bytes = sum(segment.size_bytes for segment in merge)
            live.append(LiveSegment(name, merge[0].added_seq, size_bytes))
    assert max(rounds.values(), default=0) <= len(TIERS) + 1
    assert len(live) < sum(tier.least for tier in TIERS) + sum(kilobytes) * 1024 // 100_000 + 1


def _joined(changes: list[Change]) -> State:
    state = empty(int(Kind.MESSAGE))
    for change in changes:
        state = join_change(state, change)
    return state


_content = st.builds(
    lambda life, time_ms, words: Change(
        2, b"r" * 16, life, time_ms, DEVICE, (entry(TEXT, words), entry(READ_NS, time_ms))
    ),
    st.integers(0, 5),
    st.integers(0, 9),
    st.sampled_from(["a", "b"]),
)
_control = st.builds(
    lambda life, time_ms: Change(2, b"r" * 16, None, time_ms, DEVICE, (entry(LIFE, life),)),
    st.integers(0, 6),
    st.integers(0, 9),
)


@given(st.lists(st.one_of(_content, _control), max_size=12), st.integers(0, 4))
def test_without_purged_words_the_state_is_the_same(changes: list[Change], through: int) -> None:
    purge = Change(2, b"r" * 16, None, 10, DEVICE, (entry(PURGED, through),))
    kept = without_purged([*changes, purge], {b"r" * 16: through})
    assert encode(_joined(kept)) == encode(_joined([*changes, purge]))
    assert all(change.life is None or change.life > through for change in kept)


def test_records_that_were_not_purged_keep_everything() -> None:
    changes = [Change(2, b"x" * 16, 0, 1, DEVICE, (entry(TEXT, "stays"),))]
    assert without_purged(changes, {b"r" * 16: 5}) == changes
