"""Who opens the segments of a long pull: this process, or a companion on another processor.

A segment is read and hashed by a thread, opened, decoded and made ready by the companion, and
written into the library by this process: three things at a time, a few segments ahead. Segments
come out in the order in which they were asked for.
"""

from collections.abc import Generator, Sequence
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from sealwax.base.companion import Companion, can_have_companions
from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import ZoneKey
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.names import OBJECT_LIMIT_BYTES
from sealwax.library.prepared import Prepared, prepare
from sealwax.model.change import Change
from sealwax.stores.base import Missing, Store
from sealwax.sync.sealing import SealedBatch
from sealwax.vault.digest import change_digest
from sealwax.vault.group import changes_of
from sealwax.vault.keyed_segment import KeyedSegment, SegmentKeys, encode_segment_asked
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import (
    HoldsNothing,
    SealedSegment,
    check_name,
    segment_key,
    sound_groups,
)

COMPANION = "sealwax.sync.opening_companion"
WORTH_A_COMPANION = 16
"""Fewer segments are opened here: starting a companion takes longer."""
SEGMENTS_AHEAD = 4

UNREADABLE = (Missing, SealBroken)
"""What makes one segment unreadable and leaves the others as they are."""
Opened: TypeAlias = Prepared | SealwaxError
"""A segment made ready for the library, or why it is unreadable."""


class Answer(NamedTuple):
    """The segment made ready, or why there is nothing in it."""

    prepared: Prepared | None
    nothing: str = ""


encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


def sealed_already(
    store: Store, keys: AccountKeys, zone: str, names: Sequence[bytes]
) -> tuple[SealedBatch, list[Change]]:
    """Segments that are in a store, as if they had just been sealed, and the changes in them;
    raises what makes one unreadable."""
    sealed, changes = SealedBatch([], []), []
    for name in names:
        key, data = fetch_segment(store, keys, zone, name)
        groups = sound_groups(key, keys.roots, data)
        found = changes_of(groups)
        digest = change_digest(keys.roots, found)
        sealed.segments.append(SealedSegment(name, data, digest, len(found)))
        sealed.prepared.append(prepare(keys.roots, groups))
        changes += found
    return sealed, changes


class Opener(Protocol):
    """Opens segments, one after the other."""

    def open(self, names: Sequence[bytes]) -> Generator[Opened, None, None]:
        """The segments of these names in their order; raises StoreError or CompanionLost."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class OpenHere:
    """Opens in this process."""

    def __init__(self, store: Store, keys: AccountKeys, zone: str) -> None:
        self._store = store
        self._keys = keys
        self._zone = zone

    def open(self, names: Sequence[bytes]) -> Generator[Opened, None, None]:
        for name in names:
            try:
                key, data = fetch_segment(self._store, self._keys, self._zone, name)
                roots = self._keys.roots
                opened: Opened = prepare(roots, sound_groups(key, roots, data))
            except UNREADABLE as error:
                opened = error
            yield opened

    def close(self) -> None:
        """Nothing is held open."""


class OpenElsewhere:
    """Has a companion open; close it when done."""

    def __init__(self, store: Store, keys: AccountKeys, zone: str) -> None:
        self._store = store
        self._keys = keys
        self._zone = zone
        self._companion = Companion(COMPANION)

    def open(self, names: Sequence[bytes]) -> Generator[Opened, None, None]:
        asked: SimpleQueue[BaseException | None] = SimpleQueue()
        room, is_over = Semaphore(SEGMENTS_AHEAD), Event()
        thread = Thread(target=self._ask, args=(names, asked, room, is_over), daemon=True)
        thread.start()
        try:
            for _ in names:
                failure = asked.get()
                if failure is not None and not isinstance(failure, UNREADABLE):
                    raise failure
                opened = failure or _opened(_decode_answer(self._companion.receive()))
                room.release()
                yield opened
        except BaseException:
            # Another thread may wait for a companion that waits for its answers to be taken.
            self._companion.abandon()
            raise
        finally:
            is_over.set()
            room.release()
            thread.join()

    def close(self) -> None:
        self._companion.close()

    def _ask(
        self,
        names: Sequence[bytes],
        asked: "SimpleQueue[BaseException | None]",
        room: Semaphore,
        is_over: Event,
    ) -> None:
        """Reads and hands over one segment after the other, until nobody wants more."""
        for name in names:
            room.acquire()
            if is_over.is_set():
                return
            try:
                self._companion.send(encode_segment_asked(self._question(name)))
                asked.put(None)
            except BaseException as error:
                asked.put(error)
                if not isinstance(error, UNREADABLE):
                    return

    def _question(self, name: bytes) -> KeyedSegment:
        key, data = fetch_segment(self._store, self._keys, self._zone, name)
        return KeyedSegment(SegmentKeys.of(key, self._keys.roots), data)


def new_opener(store: Store, keys: AccountKeys, zone: str, segments: int) -> Opener:
    """Who opens best, when so many segments are to be opened."""
    if segments >= WORTH_A_COMPANION and can_have_companions():
        return OpenElsewhere(store, keys, zone)
    return OpenHere(store, keys, zone)


def fetch_segment(store: Store, keys: AccountKeys, zone: str, name: bytes) -> tuple[ZoneKey, bytes]:
    """A sealed segment, its bytes checked against its name, and the key that opens it. Raises what
    makes it unreadable; HoldsNothing where that is the fault of whoever added it."""
    data = store.get_object(name)
    if len(data) > OBJECT_LIMIT_BYTES:
        raise Missing(f"What is there as the object {name.hex()} is larger than one may be.")
    check_name(name, data)
    return segment_key(keys, zone, data), data


def read_segment(store: Store, keys: AccountKeys, zone: str, name: bytes) -> list[Change]:
    """The changes of a segment, none of one that holds nothing; raises what makes it unreadable."""
    try:
        key, data = fetch_segment(store, keys, zone, name)
        return changes_of(sound_groups(key, keys.roots, data))
    except HoldsNothing:
        return []


def _opened(answer: Answer) -> Opened:
    if answer.prepared is not None:
        return answer.prepared
    return HoldsNothing(answer.nothing)
