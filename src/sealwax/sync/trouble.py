"""Why the last sync did not succeed: remembered, for the next command may be another process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from sealwax.base.errors import SealwaxError
from sealwax.library.holdings import Holdings
from sealwax.stores.far_trouble import FarAway, ZoneTrouble
from sealwax.sync.agreement import OnlyHere

NOT_VERIFIED = "not-verified"
"""The code of a doubt: no error, for everything goes on."""
_NOTE = "trouble of the last sync"
_DOUBT = "why the last sync was not verified"
_UNFETCHED = "why the history is not here"


class SyncTrouble(NamedTuple):
    """The code of what went wrong, one sentence, and since when it does (ms since 1970)."""

    code: str
    sentence: str
    since_ms: int


class ZoneTroubles:
    """What is wrong with single histories at the shared place: the rest goes on meanwhile."""

    def __init__(self) -> None:
        self._first: ZoneTrouble | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within, trouble of one history ends the block and nothing more."""
        try:
            yield
        except ZoneTrouble as error:
            self._first = self._first or error

    def raise_first(self) -> None:
        """Raises what was kept first, if anything was."""
        if self._first is not None:
            raise self._first


_decode = msgspec.msgpack.Decoder(SyncTrouble).decode


def told_of(error: SealwaxError) -> tuple[str, str]:
    """What a sync that an error ended says of it: a sentence and a code, those of its cause."""
    if isinstance(error, FarAway):
        return error.sentence, error.cause.code
    hint = f" {error.hint}" if isinstance(error, OnlyHere) else ""
    return f"{error.sentence}{hint}", error.code


def last_trouble(holdings: Holdings) -> SyncTrouble | None:
    """Why the last sync did not succeed; None where it did."""
    noted = holdings.noted(_NOTE)
    return _decode(noted) if noted else None


def why_unfetched(holdings: Holdings) -> str:
    """Why this device does not show all of the history that it knows of; nothing where it does."""
    return holdings.noted(_UNFETCHED).decode("utf-8", "replace")


def note_unfetched(holdings: Holdings, why: str) -> None:
    """Remembers why a part of the history could not be fetched; nothing where all of it is here."""
    if why != why_unfetched(holdings):
        holdings.keep_note(_UNFETCHED, why.encode())


def last_doubt(holdings: Holdings) -> SyncTrouble | None:
    """Why nobody can say, since a sync that ended well, that everything is shared."""
    noted = holdings.noted(_DOUBT)
    return _decode(noted) if noted else None


def note_trouble(holdings: Holdings, code: str, sentence: str, now_ms: int) -> None:
    """Remembers how a sync ended: well where there is no sentence. The same trouble goes on since
    it began."""
    _note(holdings, _NOTE, last_trouble(holdings), code, sentence, now_ms)


def note_doubt(holdings: Holdings, sentence: str, now_ms: int) -> None:
    """Remembers why a sync that ended well could not say that everything is shared."""
    _note(holdings, _DOUBT, last_doubt(holdings), NOT_VERIFIED, sentence, now_ms)


def _note(
    holdings: Holdings, name: str, before: SyncTrouble | None, code: str, sentence: str, now_ms: int
) -> None:
    if not sentence:
        if before is not None:
            holdings.keep_note(name, b"")
        return
    since_ms = before.since_ms if before is not None and before.code == code else now_ms
    holdings.keep_note(name, msgspec.msgpack.encode(SyncTrouble(code, sentence, since_ms)))
