"""The store in a folder: the contract, and what a disk can do to it."""

import multiprocessing
from pathlib import Path

import pytest

from sealwax.stores.base import (
    OBJECT_LIMIT_BYTES,
    CommitExists,
    CommitGap,
    Missing,
    Store,
    StoreError,
)
from sealwax.stores.folder import FolderStore, list_accounts
from sealwax.stores.folder_marker import NotAStore, StoreNewer, StoreOutdated
from tests.stores.contract import StoreContract, damage_file, named

ACCOUNT = b"a" * 32
RACERS = 4
COMMITS = 25


class TestFolderStore(StoreContract):
    is_packing = True

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return FolderStore.create(tmp_path / "vault", ACCOUNT)

    def fill(self, store: Store, zone: str, count: int) -> list[bytes]:
        assert isinstance(store, FolderStore)
        commits = [self.commit(zone, seq) for seq in range(count)]
        store.append_commits(zone, 0, commits)
        return commits

    def damage(self, store: Store, name: bytes, data: bytes) -> None:
        assert isinstance(store, FolderStore)
        damage_file(store.root, name, data)


def _folder(root: Path) -> Path:
    return root / "accounts" / ACCOUNT.hex()


def test_opening_again_sees_everything(tmp_path: Path) -> None:
    first = FolderStore.create(tmp_path, ACCOUNT)
    first.put_objects([named(b"data")])
    first.append_commit("messages", 0, b"commit")
    again = FolderStore.open(tmp_path, ACCOUNT)
    assert again.get_object(named(b"data")[0]) == b"data"
    assert again.head_seq("messages") == 0
    assert list_accounts(tmp_path) == [ACCOUNT]


def test_accounts_are_apart(tmp_path: Path) -> None:
    one, two = FolderStore.create(tmp_path, ACCOUNT), FolderStore.create(tmp_path, b"b" * 32)
    one.append_commit("messages", 0, b"mine")
    assert two.head_seq("messages") == -1
    with pytest.raises(NotAStore):
        FolderStore.open(tmp_path, b"c" * 32)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("precious")
    with pytest.raises(NotAStore):
        FolderStore.create(tmp_path, ACCOUNT)
    with pytest.raises(NotAStore):
        FolderStore.open(tmp_path / "nowhere", ACCOUNT)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    FolderStore.create(tmp_path, ACCOUNT)
    (tmp_path / "sealwax-store.json").write_text('{"format": "sealwax-store", "version": 3}\n')
    with pytest.raises(StoreNewer):
        FolderStore.open(tmp_path, ACCOUNT)


def test_the_first_layout_is_refused_with_a_way_out(tmp_path: Path) -> None:
    FolderStore.create(tmp_path, ACCOUNT)
    (tmp_path / "sealwax-store.json").write_text('{"format": "sealwax-store", "version": 1}\n')
    for act in (FolderStore.open, FolderStore.create):
        with pytest.raises(StoreOutdated) as raised:
            act(tmp_path, ACCOUNT)
        assert "first version" in raised.value.sentence
        assert "sealwax --home NEW-FOLDER init" in raised.value.hint


def test_a_torn_write_is_never_seen(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    store.append_commit("messages", 0, b"whole")
    shard = _folder(tmp_path) / "zones" / "messages" / "000000000"
    (shard / "000000000001").write_bytes(b"")
    (_folder(tmp_path) / "temporary" / "half").write_bytes(b"hal")
    (_folder(tmp_path) / "objects" / "notes.txt").mkdir()
    (shard / ".DS_Store").write_bytes(b"junk")
    again = FolderStore.open(tmp_path, ACCOUNT)
    assert again.head_seq("messages") == 0
    assert list(again.read_commits("messages", 0)) == [(0, b"whole")]
    assert list(again.list_objects()) == []
    assert any(".DS_Store" in name for name in again.list_foreign())


def test_a_damaged_object_of_another_size_is_healed_by_putting_it_again(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    name, data = named(b"the whole of it")
    store.put_objects([(name, data)])
    path = next(path for path in _folder(tmp_path).rglob(name.hex()))
    path.write_bytes(data[:4])
    store.put_objects([(name, data)])
    assert store.get_object(name) == data


def test_many_commits_fill_many_folders(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    zone = _folder(tmp_path) / "zones" / "messages"
    for seq in range(1_003):
        shard = zone / f"{seq // 1000:09d}"
        shard.mkdir(parents=True, exist_ok=True)
        (shard / f"{seq:012d}").write_bytes(b"%d" % seq)
    assert store.head_seq("messages") == 1_002
    store.append_commit("messages", 1_003, b"next")
    assert [seq for seq, _ in store.read_commits("messages", 998)] == list(range(998, 1_004))
    (zone / "000000000" / "000000000999").unlink()
    assert store.head_seq("messages") == 998
    with pytest.raises(CommitGap):
        store.append_commit("messages", 1_000, b"after the gap")


def test_an_object_too_large_to_be_one_is_damaged(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    name, data = named(b"x")
    store.put_objects([(name, data)])
    path = next(path for path in _folder(tmp_path).rglob(name.hex()))
    with path.open("r+b") as file:
        file.truncate(64 * 1024 * 1024)
    # It is damage, like any other bytes under this name, and nobody has to hold all of it.
    assert len(store.get_object(name)) == OBJECT_LIMIT_BYTES + 1
    assert not store.is_whole(name)
    path.unlink()
    path.mkdir()
    with pytest.raises((StoreError, Missing)):
        store.get_object(name)


def _race(root: Path, racer: int, ready: object) -> None:
    store = FolderStore.open(root, ACCOUNT)
    ready.wait()  # type: ignore[attr-defined]
    won = 0
    while won < COMMITS:
        seq = store.head_seq("messages") + 1
        try:
            store.append_commit("messages", seq, b"racer %d, commit %d" % (racer, won))
        except CommitExists:
            continue
        won += 1


def test_of_many_writers_exactly_one_wins_each_seq(tmp_path: Path) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(RACERS)
    racers = [
        context.Process(target=_race, args=(tmp_path, number, ready)) for number in range(RACERS)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
        assert racer.exitcode == 0
    commits = [data for _, data in store.read_commits("messages", 0)]
    assert len(commits) == len(set(commits)) == RACERS * COMMITS
