"""What a folder store puts aside: histories that parted, ends of one, commits that a disk damaged.
All of it lies in the folder `lost`."""

import re
import shutil
from pathlib import Path

from sealwax.base.paths import make_folder, write_durably
from sealwax.stores.base import COMMIT_LIMIT_BYTES
from sealwax.stores.folder_chains import FolderChains
from sealwax.stores.folder_files import read_file, sorted_names
from sealwax.stores.folder_layout import (
    LOST,
    commit_path,
    pack_of,
    pack_path,
    seq_of,
    zone_folder,
)
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    plain_errors,
    remove_files,
    take_place,
    write_temporary,
)
from sealwax.stores.near import KEPT_ASIDE
from sealwax.stores.pack import PACK_LIMIT_BYTES, RANGE_COMMITS, Pack, range_start

DAMAGED = "damaged-"
END = "end-"
"""What stands before the name of a zone where only its end was put aside."""


class FolderAside(FolderChains):
    """The chains below the folder of one account, and what is no part of them any more."""

    def set_aside_zone(self, zone: str) -> None:
        """Moves a zone's commits into the folder `lost`; see `stores.near.NearStore`."""
        folder = zone_folder(self._folder, zone)
        with plain_errors("putting a history aside"):
            if not folder.is_dir():
                return
            aside = self._new_aside(folder.name)
            folder.rename(aside)
            fsync_folders({aside.parent, folder.parent})

    def set_aside_end(self, zone: str, start_seq: int) -> None:
        """Moves the end of a zone into the folder `lost`; see `stores.near.NearStore`."""
        with plain_errors("putting the end of a history aside"):
            # Those behind a gap, too: they would be in the way of what fills it.
            seqs = [seq for seq in self._seqs(zone) if seq >= start_seq]
            packs = [seq for seq in self._pack_starts(zone) if seq + RANGE_COMMITS > start_seq]
            if not seqs and not packs:
                return
            aside = self._new_aside(END + zone_folder(self._folder, zone).name)
            make_folder(aside)
            # The last one first: cut off, what is left is without a gap.
            for first in sorted({*map(range_start, seqs), *packs}, reverse=True):
                self._move_singles(zone, [seq for seq in seqs if range_start(seq) == first], aside)
                if first in packs:
                    self._move_pack(zone, first, start_seq, aside)

    def replace_commit(self, zone: str, seq: int, data: bytes) -> None:
        """Puts the right bytes in the place of a damaged commit; see `stores.near.NearStore`. In a
        file of its own they count whatever the pack of its range says."""
        path = commit_path(self._folder, zone, seq)
        with plain_errors("replacing a damaged commit"):
            write_durably(self._damaged_path(zone, seq), self.get_commit(zone, seq))
            make_folder(path.parent)
            take_place(self._written(data), path)
            fsync_folders({path.parent})

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside; see `stores.near.NearStore`."""
        with plain_errors("reading a history that was put aside"):
            return [_commits_in(folder) for folder in self._aside(zone_folder(Path(), zone).name)]

    def _damaged_path(self, zone: str, seq: int) -> Path:
        """Where a damaged commit goes."""
        make_folder(self._folder / LOST)
        return self._folder / LOST / f"{DAMAGED}{zone_folder(self._folder, zone).name}-{seq}"

    def _move_singles(self, zone: str, seqs: list[int], aside: Path) -> None:
        folders = {aside}
        for seq in reversed(seqs):
            path = commit_path(self._folder, zone, seq)
            path.rename(aside / path.name)
            folders.add(path.parent)
        fsync_folders(folders)

    def _move_pack(self, zone: str, first: int, start_seq: int, aside: Path) -> None:
        """All of a pack goes, or what it has from a seq on: what it has before that gets files of
        its own first."""
        path, pack = pack_path(self._folder, zone, first), self._pack(zone, first)
        if first >= start_seq or pack is None:
            path.rename(aside / path.name)
        else:
            seqs = range(first, first + RANGE_COMMITS)
            paths = [commit_path(self._folder, zone, seq) for seq in seqs]
            kept = start_seq - first
            for target, data in zip(paths[:kept], pack.commits()[:kept], strict=True):
                make_folder(target.parent)
                give_name(self._written(data), target)
            for target, data in zip(paths[kept:], pack.commits()[kept:], strict=True):
                give_name(self._written(data), aside / target.name)
            fsync_folders({paths[0].parent, aside})
            remove_files([path])
        fsync_folders({path.parent, aside})

    def _written(self, data: bytes) -> Path:
        """A temporary file that is durable."""
        make_folder(self._temporary)
        temporary = write_temporary(self._temporary, data)
        fsync_files([temporary])
        return temporary

    def _new_aside(self, name: str) -> Path:
        """A folder in `lost` that is not there yet; of those of the same name the newest stay."""
        make_folder(self._folder / LOST)
        known = self._aside(name)
        for folder in known[: max(0, len(known) + 1 - KEPT_ASIDE)]:
            shutil.rmtree(folder)
        return self._folder / LOST / f"{name}-{_number(known[-1].name) + 1 if known else 1}"

    def _aside(self, name: str) -> list[Path]:
        """What was put aside under a name, oldest first."""
        lost = self._folder / LOST
        entries = sorted_names(lost) if lost.is_dir() else []
        found = [entry for entry in entries if re.fullmatch(rf"{re.escape(name)}-\d+", entry)]
        return [lost / entry for entry in sorted(found, key=_number)]


def _commits_in(folder: Path) -> list[bytes]:
    """The commits that lie in a folder and below it, packed or not, in order."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found: dict[int, bytes] = {}
    for path in files:
        first = pack_of(path.name)
        if first is not None:
            data = read_file(path, PACK_LIMIT_BYTES, "pack", path.name)
            found |= dict(enumerate(Pack.of(data, first).commits(), first))
    for path in files:
        seq = seq_of(path.name)
        if seq is not None and path.stat().st_size:
            found[seq] = read_file(path, COMMIT_LIMIT_BYTES, "commit", path.name)
    return [found[seq] for seq in sorted(found)]


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])
