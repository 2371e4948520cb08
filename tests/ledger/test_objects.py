"""Objects and pins: added once, live in an interval, held by pins, replaced by redactions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import (
    FOREVER,
    Objects,
    PinFacts,
    RedactFacts,
    UnpinFacts,
    encode_facts,
)
from tests.accounts import TIME_MS, made_account, next_commit

ACCOUNT = made_account("objects")
NAMES = [bytes([number]) * 32 for number in range(6)]


class _Zone:
    """A chain that grows, and what it holds."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.head: Head = beginning(ACCOUNT.log.account, MESSAGES_ZONE)

    def add(
        self,
        added: tuple[int, ...] = (),
        dropped: tuple[int, ...] = (),
        kind: CommitKind = CommitKind.CHANGE,
        public: bytes = b"",
    ) -> Commit:
        data = next_commit(
            ACCOUNT,
            self.head,
            added=tuple((NAMES[number], 600 + number) for number in added),
            dropped=tuple(NAMES[number] for number in dropped),
            kind=kind,
            public=public,
        )
        judged = judge(self.head, data, ACCOUNT.log)
        assert judged.commit is not None, judged.void_reason
        self.head = judged.head
        self.objects.apply(judged.commit)
        return judged.commit

    def live(self, seq: int) -> set[int]:
        return {NAMES.index(name) for name in self.objects.live_at(seq)}


def test_an_object_lives_from_its_add_to_its_drop() -> None:
    zone = _Zone()
    zone.add((0, 1))
    zone.add((2,), (0,))
    assert zone.live(0) == {0, 1}
    assert zone.live(1) == {1, 2}


def test_adding_a_name_again_has_no_effect() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add((), (0,))
    zone.add((0,))
    assert zone.live(2) == set()
    assert zone.objects.intervals[NAMES[0]].added_seq == 0


def test_a_pin_holds_the_moment_before_it() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add(kind=CommitKind.PIN, public=encode_facts(PinFacts(0)))
    zone.add((1,), (0,))
    assert zone.objects.pins[1].pinned_seq == 0
    assert zone.objects.held(zone.head.seq) == {NAMES[0], NAMES[1]}
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert zone.objects.pins == {}
    assert zone.objects.held(zone.head.seq) == {NAMES[1]}


def test_a_locked_pin_stays() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add(kind=CommitKind.PIN, public=encode_facts(PinFacts(TIME_MS + 1)))
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert set(zone.objects.pins) == {1}


def test_a_redaction_takes_the_place_of_the_old_in_every_moment() -> None:
    zone = _Zone()
    zone.add((0, 1))
    zone.add((), (1,))
    facts = encode_facts(RedactFacts([(NAMES[0], NAMES[2]), (NAMES[1], None)]))
    zone.add((2,), kind=CommitKind.REDACT, public=facts)
    assert zone.live(0) == {2}
    assert zone.live(2) == {2}
    assert zone.objects.intervals[NAMES[2]].dropped_seq == FOREVER
    zone.add((0,))
    assert 0 not in zone.live(zone.head.seq)


def test_facts_of_the_wrong_form_have_no_effect() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add(kind=CommitKind.PIN, public=b"\xc1")
    zone.add(kind=CommitKind.UNPIN, public=b"nonsense")
    assert zone.objects.pins == {}
    assert zone.live(2) == {0}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 5), max_size=3, unique=True),
            st.lists(st.integers(0, 5), max_size=3, unique=True),
        ),
        max_size=8,
    )
)
def test_intervals_say_what_replaying_says(steps: list[tuple[list[int], list[int]]]) -> None:
    zone = _Zone()
    known: set[int] = set()
    live: set[int] = set()
    moments = []
    for added, dropped in steps:
        zone.add(tuple(added), tuple(dropped))
        fresh = set(added) - known
        live = (live | fresh) - set(dropped)
        known |= fresh
        moments.append(set(live))
    for seq, expected in enumerate(moments):
        assert zone.live(seq) == expected
