"""Planning a sync: what of the outbox goes into the shared history, in which commits.

Pure. What waits goes in its order, whole commits of the outbox at a time, so that a device that is
interrupted goes on where it stopped. Where the account's storage is full, words go on and files
wait.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from sealwax.sync.outbox import Item

SENT_BYTES = 32 * 1024 * 1024
"""About so much of the outbox goes in one commit."""
SENT_OBJECTS = 4_096


class Sending(NamedTuple):
    """Items of the outbox that go in one commit."""

    items: tuple[Item, ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether a person confirmed what they delete: all of them, or none."""
        return self.items[0].is_confirmed

    @property
    def segments(self) -> tuple[tuple[bytes, int], ...]:
        return tuple(one for item in self.items for one in item.segments)

    @property
    def chunks(self) -> tuple[tuple[bytes, int], ...]:
        return tuple(one for item in self.items for one in item.chunks)

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in (*self.segments, *self.chunks))


def plan_sending(items: Iterable[Item], cuts: Collection[int] = ()) -> Iterator[Sending]:
    """The commits that all of it comes to. None goes over a cut: the seq of a snapshot that the
    outbox holds."""
    batch: list[Item] = []
    size_bytes, objects = 0, 0
    for item in items:
        item_bytes = sum(size for _, size in (*item.segments, *item.chunks))
        item_objects = len(item.segments) + len(item.chunks)
        if batch and (
            size_bytes + item_bytes > SENT_BYTES
            or objects + item_objects > SENT_OBJECTS
            or item.is_confirmed != batch[0].is_confirmed
            or any(batch[-1].seq < cut < item.seq for cut in cuts)
        ):
            yield Sending(tuple(batch))
            batch, size_bytes, objects = [], 0, 0
        batch.append(item)
        size_bytes += item_bytes
        objects += item_objects
    if batch:
        yield Sending(tuple(batch))
