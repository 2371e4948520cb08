"""What is wrong with an open home as a whole: told before anything that is read of it."""

from collections.abc import Iterable
from typing import NamedTuple

from sealwax.library.holdings import Holdings
from sealwax.sync.trouble import why_unfetched
from sealwax.trust.key_troubles import KeyTrouble

HISTORY = "history"
"""The kind of note that says that not all of the history is here."""
HOME = "home"
"""The kind of note about the home's folder; what is kept is whole all the same."""


class Note(NamedTuple):
    """Something that was found wrong: with what kind of thing, which, what."""

    kind: str
    name: str
    what: str


def notes_of(
    holdings: Holdings,
    store: str,
    noted: Iterable[Note] = (),
    troubles: Iterable[KeyTrouble] = (),
) -> tuple[Note, ...]:
    """What was noted when the home was opened; what is missing of the history by now, and why
    nothing can be written."""
    notes = [*noted, *(key_note(trouble) for trouble in troubles if trouble.is_blocking)]
    why = why_unfetched(holdings)
    if why:
        what = (
            f"The history could not be fetched whole: {why} It is tried again with the next"
            " command, and by `sealwax sync now`."
        )
        notes.append(Note(HISTORY, store, what))
    return tuple(notes)


def key_note(trouble: KeyTrouble) -> Note:
    """That nothing can be written, and the command that ends it."""
    return Note("keys", "the account's keys", f"{trouble.sentence} To go on: `{trouble.remedy}`.")
