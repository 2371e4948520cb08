"""A disk that records what a folder store asks of it, and what a power cut may leave of that."""

import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from sealwax.stores import folder_aside, folder_commits, folder_objects, folder_packs
from sealwax.stores.folder_writing import (
    fsync_files,
    fsync_folders,
    give_name,
    remove_files,
    take_place,
    write_temporary,
)


class Step(NamedTuple):
    """One thing that the disk was asked, or (`what` is "acknowledged") a promise that was given."""

    what: str
    path: Path
    data: bytes = b""
    target: Path | None = None


class Disk:
    """Records what a folder store asks of the disk."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steps: list[Step] = []
        for module in (folder_aside, folder_commits, folder_objects):
            patch.setattr(module, "write_temporary", self._write)
        for module in (folder_aside, folder_commits, folder_objects, folder_packs):
            patch.setattr(module, "fsync_files", self._sync)
            patch.setattr(module, "give_name", self._name)
            patch.setattr(module, "fsync_folders", self._sync_folders)
        for module in (folder_aside, folder_packs):
            patch.setattr(module, "remove_files", self._remove)
            patch.setattr(module, "take_place", self._take)

    def acknowledged(self, path: Path, data: bytes) -> None:
        self.steps.append(Step("acknowledged", path, data))

    def _write(self, place: Path, data: bytes) -> Path:
        path = write_temporary(place, data)
        self.steps.append(Step("write", path, data))
        return path

    def _sync(self, paths: list[Path]) -> None:
        fsync_files(paths)
        self.steps += [Step("sync", path) for path in paths]

    def _name(self, temporary: Path, final: Path) -> bool:
        given = give_name(temporary, final)
        if given:
            self.steps.append(Step("name", temporary, target=final))
        return given

    def _take(self, temporary: Path, final: Path) -> None:
        take_place(temporary, final)
        self.steps.append(Step("name", temporary, target=final))

    def _remove(self, paths: Iterable[Path]) -> None:
        kept = list(paths)
        remove_files(kept)
        self.steps += [Step("remove", path) for path in kept]

    def _sync_folders(self, places: Iterable[Path]) -> None:
        kept = set(places)
        fsync_folders(kept)
        self.steps += [Step("sync folder", place) for place in kept]


class _File:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_synced = False


class _Name:
    """What a name stands for: what it surely does after a power cut, and what it may by then."""

    def __init__(self) -> None:
        self.durable: _File | None = None
        self.pending: list[_File | None] = []


def crash(steps: list[Step], rng: random.Random) -> tuple[dict[Path, bytes], dict[Path, bytes]]:
    """What may be on the disk after these steps and a power cut, and what was promised."""
    files: dict[Path, _File] = {}
    names: defaultdict[Path, _Name] = defaultdict(_Name)
    promised: dict[Path, bytes] = {}
    for step in steps:
        if step.what == "write":
            files[step.path] = _File(step.data)
        elif step.what == "sync":
            files[step.path].is_synced = True
        elif step.what == "name":
            assert step.target is not None
            names[step.target].pending.append(files[step.path])
            files[step.target] = files[step.path]
        elif step.what == "remove":
            names[step.path].pending.append(None)
        elif step.what == "sync folder":
            for path, name in names.items():
                if path.parent == step.path and name.pending:
                    name.durable = name.pending[-1]
                    name.pending.clear()
        else:
            promised[step.path] = step.data
    left: dict[Path, bytes] = {}
    for path, name in names.items():
        file = rng.choice([name.durable, *name.pending])
        if file is not None:
            cut = rng.choice((0, len(file.data) // 2, len(file.data)))
            left[path] = file.data if file.is_synced else file.data[:cut]
    return left, promised
