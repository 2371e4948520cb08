"""Planning small pictures: which attachments are to get one from this device, now. Pure.

A device makes those of the files that it stored itself at once, and those of the others' files only
when these have had a day for it: so two devices do not do the same work.
"""

from collections.abc import Mapping, Sequence, Set
from enum import StrEnum
from typing import NamedTuple

from sealwax.model.field import CONTENT, FILE_NAME, MIME_TYPE, THUMBNAIL
from sealwax.model.file_kind import IMAGE, is_likely_heif, likely_kind
from sealwax.model.state import State
from sealwax.vault.objects import SMALL_BYTES

VERSION = 1
"""Of what is made: one with a higher version takes the place of one with a lower."""
PATIENCE_MS = 24 * 60 * 60 * 1000
FILE_LIMIT_BYTES = 64 * 1024 * 1024
HEIF = "HEIF"


class Verdict(StrEnum):
    """Whether an attachment is to get a small picture now, else why not."""

    WANTED = "wanted"
    HAS_ONE = "has one"
    NO_PICTURE = "no picture"
    SMALL_ITSELF = "small itself"
    TOO_LARGE = "too large"
    LACKS_PLUGIN = "lacks plugin"
    FAILED = "failed"
    NOT_SHARED = "not shared"
    NOT_HERE = "not here"
    OTHERS_TURN = "others' turn"


class Known(NamedTuple):
    """What a plan goes by: this device, the time, the formats that can be read here, the records
    that could not be read, when each piece came into the shared history (ms since 1970), and which
    are on this device."""

    device: bytes
    now_ms: int
    formats: Sequence[str]
    failed: Set[bytes]
    shared_ms: Mapping[bytes, int]
    here: Set[bytes]


class Judged(NamedTuple):
    """A verdict, and when it may change by itself (0: never)."""

    verdict: Verdict
    again_ms: int = 0


def tried_by(formats: Sequence[str]) -> str:
    """Names what can make small pictures here: what failed is tried again by something else."""
    return f"{VERSION} {' '.join(formats)}"


def first_verdict(state: State) -> Verdict:
    """What can be said of an attachment by itself; for one that is wanted, see `judge`."""
    content = state.get(CONTENT)
    if state.version(THUMBNAIL) >= VERSION:
        return Verdict.HAS_ONE
    if content is None or likely_kind(*_told(state)) != IMAGE:
        return Verdict.NO_PICTURE
    if content[1] <= SMALL_BYTES:
        return Verdict.SMALL_ITSELF
    if content[1] > FILE_LIMIT_BYTES:
        return Verdict.TOO_LARGE
    return Verdict.WANTED


def judge(record: bytes, state: State, known: Known) -> Judged:
    """Whether a photo is to get a small picture now."""
    if _is_heif(state) and HEIF not in known.formats:
        return Judged(Verdict.LACKS_PLUGIN)
    if record in known.failed:
        return Judged(Verdict.FAILED)
    pieces = [name for name, _ in state.get(CONTENT)[2]]
    if any(name not in known.shared_ms for name in pieces):
        return Judged(Verdict.NOT_SHARED)
    if any(name not in known.here for name in pieces):
        return Judged(Verdict.NOT_HERE)
    stored = state.stamp(CONTENT)
    since_ms = max(known.shared_ms[name] for name in pieces)
    # A time that lies ahead is of a clock that was wrong once: nobody waits for it.
    is_fresh = 0 <= known.now_ms - since_ms < PATIENCE_MS
    if stored is not None and stored.device != known.device and is_fresh:
        return Judged(Verdict.OTHERS_TURN, since_ms + PATIENCE_MS)
    return Judged(Verdict.WANTED)


def _is_heif(state: State) -> bool:
    return is_likely_heif(*_told(state))


def _told(state: State) -> tuple[str | None, str]:
    """The stated type and the name of a file."""
    return state.get(MIME_TYPE), state.get(FILE_NAME) or ""
