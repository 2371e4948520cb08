"""Objects and pins: added once, live in an interval, dropped by whom the rules let, pinned."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.dropping import LOCKED, NOT_BY_THIS_KIND, NOT_THE_SAME_CHANGES, Refused
from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.ledger.objects import FOREVER, Interval, Objects, UnpinFacts, encode_facts
from sealwax.vault.writing import PLAIN_PIN, Pinning
from tests.accounts import TIME_MS, made_account, next_commit

ACCOUNT = made_account("objects")
NAMES = [bytes([number]) * 32 for number in range(6)]


def _digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


class _Zone:
    """A chain that grows, and what it holds."""

    def __init__(self, zone: str = MESSAGES_ZONE) -> None:
        self.objects = Objects()
        self.head: Head = beginning(ACCOUNT.log.account, zone)
        self.refused: list[Refused] = []
        self.now_ms = TIME_MS

    def add(
        self,
        added: tuple[int, ...] = (),
        dropped: tuple[int, ...] = (),
        kind: CommitKind = CommitKind.CHANGE,
        public: bytes = b"",
        said: tuple[tuple[int, int], ...] = (),
        pinning: Pinning = PLAIN_PIN,
    ) -> Commit:
        """A commit; `said` are segments as numbers of names, with the digests of their changes."""
        data = next_commit(
            ACCOUNT,
            self.head,
            added=tuple((NAMES[number], 600 + number) for number in added),
            dropped=tuple(NAMES[number] for number in dropped),
            kind=kind,
            public=public,
            segments=tuple((NAMES[one], 900, _digest(digest)) for one, digest in said),
            pinning=pinning,
        )
        judged = judge(self.head, data, ACCOUNT.log)
        assert judged.commit is not None, judged.void_reason
        self.head = judged.head
        self.refused += self.objects.apply(judged.commit, self.now_ms)
        return judged.commit

    def say(self, *said: tuple[int, int]) -> None:
        self.add(said=said)

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
    zone.add(kind=CommitKind.PIN)
    zone.add((1,), (0,))
    assert zone.objects.pins[1].pinned_seq == 0
    assert zone.objects.held(zone.head.seq) == {NAMES[0], NAMES[1]}
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert zone.objects.pins == {}
    assert zone.objects.held(zone.head.seq) == {NAMES[1]}


def test_a_locked_pin_stays() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add(kind=CommitKind.PIN, pinning=Pinning(TIME_MS + 1))
    zone.now_ms = TIME_MS + 2
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert set(zone.objects.pins) == {1}
    assert zone.refused == [Refused(LOCKED, 1)]


def test_a_lock_does_not_end_because_a_commit_says_what_year_it_is() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add(kind=CommitKind.PIN, pinning=Pinning(TIME_MS - 1))
    zone.now_ms = TIME_MS - 2
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert set(zone.objects.pins) == {1}
    zone.now_ms = TIME_MS - 1
    zone.add(kind=CommitKind.UNPIN, public=encode_facts(UnpinFacts([1])))
    assert zone.objects.pins == {}


def test_a_pin_holds_an_earlier_moment_after_something_was_taken_away() -> None:
    zone = _Zone()
    zone.add((0,))
    zone.add((1,), (0,))
    zone.add(kind=CommitKind.PIN, pinning=Pinning(pinned_seq=0))
    assert zone.objects.pins[2].pinned_seq == 0
    assert zone.objects.held(2) == {NAMES[0], NAMES[1]}


def test_a_redaction_has_no_effect() -> None:
    zone = _Zone()
    zone.say((0, 7))
    zone.add(kind=CommitKind.PIN)
    facts = encode_facts([[(NAMES[0], None)]])
    zone.add(kind=CommitKind.REDACT, public=facts)
    assert zone.live(0) == zone.live(2) == {0}


@pytest.mark.parametrize("kind", [CommitKind.CHANGE, CommitKind.CHECKPOINT, CommitKind.REDACT])
def test_a_segment_is_not_dropped_by_a_commit_that_is_no_compaction(kind: CommitKind) -> None:
    zone = _Zone()
    zone.say((0, 7), (1, 8))
    zone.add((2,))
    zone.add((3,), (0, 1, 2), kind=kind)
    assert zone.live(zone.head.seq) == {0, 1, 3}
    assert zone.refused == [Refused(NOT_BY_THIS_KIND, 2)]


def test_in_its_own_zone_a_device_drops_what_it_likes() -> None:
    zone = _Zone(device_zone(ACCOUNT.devices[0].member().id))
    zone.say((0, 7))
    zone.add((), (0,))
    assert zone.live(1) == set()
    assert zone.refused == []


def test_a_compaction_drops_what_it_has_the_digests_of() -> None:
    zone = _Zone()
    zone.say((0, 7), (1, 2**256 - 3))
    zone.add(said=((2, 4),), dropped=(0, 1), kind=CommitKind.COMPACT)
    assert zone.live(1) == {2}
    assert zone.refused == []


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(((2, 14),), id="another sum"),
        pytest.param((), id="nothing instead"),
        pytest.param(((0, 7), (1, 8)), id="what is there already"),
        pytest.param(((0, 15),), id="what is there already, under another digest"),
    ],
)
def test_a_compaction_that_does_not_add_up_drops_nothing(
    said: tuple[tuple[int, int], ...],
) -> None:
    zone = _Zone()
    zone.say((0, 7), (1, 8))
    zone.add((3,))
    zone.add(said=said, dropped=(0, 1, 3), kind=CommitKind.COMPACT)
    assert zone.live(2) == {0, 1, 3} | {number for number, _ in said}
    assert zone.refused == [Refused(NOT_THE_SAME_CHANGES, 3)]


@pytest.mark.parametrize("kind", [CommitKind.PURGE, CommitKind.RESET])
def test_a_purge_and_a_reset_drop_segments_without_a_sum(kind: CommitKind) -> None:
    zone = _Zone()
    zone.say((0, 7))
    zone.add(said=((1, 5),), dropped=(0,), kind=kind)
    assert zone.live(1) == {1}
    assert zone.refused == []


def test_what_was_folded_elsewhere_is_known() -> None:
    """Whoever begins in the middle of a chain judges a compaction like all others."""
    zone = _Zone()
    zone.objects.know({NAMES[0]: Interval(-5, FOREVER, 600, _digest(7))})
    zone.add(said=((1, 8),), dropped=(0,), kind=CommitKind.COMPACT)
    assert zone.live(0) == {0, 1}
    zone.add(said=((2, 15),), dropped=(0, 1), kind=CommitKind.COMPACT)
    assert zone.live(1) == {2}


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
