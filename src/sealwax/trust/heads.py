"""The heads that this device has seen, remembered outside the library and fsynced.

A device never again accepts a store whose chain does not extend what it has seen: so a store that
was rolled back or forked is noticed. The file carries a checksum, so damage is noticed as well.
"""

import hashlib
from pathlib import Path

import msgspec

from sealwax.base.errors import SealwaxError
from sealwax.base.paths import write_durably
from sealwax.ledger.chain import Head
from sealwax.ledger.names import commit_hash
from sealwax.stores.base import Missing, Store

HEADS_FILE = "heads"
_FILE_LIMIT_BYTES = 1024 * 1024
_CHECK_BYTES = 32


class HeadsBroken(SealwaxError):
    """The file of remembered heads is damaged."""

    code = "heads-broken"
    hint = "Run `sealwax verify --repair`: it checks the vault and remembers its heads anew."


class RolledBack(SealwaxError):
    """The store's history does not go on from what this device has seen."""

    code = "store-rolled-back"
    hint = (
        "It may be an old or another copy. Delete nothing: connect the right one. docs/recovery.md"
        " says more."
    )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, tuple[int, bytes]]).decode


class RememberedHeads:
    """The newest (seq, hash) of each zone that this device has acted on."""

    def __init__(self, home: Path) -> None:
        self._path = home / HEADS_FILE
        self._heads = self._load()

    def get(self, zone: str) -> tuple[int, bytes] | None:
        return self._heads.get(zone)

    def all(self) -> dict[str, tuple[int, bytes]]:
        return dict(self._heads)

    def remember(self, zone: str, seq: int, commit_hash: bytes) -> None:
        """Durable when it returns. What is remembered never goes back: a library that is made anew
        passes old heads again on its way."""
        known = self._heads.get(zone)
        if known is not None and known[0] >= seq:
            return
        self._heads = {**self._heads, zone: (seq, commit_hash)}
        self._save()

    def forget(self, zone: str, known: tuple[int, bytes] | None = None) -> None:
        """Lets a zone begin anew, after a commit that stays known if there is one: only where what
        was lost is kept elsewhere first."""
        self._heads = {name: seen for name, seen in self._heads.items() if name != zone}
        if known is not None:
            self._heads[zone] = known
        self._save()

    def check(self, head: Head) -> None:
        """Raises RolledBack when a chain has another commit at the remembered seq."""
        seen = self._heads.get(head.zone)
        if seen is not None and seen[0] == head.seq and seen[1] != head.hash:
            raise RolledBack("The store holds another history than the one this device has seen.")

    def check_store(self, store: Store) -> None:
        """Raises RolledBack when a store lacks a commit that this device has seen, or has another
        one in its place."""
        for zone in self._heads:
            sentence = self._wrong(zone, store)
            if sentence:
                raise RolledBack(sentence)

    def wrong_in(self, store: Store) -> dict[str, str]:
        """The zones in which a store does not hold what this device has seen, or holds it behind a
        gap, and a sentence about each."""
        wrong: dict[str, str] = {}
        for zone, (seq, _) in self._heads.items():
            head_seq = store.head_seq(zone)
            sentence = _ends_before(seq - head_seq) if head_seq < seq else self._wrong(zone, store)
            if sentence:
                wrong[zone] = sentence
        return wrong

    def _wrong(self, zone: str, store: Store) -> str:
        seq, seen = self._heads[zone]
        try:
            is_same = commit_hash(store.get_commit(zone, seq)) == seen
        except Missing:
            return _ends_before(seq - store.head_seq(zone))
        return (
            "" if is_same else "The vault holds another history than the one this device has seen."
        )

    def _save(self) -> None:
        content = _encode(self._heads)
        write_durably(self._path, hashlib.sha256(content).digest() + content)

    def _load(self) -> dict[str, tuple[int, bytes]]:
        if not self._path.exists():
            return {}
        with self._path.open("rb") as file:
            data = file.read(_FILE_LIMIT_BYTES)
        content = data[_CHECK_BYTES:]
        if hashlib.sha256(content).digest() != data[:_CHECK_BYTES]:
            raise HeadsBroken("The file of remembered heads is damaged.")
        try:
            return _decode(content)
        except msgspec.MsgspecError:
            raise HeadsBroken("The file of remembered heads does not have its form.") from None


def _ends_before(steps: int) -> str:
    return f"The vault ends {steps} steps before what this device has seen."
