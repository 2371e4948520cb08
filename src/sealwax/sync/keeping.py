"""Which sealed objects of others come to this device: words always, files by a policy. Pure.

What is not here is read from the shared place when somebody looks at it. Nothing that is here goes
away by this.
"""

from collections.abc import Iterable
from typing import NamedTuple

ALL_FILES = None
"""A budget without an end."""


class Held(NamedTuple):
    """An object that the head or a snapshot holds: since which step, how large, and whether it has
    words (a segment) or is a piece of a file."""

    name: bytes
    added_seq: int
    size_bytes: int
    is_segment: bool


def plan_keeping(held: Iterable[Held], budget_bytes: int | None = ALL_FILES) -> dict[bytes, int]:
    """Names and sizes of what belongs on this device: all segments, and the newest pieces of files
    that fit into a budget (0: none)."""
    objects = list(held)
    wanted = {item.name: item.size_bytes for item in objects if item.is_segment}
    left = budget_bytes
    files = [item for item in objects if not item.is_segment]
    for item in sorted(files, key=lambda item: (-item.added_seq, item.name)):
        if left is not None:
            if item.size_bytes > left:
                break
            left -= item.size_bytes
        wanted[item.name] = item.size_bytes
    return wanted
