"""What is wrong with an open home as a whole: told before anything that is read of it."""

from typing import NamedTuple

from sealwax.library.holdings import Holdings
from sealwax.sync.trouble import why_unfetched

HISTORY = "history"
"""The kind of note that says that not all of the history is here."""
HOME = "home"
"""The kind of note about the home's folder; what is kept is whole all the same."""


class Note(NamedTuple):
    """Something that was found wrong: with what kind of thing, which, what."""

    kind: str
    name: str
    what: str


def notes_of(holdings: Holdings, store: str, noted: tuple[Note, ...]) -> tuple[Note, ...]:
    """What was noted when the home was opened; and what is missing of the history by now."""
    why = why_unfetched(holdings)
    if not why:
        return noted
    what = (
        f"The history could not be fetched whole: {why} It is tried again with the next command,"
        " and by `sealwax sync now`."
    )
    return *noted, Note(HISTORY, store, what)
