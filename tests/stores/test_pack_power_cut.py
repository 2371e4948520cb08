"""A power cut while commits are packed, mended or unpacked: what the disk was asked is replayed up
to a point, and what was not synced by then is dropped, kept or torn. Every commit is there after
each of them, from its file or from its pack."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.stores.folder import FolderStore
from sealwax.stores.pack import RANGE_COMMITS
from tests.laws import cases
from tests.stores.disk import Disk, Step, crash
from tests.stores.rows import row

pytestmark = pytest.mark.laws
ACCOUNT = b"a" * 32
ZONE = "messages"
COMMITS = row(2 * RANGE_COMMITS)
CUTS = cases(12, 600)
SPLIT_AT = 990


def _packs(root: Path, disk: Disk) -> int:
    store = FolderStore.create(root, ACCOUNT)
    store.append_commits(ZONE, 0, COMMITS)
    begun = len(disk.steps)
    assert store.pack_commits(9) == 1
    return begun


def _mends(root: Path, disk: Disk) -> int:
    store = FolderStore.create(root, ACCOUNT)
    bad = [*COMMITS[:7], b"damaged by a disk", *COMMITS[8:]]
    store.append_commits(ZONE, 0, bad, len(COMMITS) - 1)
    store.replace_commit(ZONE, 7, COMMITS[7])
    begun = len(disk.steps)
    assert store.pack_commits(9) == 1
    return begun


def _unpacks(root: Path, disk: Disk) -> int:
    store = FolderStore.create(root, ACCOUNT)
    store.append_commits(ZONE, 0, COMMITS[:RANGE_COMMITS], len(COMMITS) - 1)
    begun = len(disk.steps)
    store.set_aside_end(ZONE, SPLIT_AT)
    return begun


def _cuts(steps: list[Step], begun: int, rng: random.Random) -> set[int]:
    """All about the steps of which there are few, and some among the others."""
    ends = set(rng.sample(range(begun, len(steps) + 1), min(CUTS, len(steps) - begun)))
    for at in range(begun, len(steps)):
        if steps[at].what == "sync folder" or steps[at].path.suffix == ".pack":
            ends |= {at, at + 1}
    return ends


def _lost(root: Path, left: dict[Path, bytes], copy: Path) -> list[int]:
    """The seqs of the commits that a vault has not after a power cut."""
    FolderStore.create(copy, ACCOUNT)
    for path, data in left.items():
        target = copy / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    store = FolderStore.open(copy, ACCOUNT)
    found = dict(store.read_commits(ZONE, 0))
    wanted = min(SPLIT_AT, len(COMMITS)) if len(found) <= RANGE_COMMITS else len(COMMITS)
    return [seq for seq in range(wanted) if found.get(seq) != COMMITS[seq]]


@pytest.mark.parametrize("act", [_packs, _mends, _unpacks])
def test_no_power_cut_costs_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path, Disk], int]
) -> None:
    rng = random.Random(act.__name__)
    disk = Disk(monkeypatch)
    begun = act(tmp_path / "vault", disk)
    for end in sorted(_cuts(disk.steps, begun, rng)):
        left, _ = crash(disk.steps[:end], rng)
        assert _lost(tmp_path / "vault", left, tmp_path / f"cut {end}") == [], end


@pytest.mark.parametrize(
    ("act", "what", "path"),
    [(_packs, "sync", ""), (_packs, "sync folder", ZONE), (_unpacks, "sync folder", "0")],
)
def test_a_sync_that_is_forgotten_would_be_noticed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Path, Disk], int],
    what: str,
    path: str,
) -> None:
    """The replay itself is tested: without the syncs it must find something wrong."""
    rng = random.Random(7)
    disk = Disk(monkeypatch)
    begun = act(tmp_path / "vault", disk)
    done, doing = disk.steps[:begun], disk.steps[begun:]
    steps = [*done, *(one for one in doing if one.what != what or path not in str(one.path))]
    lost = [
        _lost(tmp_path / "vault", crash(steps, rng)[0], tmp_path / f"cut {number}")
        for number in range(8)
    ]
    assert any(lost)
