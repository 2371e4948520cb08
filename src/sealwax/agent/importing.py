"""One import of one source: how much of it is read, and whether other processors help.

A large source that is read whole is read by a companion process, and its commits are sealed by
another; small ones, and those of which only changes are read, are quicker without.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.agent.home import SCRATCH_FOLDER
from sealwax.agent.owners import Owners
from sealwax.base.companion import can_have_companions
from sealwax.intake.apply import Intake
from sealwax.intake.imported import Imported, Progress
from sealwax.library.holdings import SourceTrouble
from sealwax.sources.base import Source, SourceDamaged, SourceError
from sealwax.sources.elsewhere import ReadElsewhere
from sealwax.sources.registry import open_source, size_bytes
from sealwax.sync.sealing import SealElsewhere

READ_WHOLE_EVERY_MS = 7 * 24 * 60 * 60 * 1000
"""So often a source is read whole, though only changes of it would be known."""
LARGE_SOURCE_BYTES = 24 * 1024 * 1024


class ImportAsked(NamedTuple):
    """What is to be imported, and how."""

    path: Path
    is_confirmed: bool = False
    is_dry_run: bool = False
    is_full: bool = False
    may_wait: bool = False
    """Receipts alone may wait for company; see `intake.apply`."""


def import_source(
    asked: ImportAsked,
    home: Path,
    device: Device,
    now_ms: int,
    owners: Owners,
    snapshot: Callable[[str], int],
    report: Callable[[Progress], None],
) -> Imported:
    """Imports a source, or what changed in it since it was last imported (unless `is_full`).

    `snapshot` pins the present for a reason. Raises SourceError, SourceOfAnother or StoreError. A
    source that could not be read to its end is remembered as such until it can be.
    """
    holdings = device.history.library.holdings
    name = str(asked.path.resolve())
    try:
        done = _import(asked, name, home, device, now_ms, owners, snapshot, report)
    except SourceError as error:
        if not asked.is_dry_run:
            holdings.note_source_trouble(name, _trouble(error, now_ms))
        raise
    if not asked.is_dry_run:
        damaged = damage_of(asked.path, done)
        holdings.note_source_trouble(name, _trouble(damaged, now_ms) if damaged else None)
    return done


def damage_of(path: Path, done: Imported) -> SourceDamaged | None:
    """What an import that brought what it could has to say of the rest."""
    if not done.damage:
        return None
    return SourceDamaged(f"{path} is damaged: a part of it could not be read.")


def _trouble(error: SourceError, now_ms: int) -> SourceTrouble:
    return SourceTrouble(error.code, error.sentence, error.hint, now_ms)


def _import(
    asked: ImportAsked,
    name: str,
    home: Path,
    device: Device,
    now_ms: int,
    owners: Owners,
    snapshot: Callable[[str], int],
    report: Callable[[Progress], None],
) -> Imported:
    device.outbox.catch_up(device.history)
    library, journal = device.history.library, device.journal
    holdings = library.holdings
    known, whole_ms = holdings.source_state(name) or (None, 0)
    if asked.is_full or now_ms - whole_ms > READ_WHOLE_EVERY_MS:
        known, whole_ms = None, now_ms
    scratch = home / SCRATCH_FOLDER
    with journal.together(), _opened(asked.path, scratch, known, device) as source:
        owners.check(asked.path, source.describe().owners, asked.is_dry_run)
        done = Intake(
            source,
            library,
            journal,
            device.history.keys.roots,
            snapshot,
            report,
            asked.is_confirmed,
            asked.is_dry_run,
            now_ms=now_ms,
            may_wait=asked.may_wait,
        ).run()
        state = source.state()
    if asked.is_dry_run or done.files_unread or done.waiting:
        # What was not written is read again.
        return done
    if done.damage:
        # What is damaged now may be whole next time, and looks unchanged where it was read.
        holdings.forget_source_state(name)
    elif state is not None:
        holdings.keep_source_state(name, state, whole_ms)
    return done


@contextmanager
def _opened(path: Path, scratch: Path, known: bytes | None, device: Device) -> Iterator[Source]:
    with ExitStack() as stack:
        if known is not None or size_bytes(path) < LARGE_SOURCE_BYTES or not can_have_companions():
            yield stack.enter_context(closing(open_source(path, scratch, known)))
            return
        library = device.history.library
        is_new = library.is_empty()
        # What a new library needs at its end takes memory: by then the companions are gone.
        stack.enter_context(library.filling() if is_new else library.database.grouped())
        source = stack.enter_context(closing(ReadElsewhere(path, scratch, known)))
        sealer = stack.enter_context(closing(SealElsewhere()))
        stack.enter_context(device.history.sealed_by(sealer))
        stack.enter_context(device.outbox.own.sealed_by(sealer))
        yield source
