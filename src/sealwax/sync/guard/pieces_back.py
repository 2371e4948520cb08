"""Pieces of files that another device dropped though they are in use are added again.

A name is never added twice, so the pieces are sealed anew, and the records of their files are told
their new names: a millisecond earlier than the old ones, for of two contents the earliest is shown.
"""

from collections.abc import Iterator

from sealwax.library.doubts import Alarm
from sealwax.library.usage import files
from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT
from sealwax.sync.guard.replaced import PIECES, check_off, dropped_since
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import CHANGES_LIMIT, Writing

DROPPED_IN_USE = "dropped what is in use"
"""What an alarm is about: the number of files."""
REASON = "put-back"


def put_back_pieces(journal: Journal) -> int:
    """Adds again what others dropped and files need; gives how many files. Raises StoreError."""
    history, library = journal.history, journal.history.library
    takers: dict[bytes, bytes] = {}
    for one in dropped_since(library, history.device, PIECES):
        takers.update(dict.fromkeys(one.pieces, one.commit.header.author))
    found = list(_named_anew(journal, takers)) if takers else []
    for start in range(0, len(found), CHANGES_LIMIT):
        batch = tuple(found[start : start + CHANGES_LIMIT])
        journal.share(Writing(batch, Part(reason=REASON)))
    if found:
        guarded = library.guarded
        with guarded.transaction():
            at_ms = guarded.seen.time(history.clock.now_ms())
            taker = next(iter(takers.values()))
            guarded.doubts.alarm(Alarm(DROPPED_IN_USE, taker, len(found), at_ms))
    check_off(library, PIECES)
    return len(found)


def _named_anew(journal: Journal, takers: dict[bytes, bytes]) -> Iterator[Change]:
    """The content of files that need dropped pieces, told once more: whoever writes it gives the
    pieces names that may be used."""
    history, library = journal.history, journal.history.library
    for file in files(library.database.connection):
        gone = set(file.chunks) & takers.keys()
        if not gone or history.store.has_objects(gone) < gone:
            continue
        stamp = file.row.state.stamp(CONTENT)
        assert stamp is not None
        told = (entry(CONTENT, stamp.value),)
        yield Change(
            file.row.state.kind, file.row.uid, stamp.life, stamp.time_ms - 1, history.device, told
        )
