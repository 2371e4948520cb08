"""Appending to the chains of a folder store, a file a commit; of a long row, a pack a range."""

from collections.abc import Sequence
from pathlib import Path

from sealwax.base.paths import make_folder
from sealwax.stores.base import COMMIT_LIMIT_BYTES, CommitExists, CommitGap
from sealwax.stores.folder_chains import FolderChains
from sealwax.stores.folder_layout import commit_path, pack_path
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    plain_errors,
    write_temporary,
)
from sealwax.stores.pack import RANGE_COMMITS, is_settled, make_pack, range_start


class FolderCommits(FolderChains):
    """The chains below the folder of one account, to be added to."""

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        assert 0 < len(data) <= COMMIT_LIMIT_BYTES
        self._append(zone, seq, [data])

    def append_commits(
        self, zone: str, start_seq: int, commits: Sequence[bytes], head_seq: int = -1, /
    ) -> None:
        """Appends commits that follow one another; see `stores.near.NearStore`."""
        first, last = start_seq, start_seq + len(commits)
        while first < last:
            end = min(last, range_start(first) + RANGE_COMMITS)
            part = commits[first - start_seq : end - start_seq]
            is_old_range = len(part) == RANGE_COMMITS and is_settled(first, head_seq)
            if not (is_old_range and self._append_packed(zone, first, part)):
                self._append(zone, first, part)
            first = end

    def _append(self, zone: str, start_seq: int, commits: Sequence[bytes]) -> None:
        """They get their names in their order, after all of them are on the disk."""
        with plain_errors("appending commits"):
            self._need_next(zone, start_seq)
            make_folder(self._temporary)
            written = [write_temporary(self._temporary, data) for data in commits]
            fsync_files(written)
            folders: set[Path] = set()
            for seq, temporary in enumerate(written, start_seq):
                path = commit_path(self._folder, zone, seq)
                make_folder(path.parent)
                if not give_name(temporary, path):
                    raise CommitExists(f"The commit {zone}/{seq} is there already.")
                folders.add(path.parent)
            fsync_folders(folders)

    def _append_packed(self, zone: str, start_seq: int, commits: Sequence[bytes]) -> bool:
        """A whole range at once; False where it cannot be one pack."""
        data, path = make_pack(start_seq, commits), pack_path(self._folder, zone, start_seq)
        if data is None or path.exists():
            return False
        with plain_errors("appending commits"):
            self._need_next(zone, start_seq)
            make_folder(self._temporary)
            make_folder(path.parent)
            temporary = write_temporary(self._temporary, data)
            fsync_files([temporary])
            is_first = give_name(temporary, path)
            fsync_folders({path.parent})
        return is_first

    def _need_next(self, zone: str, seq: int) -> None:
        if seq > 0 and not self._is_there(zone, seq - 1):
            raise CommitGap(f"The commit before {zone}/{seq} is not there.")
        if self._is_there(zone, seq):
            raise CommitExists(f"The commit {zone}/{seq} is there already.")
