"""The laws of merging: order, grouping and repetition change nothing, and no words are lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import LIFE, PURGED, READ_NS, TEXT
from sealwax.model.merge import Merge, Stamp, join_stamps, stamp_order, value_bytes, winner
from sealwax.model.record import Kind
from sealwax.model.state import (
    State,
    changes,
    content_under,
    decode,
    empty,
    encode,
    from_change,
    join,
    join_change,
    join_changes,
    tells_more,
)
from tests.laws import LAWS

pytestmark = pytest.mark.laws

RECORD = b"r" * 16
MESSAGE = int(Kind.MESSAGE)
TIMES = st.integers(0, 3)
DEVICES = st.sampled_from([b"a" * 16, b"b" * 16])
LIVES = st.sampled_from([0, 1, 2, 4, 2**30, 2**30 + 1, 2**31])
WORDS = st.sampled_from(["one", "two", "drei"])


def _values(merge: int) -> st.SearchStrategy[object]:
    if merge in (Merge.LEAST, Merge.GREATEST):
        return st.integers(0, 3)
    if merge == Merge.DECODED:
        return st.tuples(st.integers(0, 2), WORDS).map(list)
    return WORDS


CLASSES = st.sampled_from([*(int(merge) for merge in Merge), 77])
STAMPS = CLASSES.flatmap(
    lambda merge: st.tuples(
        st.just(merge),
        st.lists(
            st.builds(Stamp, st.one_of(st.none(), LIVES), TIMES, DEVICES, _values(merge)),
            min_size=1,
            max_size=5,
        ),
    )
)
CONTENT = st.one_of(
    WORDS.map(lambda text: entry(TEXT, text)),
    st.integers(0, 3).map(lambda value: entry(READ_NS, value)),
    st.tuples(st.sampled_from("xy"), WORDS).map(lambda kv: Entry("future", 77, kv[0], kv[1])),
    WORDS.map(lambda text: Entry("title", int(Merge.LAST), "", text)),
)
CONTENT_CHANGES = st.builds(
    lambda life, time, device, entries: Change(MESSAGE, RECORD, life, time, device, entries),
    LIVES, TIMES, DEVICES, st.lists(CONTENT, min_size=1, max_size=3).map(tuple),
)  # fmt: skip
HUGE = st.sampled_from([-1, 2**30 - 1, 2**30, 2**31, 2**64 - 1])
CONTROLS = st.one_of(
    st.one_of(st.integers(0, 4), HUGE).map(lambda life: entry(LIFE, life)),
    st.one_of(st.integers(0, 4), HUGE).map(lambda life: entry(PURGED, life)),
    st.just(Entry("erased", Merge.ONCE, "", True)),
)
CONTROL_CHANGES = st.builds(
    # Nobody writes control values under a life; one who does must not make states differ.
    lambda life, time, device, item: Change(MESSAGE, RECORD, life, time, device, (item,)),
    st.sampled_from([None, None, 0, 2]), TIMES, DEVICES, CONTROLS,
)  # fmt: skip
CHANGES = st.lists(st.one_of(CONTENT_CHANGES, CONTENT_CHANGES, CONTROL_CHANGES), max_size=6)


def _state(items: list[Change]) -> State:
    state = empty(MESSAGE)
    for item in items:
        state = join_change(state, item)
    return state


@LAWS
@given(STAMPS, st.randoms(use_true_random=False))
def test_stamps_join_in_any_order_any_grouping_any_number_of_times(
    case: tuple[int, list[Stamp]], rng: object
) -> None:
    merge, stamps = case
    together = join_stamps(merge, (), tuple(stamps))
    shuffled = list(stamps)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    cut = len(shuffled) // 2
    left = join_stamps(merge, (), tuple(shuffled[:cut]))
    right = join_stamps(merge, (), tuple(shuffled[cut:]))
    assert join_stamps(merge, left, right) == join_stamps(merge, right, left) == together
    assert join_stamps(merge, together, together) == together
    assert winner(merge, together) in stamps


def _covers(merge: int, left: Stamp, right: Stamp) -> bool:
    """The rule of docs/format.md, as it stands there."""

    def outlives() -> bool:
        return left.life is None or (right.life is not None and left.life >= right.life)

    def place(stamp: Stamp) -> tuple[int, bytes, bytes]:
        return stamp.time_ms, stamp.device, value_bytes(stamp.value)

    if merge == Merge.FIRST:
        return outlives() and left.value == right.value and place(left) <= place(right)
    if merge == Merge.LAST:
        return outlives() and place(left) >= place(right)
    if merge == Merge.LEAST:
        return outlives() and (left.value, *left[1:3]) <= (right.value, *right[1:3])
    if merge == Merge.GREATEST:
        return outlives() and (left.value, *left[1:3]) >= (right.value, *right[1:3])
    if merge == Merge.DECODED:
        return outlives() and (left.value[0], *place(left)) >= (right.value[0], *place(right))
    if merge == Merge.ONCE:
        return outlives() and place(left) <= place(right)
    return left == right


@LAWS
@given(STAMPS)
def test_stamps_stay_that_no_other_covers(case: tuple[int, list[Stamp]]) -> None:
    merge, stamps = case
    distinct = list({(*stamp[:3], value_bytes(stamp.value)): stamp for stamp in stamps}.values())
    left = [
        stamp
        for stamp in distinct
        if not any(_covers(merge, other, stamp) for other in distinct if other is not stamp)
    ]
    assert join_stamps(merge, (), tuple(stamps)) == tuple(sorted(left, key=stamp_order))


@LAWS
@given(CHANGES, CHANGES)
def test_many_changes_at_once_are_the_same_one_by_one(one: list[Change], two: list[Change]) -> None:
    state = _state(one)
    by_one = state
    for change in two:
        by_one = join_change(by_one, change)
    assert encode(join_changes(state, two)) == encode(by_one)


@LAWS
@given(CHANGES, CHANGES)
def test_joining_states_is_commutative_and_idempotent(one: list[Change], two: list[Change]) -> None:
    left, right = _state(one), _state(two)
    both = join(left, right)
    assert encode(both) == encode(join(right, left))
    assert encode(join(both, both)) == encode(both)
    assert encode(join(both, left)) == encode(both)


@LAWS
@given(CHANGES, CHANGES)
def test_a_change_tells_more_until_it_is_joined(one: list[Change], two: list[Change]) -> None:
    state, joined = _state(one), _state([*one, *two])
    assert not any(tells_more(joined, change) for change in two)
    # Where nothing alone tells more, all together tell nothing.
    assert any(tells_more(state, change) for change in two) or encode(joined) == encode(state)


@LAWS
@given(CHANGES, CHANGES, CHANGES)
def test_joining_states_is_associative(
    one: list[Change], two: list[Change], three: list[Change]
) -> None:
    a, b, c = _state(one), _state(two), _state(three)
    assert encode(join(join(a, b), c)) == encode(join(a, join(b, c)))


@LAWS
@given(CHANGES, st.randoms(use_true_random=False))
def test_the_order_of_changes_does_not_matter(items: list[Change], rng: object) -> None:
    shuffled = [*items, *items[:2]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert encode(_state(shuffled)) == encode(_state(items))
    by_states = empty(MESSAGE)
    for item in shuffled:
        by_states = join(by_states, from_change(item))
    assert encode(by_states) == encode(_state(items))


@LAWS
@given(CHANGES)
def test_a_state_survives_its_bytes_and_its_changes(items: list[Change]) -> None:
    state = _state(items)
    assert decode(encode(state)) == state
    assert encode(_state(changes(RECORD, state))) == encode(state)


@LAWS
@given(st.lists(CONTENT_CHANGES, min_size=1, max_size=4), CHANGES, st.integers(0, 3))
def test_a_restore_never_loses_words(
    items: list[Change], meanwhile: list[Change], extra: int
) -> None:
    """A full copy under a raised life outlives every purge of the lives before it."""
    then = _state(items)
    words = {value for (name, _, _), stamps in then.slots.items() if name == TEXT.name
             for value in (stamp.value for stamp in stamps)}  # fmt: skip
    now = join(then, _state(meanwhile))
    highest = max(now.life, now.purged)
    life = now.next_life(is_live=True)
    restored = now
    raised = Change(MESSAGE, RECORD, None, 9, b"a" * 16, (entry(LIFE, life),))
    for item in [raised, *content_under(life, RECORD, [then])]:
        restored = join_change(restored, item)
    purge = Change(MESSAGE, RECORD, None, 10 + extra, b"b" * 16, (entry(PURGED, highest),))
    after = join_change(restored, purge)
    assert after.is_live
    kept = {stamp.value for slot, stamps in after.slots.items() if slot[0] == TEXT.name
            for stamp in stamps}  # fmt: skip
    assert words <= kept


@LAWS
@given(CHANGES, st.integers(0, 4), CHANGES)
def test_a_purge_never_lets_words_come_back(
    before: list[Change], purged: int, after: list[Change]
) -> None:
    purge = Change(MESSAGE, RECORD, None, 5, b"a" * 16, (entry(PURGED, purged),))
    state = _state([*before, purge, *after])
    for stamps in state.slots.values():
        assert all(stamp.life is None or stamp.life > purged for stamp in stamps)


@LAWS
@given(CHANGES, CHANGES)
def test_a_reserved_field_is_kept_and_does_nothing(
    before: list[Change], after: list[Change]
) -> None:
    erase = Change(MESSAGE, RECORD, None, 5, b"a" * 16, (Entry("erased", Merge.ONCE, "", True),))
    state = _state([*before, erase, *after])
    slot = ("erased", int(Merge.ONCE), "")
    assert slot in state.slots
    without = _state([*before, *after])
    assert {**state.slots, slot: ()} == {**without.slots, slot: ()}


@LAWS
@given(st.lists(st.builds(Stamp, LIVES, TIMES, DEVICES, WORDS), min_size=1, max_size=6))
def test_raw_words_that_differ_are_all_kept(stamps: list[Stamp]) -> None:
    kept = join_stamps(Merge.FIRST, (), tuple(stamps))
    assert {stamp.value for stamp in kept} == {stamp.value for stamp in stamps}
    assert winner(Merge.FIRST, kept).time_ms == min(stamp.time_ms for stamp in stamps)


@LAWS
@given(st.lists(st.builds(Stamp, LIVES, TIMES, DEVICES, WORDS), min_size=1, max_size=6))
def test_a_class_from_the_future_keeps_every_stamp(stamps: list[Stamp]) -> None:
    assert set(join_stamps(77, (), tuple(stamps))) == set(stamps)


def test_a_class_from_the_future_tells_true_from_one() -> None:
    one, true = Stamp(0, 1, b"a" * 16, 1), Stamp(0, 1, b"a" * 16, True)
    assert len(join_stamps(77, (one,), (true,))) == 2
    assert len(join_stamps(77, (true,), (one,))) == 2


@pytest.mark.parametrize("merge", [*map(int, Merge), 77])
@pytest.mark.parametrize("is_keyed", [False, True])
def test_many_changes_of_one_record_are_joined_in_one_walk(
    merge: int, is_keyed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as many take twice the work: counted by how often a value is encoded."""
    encoded: list[object] = []

    def counted(value: object) -> bytes:
        encoded.append(value)
        return msgspec.msgpack.encode(value, order="deterministic")

    monkeypatch.setattr("sealwax.model.merge._encode_value", counted)
    work = []
    for count in (500, 1_000):
        many = [
            Change(MESSAGE, RECORD, at % 3, -at, b"a" * 16, (_numbered(merge, at, is_keyed),))
            for at in range(count)
        ]
        encoded.clear()
        half = join_changes(empty(MESSAGE), many[::2])
        join(join_changes(half, many[1::2]), half)
        work.append(len(encoded))
    assert work[1] <= 3 * work[0]
    assert work[1] <= 40 * count


def _numbered(merge: int, at: int, is_keyed: bool) -> Entry:
    value = [at, at] if merge == Merge.DECODED else at
    return Entry("field", merge, str(at) if is_keyed else "", value)
