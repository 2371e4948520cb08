"""A device of the account in the wrong hands: it composes by hand what no program of ours writes.

Whoever steals a device, or infects it, has its keys. So everything here is signed as it must be,
sealed as it must be, and meant to harm.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import seal_earlier, seal_packet, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, AccountKey, RootKeys, new_account_key
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.account import (
    EarlierKey,
    Genesis,
    Member,
    Packet,
    Rotation,
    encode_entry,
)
from sealwax.ledger.commit import (
    COMMIT_VERSION,
    SUITE,
    CommitKind,
    Header,
    commit_signing_input,
    encode_commit,
    encode_header,
    parse_commit,
)
from sealwax.ledger.dropping import DIGEST_MODULUS
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, object_name
from sealwax.model.change import Change, Entry
from sealwax.stores.base import StoreError
from sealwax.trust.account import open_for_device, open_for_recovery
from sealwax.vault.commit_part import Part, seal_part
from sealwax.vault.digest import change_digest, digest_bytes
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import SealedSegment
from sealwax.vault.segment import encode_segment
from tests.tribunal.place import Truth


class Intruder:
    """Whoever holds the keys of a member, and can ask an honest place for what it keeps."""

    def __init__(self, truth: Truth, member: MemberKeys, entropy: Entropy, now_ms: int) -> None:
        self.truth = truth
        self.member = member
        self.entropy = entropy
        self.now_ms = now_ms
        log = truth.log()
        is_recovery = member.member().id == log.newest.recovery.id
        opening = open_for_recovery if is_recovery else open_for_device
        self.keys: AccountKeys = opening(log, member)
        self.epoch = log.newest.epoch
        self.position = log.head

    @property
    def id(self) -> bytes:
        return self.member.member().id

    def append(self, zone: str = MESSAGES_ZONE, **said: Any) -> StoreError | None:
        """Appends a commit at an honest place; gives why that does not take it."""
        try:
            self.truth.append(zone, self.truth.head(zone).seq + 1, self.commit(zone, **said))
        except StoreError as error:
            return error
        return None

    def force(self, zone: str = MESSAGES_ZONE, **said: Any) -> None:
        """The same where the operator is in league: it is put there, whether it counts or not."""
        self.truth.force(zone, self.commit(zone, **said))

    def commit(
        self,
        zone: str = MESSAGES_ZONE,
        kind: str = CommitKind.CHANGE,
        segments: Sequence[SealedSegment] = (),
        chunks: Sequence[tuple[bytes, int]] = (),
        dropped: Sequence[bytes] = (),
        public: bytes = b"",
        part: Part | None = None,
        digests: Sequence[bytes] | None = None,
        **header: Any,
    ) -> bytes:
        """The signed bytes of the next commit of a zone. `digests` stand for those of the
        segments' changes; `header` has fields that are to be other than they would be."""
        head = self.truth.head(zone)
        told = digests or [digest_bytes(one.change_digest) for one in segments]
        listed = [
            (one.name, len(one.data), digest) for one, digest in zip(segments, told, strict=True)
        ]
        part = part or Part(reason="harm")
        fields: dict[str, Any] = {
            "version": COMMIT_VERSION,
            "suite": SUITE,
            "account": self.truth.account,
            "zone": zone,
            "seq": head.seq + 1,
            "previous": head.hash,
            "author": self.id,
            "position": self.position,
            "epoch": self.epoch,
            "time_ms": self.now_ms,
            "kind": str(kind),
            "segments": listed,
            "chunks": list(chunks),
            "dropped": list(dropped),
            "op_id": self.entropy.bytes(16),
            "public": public,
            "sealed": seal_part(self.keys, zone, self.epoch, part, self.entropy),
        }
        return self.signed(Header(**{**fields, **header}))

    def signed(self, header: Header, *others: MemberKeys) -> bytes:
        """A header signed by this member, and by others behind it."""
        payload = encode_header(header)
        message = commit_signing_input(header, payload)
        signatures = [self.member.sign(message), *(other.sign(message) for other in others)]
        return encode_commit(payload, tuple(signatures))

    def segment(self, changes: Iterable[Change]) -> SealedSegment:
        """Changes, sealed and put at the place; no check of ours is in the way."""
        key = self.keys.zone_key(MESSAGES_ZONE, self.epoch)
        # A segment has no room for an id of another kind: this is what its bytes would say.
        told = [one._replace(record=bytes((one.kind,)) + one.record[1:]) for one in changes]
        salt = self.entropy.bytes(SALT_BYTES)
        data = seal(key, SealedKind.SEGMENT, salt, encode_segment(self.keys.roots, told))
        digest = change_digest(self.keys.roots, told)
        sealed = SealedSegment(object_name(data), data, digest, len(told))
        self.put(sealed.data, sealed.name)
        return sealed

    def put(self, data: bytes, name: bytes) -> None:
        self.truth.store.put_objects([(name, data)])

    def say(self, changes: Iterable[Change], is_confirmed: bool = False) -> StoreError | None:
        """Writes changes as an ordinary commit does."""
        part = Part(reason="harm", confirmed=is_confirmed)
        return self.append(segments=[self.segment(changes)], part=part)

    def about(
        self, records: Iterable[tuple[int, bytes]], *entries: Entry, life: int | None = None
    ) -> list[Change]:
        """The same said of many records, each its kind and id."""
        return [
            Change(kind, record, life, self.now_ms, self.id, entries) for kind, record in records
        ]

    def live(self) -> list[bytes]:
        """The segments that no commit has dropped, oldest first."""
        return [name for name, is_segment in self._live().items() if is_segment]

    def live_chunks(self) -> list[bytes]:
        """The pieces of files that no commit has dropped."""
        return [name for name, is_segment in self._live().items() if not is_segment]

    def digest_of(self, names: Iterable[bytes]) -> int:
        """The sum of what the commits say of the changes in segments."""
        told = {name: digest for one in self._headers() for name, _, digest in one.segments}
        return sum(int.from_bytes(told[name], "big") for name in names) % DIGEST_MODULUS

    def pins(self) -> list[int]:
        """The seqs of the snapshots of the shared history, let go of or not."""
        return [header.seq for header in self._headers() if header.kind == CommitKind.PIN]

    def entry(
        self,
        kind: str,
        entry: Any,
        *others: MemberKeys,
        part: Part | None = None,
        **header: Any,
    ) -> bytes:
        """The signed bytes of the next entry of the account's log; `others` sign behind."""
        log = self.truth.log()
        sealed = seal_part(self.keys, ACCOUNT_ZONE, self.epoch, part or Part(), self.entropy)
        fields: dict[str, Any] = {
            "version": COMMIT_VERSION,
            "suite": SUITE,
            "account": self.truth.account,
            "zone": ACCOUNT_ZONE,
            "seq": log.head + 1,
            "previous": log.head_hash,
            "author": self.id,
            "position": log.head + 1,
            "epoch": log.newest.epoch,
            "time_ms": self.now_ms,
            "kind": str(kind),
            "segments": [],
            "chunks": [],
            "dropped": [],
            "op_id": self.entropy.bytes(16),
            "public": entry if isinstance(entry, bytes) else encode_entry(entry),
            "sealed": sealed,
        }
        return self.signed(Header(**{**fields, **header}), *others)

    def append_entry(self, data: bytes) -> StoreError | None:
        """Appends an entry at an honest place; gives why that does not take it."""
        try:
            self.truth.append(ACCOUNT_ZONE, self.truth.log().head + 1, data)
        except StoreError as error:
            return error
        return None

    def members(self) -> list[Member]:
        """All that a rotation has to seal the new key to."""
        newest = self.truth.log().newest
        return [*newest.devices.values(), newest.recovery]

    def rotation(
        self,
        members: Iterable[Member],
        roots: RootKeys | None = None,
        earlier: AccountKey | None = None,
        junk_for: Iterable[bytes] = (),
    ) -> Rotation:
        """The next epoch for these members. Those in `junk_for` get a packet that opens for nobody;
        `earlier` is handed on in the place of the key before."""
        log, account = self.truth.log(), self.truth.account
        genesis = log.entries[0]
        assert isinstance(genesis, Genesis)
        key = new_account_key(log.newest.epoch + 1, self.entropy)
        spoiled = set(junk_for)
        packets = [
            Packet(key.epoch, member.id, self.entropy.bytes(80))
            if member.id in spoiled
            else seal_packet(key, member, genesis.nonce)
            for member in members
        ]
        before = earlier or self.keys.account_key(self.keys.newest_epoch)
        handed_on = seal_earlier(before, key, account, self.entropy.bytes(SALT_BYTES))
        root = seal_root(roots or self.keys.roots, key, account, self.entropy.bytes(SALT_BYTES))
        return Rotation(key.epoch, packets, [EarlierKey(before.epoch, handed_on)], root)

    def _live(self) -> dict[bytes, bool]:
        """Every name that was added and not dropped, and whether it is a segment."""
        found: dict[bytes, bool] = {}
        for header in self._headers():
            found.update({name: True for name, *_ in header.segments})
            found.update({name: False for name, _ in header.chunks})
            for name in header.dropped:
                found.pop(name, None)
        return found

    def _headers(self) -> Iterable[Header]:
        for _, data in self.truth.store.read_commits(MESSAGES_ZONE, 0):
            yield parse_commit(data).header
