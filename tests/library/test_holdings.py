"""The library's list of objects and pins is the chain's: the same folding in SQL and in memory."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Objects, PinFacts, RedactFacts, UnpinFacts, encode_facts
from sealwax.library.library import Library
from sealwax.vault.commit_part import Part
from tests.accounts import Account, made_account, next_commit

ACCOUNT = made_account("holdings")
NAMES = [bytes([number]) * 32 for number in range(8)]
NUMBERS = st.lists(st.integers(0, 7), max_size=3, unique=True)
STEPS = st.one_of(
    st.tuples(st.just(CommitKind.CHANGE), NUMBERS, NUMBERS),
    st.tuples(st.just(CommitKind.PIN), st.just([]), st.just([])),
    st.tuples(st.just(CommitKind.UNPIN), st.lists(st.integers(0, 9), max_size=2), st.just([])),
    st.tuples(st.just(CommitKind.REDACT), NUMBERS, NUMBERS),
)


def _commit(
    account: Account, head: Head, kind: CommitKind, one: list[int], two: list[int]
) -> bytes:
    if kind is CommitKind.CHANGE:
        added = tuple((NAMES[number], 500 + number) for number in one)
        return next_commit(account, head, added=added, dropped=tuple(NAMES[n] for n in two))
    if kind is CommitKind.PIN:
        return next_commit(account, head, kind=kind, public=encode_facts(PinFacts(0)))
    if kind is CommitKind.UNPIN:
        return next_commit(account, head, kind=kind, public=encode_facts(UnpinFacts(one)))
    pairs = [(NAMES[a], NAMES[b]) for a, b in zip(one, two, strict=False) if a != b]
    added = tuple((new, 700) for _, new in pairs)
    facts = encode_facts(RedactFacts(list(pairs)))
    return next_commit(account, head, kind=kind, added=added, public=facts)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=10))
@example(steps=[(CommitKind.REDACT, [0, 1], [1, 0])])
def test_sql_and_memory_agree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[CommitKind, list[int], list[int]]]
) -> None:
    path = tmp_path_factory.mktemp("holdings") / "library.db"
    library = Library(path, b"k" * 32, ACCOUNT.keys.roots, is_durable=False)
    head, objects = beginning(ACCOUNT.log.account, MESSAGES_ZONE), Objects()
    for kind, one, two in steps:
        data = _commit(ACCOUNT, head, kind, one, two)
        judged = judge(head, data, ACCOUNT.log)
        assert judged.commit is not None, judged.void_reason
        head = judged.head
        objects.apply(judged.commit)
        with library.transaction():
            library.apply_commit(judged, Part(), data)
    holdings = library.holdings
    assert holdings.agrees({name: tuple(one)[:2] for name, one in objects.intervals.items()})
    assert {pin.commit_seq: pin.pinned_seq for pin in holdings.pins()} == {
        seq: pin.pinned_seq for seq, pin in objects.pins.items()
    }
    held = objects.held(head.seq)
    assert set(holdings.live_objects()) == held
    assert {row[0] for row in holdings.listed()} == held
    live = sum(objects.intervals[name].size_bytes for name in objects.live_at(head.seq))
    total = sum(objects.intervals[name].size_bytes for name in held)
    assert holdings.sealed_bytes() == (live, total - live)
    _check_space_back(library, objects, head.seq)
    library.close()


def _check_space_back(library: Library, objects: Objects, head_seq: int) -> None:
    """What a moment alone holds is exactly what goes when its pins go."""
    moments = {pin.pinned_seq for pin in objects.pins.values()}
    for moment in moments:
        others = {head_seq, *(moments - {moment})}
        kept: set[bytes] = set().union(*(objects.live_at(seq) for seq in others))
        alone = objects.live_at(moment) - kept
        expected = sum(objects.intervals[name].size_bytes for name in alone)
        assert library.holdings.bytes_held_only_by(moment) == expected


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    library = Library(path, b"k" * 32, ACCOUNT.keys.roots)
    assert library.check() == []
    assert path.stat().st_mode & 0o777 == 0o600
    library.close()
