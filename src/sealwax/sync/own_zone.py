"""What the own zone keeps beyond what waits: the snapshots that were made in it.

A snapshot made while the shared history was out of reach shows what this device had then. When what
waited is sent, in its order, the shared history may pass through that very state: then the snapshot
is made there too, for all devices, and the own zone lets go of it. Otherwise it stays where it is,
and the own zone is copied to the shared place as it is, with what its snapshots stand on in the
shared history, so that no snapshot is on one disk alone.
"""

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.holdings import PinRow
from sealwax.stores.far_trouble import FarFull
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.outbox import Outbox
from sealwax.sync.replay import base_of
from sealwax.sync.replica import Replica
from sealwax.sync.unread import unread
from sealwax.vault.commit_part import MADE_MS, Part, open_part
from sealwax.vault.digest import digest_bytes
from sealwax.vault.writing import Pinning, Writing

SHARED = "shared"
"""The reason of a commit that lets go of a snapshot that the messages zone has now."""
_SENT = "own zone at the shared place until "
_ASKED = "asked for the own zone at the shared place "


class OwnZone:
    """The snapshots of one device's own zone, and the zone at the shared place."""

    def __init__(self, history: Replica, outbox: Outbox, mirror: MirrorStore | None) -> None:
        self._history = history
        self._outbox = outbox
        self._mirror = mirror
        self._library = history.library

    def pins(self) -> list[PinRow]:
        """The snapshots in it, oldest first."""
        pins = self._library.holdings.pins()
        own = [pin for pin in pins if pin.zone == self._outbox.zone]
        return sorted(own, key=lambda pin: pin.commit_seq)

    def unsent(self) -> list[PinRow]:
        """Those that the shared place does not have, as far as this device knows."""
        if self._mirror is None:
            return []
        sent = self._library.holdings.remembered_ms(_SENT + self._outbox.zone)
        return [pin for pin in self.pins() if pin.commit_seq >= sent]

    def share(self, pin: PinRow, now_ms: int) -> bool:
        """Makes a snapshot in the shared history too, where that stands at the state that the
        snapshot shows; gives whether it did. Raises FarAway or FarFull."""
        digest = self._digest(pin)
        # A lock cannot be let go of here: there would be two of it.
        if digest is None or pin.lock_until_ms > now_ms:
            return False
        self._library.strip_tail()
        if unread(self._library):
            # What could not be read is missing here, and the snapshot would show it later.
            return False
        if not self._is_shared(pin, digest):
            if digest != digest_bytes(self._library.digest()):
                return False
            seq = self._history.write(_made_again(pin)).seq
            if digest != digest_bytes(self._library.digest()):
                # Another device wrote in between: what was pinned is not this snapshot.
                self._history.write(_let_go(seq))
                return False
        self._outbox.own.write(_let_go(pin.commit_seq))
        return True

    def send(self, is_whole: bool = False) -> None:
        """Copies the zone to the shared place where that lacks a part of it: if it ever held a
        snapshot, or `is_whole`. Raises FarAway or FarFull."""
        own = self._outbox.own
        if self._mirror is None or own.head().seq < 0:
            return
        if not (is_whole or self.pins() or self._was_sent(self._mirror)):
            return
        full = self._send_bases(self._mirror, self.pins() if is_whole else self.unsent())
        self._mirror.copy_zone(self._outbox.zone, sorted(own.held_in_store()))
        if full is not None:
            raise full
        self._library.holdings.remember_ms(_SENT + self._outbox.zone, own.head().seq + 1)

    def _send_bases(self, mirror: MirrorStore, pins: list[PinRow]) -> FarFull | None:
        """Sends what snapshots stand on in the shared history and others have collected since:
        they did not know of these. Where there is no room for it, the zone goes all the same."""
        holdings, names = self._library.holdings, set[bytes]()
        disowned = holdings.disowned(MESSAGES_ZONE)
        for pin in pins:
            part = self._part(pin)
            if part is not None:
                base = base_of(self._outbox.own, part, disowned)
                names.update(base.segments)
                names |= holdings.dropped_since(base.seq)
        try:
            if names:
                mirror.heal(names)
        except FarFull as error:
            return error
        return None

    def _was_sent(self, mirror: MirrorStore) -> bool:
        """Whether the shared place has a part of it. A library that is made anew asks once."""
        holdings = self._library.holdings
        if holdings.remembered_ms(_SENT + self._outbox.zone):
            return True
        if holdings.remembered_ms(_ASKED + self._outbox.zone):
            return False
        holdings.remember_ms(_ASKED + self._outbox.zone, 1)
        return self._outbox.zone in mirror.far_zones()

    def _digest(self, pin: PinRow) -> bytes | None:
        """The digest of what a snapshot shows; none for one of a history that was lost."""
        part = self._part(pin)
        return None if part is None or part.alone else part.digest

    def _part(self, pin: PinRow) -> Part | None:
        """The sealed part of a snapshot's commit; none where that cannot be opened."""
        data = self._library.holdings.seen_commit(pin.zone, pin.commit_seq)
        if data is None:
            return None
        try:
            return open_part(self._history.keys, parse_commit(data))
        except (SealBroken, SealUnknown):
            return None

    def _is_shared(self, pin: PinRow, digest: bytes) -> bool:
        """Whether it was made there already, and this device was cut off then. Another snapshot may
        have been made at the same time for the same reason: the digest tells them apart."""
        return any(
            (other.name, other.reason, other.made_ms) == (pin.name, pin.reason, pin.made_ms)
            and digest_bytes(self._library.applier.digest_at(other.moment)) == digest
            for other in self._library.holdings.pins()
            if other.zone == MESSAGES_ZONE
        )


def _made_again(pin: PinRow) -> Writing:
    part = Part(
        reason=pin.reason,
        name=pin.name,
        counts=pin.counts,
        expires_ms=pin.expires_ms,
        source={MADE_MS: pin.made_ms},
    )
    return Writing((), part, CommitKind.PIN, pinning=Pinning(pin.lock_until_ms))


def _let_go(seq: int) -> Writing:
    return Writing(
        (), Part(reason=SHARED), CommitKind.UNPIN, public=encode_facts(UnpinFacts([seq]))
    )
