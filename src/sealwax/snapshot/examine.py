"""Examining all objects of a store, beside whatever else this process does meanwhile.

Each object is read once: its bytes are hashed, opened, and a segment's changes are added up. What
that comes to is compared with the chain later, by `verify`. A thread of this process reads, hashes
and opens; the changes of segments, which take the most time, are added up by a companion.
"""

from collections import deque
from threading import Thread
from typing import NamedTuple

import msgspec

from sealwax.base.companion import Companion, can_have_companions
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
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import check_name
from sealwax.vault.segment import decode_segment

COMPANION = "sealwax.snapshot.examining_companion"
WORTH_A_COMPANION = 16
"""So many segments are added up here before a companion is started for the others."""
SEGMENTS_AHEAD = 16
NO_KIND = -1


class Examined(NamedTuple):
    """What an object is: its kind, and for a segment the digest of its changes (32 bytes).

    `misnamed` says that its bytes are not those of its name, `broken` why it does not open.
    """

    size_bytes: int
    kind: int = NO_KIND
    digest: bytes = b""
    misnamed: str = ""
    broken: str = ""


class Asked(NamedTuple):
    """A segment to be added up, and the keys for it."""

    account: bytes
    zone: str
    epoch: int
    secret: bytes
    record_id: bytes
    digest: bytes
    data: bytes


class Answer(NamedTuple):
    """The digest of a segment's changes, or why it does not open."""

    digest: bytes
    broken: str


encode = msgspec.msgpack.Encoder().encode
decode_asked = msgspec.msgpack.Decoder(Asked).decode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


class Examination:
    """The examination of one store. `count` says how far it is; `results` waits for its end."""

    def __init__(self, store: Store, keys: AccountKeys, zone: str) -> None:
        self._store = store
        self._keys = keys
        self._zone = zone
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
        try:
            for number, stored in enumerate(self._store.list_objects(), 1):
                self._examine(stored.name)
                self.count = number
            self._take_answers(0)
        except BaseException as error:
            self._failure = error
        finally:
            if self._companion is not None:
                self._companion.close()

    def _examine(self, name: bytes) -> None:
        try:
            data = self._store.get_object(name)
        except StoreError as error:
            self._found[name] = Examined(0, misnamed=str(error), broken=str(error))
            return
        try:
            check_name(name, data)
        except SealBroken as error:
            self._found[name] = Examined(len(data), misnamed=str(error), broken=str(error))
            return
        self._found[name] = Examined(len(data))
        try:
            self._open(name, data)
        except (SealBroken, SealUnknown) as error:
            self._found[name] = self._found[name]._replace(broken=str(error))

    def _open(self, name: bytes, data: bytes) -> None:
        header = read_header(data)
        key = self._keys.zone_key(self._zone, header.epoch)
        examined = self._found[name] = Examined(len(data), header.kind)
        if header.kind != SealedKind.SEGMENT:
            if header.kind not in (SealedKind.CHUNK, SealedKind.CHECKPOINT):
                raise SealBroken("It is of a kind that is no object.")
            open_sealed(key, SealedKind(header.kind), data)
            return
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
        roots = self._keys.roots
        told = (key.account, key.zone, key.epoch, key.secret, roots.record_id, roots.digest, data)
        self._companion.send(encode(Asked(*told)))

    def _take_answers(self, ahead: int) -> None:
        """Takes answers, which come in the order of the questions, until few are missing."""
        while len(self._asked) > ahead:
            assert self._companion is not None
            answer = _decode_answer(self._companion.receive())
            name, examined = self._asked.popleft()
            self._found[name] = examined._replace(digest=answer.digest, broken=answer.broken)


def segment_digest(key: ZoneKey, roots: RootKeys, data: bytes) -> bytes:
    """The digest of the changes in a sealed segment; raises SealBroken or SealUnknown."""
    changes = decode_segment(open_sealed(key, SealedKind.SEGMENT, data))
    return digest_bytes(change_digest(roots, changes))
