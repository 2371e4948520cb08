"""A companion for tests: says what it can read of the process that started it."""

import errno
import os
from pathlib import Path

FILES = ("environ", "mem", "maps")
CLOSED = dict.fromkeys(FILES, "EACCES")


def what_it_reads(process: int) -> dict[str, str]:
    """Of each file of a process in /proc: `read`, or the name of the error."""
    return {name: _reading(f"/proc/{process}/{name}") for name in FILES}


def _reading(path: str) -> str:
    try:
        with Path(path).open("rb"):
            return "read"
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def main() -> None:
    """Says it once for each message; `stand back` does first what the opener of pictures does."""
    from sealwax.base.companion import Messages
    from sealwax.thumbnail.decoding_companion import stand_back

    for message in (messages := Messages()):
        if message == b"stand back":
            stand_back()
        messages.send(repr(what_it_reads(os.getppid())).encode())


if __name__ == "__main__":
    main()
