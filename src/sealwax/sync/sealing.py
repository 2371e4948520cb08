"""Who seals the changes of a commit: this process, or a companion on another processor.

Sealing needs nothing but the changes and keys, so while a companion seals one batch this process
reads and plans the next. What was sealed comes back made ready for the library, which is written
last. The companion keeps nothing between two batches.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from sealwax.base.companion import Companion, CompanionLost
from sealwax.base.entropy import Entropy
from sealwax.crypto.key_tree import RootKeys, ZoneKey
from sealwax.library.prepared import Prepared, prepare
from sealwax.model.change import Change
from sealwax.stores.base import Store
from sealwax.vault.keyed_segment import SegmentKeys
from sealwax.vault.objects import SealedSegment, cut_segments, seal_and_read

COMPANION = "sealwax.sync.sealing_companion"


class SealedBatch(NamedTuple):
    """The segments of a batch, and what each of them holds, made ready for the library."""

    segments: list[SealedSegment]
    prepared: list[Prepared]


Sealing: TypeAlias = Callable[[], SealedBatch]
"""Gives the sealed batch, waiting for it where it is not ready; to be called once."""


class Batch(NamedTuple):
    """Changes to be sealed, and the keys for it."""

    keys: SegmentKeys
    changes: list[Change]


class Answer(NamedTuple):
    """A sealed segment; `change_digest` is big-endian."""

    name: bytes
    data: bytes
    change_digest: bytes
    changes: int
    prepared: Prepared


encode = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(Batch).decode
_decode_answers = msgspec.msgpack.Decoder(list[Answer]).decode


class Sealer(Protocol):
    """Seals batches of changes, one after the other."""

    def start(self, key: ZoneKey, roots: RootKeys, changes: Sequence[Change]) -> Sealing:
        """Begins to seal; several batches may be begun."""
        ...


class SealHere:
    """Seals at once, in this process."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def start(self, key: ZoneKey, roots: RootKeys, changes: Sequence[Change]) -> Sealing:
        sealed = SealedBatch([], [])
        for batch in cut_segments(changes):
            segment, groups = seal_and_read(key, roots, batch, self._entropy)
            sealed.segments.append(segment)
            sealed.prepared.append(prepare(roots, groups))
        return lambda: sealed


class SealElsewhere:
    """Has a companion seal; close it when done. Several batches may be on their way: a thread takes
    the answers, so that the companion never waits for this process."""

    def __init__(self) -> None:
        self._companion = Companion(COMPANION)
        self._waited_for: SimpleQueue[Future[bytes]] = SimpleQueue()
        Thread(target=self._receive, daemon=True).start()

    def start(self, key: ZoneKey, roots: RootKeys, changes: Sequence[Change]) -> Sealing:
        """Raises CompanionLost, as what it gives does."""
        answer: Future[bytes] = Future()
        self._waited_for.put(answer)
        self._companion.send(encode((SegmentKeys.of(key, roots), changes)))
        return lambda: _sealed(answer.result())

    def close(self) -> None:
        self._companion.close()

    def _receive(self) -> None:
        """Gives each answer to whom it is for, in the order of the questions."""
        while True:
            answer = self._waited_for.get()
            try:
                answer.set_result(self._companion.receive())
            except (CompanionLost, ValueError) as error:
                # A ValueError is a pipe that was closed meanwhile.
                answer.set_exception(error)


def _sealed(told: bytes) -> SealedBatch:
    answers = _decode_answers(told)
    return SealedBatch(
        [
            SealedSegment(name, data, int.from_bytes(digest, "big"), changes)
            for name, data, digest, changes, _ in answers
        ],
        [answer.prepared for answer in answers],
    )


class StoredSealing:
    """The segments of one commit: sealed by whoever seals, stored once, before the commit."""

    def __init__(self, sealing: Sealing, store: Store, epoch: int) -> None:
        self.epoch = epoch
        self._sealing = sealing
        self._store = store
        self._sealed: SealedBatch | None = None

    def stored(self) -> SealedBatch:
        """What was sealed, once it is in the store."""
        if self._sealed is None:
            sealed = self._sealing()
            self._store.put_objects((segment.name, segment.data) for segment in sealed.segments)
            self._sealed = sealed
        return self._sealed
