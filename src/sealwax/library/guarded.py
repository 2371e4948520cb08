"""What the guard knows: see `seen`, `losses`, `let_go` and `doubts`, all in one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.library.doubts import Doubts
from sealwax.library.guard_file import GuardFile
from sealwax.library.let_go import LetGo
from sealwax.library.losses import Losses
from sealwax.library.seen import Seen


class Guarded:
    """The guard's facts of one device."""

    def __init__(self, path: Path, key: bytes, is_durable: bool, is_reader: bool) -> None:
        self._file = GuardFile(path, key, is_durable, is_reader)
        self.seen = Seen(self._file)
        self.losses = Losses(self._file)
        self.let_go = LetGo(self._file)
        self.doubts = Doubts(self._file)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or none of it; on the disk when it ends."""
        with self._file.transaction(is_durable=True):
            yield

    @property
    def is_asking(self) -> bool:
        """Whether anything waits for an answer."""
        return bool(self.losses.questions())

    def check(self) -> list[str]:
        """What is wrong with the file."""
        return self._file.check()

    def close(self) -> None:
        self._file.close()
