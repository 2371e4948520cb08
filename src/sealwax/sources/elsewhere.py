"""Reading a large source in a companion process, so that reading and writing share two processors.

`ReadElsewhere` is a source like any other. The companion (`reading_companion`) opens the real one
and sends what it yields as msgpack; a thread takes it out of the pipe ahead of need, so memory is
bounded by a few batches.
"""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, NamedTuple, TypeAlias

import msgspec

from sealwax.base.companion import Companion, CompanionLost
from sealwax.base.errors import SealwaxError, codes
from sealwax.base.problem import Problem
from sealwax.sources.base import Copied, Deletion, Description, Item, Observation, SourceError

BATCHES_AHEAD = 2
COMPANION = "sealwax.sources.reading_companion"


class Request(NamedTuple):
    """What to open: see `registry.open_source`."""

    path: str
    scratch: str
    known: bytes | None


class Opened(NamedTuple):
    """A source that was opened."""

    namespace: str
    description: Description


class Batch(NamedTuple):
    """What a source saw, by kind; the order within a kind is the source's."""

    observations: list[Observation]
    copies: list[Copied]
    deletions: list[Deletion]
    problems: list[tuple[str, str, str, bool]]


class Failure(NamedTuple):
    """A SealwaxError of the companion."""

    code: str
    sentence: str
    hint: str


READ, STATE, END = b"read", b"state", b""
Answer: TypeAlias = bytes | CompanionLost


def _from_path(value: Any) -> str:
    return str(value)


def _to_path(_: type, value: Any) -> Path:
    return Path(value)


encode = msgspec.msgpack.Encoder(enc_hook=_from_path).encode
decode_request = msgspec.msgpack.Decoder(Request).decode
_decode_opened = msgspec.msgpack.Decoder(tuple[Opened | None, Failure | None]).decode
_decode_batch = msgspec.msgpack.Decoder(
    tuple[Batch | None, Failure | None], dec_hook=_to_path
).decode


class ReadElsewhere:
    """A source that a companion reads."""

    def __init__(self, path: Path, scratch: Path, known: bytes | None) -> None:
        """Opens the source at `path`; raises SourceError or CompanionLost."""
        self._companion = Companion(COMPANION)
        try:
            self._companion.send(encode(Request(str(path), str(scratch), known)))
            opened, failure = _decode_opened(self._companion.receive())
            if failure is not None or opened is None:
                raise _error(failure)
        except BaseException:
            self._companion.close()
            raise
        self._opened = opened

    @property
    def namespace(self) -> str:
        return self._opened.namespace

    def describe(self) -> Description:
        return self._opened.description

    def read(self) -> Iterator[list[Item]]:
        """Everything that the source sees; raises SourceError or CompanionLost."""
        self._companion.send(READ)
        answers: Queue[Answer] = Queue(BATCHES_AHEAD)
        thread = Thread(target=self._take, args=(answers,), daemon=True)
        thread.start()
        while (answer := answers.get()) != END:
            if isinstance(answer, CompanionLost):
                raise answer
            batch, failure = _decode_batch(answer)
            if batch is None:
                raise _error(failure)
            yield _items(batch)
        thread.join()

    def state(self) -> bytes | None:
        """What the next reading needs."""
        self._companion.send(STATE)
        return self._companion.receive() or None

    def close(self) -> None:
        self._companion.close()

    def _take(self, answers: Queue[Answer]) -> None:
        try:
            while (answer := self._companion.receive()) != END:
                answers.put(answer)
            answers.put(END)
        except (CompanionLost, ValueError) as error:
            # A pipe that was closed meanwhile is a ValueError; nobody waits for more then.
            answers.put(error if isinstance(error, CompanionLost) else END)


def _items(batch: Batch) -> list[Item]:
    problems = [Problem(*told) for told in batch.problems]
    return [*batch.observations, *batch.copies, *problems, *batch.deletions]


def _error(failure: Failure | None) -> SealwaxError:
    """The companion's error, as the same class where it is known here."""
    if failure is None:
        return SourceError("The source could not be read.")
    return codes().get(failure.code, SourceError)(failure.sentence, failure.hint)
