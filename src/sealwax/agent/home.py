"""A home: the folder that holds a device's keys, library, settings and, by default, its vault.

One process uses a home at a time: a lock on an open file says so, which the operating system lets
go of when the process ends, however it ends.
"""

import fcntl
import os
import shlex
import stat
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from sealwax.agent.noting import HOME, Note
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import make_folder

DEFAULT_HOME = "~/.local/share/sealwax"
LOCK_FILE = "lock"
LIBRARY_FILE = "library.db"
SCRATCH_FOLDER = "scratch"
VAULT_FOLDER = "vault"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PATIENCE_TRIES = 50
_PATIENCE_SECONDS = 0.02


class HomeLocked(SealwaxError):
    """Another process uses this home."""

    code = "home-locked"
    hint = "Wait until the other command is done, then try again."


WEAK_SETTING, WEAK = "passphrase_weak", "yes"
"""Of a home whose keys lie under a passphrase that can be guessed."""


class HomeReadOnly(SealwaxError):
    """The home cannot be written to."""

    code = "home-read-only"
    hint = "Make the folder writable, or name another home with --home."


class HomeOfAnother(SealwaxError):
    """The home's folder belongs to another user of this computer."""

    code = "home-of-another"
    hint = "Run the command as that user, or name another home with --home."


class HomeLock:
    """Holds a home while the `with` block runs.

    A command that was just ended may hold it for a moment still: a process that it was about to
    start has the lock until it runs a program of its own. So the lock is waited for, for a second.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / LOCK_FILE
        self._descriptor = -1

    def __enter__(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HomeReadOnly(f"The home cannot be used: {error.strerror}.") from error
        for _ in range(_PATIENCE_TRIES):
            if self._is_taken():
                return
            time.sleep(_PATIENCE_SECONDS)
        os.close(self._descriptor)
        raise HomeLocked("Another Sealwax command uses this home now.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def is_held(self) -> bool:
        """Whether somebody holds the home at this moment; never waits."""
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        is_free = self._is_taken()
        os.close(self._descriptor)
        return not is_free

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def make_private(home: Path) -> list[Note]:
    """Takes the rights to look into a home away from everybody but its owner, and notes it; raises
    HomeOfAnother where its owner is somebody else."""
    found = home.stat()
    if found.st_uid != os.geteuid():
        raise HomeOfAnother(f"The home at {home} belongs to another user of this computer.")
    if not found.st_mode & _OTHERS:
        return []
    with suppress(OSError):
        home.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    if home.stat().st_mode & _OTHERS:
        told = "Other users can see what files are in it: its disk knows no rights."
    else:
        told = "Other users could see what files are in it. Its rights are for you alone now."
    return [Note(HOME, str(home), told)]


def program(home: Path) -> str:
    """How the command line is called for a home."""
    if home.absolute() == Path(DEFAULT_HOME).expanduser():
        return "sealwax"
    return shlex.join(["sealwax", "--home", str(home.absolute())])


def scratch_folder(home: Path) -> Path:
    """The folder for temporary copies; private, emptied when a home is opened."""
    folder = home / SCRATCH_FOLDER
    make_folder(folder)
    return folder
