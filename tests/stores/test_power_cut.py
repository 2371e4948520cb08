"""A power cut at any step of writing: every prefix of what the disk was asked is replayed, and what
was not synced yet is dropped, kept, torn or out of order. Nothing acknowledged may be missing, and
nothing half-written may be seen."""

import random
from pathlib import Path

import pytest

from sealwax.stores.folder import FolderStore
from tests.laws import cases
from tests.stores.contract import named
from tests.stores.disk import Disk, Step, crash

pytestmark = pytest.mark.laws
ACCOUNT = b"a" * 32
VARIANTS = cases(6, 30)


def _write_a_history(root: Path, disk: Disk, rng: random.Random) -> None:
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


def _replay(root: Path, steps: list[Step], scratch: Path, rng: random.Random) -> list[str]:
    """What is wrong after any power cut."""
    wrong: list[str] = []
    for end in range(len(steps) + 1):
        for variant in range(VARIANTS):
            left, promised = crash(steps[:end], rng)
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


@pytest.mark.parametrize("seed", range(cases(3, 40)))
def test_every_prefix_keeps_every_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    disk = Disk(monkeypatch)
    _write_a_history(tmp_path / "vault", disk, rng)
    assert len(disk.steps) > 60
    assert _replay(tmp_path / "vault", disk.steps, tmp_path / "crashes", rng) == []


@pytest.mark.parametrize("forgotten", ["sync", "sync folder"])
def test_a_sync_that_is_forgotten_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    """The replay itself is tested: without the syncs it must find something wrong."""
    rng = random.Random(7)
    disk = Disk(monkeypatch)
    _write_a_history(tmp_path / "vault", disk, rng)
    steps = [step for step in disk.steps if step.what != forgotten]
    assert _replay(tmp_path / "vault", steps, tmp_path / "crashes", rng)
