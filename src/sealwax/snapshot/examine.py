"""Examining all objects of a store, beside whatever else this process does meanwhile.

Each object is read once: its bytes are hashed, opened, and, where that is asked, a segment's
changes are added up. What
that comes to is compared with the chain later, by `verify`. Threads of this process read, hash and
open; the changes of segments, which take the most time, are added up by a companion.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import NamedTuple, TypeAlias

import msgspec

from sealwax.base.companion import Companion, can_have_companions
from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import RootKeys, ZoneKey
from sealwax.crypto.sealing import (
    SealBroken,
    SealedKind,
    SealUnknown,
    open_sealed,
    read_header,
)
from sealwax.stores.base import Store, StoreError
from sealwax.vault.digest import change_digest, digest_bytes
from sealwax.vault.keyed_segment import KeyedSegment, SegmentKeys, encode_segment_asked
from sealwax.vault.keys import AccountKeys, KeyMissing
from sealwax.vault.objects import check_name, epoch_of
from sealwax.vault.segment import decode_segment

COMPANION = "sealwax.snapshot.examining_companion"
WORTH_A_COMPANION = 16
"""So many segments are added up here before a companion is started for the others."""
SEGMENTS_AHEAD = 16
THREADS = 2
OBJECTS_AHEAD = 4
"""So many objects are in memory at one time, of 4 MiB each at most."""
NO_KIND = -1
_KINDS = frozenset((SealedKind.SEGMENT, SealedKind.CHUNK, SealedKind.CHECKPOINT))


class Examined(NamedTuple):
    """What an object is: its kind, and for a segment the digest of its changes (32 bytes).

    `misnamed` says that its bytes are not those of its name, `broken` why it does not open;
    `is_key_here`, whether the key that would open it is, so that nobody else can either.
    """

    size_bytes: int
    kind: int = NO_KIND
    digest: bytes = b""
    misnamed: str = ""
    broken: str = ""
    is_key_here: bool = True


_Look: TypeAlias = tuple[Examined, bytes]


class Answer(NamedTuple):
    """The digest of a segment's changes, or why it does not open."""

    digest: bytes
    broken: str


encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


class Examination:
    """The examination of one store. `count` says how far it is; `results` waits for its end."""

    def __init__(self, store: Store, keys: AccountKeys, zone: str, is_deep: bool = True) -> None:
        """`is_deep` also adds up the changes of segments."""
        self._store = store
        self._keys = keys
        self._zone = zone
        self._is_deep = is_deep
        self._found: dict[bytes, Examined] = {}
        self._failure: BaseException | None = None
        self._companion: Companion | None = None
        self._asked: deque[tuple[bytes, Examined]] = deque()
        self._thread = Thread(target=self._run, daemon=True)
        self._segments = 0
        self.count = 0

    def start(self) -> None:
        self._thread.start()

    def is_over(self, wait_seconds: float) -> bool:
        """Waits a little; whether it is at its end."""
        self._thread.join(wait_seconds)
        return not self._thread.is_alive()

    def results(self) -> dict[bytes, Examined]:
        """What was found, by name; raises StoreError or CompanionLost."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._found

    def _run(self) -> None:
        looking: deque[tuple[bytes, Future[_Look]]] = deque()
        try:
            with ThreadPoolExecutor(THREADS) as pool:
                for stored in self._store.list_objects():
                    looking.append((stored.name, pool.submit(self._look, stored.name)))
                    if len(looking) > OBJECTS_AHEAD:
                        self._take(*looking.popleft())
                while looking:
                    self._take(*looking.popleft())
            self._take_answers(0)
        except BaseException as error:
            self._failure = error
        finally:
            if self._companion is not None:
                self._companion.close()

    def _look(self, name: bytes) -> _Look:
        """Reads, hashes and opens an object; gives the sealed bytes where they are to be added up.
        Called by several threads."""
        try:
            data = self._store.get_object(name)
            check_name(name, data)
        except (StoreError, SealBroken) as error:
            size_bytes = 0 if isinstance(error, StoreError) else len(data)
            return Examined(size_bytes, misnamed=str(error), broken=str(error)), b""
        examined = Examined(len(data))
        try:
            header = read_header(data)
            examined = Examined(len(data), header.kind)
            if header.kind == SealedKind.SEGMENT and self._is_deep:
                return examined, data
            if header.kind not in _KINDS:
                raise SealBroken("It is of a kind that is no object.")
            key = self._keys.zone_key(self._zone, header.epoch)
            open_sealed(key, SealedKind(header.kind), data)
        except (SealBroken, SealUnknown) as error:
            examined = _broken(examined, error)
        return examined, b""

    def _take(self, name: bytes, looked: "Future[_Look]") -> None:
        examined, data = looked.result()
        self._found[name] = examined
        self.count += 1
        if data:
            try:
                self._add_up(name, examined, data)
            except (SealBroken, SealUnknown) as error:
                self._found[name] = _broken(examined, error)

    def _add_up(self, name: bytes, examined: Examined, data: bytes) -> None:
        key = self._keys.zone_key(self._zone, epoch_of(data))
        self._segments += 1
        if self._segments <= WORTH_A_COMPANION or not can_have_companions():
            digest = segment_digest(key, self._keys.roots, data)
            self._found[name] = examined._replace(digest=digest)
            return
        self._ask(key, data)
        self._asked.append((name, examined))
        self._take_answers(SEGMENTS_AHEAD)

    def _ask(self, key: ZoneKey, data: bytes) -> None:
        if self._companion is None:
            self._companion = Companion(COMPANION)
        question = KeyedSegment(SegmentKeys.of(key, self._keys.roots), data)
        self._companion.send(encode_segment_asked(question))

    def _take_answers(self, ahead: int) -> None:
        """Takes answers, which come in the order of the questions, until few are missing."""
        while len(self._asked) > ahead:
            assert self._companion is not None
            answer = _decode_answer(self._companion.receive())
            name, examined = self._asked.popleft()
            self._found[name] = examined._replace(digest=answer.digest, broken=answer.broken)


def _broken(examined: Examined, error: SealwaxError) -> Examined:
    is_key_here = not isinstance(error, KeyMissing)
    return examined._replace(broken=str(error), is_key_here=is_key_here)


def segment_digest(key: ZoneKey, roots: RootKeys, data: bytes) -> bytes:
    """The digest of the changes in a sealed segment; raises SealBroken or SealUnknown."""
    changes = decode_segment(roots, open_sealed(key, SealedKind.SEGMENT, data))
    return digest_bytes(change_digest(roots, changes))
