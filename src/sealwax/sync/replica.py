"""One device's end of a chain: it pulls what others wrote and writes what this device says.

The library only ever changes by applying commits, in one transaction a commit. A commit is appended
to the store *inside* that transaction: when the process dies in between, the next pull applies the
commit from the store; when the append fails, the transaction is rolled back and nothing happened.

Order of a write: chunks, segments, commit. What the store acknowledged is durable.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.keyed_hash import FileHash
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import BEYOND_LOG, Head, Judged, beginning, judge
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, OP_ID_BYTES
from sealwax.ledger.objects import Objects
from sealwax.library.database import STILL
from sealwax.library.library import Library
from sealwax.model.change import Change
from sealwax.stores.base import CommitExists, Missing, Store, StoreError
from sealwax.sync.pieces import sealed_pieces
from sealwax.sync.sealing import Sealer, SealHere, Segments
from sealwax.trust.account import NotTrusted, extend_log, keep_up
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.compose import Draft, Place, compose, with_digest
from sealwax.vault.digest import DIGEST_RULES, digest_bytes
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import (
    Sealed,
    SealedSegment,
    check_name,
    open_segment,
    seal_chunk,
)
from sealwax.vault.writing import StoredFile, Writing, Written

APPEND_TRIES = 64
PULL_COMMITS = 256
"""Commits are judged and applied in stretches of this many, so memory stays bounded."""


WORTH_A_COMPANION = 2_000
"""Commits of fewer changes are sealed here: asking elsewhere takes longer."""


class CannotAppend(StoreError):
    """Other devices appended faster than this one, again and again."""

    code = "append-crowded"
    hint = "Try again in a moment."


class DroppedMeanwhile(StoreError):
    """Another device dropped what a compaction was to replace."""

    code = "dropped-meanwhile"
    hint = "Run the command again."


class Pulled(NamedTuple):
    """What a pull brought: commits that count, void ones, and segments that could not be read."""

    commits: int
    void: int
    damaged: int


class _Sealing:
    """The segments of one commit: sealed by whoever seals, stored once, before the commit."""

    def __init__(self, segments: Segments, store: Store, epoch: int) -> None:
        self.epoch = epoch
        self._segments = segments
        self._store = store
        self._stored: list[SealedSegment] | None = None

    def stored(self) -> list[SealedSegment]:
        """The segments, once they are in the store."""
        if self._stored is None:
            segments = self._segments()
            self._store.put_objects((segment.name, segment.data) for segment in segments)
            self._stored = segments
        return self._stored


class Replica:
    """This device's view of one zone, in step with a store."""

    def __init__(
        self,
        store: Store,
        library: Library,
        log: AccountLog,
        keys: AccountKeys,
        author: MemberKeys,
        heads: RememberedHeads,
        clock: Clock,
        entropy: Entropy,
        zone: str = MESSAGES_ZONE,
    ) -> None:
        self.store = store
        self.library = library
        self.log = log
        self.keys = keys
        self.zone = zone
        self._author = author
        self._device = author.member().id
        self.heads = heads
        self._clock = clock
        self._entropy = entropy
        self._seal_here = SealHere(entropy)
        self._sealer: Sealer = self._seal_here

    @contextmanager
    def sealed_by(self, sealer: Sealer) -> Iterator[None]:
        """Has large commits sealed by another one for a while."""
        self._sealer = sealer
        try:
            yield
        finally:
            self._sealer = self._seal_here

    @property
    def device(self) -> bytes:
        return self._device

    @property
    def is_own(self) -> bool:
        """Whether this is the device's own zone, not the one that all share."""
        return self.zone != MESSAGES_ZONE

    def twin(self, library: Library, heads: RememberedHeads) -> "Replica":
        """The same device's view with another library: to build one in scratch."""
        return Replica(
            self.store,
            library,
            self.log,
            self.keys,
            self._author,
            heads,
            self._clock,
            self._entropy,
            self.zone,
        )

    def head(self) -> Head:
        """The newest commit that the library has applied."""
        return self.library.holdings.head(self.zone) or beginning(self.keys.account, self.zone)

    def pull(self, until_seq: int | None = None) -> Pulled:
        """Applies what the store holds beyond the library, up to a seq if one is given; raises
        RolledBack or StoreError."""
        self.heads.check_store(self.store)
        self._pull_account()
        total = Pulled(0, 0, 0)
        needed = self._needed()
        while stretch := self._next_stretch(until_seq):
            if not self.is_own:
                self.library.strip_tail()
            for judged, data in stretch:
                total = self._apply(judged, data, needed, total)
            self._remember()
        return total

    def write(self, writing: Writing, sealed: Sequence[SealedSegment] = ()) -> Written:
        """Seals, stores and appends; see `vault.writing.Writer`.

        `sealed` are the segments of the changes where they are sealed already, under the newest
        epoch; else they are sealed now.
        """
        op_id = self._entropy.bytes(OP_ID_BYTES)
        sealing = None
        for _ in range(APPEND_TRIES):
            self.pull()
            # What a removed device could still open is not for new words: a new epoch seals anew.
            if sealing is None and sealed:
                sealing = _Sealing(lambda: list(sealed), self.store, self._epoch())
            if sealing is None or sealing.epoch != self._epoch():
                sealing = self._start_sealing(writing.changes)
            try:
                written = self._append(op_id, writing, sealing)
            except CommitExists:
                found = self._own_commit(op_id)
                if found is None:
                    continue
                self.pull()
                written = Written(found, 0, 0, 0, self.is_own)
            self._remember()
            stored_bytes = sum(len(segment.data) for segment in sealing.stored())
            return written._replace(stored_bytes=stored_bytes)
        raise CannotAppend("The history could not be extended: others were always faster.")

    def put_files(self, paths: Sequence[Path]) -> list[StoredFile | OSError]:
        """Seals and stores the pieces of files; see `vault.writing.Writer`."""
        stored: list[StoredFile | OSError] = []
        epoch, roots = self._epoch(), self.keys.roots
        # The keys are derived before other threads ask for them.
        self.keys.zone_key(MESSAGES_ZONE, epoch)
        objects = sealed_pieces(
            paths,
            lambda: FileHash(roots),
            lambda piece: seal_chunk(self.keys, MESSAGES_ZONE, epoch, piece),
            self._settle,
            stored,
        )
        self.store.put_objects(objects)
        return stored

    def _settle(self, piece: bytes, sealed: Sealed) -> tuple[Sealed, bool]:
        """A sealed piece under a name that may be used, and whether the zone lacks it still."""
        counter = 0
        while True:
            known = self.library.holdings.intervals([sealed.name])
            dropped_seq = known.get(sealed.name)
            if dropped_seq is None or dropped_seq == STILL:
                return sealed, dropped_seq is None
            # A dropped name is never added again: the piece is sealed anew under another salt.
            counter += 1
            sealed = seal_chunk(self.keys, MESSAGES_ZONE, self._epoch(), piece, counter)

    def _epoch(self) -> int:
        return self.log.newest.epoch

    def _start_sealing(self, changes: tuple[Change, ...]) -> "_Sealing":
        epoch = self._epoch()
        key = self.keys.zone_key(MESSAGES_ZONE, epoch)
        sealer = self._sealer if len(changes) >= WORTH_A_COMPANION else self._seal_here
        return _Sealing(sealer.start(key, self.keys.roots, changes), self.store, epoch)

    def _draft(self, op_id: bytes, writing: Writing, segments: list[SealedSegment]) -> Draft:
        part = msgspec.structs.replace(
            writing.part,
            segments=len(segments),
            change_digests=[digest_bytes(segment.change_digest) for segment in segments],
            heads={zone: head for zone, head in self.heads.all().items() if zone != self.zone},
        )
        added = [(segment.name, len(segment.data)) for segment in segments]
        return Draft(
            writing.kind,
            op_id,
            part,
            (*added, *dict(writing.chunks).items()),
            writing.dropped,
            writing.public,
        )

    def _append(self, op_id: bytes, writing: Writing, sealing: "_Sealing") -> Written:
        """One try: the library's transaction holds the append to the store."""
        if self._device not in self.log.newest.devices:
            raise NotTrusted("The account does not trust this device any more.")
        head = self.head()
        if writing.kind == CommitKind.COMPACT:
            self._need_live(writing.dropped)
        if not self.is_own:
            self.library.strip_tail()
        with self.library.transaction():
            moment = self._moment(head.seq + 1, bool(writing.changes))
            applied = self.library.apply_changes(writing.changes, moment)
            draft = self._draft(op_id, writing, sealing.stored())
            complete = with_digest(draft, digest_bytes(self.library.digest()), DIGEST_RULES)
            place = Place(head, self.log.head, self._epoch(), self._clock.now_ms())
            data = compose(complete, place, self.keys, self._author, self._entropy)
            judged = judge(head, data, self.log)
            assert judged.void_reason is None, judged.void_reason
            self.library.apply_commit(judged, complete.part, data)
            self.store.append_commit(self.zone, head.seq + 1, data)
        return Written(head.seq + 1, applied.added, applied.changed, 0, self.is_own)

    def _moment(self, seq: int, is_change: bool) -> float:
        """The moment of a commit in the library; inside a transaction."""
        if not self.is_own:
            return seq
        return self.library.next_step() if is_change else self.library.head_moment()

    def _need_live(self, names: Sequence[bytes]) -> None:
        """What a compaction replaces must still be there at its parent."""
        known = self.library.holdings.intervals(names)
        if any(known.get(name) != STILL for name in names):
            raise DroppedMeanwhile("Another device has compacted the same segments.")

    def _own_commit(self, op_id: bytes) -> int | None:
        """The seq under which the commit that was just tried stands already, if it does."""
        head = self.head()
        following = judge(head, self.store.get_commit(self.zone, head.seq + 1), self.log)
        is_own = following.commit is not None and following.commit.header.op_id == op_id
        return following.head.seq if is_own else None

    def _pull_account(self) -> None:
        """Brings the account log up to date, and keeps its commits' bytes."""
        known = self.heads.get(ACCOUNT_ZONE)
        extend_log(self.log, self.store)
        keep_up(self.keys, self.log, self._author)
        if known is not None and known[0] >= self.log.head:
            return
        with self.library.transaction():
            for seq, data in self.store.read_commits(ACCOUNT_ZONE, 0):
                self.library.holdings.keep_commit(ACCOUNT_ZONE, seq, data)

    def _following(self) -> Iterator[tuple[Judged, bytes]]:
        """The commits that the store holds beyond the library, judged one after the other."""
        head = self.head()
        for _, data in self.store.read_commits(self.zone, head.seq + 1):
            judged = self._judged(head, data)
            self.heads.check(judged.head)
            head = judged.head
            yield judged, data

    def _judged(self, head: Head, data: bytes) -> Judged:
        """Judges a commit; one that was written since the account's log was read has it read
        again, for all devices must judge alike."""
        judged = judge(head, data, self.log)
        if judged.void_reason == BEYOND_LOG:
            self._pull_account()
            judged = judge(head, data, self.log)
        return judged

    def _next_stretch(self, until_seq: int | None) -> list[tuple[Judged, bytes]]:
        left = PULL_COMMITS
        if until_seq is not None:
            left = max(0, min(left, until_seq - self.head().seq))
        return list(islice(self._following(), left))

    def _needed(self) -> set[bytes]:
        """Those objects of the commits to come that the head or a pin holds; others may be gone."""
        objects, head_seq = Objects(), -1
        for judged, _ in self._following():
            head_seq = judged.head.seq
            if judged.commit is not None:
                objects.apply(judged.commit)
        return objects.held(head_seq)

    def _apply(self, judged: Judged, data: bytes, needed: set[bytes], total: Pulled) -> Pulled:
        if judged.commit is None:
            with self.library.transaction():
                self.library.apply_commit(judged, Part(), data)
            return total._replace(void=total.void + 1)
        damaged = 0
        with self.library.transaction():
            part = self._open_part(judged)
            names = [name for name, _ in judged.commit.header.added[: part.segments]]
            moment = self._moment(judged.head.seq, bool(needed.intersection(names)))
            for name in names:
                if name not in needed:
                    continue
                try:
                    changes = self.read_segment(name)
                except (Missing, SealBroken, SealUnknown) as error:
                    self.library.holdings.note_damage(name, judged.head.seq, str(error))
                    damaged += 1
                    continue
                self.library.apply_changes(changes, moment)
            self.library.apply_commit(judged, part, data)
        return Pulled(total.commits + 1, total.void, total.damaged + damaged)

    def _open_part(self, judged: Judged) -> Part:
        """A commit's sealed part. One that does not open must not stop all others: its objects are
        noted as unreadable, and the chain goes on."""
        assert judged.commit is not None
        try:
            return open_part(self.keys, judged.commit)
        except (SealBroken, SealUnknown) as error:
            for name, _ in judged.commit.header.added:
                self.library.holdings.note_damage(name, judged.head.seq, str(error))
            return Part()

    def read_segment(self, name: bytes) -> list[Change]:
        """The changes of a segment in the store; raises StoreError, SealBroken or SealUnknown."""
        data = self.store.get_object(name)
        check_name(name, data)
        return open_segment(self.keys, MESSAGES_ZONE, data)

    def _remember(self) -> None:
        head = self.head()
        if head.seq >= 0:
            self.heads.remember(self.zone, head.seq, head.hash)
        self.heads.remember(ACCOUNT_ZONE, self.log.head, self.log.head_hash)
