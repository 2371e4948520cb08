"""Reading the commits of a folder store, whether they lie in a file each or in a pack.

A commit that has a file of its own is read from that, whatever a pack says: a pack that is
damaged, or was put there by somebody else, hides nothing. A range is packed before its files go,
and unpacked before its pack goes. So whoever misses the one finds the other, and looks for the
first once more.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sealwax.stores.base import COMMIT_LIMIT_BYTES, Missing
from sealwax.stores.folder_files import AccountFolder, file_size, read_file, sorted_names
from sealwax.stores.folder_layout import (
    ZONES,
    commit_path,
    first_seq,
    pack_of,
    pack_path,
    seq_of,
    shard_path,
    zone_folder,
    zone_of,
)
from sealwax.stores.folder_writing import plain_errors
from sealwax.stores.pack import PACK_LIMIT_BYTES, RANGE_COMMITS, Pack, is_pack, range_start


class FolderChains(AccountFolder):
    """The chains below the folder of one account, to be read."""

    def get_commit(self, zone: str, seq: int) -> bytes:
        path = commit_path(self._folder, zone, seq)
        return single(path) or self._packed(zone, seq) or _read(path, f"{zone}/{seq}")

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        seq = start_seq
        while True:
            has_singles = shard_path(self._folder, zone, seq).is_dir()
            end_seq, pack = range_start(seq) + RANGE_COMMITS, None
            while seq < end_seq:
                data = single(commit_path(self._folder, zone, seq)) if has_singles else b""
                if not data:
                    # Read when it is wanted: one that cannot be read is in no file's way.
                    pack = pack or self._pack(zone, seq)
                    data = self._once_more(zone, seq) if pack is None else pack.commit(seq)
                if not data:
                    return
                yield seq, data
                seq += 1

    def head_seq(self, zone: str) -> int:
        folder = zone_folder(self._folder, zone)
        if not folder.is_dir():
            return -1
        with plain_errors("reading commits"):
            for seq in reversed(_range_starts(folder)):
                if seq == 0 or self._is_there(zone, seq - 1):
                    return self._last_without_gap(zone, seq)
        return -1

    def list_zones(self) -> list[str]:
        with plain_errors("listing zones"):
            zones = [zone_of(name) for name in sorted_names(self._folder / ZONES)]
        return [zone for zone in zones if zone is not None and self.head_seq(zone) >= 0]

    def damaged_packed(self, zone: str) -> list[int]:
        """The seqs of packed commits that are not as they were packed, and have no file either."""
        packs = (self._pack(zone, seq) for seq in self._pack_starts(zone))
        seqs = [seq for pack in packs if pack is not None for seq in pack.damaged()]
        return [seq for seq in seqs if not file_size(commit_path(self._folder, zone, seq))]

    def _once_more(self, zone: str, seq: int) -> bytes:
        """Somebody may have unpacked the range meanwhile."""
        return single(commit_path(self._folder, zone, seq))

    def _is_there(self, zone: str, seq: int) -> bool:
        return bool(file_size(commit_path(self._folder, zone, seq))) or self._is_packed(zone, seq)

    def _is_packed(self, zone: str, seq: int) -> bool:
        return bool(self._packed(zone, seq))

    def _packed(self, zone: str, seq: int) -> bytes:
        """A commit out of its pack; nothing where there is none."""
        path, start_seq = pack_path(self._folder, zone, seq), range_start(seq)
        if not path.is_file():
            return b""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # It was unpacked just now.
            return b""
        try:

            def read(at: int, size_bytes: int) -> bytes:
                return os.pread(descriptor, size_bytes, at)

            if not is_pack(read, os.fstat(descriptor).st_size, start_seq):
                return b""
            return Pack(read, start_seq, RANGE_COMMITS).commit(seq)
        finally:
            os.close(descriptor)

    def _pack(self, zone: str, seq: int) -> Pack | None:
        """The pack of the range of a seq, in memory."""
        path, start_seq = pack_path(self._folder, zone, seq), range_start(seq)
        if not path.is_file():
            return None
        try:
            data = read_file(path, 2 * PACK_LIMIT_BYTES, "pack", f"{zone}/{start_seq}")
        except Missing:
            return None
        is_one = is_pack(lambda at, size: data[at : at + size], len(data), start_seq)
        return Pack.of(data, start_seq) if is_one else None

    def _last_without_gap(self, zone: str, seq: int) -> int:
        """The last seq before a gap, from the first one of a range on; a range is begun only when
        the one before is full, so others that are there are foreign."""
        while True:
            sizes = _sizes_in(shard_path(self._folder, zone, seq))
            end_seq = seq + RANGE_COMMITS
            while seq < end_seq and sizes.get(seq):
                seq += 1
            if seq < end_seq:
                if not self._is_packed(zone, seq):
                    return seq - 1
                seq = end_seq

    def _seqs(self, zone: str) -> list[int]:
        """The seqs that have a file of their own, in order."""
        folder = zone_folder(self._folder, zone)
        shards = sorted_names(folder) if folder.is_dir() else []
        found: list[int] = []
        for shard in shards:
            if first_seq(shard) is not None and (folder / shard).is_dir():
                found += singles_in(folder / shard)
        return sorted(found)

    def _pack_starts(self, zone: str) -> list[int]:
        """The first seqs of the packs, in order."""
        folder = zone_folder(self._folder, zone)
        names = sorted_names(folder) if folder.is_dir() else []
        return [seq for name in names if (seq := pack_of(name)) is not None]


def single(path: Path) -> bytes:
    """The bytes of a commit's own file; nothing where it has none."""
    try:
        return _read(path, path.name)
    except Missing:
        return b""


def singles_in(folder: Path) -> list[int]:
    """The seqs of the commits that have a file in a folder, in order."""
    return [seq for name in sorted_names(folder) if (seq := seq_of(name)) is not None]


def _sizes_in(folder: Path) -> dict[int, int]:
    """The sizes of the files of commits in a folder, by their seqs."""
    sizes: dict[int, int] = {}
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            seq = seq_of(entry.name)
            if seq is not None:
                with suppress(FileNotFoundError):
                    sizes[seq] = entry.stat().st_size
    return sizes


def _read(path: Path, name: str) -> bytes:
    return read_file(path, COMMIT_LIMIT_BYTES, "commit", name)


def _range_starts(folder: Path) -> list[int]:
    """The first seqs of the ranges of which a zone's folder has something, in order."""
    names = sorted_names(folder)
    found = {seq for name in names for seq in (first_seq(name), pack_of(name)) if seq is not None}
    return sorted(found)
