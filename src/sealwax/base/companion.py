"""A companion: a second process of ours that works beside this one, on another processor.

It runs one module of ours and talks over its standard input and output, in frames of an 8-byte
length and so many bytes. It starts without this process's memory, arguments or `SEALWAX_`
settings: what it needs, secrets too, goes through the pipe. It ends when the pipe is closed or
breaks, so none is left behind when this process is killed.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from sealwax.base.environment import for_children
from sealwax.base.errors import SealwaxError
from sealwax.base.private_process import keep_to_itself

FRAME_LIMIT_BYTES = 1 << 30
_LENGTH_BYTES = 8
_PIPE_BYTES = 1 << 20
"""Most messages fit into a pipe of this size, where the system has such: then nobody waits for the
other end to take them."""
_END_SECONDS = 5


class CompanionLost(SealwaxError):
    """A process that worked beside this one ended too early."""

    code = "companion-lost"
    hint = "Run the command again: it goes on where it stopped. More free memory may help."


class Companion:
    """A started companion. Close it when done; `receive` may be called by another thread."""

    def __init__(self, module: str) -> None:
        """Starts `python -m module`, which calls `serve`."""
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,
            env={**for_children(os.environ), "PYTHONPATH": _search_path()},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def send(self, message: bytes) -> None:
        """Hands over a message; raises CompanionLost."""
        try:
            _write_frame(self._to, message)
        except OSError as error:
            raise _lost() from error

    def receive(self) -> bytes:
        """The next message; raises CompanionLost."""
        message = _read_frame(self._from)
        if message is None:
            raise _lost()
        return message

    def abandon(self) -> None:
        """Ends the companion at once, whatever it is doing: for one with answers that nobody takes
        any more. It keeps nothing, so nothing is lost. It is to be closed all the same."""
        self._process.kill()

    def close(self) -> None:
        """Ends the companion, in peace where it listens."""
        for pipe in (self._to, self._from):
            try:
                pipe.close()
            except OSError:
                # What could not be flushed any more is not wanted any more.
                continue
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Messages:
    """The companion's own end: the messages that come in, and the way out."""

    def __init__(self) -> None:
        """Takes standard output for itself: what anything else prints goes to standard error."""
        # Keys come through the pipe, and none before this.
        keep_to_itself()
        # An interrupt from the keyboard goes to the command; this process ends with its pipe.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._in = sys.stdin.buffer
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def __iter__(self) -> Iterator[bytes]:
        while (message := _read_frame(self._in)) is not None:
            yield message

    def send(self, message: bytes) -> None:
        """Answers; ends the process where nobody listens any more."""
        try:
            _write_frame(self._out, message)
        except OSError:
            raise SystemExit(0) from None


def can_have_companions() -> bool:
    """Whether a second process could do work at the same time as this one."""
    return (os.cpu_count() or 1) > 1 and bool(sys.executable)


def _search_path() -> str:
    return os.pathsep.join(filter(None, sys.path))


def _lost() -> CompanionLost:
    return CompanionLost("A process that worked on this beside the command ended too early.")


def _write_frame(pipe: IO[bytes], message: bytes) -> None:
    assert len(message) <= FRAME_LIMIT_BYTES
    pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(message)
    pipe.flush()


def _read_frame(pipe: IO[bytes]) -> bytes | None:
    """The next frame; None where the other end is gone."""
    head = pipe.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    if length > FRAME_LIMIT_BYTES:
        return None
    message = pipe.read(length)
    return message if len(message) == length else None
