"""A power cut at any step of writing: every prefix of what the disk was asked is replayed, and what
was not synced yet is dropped, kept, torn or out of order. Nothing acknowledged may be missing, and
nothing half-written may be seen."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.stores import folder as folder_module
from sealwax.stores.folder import FolderStore
from sealwax.stores.folder_writing import fsync_files, fsync_folders, give_name, write_temporary
from tests.stores.contract import named

ACCOUNT = b"a" * 32
VARIANTS = 6


class _Step(NamedTuple):
    """One thing that the disk was asked, or (`what` is "acknowledged") a promise that was given."""

    what: str
    path: Path
    data: bytes = b""
    target: Path | None = None


class _Disk:
    """Records what a folder store asks of the disk."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steps: list[_Step] = []
        patch.setattr(folder_module, "write_temporary", self._write)
        patch.setattr(folder_module, "fsync_files", self._sync)
        patch.setattr(folder_module, "give_name", self._name)
        patch.setattr(folder_module, "fsync_folders", self._sync_folders)

    def acknowledged(self, path: Path, data: bytes) -> None:
        self.steps.append(_Step("acknowledged", path, data))

    def _write(self, place: Path, data: bytes) -> Path:
        path = write_temporary(place, data)
        self.steps.append(_Step("write", path, data))
        return path

    def _sync(self, paths: list[Path]) -> None:
        fsync_files(paths)
        self.steps += [_Step("sync", path) for path in paths]

    def _name(self, temporary: Path, final: Path) -> bool:
        given = give_name(temporary, final)
        if given:
            self.steps.append(_Step("name", temporary, target=final))
        return given

    def _sync_folders(self, places: Iterable[Path]) -> None:
        kept = set(places)
        fsync_folders(kept)
        self.steps += [_Step("sync folder", place) for place in kept]


class _File:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_synced = False


def _crash(steps: list[_Step], rng: random.Random) -> tuple[dict[Path, bytes], dict[Path, bytes]]:
    """What may be on the disk after these steps and a power cut, and what was promised."""
    files: dict[Path, _File] = {}
    names: dict[Path, tuple[_File, bool]] = {}
    promised: dict[Path, bytes] = {}
    for step in steps:
        if step.what == "write":
            files[step.path] = _File(step.data)
        elif step.what == "sync":
            files[step.path].is_synced = True
        elif step.what == "name":
            assert step.target is not None
            names[step.target] = (files[step.path], False)
        elif step.what == "sync folder":
            for path, (file, _) in names.items():
                if path.parent == step.path:
                    names[path] = (file, True)
        else:
            promised[step.path] = step.data
    left: dict[Path, bytes] = {}
    for path, (file, is_durable) in names.items():
        if is_durable or rng.random() < 0.5:
            cut = rng.choice((0, len(file.data) // 2, len(file.data)))
            left[path] = file.data if file.is_synced else file.data[:cut]
    return left, promised


def _write_a_history(root: Path, disk: _Disk, rng: random.Random) -> None:
    store = FolderStore.create(root, ACCOUNT)
    place = root / "accounts" / ACCOUNT.hex()
    seqs = {"messages": 0, "account": 0}
    for number in range(12):
        objects = [named(rng.randbytes(rng.randrange(1, 900))) for _ in range(rng.randrange(4))]
        store.put_objects(objects)
        for name, data in objects:
            disk.acknowledged(place / "objects" / name.hex()[:2] / name.hex(), data)
        zone = rng.choice(("messages", "account"))
        data = b"commit %d of %s" % (number, zone.encode())
        store.append_commit(zone, seqs[zone], data)
        disk.acknowledged(place / "zones" / zone / "000000000" / f"{seqs[zone]:012d}", data)
        seqs[zone] += 1


def _replay(root: Path, steps: list[_Step], scratch: Path, rng: random.Random) -> list[str]:
    """What is wrong after any power cut."""
    wrong: list[str] = []
    for end in range(len(steps) + 1):
        for variant in range(VARIANTS):
            left, promised = _crash(steps[:end], rng)
            copy = scratch / f"{end}-{variant}"
            FolderStore.create(copy, ACCOUNT)
            for path, data in left.items():
                target = copy / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            wrong += _look(FolderStore.open(copy, ACCOUNT), root, copy, promised)
    return wrong


def _look(store: FolderStore, root: Path, copy: Path, promised: dict[Path, bytes]) -> list[str]:
    wrong = [
        f"{path.name} was promised and is not there"
        for path, data in promised.items()
        if not _is_there(copy / path.relative_to(root), data)
    ]
    for stored in store.list_objects():
        if named(store.get_object(stored.name))[0] != stored.name:
            wrong.append(f"{stored.name.hex()} is half an object")
    for zone in store.list_zones():
        for seq, data in store.read_commits(zone, 0):
            if not data.startswith(b"commit ") or not data.endswith(zone.encode()):
                wrong.append(f"{zone}/{seq} is half a commit")
    return wrong


def _is_there(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() == data


@pytest.mark.parametrize("seed", range(3))
def test_every_prefix_keeps_every_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    disk = _Disk(monkeypatch)
    _write_a_history(tmp_path / "vault", disk, rng)
    assert len(disk.steps) > 60
    assert _replay(tmp_path / "vault", disk.steps, tmp_path / "crashes", rng) == []


@pytest.mark.parametrize("forgotten", ["sync", "sync folder"])
def test_a_sync_that_is_forgotten_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    """The replay itself is tested: without the syncs it must find something wrong."""
    rng = random.Random(7)
    disk = _Disk(monkeypatch)
    _write_a_history(tmp_path / "vault", disk, rng)
    steps = [step for step in disk.steps if step.what != forgotten]
    assert _replay(tmp_path / "vault", steps, tmp_path / "crashes", rng)
