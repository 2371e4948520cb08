"""Packs in a folder: what a disk, another device or somebody else can do to them."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealwax.stores.base import CommitExists, StoreError
from sealwax.stores.folder import FolderStore
from sealwax.stores.folder_writing import remove_files
from sealwax.stores.pack import RANGE_COMMITS, make_pack
from tests.stores.rows import row

ACCOUNT = b"a" * 32
ZONE = "messages"
COMMITS = row(RANGE_COMMITS + 105)
TABLE_BYTES = 12 * RANGE_COMMITS
FIRST_BYTE = 16 + TABLE_BYTES


def _store(root: Path, commits: list[bytes] = COMMITS) -> FolderStore:
    store = FolderStore.create(root, ACCOUNT)
    store.append_commits(ZONE, store.head_seq(ZONE) + 1, commits)
    return store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault whose first range is packed."""
    root = tmp_path_factory.mktemp("made") / "vault"
    assert _store(root).pack_commits(9) == 1
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "vault"))


def _zone(root: Path) -> Path:
    return root / "accounts" / ACCOUNT.hex() / "zones" / ZONE


def _pack(root: Path) -> Path:
    return _zone(root) / "000000000.pack"


def _single(root: Path, seq: int) -> Path:
    return _zone(root) / f"{seq // RANGE_COMMITS:09d}" / f"{seq:012d}"


def _put_single(root: Path, seq: int, data: bytes) -> None:
    _single(root, seq).parent.mkdir(exist_ok=True)
    _single(root, seq).write_bytes(data)


def _read(root: Path, start_seq: int = 0) -> list[bytes]:
    store = FolderStore.open(root, ACCOUNT)
    return [data for _, data in store.read_commits(ZONE, start_seq)]


def test_a_thousand_files_become_one(root: Path) -> None:
    files = [path for path in _zone(root).rglob("*") if path.is_file()]
    assert len(files) == 1 + len(COMMITS) - RANGE_COMMITS
    assert not (_zone(root) / "000000000").exists()
    assert _pack(root).stat().st_mode & 0o777 == 0o600
    assert _read(root) == COMMITS
    assert FolderStore.open(root, ACCOUNT).list_foreign() == []


def test_what_the_head_has_not_left_behind_stays(tmp_path: Path) -> None:
    store = _store(tmp_path, COMMITS[:1_099])
    assert store.pack_commits(9) == 0
    store.append_commit(ZONE, 1_099, COMMITS[1_099])
    assert store.pack_commits(9) == 1


@pytest.mark.parametrize(
    ("at", "costs"),
    [
        (0, []),
        (5, []),
        (12, []),
        (16, [0, 1]),
        (16 + 12 * 500 + 3, [500, 501]),
        (16 + 12 * 500 + 4, [500]),
        (16 + 12 * 999, [999]),
        (FIRST_BYTE, [0]),
        (FIRST_BYTE + len(COMMITS[0]) - 1, [0]),
        (FIRST_BYTE + len(COMMITS[0]), [1]),
        (-33, []),
        (-1, []),
    ],
)
def test_a_flipped_bit_is_named_and_costs_nothing_else(
    root: Path, at: int, costs: list[int]
) -> None:
    data = bytearray(_pack(root).read_bytes())
    data[at] ^= 0x40
    _pack(root).write_bytes(data)
    store = FolderStore.open(root, ACCOUNT)
    assert store.damaged_packed(ZONE) == costs
    found = _read(root)
    assert len(found) == len(COMMITS)
    assert {seq for seq, data in enumerate(COMMITS) if found[seq] != data} <= set(costs)
    assert [store.get_commit(ZONE, seq) for seq in costs] == [found[seq] for seq in costs]
    # What is damaged is not missing: nobody may write in its place.
    for seq in costs:
        with pytest.raises(CommitExists):
            store.append_commit(ZONE, seq, b"another")


def test_a_pack_that_was_cut_off_has_the_commits_before_the_cut(root: Path) -> None:
    data = _pack(root).read_bytes()
    _pack(root).write_bytes(data[: FIRST_BYTE + sum(map(len, COMMITS[:600])) + 9])
    store = FolderStore.open(root, ACCOUNT)
    assert store.damaged_packed(ZONE) == list(range(600, RANGE_COMMITS))
    assert _read(root)[:600] == COMMITS[:600]
    assert store.head_seq(ZONE) == len(COMMITS) - 1


def _of_another_range() -> bytes:
    return make_pack(RANGE_COMMITS, COMMITS[:RANGE_COMMITS]) or b""


def _of_other_commits() -> bytes:
    return make_pack(0, row(RANGE_COMMITS, b"hostile")) or b""


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"SLWP",
        bytes(100_000),
        _of_another_range(),
        _of_other_commits(),
        _of_other_commits()[:20_000],
        b"SLWP\x00\x01\x03\xe8" + bytes(8) + b"\xff" * 40_000,
    ],
    ids=["empty", "short", "zeros", "another range", "other commits", "cut off", "head alone"],
)
def test_a_hostile_pack_hides_no_commit_that_has_a_file(tmp_path: Path, hostile: bytes) -> None:
    store = _store(tmp_path)
    _pack(tmp_path).write_bytes(hostile)
    assert _read(tmp_path) == COMMITS
    assert store.get_commit(ZONE, 7) == COMMITS[7]
    # It is replaced by what the files say, or stays a foreign file.
    assert store.pack_commits(9) == 1
    assert _read(tmp_path) == COMMITS
    assert store.damaged_packed(ZONE) == []
    assert _pack(tmp_path).read_bytes() == make_pack(0, COMMITS[:RANGE_COMMITS])


def _links_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(("make", "packs"), [(Path.mkdir, 0), (os.mkfifo, 1), (_links_nowhere, 1)])
def test_what_only_has_the_name_of_a_pack_is_in_nobodys_way(
    tmp_path: Path, make: Callable[[Path], None], packs: int
) -> None:
    store = _store(tmp_path)
    make(_pack(tmp_path))
    assert _read(tmp_path) == COMMITS
    assert store.get_commit(ZONE, 9) == COMMITS[9]
    assert store.damaged_packed(ZONE) == []
    assert store.pack_commits(9) == packs
    assert _read(tmp_path) == COMMITS


@pytest.mark.parametrize("hostile", [bytes(100_000), _of_another_range(), b"SLWP" + bytes(40_000)])
def test_what_is_no_pack_of_its_range_is_a_foreign_file(tmp_path: Path, hostile: bytes) -> None:
    store = _store(tmp_path, COMMITS[:3])
    (_zone(tmp_path) / "000000001.pack").write_bytes(hostile)
    assert store.head_seq(ZONE) == 2
    _pack(tmp_path).write_bytes(hostile)
    assert _read(tmp_path) == COMMITS[:3]
    store.append_commit(ZONE, 3, COMMITS[3])
    assert _read(tmp_path) == COMMITS[:4]


def test_two_devices_write_the_same_pack(tmp_path: Path) -> None:
    one, two = _store(tmp_path / "one"), _store(tmp_path / "two")
    assert one.pack_commits(9) == two.pack_commits(9) == 1
    assert _pack(tmp_path / "one").read_bytes() == _pack(tmp_path / "two").read_bytes()


def test_who_finds_the_pack_of_another_device_only_tidies_up(root: Path) -> None:
    inode = _pack(root).stat().st_ino
    for seq in (3, 4, 999):
        _put_single(root, seq, COMMITS[seq])
    assert FolderStore.open(root, ACCOUNT).pack_commits(9) == 1
    assert _pack(root).stat().st_ino == inode
    assert not (_zone(root) / "000000000").exists()
    assert _read(root) == COMMITS


def test_a_range_of_which_a_part_is_elsewhere_stays(tmp_path: Path) -> None:
    store = _store(tmp_path)
    _single(tmp_path, 500).unlink()
    assert store.pack_commits(9) == 0
    assert _single(tmp_path, 501).exists()


def test_a_damaged_commit_is_not_packed_over(tmp_path: Path) -> None:
    store = _store(tmp_path)
    bad = COMMITS[400][:-1] + b"?"
    _single(tmp_path, 400).write_bytes(bad)
    assert store.pack_commits(9) == 0
    assert store.get_commit(ZONE, 400) == bad
    store.replace_commit(ZONE, 400, COMMITS[400])
    assert store.pack_commits(9) == 1
    assert _read(tmp_path) == COMMITS


def test_a_void_commit_in_a_shared_folder_is_packed_like_the_others(tmp_path: Path) -> None:
    commits = [f"junk {seq}".encode() for seq in range(2 * RANGE_COMMITS)]
    store = _store(tmp_path, commits)
    assert store.pack_commits(9) == 1
    assert _read(tmp_path) == commits


def test_a_commit_too_large_to_be_one_keeps_its_range_apart(tmp_path: Path) -> None:
    commits = [f"junk {seq}".encode() for seq in range(2 * RANGE_COMMITS)]
    store = _store(tmp_path, commits)
    with _single(tmp_path, 9).open("r+b") as file:
        file.truncate(4 * 1024 * 1024)
    assert store.pack_commits(9) == 0
    assert _single(tmp_path, 9).exists()


def test_a_damaged_commit_in_a_pack_is_replaced_then_packed_again(root: Path) -> None:
    data = bytearray(_pack(root).read_bytes())
    data[FIRST_BYTE + 5] ^= 1
    _pack(root).write_bytes(data)
    store = FolderStore.open(root, ACCOUNT)
    bad = store.get_commit(ZONE, 0)
    assert bad != COMMITS[0]
    store.replace_commit(ZONE, 0, COMMITS[0])
    assert (root / "accounts" / ACCOUNT.hex() / "lost" / "damaged-messages-0").read_bytes() == bad
    assert _read(root) == COMMITS
    assert store.damaged_packed(ZONE) == []
    assert store.pack_commits(9) == 1
    assert not _single(root, 0).exists()
    assert _read(root) == COMMITS


def test_a_file_that_does_not_belong_to_the_row_goes_aside_where_the_pack_has_another(
    root: Path,
) -> None:
    _put_single(root, 8, COMMITS[8])
    _put_single(root, 9, b"a conflicting copy")
    assert _read(root)[9] == b"a conflicting copy"
    assert FolderStore.open(root, ACCOUNT).pack_commits(9) == 1
    assert _read(root) == COMMITS
    aside = root / "accounts" / ACCOUNT.hex() / "lost" / "damaged-messages-9"
    assert aside.read_bytes() == b"a conflicting copy"


@pytest.mark.parametrize("start_seq", [0, 1, 600, 999, 1_000, 1_001])
def test_an_end_that_begins_in_a_pack_goes_aside(root: Path, start_seq: int) -> None:
    store = FolderStore.open(root, ACCOUNT)
    store.set_aside_end(ZONE, start_seq)
    assert store.head_seq(ZONE) == start_seq - 1
    assert _read(root) == COMMITS[:start_seq]
    # What was put aside is whole, and in nobody's way.
    again = row(len(COMMITS), b"another")
    store.append_commits(ZONE, start_seq, again[start_seq:])
    assert _read(root) == COMMITS[:start_seq] + again[start_seq:]
    assert store.list_zones() == [ZONE]


def test_a_history_that_was_put_aside_is_read_out_of_its_packs(root: Path) -> None:
    store = FolderStore.open(root, ACCOUNT)
    store.set_aside_zone(ZONE)
    assert store.head_seq(ZONE) == -1
    assert store.lost_commits(ZONE) == [COMMITS]
    assert store.list_zones() == []


@pytest.mark.parametrize("told_seq", [-1, len(COMMITS) - 1])
def test_a_long_row_that_comes_at_once_is_packed_at_once(tmp_path: Path, told_seq: int) -> None:
    store = FolderStore.create(tmp_path, ACCOUNT)
    store.append_commits(ZONE, 0, COMMITS[:10], told_seq)
    store.append_commits(ZONE, 10, COMMITS[10:20], told_seq)
    store.set_aside_zone(ZONE)
    store.append_commits(ZONE, 0, COMMITS, told_seq)
    assert _pack(tmp_path).exists() == (told_seq > 0)
    assert not (_zone(tmp_path) / "000000001.pack").exists()
    assert _read(tmp_path) == COMMITS
    with pytest.raises(CommitExists):
        store.append_commits(ZONE, 0, COMMITS, told_seq)


def _while_reading(root: Path, act: Callable[[FolderStore], object]) -> Iterator[bytes]:
    """Reads a row, in whose midst something is done."""
    store = FolderStore.open(root, ACCOUNT)
    for seq, data in store.read_commits(ZONE, 0):
        if seq == 300:
            act(FolderStore.open(root, ACCOUNT))
        yield data


def test_who_reads_while_a_range_is_packed_misses_nothing(tmp_path: Path) -> None:
    _store(tmp_path)
    assert list(_while_reading(tmp_path, lambda store: store.pack_commits(9))) == COMMITS


def test_who_reads_while_a_range_is_unpacked_misses_nothing(root: Path) -> None:
    found = list(_while_reading(root, lambda store: store.set_aside_end(ZONE, 700)))
    assert found[:700] == COMMITS[:700]


def test_a_disk_that_gives_other_bytes_back_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(tmp_path)

    def lies(paths: list[Path]) -> None:
        for path in paths:
            with path.open("r+b") as file:
                file.seek(FIRST_BYTE)
                file.write(b"\x00")

    monkeypatch.setattr("sealwax.stores.folder_packs.fsync_files", lies)
    assert store.pack_commits(9) == 0
    assert _single(tmp_path, 0).exists()
    assert _read(tmp_path) == COMMITS


def test_whoever_was_cut_off_while_tidying_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(tmp_path)

    def some(paths: list[Path]) -> None:
        remove_files(paths[:400])
        raise OSError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr("sealwax.stores.folder_packs.remove_files", some)
        with pytest.raises(StoreError):
            store.pack_commits(9)
    assert _read(tmp_path) == COMMITS
    assert store.pack_commits(9) == 1
    assert _read(tmp_path) == COMMITS
    assert not (_zone(tmp_path) / "000000000").exists()


def test_a_file_of_somebody_else_in_a_range_stays(tmp_path: Path) -> None:
    store = _store(tmp_path)
    (_zone(tmp_path) / "000000000" / "000000000007.sync-conflict").write_bytes(b"mine")
    assert store.pack_commits(9) == 1
    assert store.pack_commits(9) == 0
    assert _read(tmp_path) == COMMITS
    assert len(store.list_foreign()) == 1
