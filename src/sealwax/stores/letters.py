"""Letter boxes, in which two devices leave each other sealed letters to link one to the other.

A box has a name of 32 bytes that only the two can derive, and two sides, `new` and `trusted`. A
letter that was left cannot be replaced by another. The trusted device opens a box; it is there for
ten minutes or so.
"""

from typing import Protocol

from sealwax.stores.base import StoreError


class LinkUnknown(StoreError):
    """There is no such letter box."""

    code = "link-unknown"
    hint = (
        "The code may be too old, mistyped, or for another server or folder. Make a new one with"
        " `sealwax device link` on a device that is trusted."
    )


class LinkUsed(StoreError):
    """Another letter lies there already: a code is good for one device."""

    code = "link-used"
    hint = (
        "If that was not you, somebody else has the code: say no on the trusted device. Then make"
        " a new code."
    )


class Letters(Protocol):
    """The letter boxes of one place."""

    def open(self, box: bytes) -> None:
        """Opens a box, as a trusted device; one that is open already stays as it is."""
        ...

    def leave(self, box: bytes, side: str, letter: bytes) -> None:
        """Leaves a letter; raises LinkUsed when another one lies there, or LinkUnknown."""
        ...

    def take(self, box: bytes, side: str) -> bytes:
        """The letter of one side; empty while there is none. Raises LinkUnknown."""
        ...

    def forget(self, box: bytes) -> None:
        """Says that nobody needs a box any more."""
        ...
