"""What a reset replaces, and that what it says anew is the whole of every state."""

from hypothesis import given

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import HELD, LIFE, PURGED, TEXT
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, encode, join_change
from sealwax.sync.reset import plan as planned
from sealwax.sync.reset.plan import SeenSegment, in_batches, plan_reset, said_anew
from sealwax.vault.segment import decode_segment, encode_segment
from tests.accounts import made_account
from tests.laws import LAWS
from tests.model.test_laws import CHANGES

RECORD = b"\2" * 16
ROOTS = made_account().keys.roots
DEVICE = b"d" * 16
MESSAGE = int(Kind.MESSAGE)


def _joined(kind: int, changes: list[Change]) -> State:
    state = empty(kind)
    for change in changes:
        state = join_change(state, change)
    return state


def _read_back(changes: list[Change]) -> list[Change]:
    """The changes as a reader of their segment has them."""
    return decode_segment(ROOTS, encode_segment(ROOTS, changes))


@LAWS
@given(CHANGES)
def test_what_is_said_anew_comes_to_the_same_state(changes: list[Change]) -> None:
    state = _joined(MESSAGE, changes)
    told = _read_back(said_anew(RECORD, state))
    assert encode(_joined(255, told)) == encode(state)


def test_tombstones_marks_variants_and_unknown_fields_are_said() -> None:
    told = [
        Change(MESSAGE, RECORD, 0, 5, DEVICE, (entry(TEXT, "one"), Entry("new", 99, "k", [1]))),
        Change(MESSAGE, RECORD, 0, 6, DEVICE, (entry(TEXT, "another"),)),
        Change(MESSAGE, RECORD, None, 7, DEVICE, (entry(LIFE, 1),)),
        Change(MESSAGE, RECORD, None, 0, DEVICE, (entry(HELD, True, "1"),)),
    ]
    purged = Change(MESSAGE, RECORD, None, 8, DEVICE, (entry(PURGED, 1),))
    erased = Change(MESSAGE, RECORD, None, 9, DEVICE, (Entry("erased", 6, "", True),))
    for changes in (told, [*told, purged], [*told, erased], []):
        state = _joined(MESSAGE, changes)
        assert encode(_joined(255, said_anew(RECORD, state))) == encode(state)


def test_a_kind_from_the_future_keeps_its_kind() -> None:
    state = _joined(200, [Change(200, RECORD, 0, 1, DEVICE, (Entry("x", 2, "", 1),))])
    assert [change.kind for change in said_anew(RECORD, state)] == [200]


def test_only_what_is_said_anew_is_replaced() -> None:
    plan = plan_reset(
        7,
        [
            SeenSegment(b"a", 10, is_readable=True, was_taken_in=True),
            SeenSegment(b"b", 20, is_readable=True, was_taken_in=False, lacking=3),
            SeenSegment(b"c", 40, is_readable=False, was_taken_in=True),
            SeenSegment(b"d", 80, is_readable=False, was_taken_in=False),
            SeenSegment(b"e", 160, is_readable=False, was_taken_in=False, is_nowhere=True),
            SeenSegment(b"f", 320, is_readable=False, was_taken_in=True, is_nowhere=True),
        ],
    )
    assert plan.replaced == (b"a", b"b", b"c", b"e", b"f")
    assert plan.lacking == (b"b",)
    assert plan[:7] == (7, 5, 550, 2, 1, 1, 1)


def test_batches_are_bounded_and_keep_a_record_together() -> None:
    one = Change(MESSAGE, RECORD, 0, 1, DEVICE, (entry(TEXT, "x"),))
    told = [[one] * 5000 for _ in range(7)]
    sizes = [len(batch) for batch in in_batches(told)]
    assert sizes == [15_000, 15_000, 5_000]
    assert max(sizes) < planned.RESET_CHANGES + 5000
    assert list(in_batches([])) == []
