"""Has small pictures made by a companion: a foreign file is opened in no process that holds keys.

What a picture can do at worst is end the companion; then another one is started for the next. May
be used by several threads, which wait for one another.
"""

from threading import Lock
from typing import Protocol

from sealwax.base.companion import Companion, CompanionLost

COMPANION = "sealwax.thumbnail.decoding_companion"
ASK_FORMATS = b""


class Decodes(Protocol):
    """Makes small pictures."""

    def formats(self) -> tuple[str, ...]:
        """The formats that it reads, sorted; raises CompanionLost."""
        ...

    def small_picture(self, data: bytes) -> bytes | None:
        """A small JPEG of a picture; None for what has none, or ends whoever opens it. Raises
        CompanionLost where nothing can be opened at all."""
        ...

    def close(self) -> None:
        """Ends what works for it; it begins again when it is asked."""
        ...


class Decoder:
    """A companion, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._companion: Companion | None = None
        self._formats: tuple[str, ...] = ()

    def formats(self) -> tuple[str, ...]:
        with self._lock:
            # What is installed does not change while this process runs.
            if not self._formats:
                self._started()
            return self._formats

    def small_picture(self, data: bytes) -> bytes | None:
        if not data:
            return None
        with self._lock:
            companion = self._started()
            try:
                companion.send(data)
                return companion.receive() or None
            except CompanionLost:
                self._end()
                return None

    def close(self) -> None:
        with self._lock:
            self._end()

    def _started(self) -> Companion:
        """One that is known to work: it has told its formats."""
        if self._companion is None:
            self._companion = Companion(COMPANION)
            try:
                self._companion.send(ASK_FORMATS)
                told = self._companion.receive()
            except CompanionLost:
                self._end()
                raise
            self._formats = tuple(told.decode().split())
        return self._companion

    def _end(self) -> None:
        companion, self._companion = self._companion, None
        if companion is not None:
            companion.close()
