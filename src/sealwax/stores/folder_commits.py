"""The commits of a folder store, a file each; what was put aside lies in the folder `lost`."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from sealwax.base.paths import make_folder, write_durably
from sealwax.stores.base import COMMIT_LIMIT_BYTES, CommitExists, CommitGap
from sealwax.stores.folder_files import AccountFolder, file_size, read_file, sorted_names
from sealwax.stores.folder_layout import (
    LOST,
    ZONES,
    commit_path,
    first_seq,
    seq_of,
    zone_folder,
    zone_of,
)
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    plain_errors,
    write_temporary,
)
from sealwax.stores.near import KEPT_ASIDE

DAMAGED = "damaged-"
END = "end-"
"""What stands before the name of a zone where only its end was put aside."""


class FolderCommits(AccountFolder):
    """The chains below the folder of one account."""

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        assert 0 < len(data) <= COMMIT_LIMIT_BYTES
        path = commit_path(self._folder, zone, seq)
        with plain_errors("appending a commit"):
            if seq > 0 and not file_size(commit_path(self._folder, zone, seq - 1)):
                raise CommitGap(f"The commit before {zone}/{seq} is not there.")
            if file_size(path):
                raise CommitExists(f"The commit {zone}/{seq} is there already.")
            make_folder(path.parent)
            make_folder(self._temporary)
            temporary = write_temporary(self._temporary, data)
            fsync_files([temporary])
            if not give_name(temporary, path):
                raise CommitExists(f"The commit {zone}/{seq} is there already.")
            fsync_folders({path.parent})

    def append_commits(self, zone: str, start_seq: int, commits: Sequence[bytes]) -> None:
        """Appends commits that follow one another; see `stores.near.NearStore`.

        They get their names in their order, after all of them are on the disk.
        """
        with plain_errors("appending commits"):
            if start_seq > 0 and not file_size(commit_path(self._folder, zone, start_seq - 1)):
                raise CommitGap(f"The commit before {zone}/{start_seq} is not there.")
            make_folder(self._temporary)
            written = [write_temporary(self._temporary, data) for data in commits]
            if written:
                fsync_files(written)
            folders: set[Path] = set()
            for seq, temporary in enumerate(written, start_seq):
                path = commit_path(self._folder, zone, seq)
                make_folder(path.parent)
                if file_size(path) or not give_name(temporary, path):
                    raise CommitExists(f"The commit {zone}/{seq} is there already.")
                folders.add(path.parent)
            fsync_folders(folders)

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
            if not seqs:
                return
            aside = self._new_aside(END + zone_folder(self._folder, zone).name)
            make_folder(aside)
            folders = {aside}
            # The last one first: cut off, what is left is without a gap.
            for seq in reversed(seqs):
                path = commit_path(self._folder, zone, seq)
                path.rename(aside / path.name)
                folders.add(path.parent)
            fsync_folders(folders)

    def replace_commit(self, zone: str, seq: int, data: bytes) -> None:
        """Puts the right bytes in the place of a damaged commit; see `stores.near.NearStore`."""
        path = commit_path(self._folder, zone, seq)
        with plain_errors("replacing a damaged commit"):
            make_folder(self._folder / LOST)
            aside = self._folder / LOST / f"{DAMAGED}{zone_folder(self._folder, zone).name}-{seq}"
            write_durably(aside, self.get_commit(zone, seq))
            temporary = write_temporary(self._temporary, data)
            fsync_files([temporary])
            temporary.replace(path)
            fsync_folders({path.parent})

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside; see `stores.near.NearStore`."""
        with plain_errors("reading a history that was put aside"):
            return [
                [
                    read_file(file, COMMIT_LIMIT_BYTES, "commit", file.name)
                    for file in sorted(folder.rglob("*"))
                    if file.is_file() and file_size(file)
                ]
                for folder in self._aside(zone_folder(self._folder, zone).name)
            ]

    def get_commit(self, zone: str, seq: int) -> bytes:
        path = commit_path(self._folder, zone, seq)
        return read_file(path, COMMIT_LIMIT_BYTES, "commit", f"{zone}/{seq}")

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        seq = start_seq
        while file_size(commit_path(self._folder, zone, seq)):
            yield seq, self.get_commit(zone, seq)
            seq += 1

    def head_seq(self, zone: str) -> int:
        folder = zone_folder(self._folder, zone)
        if not folder.is_dir():
            return -1
        with plain_errors("reading commits"):
            for shard in reversed(sorted_names(folder)):
                seq = first_seq(shard)
                if seq is not None and (seq == 0 or self._is_there(zone, seq - 1)):
                    return self._last_without_gap(zone, seq)
        return -1

    def list_zones(self) -> list[str]:
        with plain_errors("listing zones"):
            zones = [zone_of(name) for name in sorted_names(self._folder / ZONES)]
        return [zone for zone in zones if zone is not None and self.head_seq(zone) >= 0]

    def _seqs(self, zone: str) -> list[int]:
        """The seqs of all files of a zone, in order."""
        folder = zone_folder(self._folder, zone)
        shards = sorted_names(folder) if folder.is_dir() else []
        names = [name for shard in shards for name in sorted_names(folder / shard)]
        return sorted(seq for name in names if (seq := seq_of(name)) is not None)

    def _last_without_gap(self, zone: str, seq: int) -> int:
        """The last seq before a gap, from a seq on; a shard is begun only when the one before is
        full, so others that are there are foreign."""
        while self._is_there(zone, seq):
            seq += 1
        return seq - 1

    def _is_there(self, zone: str, seq: int) -> bool:
        return bool(file_size(commit_path(self._folder, zone, seq)))

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


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])
