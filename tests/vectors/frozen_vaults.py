"""Makes the frozen vaults: those that every later version must open.

    python -m tests.vectors.frozen_vaults

A vault that is there is never made again, for frozen means frozen: its keys are random, and what it
is good for is that an earlier version wrote it. A later version adds vaults under new names.
"""

import json
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.homes import DAY_MS, NOW_MS
from tests.vectors.frozen_reading import FOLDER, opened, reading, void_commits, words_anywhere
from tests.vectors.frozen_scenes import SCENES, Made

READ_AT_MS = NOW_MS + 100 * DAY_MS
"""Read with the clock at this time."""


def pack(vault: Path, tar: Path) -> None:
    """Packs a vault: files alone, in the order of their paths, without owners and times."""
    with tarfile.open(tar, "x", format=tarfile.USTAR_FORMAT) as packed:
        for path in sorted(path for path in vault.rglob("*") if path.is_file()):
            data = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(vault).as_posix())
            member.size, member.mode = len(data), 0o600
            packed.addfile(member, BytesIO(data))


def freeze(name: str, made: Made, folder: Path) -> None:
    """Packs a vault, and writes down what the program reads in it."""
    tar = FOLDER / f"{name}.tar"
    pack(made.vault, tar)
    with opened(tar, folder, made.recovery_key, READ_AT_MS) as agent:
        assert not set(made.gone) & words_anywhere(agent)
        told = {
            "recovery_key": made.recovery_key,
            "read_at_ms": READ_AT_MS,
            "gone": list(made.gone),
            "void": void_commits(agent),
            **reading(agent),
        }
    text = json.dumps(told, indent=1, ensure_ascii=True)
    (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in SCENES.items():
        if (FOLDER / f"{name}.tar").exists():
            sys.stdout.write(f"{name} is there and stays as it is.\n")
            continue
        with TemporaryDirectory() as scratch:
            (Path(scratch) / "making").mkdir()
            freeze(name, make(Path(scratch) / "making"), Path(scratch))


if __name__ == "__main__":
    main()
