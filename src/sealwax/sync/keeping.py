"""Which sealed objects of others come to this device: words and small pictures always, files by a
policy. Pure.

A small picture is known by its size alone: whatever is as small comes too. What is not here is read
from the shared place when somebody looks at it. Nothing that is here goes away by this.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sealwax.vault.objects import SMALL_SEALED_BYTES

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
    """Names and sizes of what belongs on this device, in the order in which it is to come: all
    segments, all small pieces, and the newest large ones that fit into a budget (0: none)."""
    objects = list(held)
    wanted = {item.name: item.size_bytes for item in objects if item.is_segment}
    files = [item for item in objects if not item.is_segment]
    files.sort(key=lambda item: (-item.added_seq, item.name))
    wanted.update((item.name, item.size_bytes) for item in files if _is_small(item))
    left = budget_bytes
    for item in files:
        if _is_small(item):
            continue
        if left is not None:
            if item.size_bytes > left:
                break
            left -= item.size_bytes
        wanted[item.name] = item.size_bytes
    return wanted


def _is_small(item: Held) -> bool:
    """Small pictures of photos, and what is no larger than one."""
    return item.size_bytes <= SMALL_SEALED_BYTES
