"""How much there is in a simulated account, and how much of it one act takes."""

from typing import NamedTuple


class Size(NamedTuple):
    """Messages in all, and the most of them in one import, one round of receipts and edits, one
    deletion, one purge. Where it `is_calm`, so little is deleted in so few conversations that no
    device may ask about it."""

    messages: int
    imported: int
    edited: int
    deleted: int
    purged: int
    is_calm: bool = False


LIVELY = Size(3_000, 90, 40, 25, 4)
"""Small acts, so there are many of them for as many operations."""
LARGE = Size(4_000, 1_000, 200, 200, 20)
"""Acts as people do them: imports of hundreds, most of a conversation deleted."""
CALM = Size(4_000, 1_000, 200, 6, 3, is_calm=True)
"""The same, but for the deletions."""
