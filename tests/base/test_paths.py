"""A file is replaced whole or not at all, and what had no room is named."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from sealwax.base.paths import write_durably


def test_what_had_no_room_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "heads"
    write_durably(path, b"before")

    def full(_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as raised:
        write_durably(path, b"after")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_bytes() == b"before"
    assert [left.name for left in tmp_path.iterdir()] == ["heads"]
