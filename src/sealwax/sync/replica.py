"""One device's end of a chain: it pulls what others wrote and writes what this device says.

The library only ever changes by applying commits, in one transaction a commit. A commit is appended
to the store *inside* that transaction: when the process dies in between, the next pull applies the
commit from the store; when the append fails, the transaction is rolled back and nothing happened.

Order of a write: chunks, segments, commit. What the store acknowledged is durable.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import msgspec

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import BEYOND_LOG, Head, Judged, beginning, judge
from sealwax.ledger.commit import SAID_ALREADY, Commit, CommitKind, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.ledger.dropping import LOCKED
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, OP_ID_BYTES
from sealwax.ledger.zone_fold import ZoneFold
from sealwax.library.apply import Applied
from sealwax.library.database import STILL
from sealwax.library.library import Library
from sealwax.library.prepared import Prepared
from sealwax.model.change import Change
from sealwax.stores.base import CommitExists, CommitVoid, PinLocked, Store, StoreError
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.reserve import essential
from sealwax.sync.applying import Applying, Pulled
from sealwax.sync.following import Ahead
from sealwax.sync.held_moment import put_back_moment
from sealwax.sync.opening import read_segment
from sealwax.sync.piece_names import PieceNames
from sealwax.sync.sealing import SealedBatch, Sealer, SealHere, StoredSealing
from sealwax.sync.unread import unread
from sealwax.trust.account import extend_log, keep_up, need_writer
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.commit_part import Part, open_part
from sealwax.vault.compose import Draft, Place, compose, with_digest
from sealwax.vault.digest import DIGEST_RULES, digest_bytes
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import SealedSegment
from sealwax.vault.writing import NoLongerWanted, StoredFile, Writing, Written

APPEND_TRIES = 64
BEGIN = "begin"
"""The reason of a commit that says nothing, so that a pin has something to hold."""
LONG_PULL_OBJECTS = 16
"""A pull of more objects is applied in large transactions."""
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


class _NameTaken(Exception):
    """The zone knows a segment already that is to be added: it is sealed under another name."""


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
        self.entropy = entropy
        self._pieces = PieceNames(store, library.holdings, keys)
        self._seal_here = SealHere(entropy)
        self._sealer: Sealer = self._seal_here
        self._ahead: Ahead | None = None
        self.before_pull: Callable[[Ahead], object] | None = None
        """Looks at what is about to be pulled up to the head."""
        self.after_applying: Callable[[list[bytes]], object] | None = None
        """Is told of the segments of each commit that a pull has applied."""
        self.make_anew: Callable[[], object] = library.clear
        """Makes the library anew where a merge disowns what it has applied, or no longer does."""

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
            self.entropy,
            self.zone,
        )

    def head(self) -> Head:
        """The newest commit that the library has applied."""
        return self.library.holdings.head(self.zone) or beginning(self.keys.account, self.zone)

    def pull(self, until_seq: int | None = None, is_near_enough: bool = False) -> Pulled:
        """Applies what the store holds beyond the library, up to a seq if one is given; raises
        RolledBack or StoreError. Where that `is_near_enough`, what only that seq held and is not
        near is left out: what replaced it comes later."""
        self.heads.check_store(self.store)
        self.pull_account()
        ahead = self._look_ahead()
        if self._is_undone(ahead):
            self._ahead = None
            self.make_anew()
            ahead = self._look_ahead()
        try:
            if self.before_pull is not None and until_seq is None:
                self.before_pull(ahead)
            moments = self._moments_to_pin(ahead)
            needed = ahead.needed(until_seq).union(*map(ahead.needed, moments))
            if is_near_enough:
                needed = ahead.needed() | self._near(needed)
            applying = Applying(self, ahead, needed, moments)
            if len(needed) < LONG_PULL_OBJECTS:
                return applying.run(until_seq)
            database = self.library.database
            with self.library.filling() if self.library.is_empty() else database.grouped():
                return applying.run(until_seq)
        finally:
            self._ahead = None

    def _moments_to_pin(self, ahead: Ahead) -> set[int]:
        """The moments ahead that this device is still to pin, but for those that cannot be read any
        more: they would seem empty."""
        if self.is_own:
            return set()
        wanted = {one.seq for one in self.library.guarded.let_go.wanted()}
        ahead_of_it = {seq for seq in wanted if ahead.start.seq < seq <= ahead.head.seq}
        return set(filter(self.can_read_until, ahead_of_it))

    def _is_undone(self, ahead: Ahead) -> bool:
        """Whether what the library has applied is not what counts any more."""
        if ahead.disowned is None or ahead.start.seq < 0:
            return False
        before = {seq: to for seq, to in ahead.disowned.items() if seq <= ahead.start.seq}
        return before != self.library.holdings.disowned(self.zone)

    def disowned(self) -> dict[int, int]:
        """The seqs of the commits that a merge disowns, applied to the library or not, and those
        of the merges."""
        ahead = self._look_ahead().disowned
        return self.library.holdings.disowned(self.zone) if ahead is None else ahead

    def _counted(self) -> Iterator[Commit]:
        """The commits that the library has applied and that count."""
        return map(parse_commit, self.library.holdings.counting_commits(self.zone))

    def can_read_until(self, seq: int) -> bool:
        """Whether all that the history held up to a seq is near."""
        wanted = self._look_ahead().needed(seq)
        return self._near(wanted) >= wanted

    def _near(self, names: set[bytes]) -> set[bytes]:
        """Those of these objects that are near."""
        store = self.store.near if isinstance(self.store, MirrorStore) else self.store
        return store.has_objects(names)

    def _look_ahead(self) -> Ahead:
        """What the store holds beyond the library by now."""
        return self._look_ahead_of(self.head())

    def _look_ahead_of(self, head: Head) -> Ahead:
        if self._ahead is None or not self._ahead.goes_on_from(head):
            self._ahead = Ahead(
                self.store,
                self.keys,
                self.heads,
                self.judged,
                partial(self.library.holdings.known, zone=self.zone),
                self._counted if head.seq >= 0 else tuple,
                None if self.is_own else Disowning(self.log),
                self.clock,
                head,
            )
        self._ahead.look()
        return self._ahead

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
        op_id = self.new_op_id()
        asked, sealed_changes = writing, writing.changes
        for _ in range(APPEND_TRIES):
            self.pull()
            if asked.is_wanted is not None and not asked.is_wanted():
                raise NoLongerWanted
            # A compaction and a reset write what was said already, as it is.
            is_news = not self.is_own and asked.kind not in SAID_ALREADY
            writing = self._pieces.as_of_now(asked, self._epoch()) if is_news else asked
            # What a removed device could still open is not for new words: a new epoch seals anew.
            if sealing.epoch != self._epoch() or writing.changes is not sealed_changes:
                sealing, sealed_changes = self._start_sealing(writing.changes), writing.changes
            try:
                written = self._append(op_id, writing, sealing)
            except CommitVoid:
                # It stands nowhere: the next try is about what the account is now.
                continue
            except _NameTaken:
                sealing = self._start_sealing(writing.changes)
                continue
            except CommitExists:
                found = self._own_commit(op_id)
                if found is None:
                    continue
                self.pull()
                written = Written(found, 0, 0, 0, self.is_own)
            self.remember()
            stored_bytes = sum(len(segment.data) for segment in sealing.stored().segments)
            return written._replace(stored_bytes=stored_bytes)
        raise CannotAppend("The history could not be extended: others were always faster.")

    def put_files(self, files: Sequence[Path | bytes]) -> list[StoredFile | OSError]:
        """Seals and stores the pieces of files, or of their bytes; see `vault.writing.Writer`."""
        need_writer(self.log, self.keys, self._device)
        return self._pieces.put(files, self._epoch())

    def _epoch(self) -> int:
        return self.log.newest.epoch

    def _start_sealing(self, changes: tuple[Change, ...]) -> StoredSealing:
        need_writer(self.log, self.keys, self._device)
        epoch = self._epoch()
        key = self.keys.zone_key(MESSAGES_ZONE, epoch)
        sealer = self._sealer if len(changes) >= WORTH_A_COMPANION else self._seal_here
        return StoredSealing(sealer.start(key, self.keys.roots, changes), self.store, epoch)

    def _draft(self, op_id: bytes, writing: Writing, sealed: SealedBatch) -> Draft:
        segments, times = sealed.segments, [one.span_ns() for one in sealed.prepared]
        heads = {**self._seen_heads(), **writing.part.heads}
        return Draft(
            writing.kind,
            op_id,
            msgspec.structs.replace(writing.part, heads=heads, times=times if any(times) else []),
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
        need_writer(self.log, self.keys, self._device)
        head = self.head()
        if writing.kind in (CommitKind.COMPACT, CommitKind.PURGE):
            self._need_live(writing.dropped)
        past_seq = writing.pinning.pinned_seq
        if past_seq is not None and not self.is_own:
            put_back_moment(self.store, self.library.holdings, past_seq)
        if not self.is_own:
            self.library.strip_tail()
        with self.library.transaction():
            sealed = sealing.stored()
            self._need_new(sealed.segments)
            moment = self.moment_of(head.seq + 1, bool(writing.changes))
            applied = self._apply_prepared(sealed.prepared, moment)
            draft = self._draft(op_id, writing, sealed)
            complete = draft
            if not unread(self.library, self.zone):
                # Who could not read everything does not know what all of it comes to.
                complete = with_digest(draft, digest_bytes(self.library.digest()), DIGEST_RULES)
            now_ms = self.clock.now_ms()
            data = self.compose_after(head, complete, now_ms)
            judged = judge(head, data, self.log)
            assert judged.void_reason is None, judged.void_reason
            refused = self.library.apply_commit(judged, complete.part, data, now_ms)
            if any(one.reason == LOCKED for one in refused):
                raise PinLocked("A snapshot is locked: nobody can let go of it yet.")
            assert not refused, refused
            self.store.append_commit(self.zone, head.seq + 1, data)
        return Written(head.seq + 1, applied.added, applied.changed, 0, self.is_own)

    def moment_of(self, seq: int, is_change: bool) -> float:
        """The moment of a commit in the library; inside a transaction."""
        if not self.is_own:
            return seq
        return self.library.next_step() if is_change else self.library.head_moment()

    def _apply_prepared(self, prepared: Sequence[Prepared], moment: float) -> Applied:
        applied = [self.library.apply_prepared(one, moment) for one in prepared]
        return Applied(sum(one.added for one in applied), sum(one.changed for one in applied))

    def _need_new(self, segments: Sequence[SealedSegment]) -> None:
        """A name is added once. Whoever added it before this device did, as a piece of a file or to
        drop it at once, would have made the segment count for nothing."""
        if self.library.holdings.intervals((one.name for one in segments), self.zone):
            raise _NameTaken

    def _need_live(self, names: Sequence[bytes]) -> None:
        """What a compaction replaces must still be there at its parent."""
        known = self.library.holdings.intervals(names)
        if any(known.get(name) != STILL for name in names):
            raise DroppedMeanwhile("Another device has compacted the same segments.")

    def compose_after(self, head: Head, draft: Draft, time_ms: int | None = None) -> bytes:
        """The bytes of a commit of this device after a head of any zone, as of now or of a time."""
        now_ms = self.clock.now_ms() if time_ms is None else time_ms
        place = Place(head, self.log.head, self._epoch(), now_ms)
        return compose(draft, place, self.keys, self._author, self.entropy)

    def new_op_id(self) -> bytes:
        return self.entropy.bytes(OP_ID_BYTES)

    def _own_commit(self, op_id: bytes) -> int | None:
        """The seq under which the commit that was just tried stands already, if it does."""
        head = self.head()
        following = judge(head, self.store.get_commit(self.zone, head.seq + 1), self.log)
        is_own = following.commit is not None and following.commit.header.op_id == op_id
        return following.head.seq if is_own else None

    def pull_account(self) -> None:
        """Brings the account log up to date, and keeps its commits' bytes."""
        known = self.heads.get(ACCOUNT_ZONE)
        extend_log(self.log, self.store)
        keep_up(self.keys, self.log, self._author)
        if known is not None and known[0] >= self.log.head:
            return
        with self.library.transaction():
            for seq, data in self.store.read_commits(ACCOUNT_ZONE, 0):
                self.library.holdings.keep_commit(ACCOUNT_ZONE, seq, data)

    def judged(self, head: Head, data: bytes) -> Judged:
        """Judges a commit; one that was written since the account's log was read has it read
        again, for all devices must judge alike."""
        judged = judge(head, data, self.log)
        if judged.void_reason == BEYOND_LOG:
            self.pull_account()
            judged = judge(head, data, self.log)
        return judged

    def held_in_store(self) -> set[bytes]:
        """What the head in the store and its pins hold, applied to the library or not."""

        def commits() -> Iterator[bytes]:
            return (data for _, data in self.store.read_commits(self.zone, 0))

        head = beginning(self.keys.account, self.zone)
        fold = ZoneFold(self.log, self.clock.now_ms(), commits)
        for data in commits():
            judged = self.judged(head, data)
            head = judged.head
            if judged.commit is not None:
                fold.apply(judged.commit)
        return fold.objects.held(head.seq)

    def segments_ahead(self) -> dict[bytes, int]:
        """The segments that the next pull reads, in that order, and their sizes."""
        return self._look_ahead().segments()

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

    def segments_from_the_beginning(self, seqs: Iterable[int] = ()) -> set[bytes]:
        """The segments that a library reads which has nothing yet, and is to show some seqs."""
        ahead = self._look_ahead_of(beginning(self.keys.account, self.zone))
        return ahead.needed().union(*map(ahead.needed, seqs))

    def read_segment(self, name: bytes) -> list[Change]:
        """The changes of a segment in the store, none of one that holds nothing; raises StoreError
        or SealBroken."""
        return read_segment(self.store, self.keys, MESSAGES_ZONE, name)

    def remember(self) -> None:
        """Remembers the heads, durably: from now on no store may show an older one."""
        head = self.head()
        self.library.guarded.seen.note_head(head, self.clock.now_ms())
        if head.seq >= 0:
            self.heads.remember(self.zone, head.seq, head.hash)
        self.heads.remember(ACCOUNT_ZONE, self.log.head, self.log.head_hash)
