"""The library's list of objects and pins is the chain's: the same folding in SQL and in memory."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealwax.ledger.chain import Judged, beginning, judge
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import Objects
from sealwax.library.library import Library
from sealwax.vault.commit_part import Part
from tests.accounts import made_account
from tests.disowned import AFTER, TAILS, Said, history, removed_account
from tests.folded import LOCKED_UNTIL_MS, NAMES, STEPS, TELLING, Step, commit_of

ACCOUNT = made_account("holdings")
REMOVED = removed_account("holdings")
AUTHOR = ACCOUNT.devices[0].member().id


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=10))
@example(steps=TELLING)
def test_sql_and_memory_agree(tmp_path_factory: pytest.TempPathFactory, steps: list[Step]) -> None:
    path = tmp_path_factory.mktemp("holdings") / "library.db"
    library = Library(path, b"k" * 32, ACCOUNT.keys.roots, is_durable=False)
    head, objects = beginning(ACCOUNT.log.account, MESSAGES_ZONE), Objects()
    now_ms, told = LOCKED_UNTIL_MS - 1, []
    for step in steps:
        data = commit_of(ACCOUNT, head, step)
        judged = judge(head, data, ACCOUNT.log)
        assert judged.commit is not None, judged.void_reason
        head = judged.head
        refused = objects.apply(judged.commit, now_ms)
        told += [(head.zone, head.seq, AUTHOR, *one) for one in refused]
        with library.transaction():
            assert library.apply_commit(judged, Part(), data, now_ms) == refused
    holdings = library.holdings
    assert holdings.known(NAMES) == objects.intervals
    assert sorted(holdings.refused_drops()) == sorted(told)
    assert holdings.agrees({name: tuple(one)[:2] for name, one in objects.intervals.items()})
    assert {pin.commit_seq: pin.pinned_seq for pin in holdings.all_pins()} == {
        seq: pin.pinned_seq for seq, pin in objects.pins.items()
    }
    held = objects.held(head.seq)
    assert set(holdings.live_objects()) == held
    assert {row[0] for row in holdings.listed()} == held
    assert holdings.held_count() == len(held)
    live = sum(objects.intervals[name].size_bytes for name in objects.live_at(head.seq))
    total = sum(objects.intervals[name].size_bytes for name in held)
    assert holdings.sealed_bytes() == (live, total - live)
    _check_space_back(library, objects, head.seq)
    library.close()


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tail=TAILS, after=AFTER)
def test_they_agree_on_what_merges_disown(
    tmp_path_factory: pytest.TempPathFactory, tail: list[Said], after: list[Step | int]
) -> None:
    path = tmp_path_factory.mktemp("holdings") / "library.db"
    library = Library(path, b"k" * 32, REMOVED.keys.roots, is_durable=False)
    now_ms, told = LOCKED_UNTIL_MS - 1, list(history(REMOVED, tail, after))
    disowning = Disowning(REMOVED.log)
    for _, commit, _ in told:
        disowning.add(commit)
    merges = disowning.merges()
    objects, head_seq = Objects(merges), -1
    for head, commit, data in told:
        head_seq = head.seq
        refused = objects.apply(commit, now_ms)
        judged = Judged(head, commit, None)
        with library.transaction():
            found = library.apply_commit(judged, Part(), data, now_ms, merges.get(head_seq))
            assert found == refused
    holdings = library.holdings
    assert holdings.disowned() == merges
    assert holdings.known(NAMES) == objects.intervals
    both = {**objects.disowned, **objects.intervals}
    assert holdings.agrees({name: tuple(one)[:2] for name, one in both.items()})
    assert {pin.commit_seq for pin in holdings.all_pins()} == objects.pins.keys()
    assert set(holdings.live_objects()) == objects.held(head_seq)
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
