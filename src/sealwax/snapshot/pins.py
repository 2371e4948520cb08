"""Snapshots: making one, finding one by what a person typed, letting go of one."""

import datetime
from collections.abc import Callable
from typing import NamedTuple
from unicodedata import category

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.holdings import PinRow
from sealwax.library.library import Library
from sealwax.snapshot.wholeness import unreadable_at
from sealwax.vault.commit_part import Counts, Part
from sealwax.vault.writing import Pinning, Writer, Writing

NAME_LIMIT_CHARACTERS = 200
NUMBER_LIMIT_DIGITS = 18
_STEERING = ("Cc", "Cs", "Zl", "Zp")
"""Categories of control characters and line ends."""
PINS_LIMIT = 1024
"""One commit lets go of at most so many."""
LATEST = "latest"
KEYWORDS = (LATEST, "all", "now")
BY_NAME = "name:"
"""What stands before a name that would be taken for a number or a keyword."""
OWN_NUMBERS = 1_000_000_000
"""The numbers of snapshots in the device's own zone begin after this one; those of other devices
after a multiple of it that comes from the device's id."""


class SnapshotMissing(SealwaxError):
    """No snapshot matches what was asked for."""

    code = "snapshot-missing"
    hint = "`sealwax snapshot list` shows all snapshots."


class SnapshotLocked(SealwaxError):
    """The snapshot is locked until a date."""

    code = "snapshot-locked"
    hint = "Wait until the lock has run out; until then nobody can let go of it."


class SnapshotElsewhere(SealwaxError):
    """The snapshot is in the zone of another device."""

    code = "snapshot-elsewhere"
    hint = "Only the device that made it lets go of it."


class SnapshotNameBad(SealwaxError):
    """The name cannot be a snapshot's."""

    code = "snapshot-name-bad"
    hint = (
        f"Choose a name of 1 to {NAME_LIMIT_CHARACTERS} characters in one line that is not in use,"
        " and that is no number, no date and no word with a meaning (latest, all, now)."
    )


class Snapshot(NamedTuple):
    """A snapshot as people see it. `number` is how it is called where it has no name; `moment` is
    the moment of the library that shows it. One that was made while its device did not sync is in
    that device's own zone; `is_elsewhere` is for those of other devices. It is not whole where some
    of its objects could not be read. `made_by` tells those of one device from those of another,
    `seen_ms` is since when this device has known it; both only where they were asked for."""

    number: int
    zone: str
    name: str
    reason: str
    made_ms: int
    moment: float
    lock_until_ms: int
    expires_ms: int
    counts: Counts
    space_back_bytes: int
    unreadable_objects: int = 0
    is_elsewhere: bool = False
    made_by: bytes = b""
    seen_ms: int = 0


def list_snapshots(library: Library) -> list[Snapshot]:
    """All snapshots, oldest first."""
    return [_snapshot(library, pin) for pin in library.holdings.pins()]


def find_snapshot(library: Library, wanted: str) -> Snapshot:
    """The snapshot with this number, "latest", with this name, or the newest one of a day or before
    a time (ISO 8601, UTC where no zone is given). `name:` before it takes it for a name and nothing
    else: names that read as a number could be given once. Raises SnapshotMissing."""
    snapshots = list_snapshots(library)
    matching = _matching(snapshots, wanted.strip())
    if not matching:
        raise SnapshotMissing(f"There is no snapshot “{wanted[:NAME_LIMIT_CHARACTERS]}”.")
    return matching[-1]


def _matching(snapshots: list[Snapshot], text: str) -> list[Snapshot]:
    if text == LATEST:
        return snapshots
    number = _number_of(text)
    by_number = [shot for shot in snapshots if shot.number == number]
    if by_number:
        return by_number
    name = text.removeprefix(BY_NAME)
    by_name = [shot for shot in snapshots if shot.name and shot.name in (text, name)]
    if by_name or name != text or number is not None:
        return by_name
    until_ms = end_of_date_ms(text)
    return [shot for shot in snapshots if until_ms and shot.made_ms < until_ms]


def _number_of(text: str) -> int | None:
    """The number that a text is, with or without a # before it."""
    digits = text.removeprefix("#")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_LIMIT_DIGITS
    return int(digits) if is_number else None


def create_snapshot(
    library: Library,
    writer: Writer,
    name: str,
    reason: str,
    lock_until_ms: int = 0,
    is_wanted: Callable[[], bool] | None = None,
) -> int:
    """Pins the present: copies nothing. Gives the snapshot's number. Without a name it is called by
    that. `is_wanted` is asked once all that others wrote is known; where it says no, this raises
    NoLongerWanted."""
    name = name.strip()
    if name and (not _is_name(name) or any(pin.name == name for pin in library.holdings.pins())):
        raise SnapshotNameBad(f"A snapshot cannot be called “{name[:NAME_LIMIT_CHARACTERS]}”.")
    part = Part(reason=reason, name=name, counts=library.counts())
    pinning = Pinning(lock_until_ms)
    pin = Writing((), part, CommitKind.PIN, pinning=pinning, is_wanted=is_wanted)
    written = writer.write(pin)
    return written.seq + (OWN_NUMBERS if written.is_own else 0)


def drop_snapshots(
    library: Library, writer: Writer, snapshots: list[Snapshot], now_ms: int
) -> None:
    """Lets go of snapshots, those of this device alone first; raises SnapshotLocked before anything
    is done, SnapshotElsewhere, and FarAway where what devices share cannot be changed now."""
    for snapshot in snapshots:
        if snapshot.lock_until_ms > now_ms:
            raise SnapshotLocked(f"Snapshot {snapshot.number} is locked.")
        if snapshot.is_elsewhere:
            raise SnapshotElsewhere(f"Snapshot {snapshot.number} belongs to another device.")
    for is_own in (True, False):
        seqs = [
            snapshot.number - (OWN_NUMBERS if is_own else 0)
            for snapshot in snapshots
            if (snapshot.zone != MESSAGES_ZONE) == is_own
        ]
        for start in range(0, len(seqs), PINS_LIMIT):
            public = encode_facts(UnpinFacts(seqs[start : start + PINS_LIMIT]))
            part = Part(reason="drop")
            writer.write(Writing((), part, CommitKind.UNPIN, public=public, is_own=is_own))
    gone = {(snapshot.zone, snapshot.number) for snapshot in snapshots}
    assert not gone & {(pin.zone, _number(library, pin)) for pin in library.holdings.pins()}


def end_of_date_ms(text: str) -> int | None:
    """The end of a day, or just after a time, in ms since 1970; None for what is neither."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    if len(text) <= len("2024-05-01"):
        moment += datetime.timedelta(days=1)
    return int(moment.timestamp() * 1000) + (len(text) > len("2024-05-01"))


def _is_name(text: str) -> bool:
    """Whether a name can be told from everything else that says which snapshot is meant."""
    is_otherwise_meant = (
        text.lower() in KEYWORDS
        or text.startswith(BY_NAME)
        or _number_of(text) is not None
        or end_of_date_ms(text) is not None
    )
    steers = any(category(letter) in _STEERING for letter in text)
    is_one_line = len(text) <= NAME_LIMIT_CHARACTERS and not steers
    return is_one_line and not is_otherwise_meant


def _snapshot(library: Library, pin: PinRow) -> Snapshot:
    return Snapshot(
        _number(library, pin),
        pin.zone,
        pin.name,
        pin.reason,
        pin.made_ms,
        pin.moment,
        pin.lock_until_ms,
        pin.expires_ms,
        pin.counts,
        library.holdings.bytes_held_only_by(pin.pinned_seq, pin.zone),
        unreadable_at(library, pin.moment),
        _is_elsewhere(library, pin),
    )


def _is_elsewhere(library: Library, pin: PinRow) -> bool:
    return pin.zone not in (MESSAGES_ZONE, library.own_zone)


def _number(library: Library, pin: PinRow) -> int:
    if pin.zone == MESSAGES_ZONE:
        return pin.commit_seq
    if not _is_elsewhere(library, pin):
        return pin.commit_seq + OWN_NUMBERS
    device, _, generation = pin.zone.removeprefix("device/").partition("/")
    zone = int(device[:4], 16) + 0x10000 * int(generation or 0)
    return pin.commit_seq + OWN_NUMBERS * (2 + zone)
