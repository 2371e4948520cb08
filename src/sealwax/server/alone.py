"""One server uses a folder at a time: a lock on an open file says so, which the operating system
lets go of when the process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealwax.base.errors import SealwaxError

LOCK_FILE = "lock"


class ServerRuns(SealwaxError):
    """Another server serves the folder."""

    code = "server-runs"
    hint = "Use that one, or end it first; `--folder` names another folder."


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the folder of a server while the `with` block runs; raises ServerRuns. Two servers on
    one folder would not tell each other what devices wait for."""
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerRuns(f"Another server serves {folder} already.") from None
        yield
    finally:
        os.close(descriptor)
