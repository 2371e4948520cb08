"""A step of an account to a later format: where whoever knows only earlier ones stops reading.

Without it an older program would call void what a newer one counts, and the two would never agree
again. So the account's log says from where on the later format holds. Whoever does not know that
one reads no entry from there on, and no commit that names a position there: not void, but not yet
readable. A device and the recovery key both sign the step, so no stolen device can shut the others
out with a format that does not exist.

Implements "Later formats" of docs/format.md.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

FORMAT = 2
"""The format that this program reads and writes, and that every account begins with."""


class FormatStep(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """From this entry on, commits and what they hold may be of a later format."""

    format: Annotated[int, Meta(ge=1, le=2**31)]


class NewerFormatError(ValueError):
    """From an entry of the log on, the account has a format that this program does not know.
    `author` is the device that wrote it."""

    def __init__(self, seq: int, number: int, author: bytes) -> None:
        super().__init__(f"the account has the format {number} from its entry {seq} on")
        self.seq = seq
        self.format = number
        self.author = author
