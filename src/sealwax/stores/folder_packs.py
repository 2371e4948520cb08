"""Packing the old commits of a folder store; see `stores.packing`.

A pack is written whole under a temporary name, fsynced, named, and its folder fsynced. It is read
back and compared before the files go that it stands for. Two devices that pack one range at once in
a shared folder write the same bytes.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sealwax.stores.folder_aside import FolderAside
from sealwax.stores.folder_chains import single, singles_in
from sealwax.stores.folder_files import file_size, read_file, sorted_names
from sealwax.stores.folder_layout import (
    ZONES,
    commit_path,
    first_seq,
    pack_path,
    shard_path,
    zone_folder,
    zone_of,
)
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    plain_errors,
    remove_files,
    take_place,
)
from sealwax.stores.pack import (
    PACK_LIMIT_BYTES,
    RANGE_COMMITS,
    hang_together,
    is_settled,
    make_pack,
)


class _Range(NamedTuple):
    """A complete range: its commits as they are read, those of its pack alone (none where there is
    no pack), and the seqs that have a file of their own."""

    start_seq: int
    commits: list[bytes]
    packed: list[bytes]
    singles: list[int]


class FolderPacks(FolderAside):
    """The chains below the folder of one account, whose old commits are put together."""

    def pack_commits(self, most: int) -> int:
        """See `stores.packing.Packing`."""
        with plain_errors("packing commits"):
            ranges = list(islice(self._settled_ranges(), most))
            return sum(self._pack_range(zone, start_seq) for zone, start_seq in ranges)

    def _settled_ranges(self) -> Iterator[tuple[str, int]]:
        """Those that may be packed, the newest of each zone first: one that cannot be, because it
        does not hang together, is in nobody's way."""
        folder = self._folder / ZONES
        for name in sorted_names(folder) if folder.is_dir() else []:
            zone = zone_of(name)
            if zone is not None:
                yield from ((zone, seq) for seq in reversed(self._settled(zone)))

    def _settled(self, zone: str) -> list[int]:
        """The first seqs of the ranges that the head has left behind and of which there are files.
        Most zones have none: those are told by their names alone."""
        names = sorted_names(zone_folder(self._folder, zone))
        starts = [seq for name in names if (seq := first_seq(name)) is not None]
        if len(starts) < 2:
            return []
        head_seq = self.head_seq(zone)
        return [seq for seq in starts if is_settled(seq, head_seq)]

    def _pack_range(self, zone: str, start_seq: int) -> bool:
        """Packs one range, where all of it is here and hangs together; whether it did."""
        shard = shard_path(self._folder, zone, start_seq)
        found = self._range(zone, start_seq)
        if found is None:
            return False
        if found.singles:
            data = self._data(zone, found)
            if data is None or not self._keep(zone, start_seq, data):
                return False
            remove_files([commit_path(self._folder, zone, seq) for seq in found.singles])
            fsync_folders({shard})
        _remove_empty(shard)
        return bool(found.singles)

    def _range(self, zone: str, start_seq: int) -> _Range | None:
        """None where a part of the range is not here, or it is too large."""
        singles = singles_in(shard_path(self._folder, zone, start_seq))
        pack = self._pack(zone, start_seq)
        if not singles and pack is None:
            return None
        packed = pack.commits() if pack is not None else []
        commits: list[bytes] = []
        size_bytes = 0
        for at in range(RANGE_COMMITS):
            data = single(commit_path(self._folder, zone, start_seq + at))
            data = data or (packed[at] if packed else b"")
            size_bytes += len(data)
            if not data or size_bytes > PACK_LIMIT_BYTES:
                return None
            commits.append(data)
        return _Range(start_seq, commits, packed, singles)

    def _data(self, zone: str, found: _Range) -> bytes | None:
        """The bytes of the pack; None where the range does not hang together as it is. Where it
        does without the files that differ from its pack, those are put aside."""
        commits = found.commits
        if not self._hangs(zone, found.start_seq, commits):
            if not (found.packed and self._hangs(zone, found.start_seq, found.packed)):
                return None
            self._put_aside_odd(zone, found)
            commits = found.packed
        return make_pack(found.start_seq, commits)

    def _hangs(self, zone: str, start_seq: int, commits: list[bytes]) -> bool:
        """Within itself, and with the commits before and after it."""
        before = [self.get_commit(zone, start_seq - 1)] if start_seq else []
        after = self.get_commit(zone, start_seq + RANGE_COMMITS)
        return hang_together([*before, *commits, after])

    def _put_aside_odd(self, zone: str, found: _Range) -> None:
        for seq in found.singles:
            at = seq - found.start_seq
            if found.commits[at] != found.packed[at]:
                commit_path(self._folder, zone, seq).rename(self._damaged_path(zone, seq))

    def _keep(self, zone: str, start_seq: int, data: bytes) -> bool:
        """Writes a pack, unless these bytes are there, and reads it back; whether they are."""
        path = pack_path(self._folder, zone, start_seq)
        if path.is_dir():
            return False
        if not _is_there(path, data):
            temporary = self._written(data)
            if os.path.lexists(path):
                # It is damaged, or of a range that was mended since.
                take_place(temporary, path)
            else:
                give_name(temporary, path)
        # What is there may be there since a moment ago, by another device.
        fsync_files([path])
        fsync_folders({path.parent})
        return _is_there(path, data)


def _is_there(path: Path, data: bytes) -> bool:
    is_like_it = file_size(path) == len(data)
    return is_like_it and read_file(path, len(data), "pack", path.name) == data


def _remove_empty(folder: Path) -> None:
    """Removes a folder, unless something else is in it."""
    if not sorted_names(folder):
        folder.rmdir()
        fsync_folders({folder.parent})
