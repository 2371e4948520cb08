"""What is put back from an earlier day: a server's disk, and a whole home."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.running import Running, running


class Machine:
    """The computer of a server: it is started, stopped, copied and put back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0

    @contextmanager
    def serving(self) -> Iterator[Running]:
        """Serves at the same address each time."""
        with running(self._folder / "server", port=self._port) as server:
            self._port = int(server.url.rpartition(":")[2])
            yield server

    def copy(self) -> None:
        """A copy of its disk is made; it does not run."""
        put_back(self._folder / "server", self._folder / "yesterday")

    def come_back(self) -> None:
        """Its disk is the copy again."""
        put_back(self._folder / "yesterday", self._folder / "server")


def put_back(image: Path, folder: Path) -> None:
    """Makes a folder what another one is."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(image, folder)
