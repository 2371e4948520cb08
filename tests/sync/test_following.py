"""What a store holds beyond a library: judged once, opened once, whoever asks how often."""

from collections import Counter
from pathlib import Path

import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.chain import Head, Judged, judge
from sealwax.model.change import Change
from sealwax.stores.base import Store
from sealwax.stores.memory import MemoryStore
from sealwax.sync import applying, following, opening, replica
from sealwax.sync.following import Ahead
from tests.homes import NOW_MS
from tests.sync.compaction.test_apply import days
from tests.sync.devices import Device, made_devices
from tests.sync.test_simulation import message


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often the commit after each seq was judged."""
    counted: Counter[int] = Counter()

    def counting(head: Head, data: bytes, log: object) -> Judged:
        counted[head.seq + 1] += 1
        return judge(head, data, log)  # type: ignore[arg-type]

    monkeypatch.setattr(replica, "judge", counting)
    return counted


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """How often each segment was fetched and opened."""
    counted: Counter[bytes] = Counter()
    fetch = opening.fetch_segment

    def counting(store: Store, keys: object, zone: str, name: bytes) -> object:
        counted[name] += 1
        return fetch(store, keys, zone, name)  # type: ignore[arg-type]

    for module in (opening, following):
        monkeypatch.setattr(module, "fetch_segment", counting)
    return counted


def _made(folder: Path) -> tuple[MemoryStore, Device, Device]:
    store = MemoryStore()
    entropy = TestOnlySeededEntropy("following")
    one, two = made_devices(folder, store, 2, entropy, lambda _, inner: inner)
    return store, one, two


def _brake(told: list[Change]) -> object:
    """Looks at everything that is to be pulled, as the brake does."""

    def look(ahead: Ahead) -> None:
        for one in ahead.commits():
            for name in one.segments:
                told.extend(ahead.read_segment(name))

    return look


def test_a_pull_judges_and_opens_what_came_once(
    tmp_path: Path, judged: Counter[int], fetched: Counter[bytes]
) -> None:
    _, one, two = _made(tmp_path)
    days(one, 0, 5)
    judged.clear()
    told: list[Change] = []
    two.replica.before_pull = _brake(told)  # type: ignore[assignment]
    names = two.replica.segments_ahead()
    assert len(names) == 5
    assert two.replica.pull().commits == len(judged)
    assert told
    assert set(judged.values()) == {1}
    assert set(fetched) == set(names)
    assert set(fetched.values()) == {1}
    assert two.library.digest() == one.library.digest()


@pytest.mark.parametrize("commits", [1, 3, 4, 256])
def test_a_row_longer_than_a_stretch_is_pulled_stretch_by_stretch(
    tmp_path: Path, judged: Counter[int], monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    for module in (following, applying):
        monkeypatch.setattr(module, "STRETCH_COMMITS", commits)
    store, one, two = _made(tmp_path)
    days(one, 0, 3)
    store.append_commit("messages", one.replica.head().seq + 1, b"nothing that counts")
    days(one, 3, 5)
    judged.clear()
    done = two.replica.pull()
    assert done.void == 1
    assert done.commits == one.replica.head().seq
    assert two.replica.head() == one.replica.head()
    assert set(judged.values()) == {1}
    assert two.library.digest() == one.library.digest()
    assert two.library.holdings.void_commits() == one.library.holdings.void_commits()


def test_what_is_appended_during_a_pull_is_for_the_next_one(tmp_path: Path) -> None:
    _, one, two = _made(tmp_path)
    days(one, 0, 2)
    head = one.replica.head()
    # Between the look of the brake and the applying.
    two.replica.before_pull = lambda _: days(one, 2, 1) if one.replica.head() == head else None
    two.replica.pull()
    assert two.replica.head() == head
    two.replica.pull()
    assert two.replica.head() == one.replica.head() != head
    assert two.library.digest() == one.library.digest()
    assert two.library.holdings.damage() == []


def test_another_history_in_the_same_place_is_judged_anew(tmp_path: Path) -> None:
    """A repair puts the near history aside; what was known of that one is not true of the other."""
    store, one, two = _made(tmp_path)
    days(one, 0, 2)
    assert len(two.replica.segments_ahead()) == 2
    commits = [data for _, data in store.read_commits("messages", 0)]
    store.set_aside_zone("messages")
    assert two.replica.segments_ahead() == {}
    store.append_commits("messages", 0, commits[:1])
    two.replica.pull()
    assert two.replica.head().seq == 0


def test_what_the_brake_read_is_bounded_and_comes_in_order(
    tmp_path: Path, fetched: Counter[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "READY_SEGMENTS", 2)
    _, one, two = _made(tmp_path)
    for number in range(5):
        one.take([message(7, 1, NOW_MS), message(number, 1, NOW_MS)], NOW_MS + number)
    two.replica.before_pull = _brake([])  # type: ignore[assignment]
    two.replica.pull()
    assert sorted(fetched.values()) == [1, 1, 2, 2, 2]
    assert two.library.digest() == one.library.digest()
