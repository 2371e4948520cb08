"""One device's end of a chain: it pulls what others wrote and writes what this device says.

The library only ever changes by applying commits, in one transaction a commit. A commit is appended
to the store *inside* that transaction: when the process dies in between, the next pull applies the
commit from the store; when the append fails, the transaction is rolled back and nothing happened.

Order of a write: chunks, segments, commit. What the store acknowledged is durable.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from itertools import chain, islice
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
from sealwax.ledger.commit import SAID_ALREADY, CommitKind, parse_commit
from sealwax.ledger.dropping import LOCKED
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, OP_ID_BYTES
from sealwax.ledger.objects import Objects
from sealwax.library.apply import Applied
from sealwax.library.database import STILL
from sealwax.library.library import Library
from sealwax.library.prepared import Prepared
from sealwax.model.change import Change
from sealwax.stores.base import CommitExists, CommitVoid, Missing, PinLocked, Store, StoreError
from sealwax.stores.reserve import essential
from sealwax.sync.following import STRETCH_COMMITS, Ahead, Following
from sealwax.sync.opening import Opened, fetch_segment, new_opener
from sealwax.sync.pieces import sealed_pieces
from sealwax.sync.renaming import named_pieces, renamed
from sealwax.sync.sealing import SealedBatch, Sealer, SealHere, StoredSealing
from sealwax.trust.account import extend_log, keep_up, need_trusted
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.compose import Draft, Place, compose, with_digest
from sealwax.vault.digest import DIGEST_RULES, digest_bytes
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import (
    Sealed,
    SealedSegment,
    check_name,
    open_chunk,
    open_rows,
    seal_chunk,
)
from sealwax.vault.segment import change_of
from sealwax.vault.writing import NoLongerWanted, StoredFile, Writing, Written

APPEND_TRIES = 64
BEGIN = "begin"
"""The reason of a commit that says nothing, so that a pin has something to hold."""
PULLED = "pull"
"""For whom the moments are kept that pins show which are being pulled."""
LONG_PULL_OBJECTS = 16
"""A pull of more objects is applied in large transactions."""
WAITED_FOR_SEGMENTS = 32
"""So many segments of one commit may be in memory at once; an ordinary one has fewer."""
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
        self.clock = clock
        self._entropy = entropy
        self._seal_here = SealHere(entropy)
        self._sealer: Sealer = self._seal_here
        self._ahead: Ahead | None = None
        self.before_pull: Callable[[Ahead], object] | None = None
        """Looks at what is about to be pulled up to the head."""
        self.after_applying: Callable[[list[bytes]], object] | None = None
        """Is told of the segments of each commit that a pull has applied."""

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

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """For pulling what was pulled before: nobody looks at it again."""
        watch, self.before_pull = self.before_pull, None
        try:
            yield
        finally:
            self.before_pull = watch

    def twin(self, library: Library, heads: RememberedHeads) -> "Replica":
        """The same device's view with another library: to build one in scratch."""
        return Replica(
            self.store,
            library,
            self.log,
            self.keys,
            self._author,
            heads,
            self.clock,
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
        ahead = self._look_ahead()
        try:
            if self.before_pull is not None and until_seq is None:
                self.before_pull(ahead)
            self._keep_moments(ahead)
            needed = ahead.needed(until_seq)
            if len(needed) < LONG_PULL_OBJECTS:
                return self._pull_stretches(ahead, needed, until_seq)
            database = self.library.database
            with self.library.filling() if self.library.is_empty() else database.grouped():
                return self._pull_stretches(ahead, needed, until_seq)
        finally:
            self._ahead = None

    def _keep_moments(self, ahead: Ahead) -> None:
        """What pins to come hold is kept while it is passed by: a pin may hold a commit that lies
        far before its own."""
        if not self.is_own and ahead.head != ahead.start:
            with self.library.transaction():
                wanted = {one.seq for one in self.library.guarded.let_go.wanted()}
                self.library.keep_moments(PULLED, ahead.pinned_seqs() | wanted)

    def _look_ahead(self) -> Ahead:
        """What the store holds beyond the library by now."""
        head = self.head()
        if self._ahead is None or not self._ahead.goes_on_from(head):
            self._ahead = Ahead(
                self.store,
                self.keys,
                self.heads,
                self._judged,
                partial(self.library.holdings.known, zone=self.zone),
                self.clock,
                head,
            )
        self._ahead.look()
        return self._ahead

    def _pull_stretches(self, ahead: Ahead, needed: set[bytes], until_seq: int | None) -> Pulled:
        total = Pulled(0, 0, 0)
        commits = ahead.commits()
        if until_seq is not None:
            commits = islice(commits, max(0, until_seq - ahead.start.seq))
        for stretch in iter(lambda: list(islice(commits, STRETCH_COMMITS)), []):
            if not self.is_own:
                self.library.strip_tail()
            names = [name for one in stretch for name in one.segments if name in needed]
            left = ahead.not_ready(names)
            with (
                closing(new_opener(self.store, self.keys, MESSAGES_ZONE, len(left))) as opener,
                closing(opener.open(left)) as opened,
            ):
                segments = ahead.in_order(names, opened)
                for following in stretch:
                    total = self._apply(following, needed, segments, total)
            self._remember()
        return total

    def write(self, writing: Writing, sealed: SealedBatch | None = None) -> Written:
        """Seals, stores and appends; see `vault.writing.Writer`.

        `sealed` is what the changes come to where they are sealed already, under the newest epoch;
        else they are sealed now.
        """
        if writing.kind == CommitKind.PIN:
            self.pull()
            if self.head().seq < 0:
                # A pin holds the commit before it: there must be one.
                self.begin(Writing((), Part(reason=BEGIN)))()
        if sealed is None:
            return self.begin(writing)()
        return self._finish(writing, StoredSealing(lambda: sealed, self.store, self._epoch()))

    def begin(self, writing: Writing) -> Callable[[], Written]:
        """Begins to seal; see `vault.writing.Writer`."""
        return partial(self._finish, writing, self._start_sealing(writing.changes))

    def _finish(self, writing: Writing, sealing: StoredSealing) -> Written:
        # Words go on when there is no room for files: they may use the reserve of a full account.
        is_waiting_better = writing.chunks or writing.kind == CommitKind.RESET
        with nullcontext() if is_waiting_better else essential(self.store):
            return self._finish_now(writing, sealing)

    def _finish_now(self, writing: Writing, sealing: StoredSealing) -> Written:
        op_id = self._entropy.bytes(OP_ID_BYTES)
        asked, sealed_changes = writing, writing.changes
        for _ in range(APPEND_TRIES):
            self.pull()
            if asked.is_wanted is not None and not asked.is_wanted():
                raise NoLongerWanted
            writing = self._as_of_now(asked)
            # What a removed device could still open is not for new words: a new epoch seals anew.
            if sealing.epoch != self._epoch() or writing.changes is not sealed_changes:
                sealing, sealed_changes = self._start_sealing(writing.changes), writing.changes
            try:
                written = self._append(op_id, writing, sealing)
            except CommitVoid:
                # It stands nowhere: the next try is about what the account is now.
                continue
            except CommitExists:
                found = self._own_commit(op_id)
                if found is None:
                    continue
                self.pull()
                written = Written(found, 0, 0, 0, self.is_own)
            self._remember()
            stored_bytes = sum(len(segment.data) for segment in sealing.stored().segments)
            return written._replace(stored_bytes=stored_bytes)
        raise CannotAppend("The history could not be extended: others were always faster.")

    def put_files(self, files: Sequence[Path | bytes]) -> list[StoredFile | OSError]:
        """Seals and stores the pieces of files, or of their bytes; see `vault.writing.Writer`."""
        stored: list[StoredFile | OSError] = []
        epoch, roots = self._epoch(), self.keys.roots
        # The keys are derived before other threads ask for them.
        self.keys.zone_key(MESSAGES_ZONE, epoch)
        objects = sealed_pieces(
            files,
            lambda: FileHash(roots),
            lambda piece: seal_chunk(self.keys, MESSAGES_ZONE, epoch, piece),
            self._settle,
            stored,
        )
        self.store.put_objects(objects)
        return stored

    def _as_of_now(self, writing: Writing) -> Writing:
        """What is to be written, after all that others wrote: pieces that are in use are not
        dropped, and those that were dropped meanwhile are sealed anew."""
        # A compaction and a reset write what was said already, as it is.
        if self.is_own or writing.kind in SAID_ALREADY:
            return writing
        if writing.in_use is not None:
            in_use = writing.in_use()
            writing = writing._replace(
                dropped=tuple(name for name in writing.dropped if name not in in_use)
            )
        named = named_pieces(writing.changes) - {name for name, _ in writing.chunks}
        known = self.library.holdings.intervals(named) if named else {}
        gone = [name for name, dropped_seq in known.items() if dropped_seq != STILL]
        if not gone:
            return writing
        anew = {name: sealed for name in gone if (sealed := self._sealed_anew(name)) is not None}
        self.store.put_objects(anew.values())
        names = {name: sealed.name for name, sealed in anew.items()}
        chunks = tuple((sealed.name, len(sealed.data)) for sealed in anew.values())
        changes = renamed(writing.changes, names)
        return writing._replace(changes=changes, chunks=(*writing.chunks, *chunks))

    def _sealed_anew(self, name: bytes) -> Sealed | None:
        """A dropped piece under a name that may be used; None where the piece is gone."""
        try:
            data = self.store.get_object(name)
            check_name(name, data)
            piece = open_chunk(self.keys, MESSAGES_ZONE, data)
        except (Missing, SealBroken, SealUnknown):
            return None
        sealed = seal_chunk(self.keys, MESSAGES_ZONE, self._epoch(), piece)
        return self._settle(piece, sealed)[0]

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

    def _start_sealing(self, changes: tuple[Change, ...]) -> StoredSealing:
        need_trusted(self.log, self._device)
        epoch = self._epoch()
        key = self.keys.zone_key(MESSAGES_ZONE, epoch)
        sealer = self._sealer if len(changes) >= WORTH_A_COMPANION else self._seal_here
        return StoredSealing(sealer.start(key, self.keys.roots, changes), self.store, epoch)

    def _draft(self, op_id: bytes, writing: Writing, segments: list[SealedSegment]) -> Draft:
        heads = {**self._seen_heads(), **writing.part.heads}
        return Draft(
            writing.kind,
            op_id,
            msgspec.structs.replace(writing.part, heads=heads),
            tuple(
                (segment.name, len(segment.data), digest_bytes(segment.change_digest))
                for segment in segments
            ),
            tuple(dict(writing.chunks).items()),
            writing.dropped,
            writing.public,
            writing.pinning,
        )

    def _seen_heads(self) -> dict[str, tuple[int, bytes]]:
        """The heads of the other zones. In the device's own zone, the head of the messages zone is
        the one that the library stands on: a pin is made anew from there."""
        seen = {zone: head for zone, head in self.heads.all().items() if zone != self.zone}
        base = self.library.holdings.head(MESSAGES_ZONE) if self.is_own else None
        if base is not None:
            seen[MESSAGES_ZONE] = (base.seq, base.hash)
        return seen

    def _append(self, op_id: bytes, writing: Writing, sealing: StoredSealing) -> Written:
        """One try: the library's transaction holds the append to the store."""
        need_trusted(self.log, self._device)
        head = self.head()
        if writing.kind in (CommitKind.COMPACT, CommitKind.PURGE):
            self._need_live(writing.dropped)
        if not self.is_own:
            self.library.strip_tail()
        with self.library.transaction():
            sealed = sealing.stored()
            moment = self._moment(head.seq + 1, bool(writing.changes))
            applied = self._apply_prepared(sealed.prepared, moment)
            draft = self._draft(op_id, writing, sealed.segments)
            complete = with_digest(draft, digest_bytes(self.library.digest()), DIGEST_RULES)
            now_ms = self.clock.now_ms()
            place = Place(head, self.log.head, self._epoch(), now_ms)
            data = compose(complete, place, self.keys, self._author, self._entropy)
            judged = judge(head, data, self.log)
            assert judged.void_reason is None, judged.void_reason
            refused = self.library.apply_commit(judged, complete.part, data, now_ms)
            if any(one.reason == LOCKED for one in refused):
                raise PinLocked("A snapshot is locked: nobody can let go of it yet.")
            assert not refused, refused
            self.store.append_commit(self.zone, head.seq + 1, data)
        return Written(head.seq + 1, applied.added, applied.changed, 0, self.is_own)

    def _moment(self, seq: int, is_change: bool) -> float:
        """The moment of a commit in the library; inside a transaction."""
        if not self.is_own:
            return seq
        return self.library.next_step() if is_change else self.library.head_moment()

    def _apply_prepared(self, prepared: Sequence[Prepared], moment: float) -> Applied:
        applied = [self.library.apply_prepared(one, moment) for one in prepared]
        return Applied(sum(one.added for one in applied), sum(one.changed for one in applied))

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

    def _judged(self, head: Head, data: bytes) -> Judged:
        """Judges a commit; one that was written since the account's log was read has it read
        again, for all devices must judge alike."""
        judged = judge(head, data, self.log)
        if judged.void_reason == BEYOND_LOG:
            self._pull_account()
            judged = judge(head, data, self.log)
        return judged

    def held_in_store(self) -> set[bytes]:
        """What the head in the store and its pins hold, applied to the library or not."""
        objects, head_seq = Objects(), -1
        head = beginning(self.keys.account, self.zone)
        for _, data in self.store.read_commits(self.zone, 0):
            judged = self._judged(head, data)
            head, head_seq = judged.head, judged.head.seq
            if judged.commit is not None:
                objects.apply(judged.commit, self.clock.now_ms())
        return objects.held(head_seq)

    def segments_ahead(self) -> dict[bytes, int]:
        """The segments that the next pull reads, in that order, and their sizes."""
        return self._look_ahead().segments()

    def _apply(
        self, following: Following, needed: set[bytes], opened: Iterator[Opened], total: Pulled
    ) -> Pulled:
        """Applies a commit; its segments are taken from those that are being opened."""
        judged, holdings = following.judged, self.library.holdings
        names = [name for name in following.segments if name in needed]
        damaged = 0
        # Those that may still be on their way are waited for before the transaction: where they do
        # not come, what was applied before stays.
        came = list(islice(opened, min(len(names), WAITED_FOR_SEGMENTS)))
        segments = chain(came, opened)
        with self.library.transaction():
            moment = self._moment(judged.head.seq, bool(names))
            for name in names:
                segment = next(segments)
                if isinstance(segment, Prepared):
                    self.library.apply_prepared(segment, moment)
                else:
                    holdings.note_damage(name, judged.head.seq, str(segment))
                    damaged += 1
            if following.unreadable and judged.commit is not None:
                for name, _ in judged.commit.header.added:
                    holdings.note_damage(name, judged.head.seq, following.unreadable)
            now_ms = self.clock.now_ms()
            self.library.apply_commit(judged, following.part, following.data, now_ms)
        if names and self.after_applying is not None:
            self.after_applying(names)
        if judged.commit is None:
            return total._replace(void=total.void + 1)
        return Pulled(total.commits + 1, total.void, total.damaged + damaged)

    def is_confirmed_at(self, seq: int) -> bool:
        """Whether a commit of this device says that a person confirmed it. What another one says
        is not said again in this one's name."""
        data = self.library.holdings.seen_commit(self.zone, seq)
        try:
            commit = parse_commit(data) if data is not None else None
            is_own = commit is not None and commit.header.author == self._device
            return commit is not None and is_own and open_part(self.keys, commit).confirmed
        except (SealBroken, SealUnknown):
            return False

    def read_segment(self, name: bytes) -> list[Change]:
        """The changes of a segment in the store; raises StoreError, SealBroken or SealUnknown."""
        key, data = fetch_segment(self.store, self.keys, MESSAGES_ZONE, name)
        return [change_of(row) for row in open_rows(key, data)]

    def _remember(self) -> None:
        head = self.head()
        self.library.guarded.seen.note_head(head, self.clock.now_ms())
        if head.seq >= 0:
            self.heads.remember(self.zone, head.seq, head.hash)
        self.heads.remember(ACCOUNT_ZONE, self.log.head, self.log.head_hash)
