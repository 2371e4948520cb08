"""The library as a whole: one readable copy that only ever changes by applying commits."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sealwax.crypto.key_tree import RootKeys
from sealwax.ledger.chain import Judged
from sealwax.ledger.dropping import Refused
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import effects
from sealwax.library.apply import Applied, Applier
from sealwax.library.database import Database, LibraryBroken, naming_damage
from sealwax.library.folding import Folding
from sealwax.library.guard_file import GUARD_FILE
from sealwax.library.guarded import Guarded
from sealwax.library.holdings import Holdings
from sealwax.library.numbers import Numbers
from sealwax.library.prepared import Prepared
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.query import Reader
from sealwax.library.search import Hit, search
from sealwax.library.select import Moment, Selection
from sealwax.library.tail import Tail
from sealwax.library.twin_rows import TwinRows
from sealwax.model.change import Change
from sealwax.model.record import Kind
from sealwax.model.state import State, decode
from sealwax.vault.commit_part import Counts, Part


class Library:
    """An open library. `holdings` and `read` answer questions; `transaction` changes it."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        roots: RootKeys,
        is_durable: bool = True,
        is_reader: bool = False,
    ) -> None:
        with naming_damage():
            self.database = Database(path, key, is_durable, is_reader)
        self.own_zone = ""
        """The zone of the device that this is the library of."""
        self._key, self.roots = key, roots
        self._is_durable, self._is_reader = is_durable, is_reader
        self._guarded: Guarded | None = None
        connection = self.database.connection
        self.holdings = Holdings(connection)
        self.folding = Folding(connection, self.holdings)
        self._numbers = Numbers(connection)
        self.read = Reader(connection, roots, self._numbers)
        self.twins = TwinRows(connection, roots, self._numbers)
        self.tail = Tail(connection)
        try:
            with naming_damage():
                self.applier = Applier(connection, roots, self._numbers)
        except BaseException:
            self.database.close()
            raise

    @property
    def guarded(self) -> Guarded:
        """What the guard knows, in a file of its own beside the library."""
        if self._guarded is None:
            path = self.database.path.with_name(GUARD_FILE)
            self._guarded = Guarded(path, self._key, self._is_durable, self._is_reader)
        return self._guarded

    def reader(self) -> "Library":
        """The same file opened once more, for another thread: it reads and cannot write. Readers
        and the writer do not wait for each other."""
        self.database.has_readers = True
        return Library(self.database.path, self._key, self.roots, is_reader=True)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """All reading inside sees one moment, whatever is written meanwhile."""
        self.database.connection.execute("BEGIN")
        try:
            # What was not there before may be now.
            self.applier.forget()
            yield
        finally:
            # What tried to write has ended the transaction already.
            if self.database.connection.in_transaction:
                self.database.connection.execute("ROLLBACK")

    @contextmanager
    def filling(self) -> Iterator[None]:
        """For filling a library that holds nothing yet; see `Database.making`. What is in it can be
        read, if more slowly; at the end it is as any other."""
        is_first = not self._numbers.are_held
        if is_first:
            with self.database.transaction():
                self._numbers.hold()
        with self.database.making():
            try:
                yield
            finally:
                if is_first:
                    self._settle()

    def _settle(self) -> None:
        with naming_damage(), self.database.transaction():
            self._numbers.settle()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One commit's changes, wholly applied or not at all."""
        if self._numbers.is_full and not self.database.connection.in_transaction:
            self._settle()
            self.database.widen_cache()
        try:
            with self.database.transaction():
                yield
        except BaseException:
            self.applier.forget()
            raise

    def apply_changes(self, changes: Iterable[Change], moment: float) -> Applied:
        """Joins changes as those of a moment: the seq of a commit of the messages zone, or a step
        of the tail; inside a transaction. What lies beneath the tail is kept."""
        return self.applier.apply(changes, moment, self._kept(moment))

    def apply_prepared(self, prepared: Prepared, moment: float) -> Applied:
        """The same for changes that were made ready; see `library.prepared`."""
        return self.applier.apply_prepared(prepared, moment, self._kept(moment))

    def _kept(self, before: float) -> float:
        """The newest moment before another that is kept, or lies beneath the tail."""
        kept = self.folding.newest_kept_moment(before)
        if not self.tail.is_there():
            return kept
        return max(kept, self.tail.floor(self.head_seq()))

    def keep_moments(self, why: str, moments: Iterable[float]) -> set[float]:
        """Has what these moments show kept for pins that are still to come, in place of those that
        were kept for the same before; inside a transaction. Gives those that can be shown: what a
        moment of the past showed may be gone."""
        wanted = set(moments)
        shown = {moment for moment in wanted if moment >= self.head_seq()}
        shown |= self.folding.shown(wanted - shown)
        self.folding.keep_moments(why, shown)
        return shown

    def apply_commit(
        self, judged: Judged, part: Part, data: bytes, now_ms: int, merge_seq: int | None = None
    ) -> tuple[Refused, ...]:
        """Moves the head over a judged commit, at a time by this device's clock; inside the
        transaction of its changes. `merge_seq` is that of the merge that disowns it, if one does.
        Gives what the rules refused of it."""
        moment = self._moment_of_pin(judged, part)
        return self.folding.apply(judged, part, data, moment, now_ms, merge_seq)

    def _moment_of_pin(self, judged: Judged, part: Part) -> float | None:
        """The moment that shows what a commit pins; none where that is not here any more."""
        pinned_seq = effects(judged.commit).pinned_seq if judged.commit is not None else None
        if pinned_seq is None:
            return None
        if judged.head.zone != MESSAGES_ZONE and not part.alone:
            return self.head_moment() if pinned_seq == judged.head.seq - 1 else None
        if judged.head.zone != MESSAGES_ZONE:
            pinned_seq, head_hash = part.heads.get(MESSAGES_ZONE, (-1, b""))
            data = self.holdings.seen_commit(MESSAGES_ZONE, pinned_seq)
            if data is None or commit_hash(data) != head_hash:
                # It stands on a history that parted: a library that is made anew can show it.
                return None
        is_shown = pinned_seq >= self.head_seq() or self.folding.shown((pinned_seq,))
        return float(pinned_seq) if is_shown else None

    def states(self, records: Sequence[bytes]) -> dict[bytes, State]:
        """The states of those of these records of which something was seen, by id."""
        stored = self.applier.fetch(records)
        return {uid: decode(row.state) for uid, row in stored.items() if row.version is not None}

    def next_step(self) -> float:
        """Begins the next step of the tail; inside a transaction."""
        return self.tail.next_step(self.head_seq(), self.applier)

    def strip_tail(self) -> None:
        """Takes the tail off, in a transaction of its own; what pins show of it stays."""
        if not self.tail.is_there():
            return
        with self.transaction():
            self.tail.strip(self.head_seq(), self.applier)
        self.applier.forget()

    def clear(self) -> None:
        """Forgets everything: it is made anew from the vault."""
        with self.transaction():
            self.database.empty()
        self.applier.forget()

    def head_moment(self) -> float:
        """The moment that shows the present: the head of the messages zone, and the tail."""
        return self.tail.moment(self.head_seq())

    def is_empty(self) -> bool:
        """Whether it holds no record: nothing is lost when it has to be made anew."""
        return self.applier.is_empty()

    def digest(self) -> int:
        return self.applier.digest()

    def counts(self) -> Counts:
        """How much the present holds, and how many messages the trash."""
        tally = self.applier.tally()
        return Counts(
            conversations=tally.of(Kind.CONVERSATION, PRESENT) - self.read.absorbed(),
            messages=tally.of(Kind.MESSAGE, PRESENT),
            contacts=tally.of(Kind.CONTACT, PRESENT),
            attachments=tally.of(Kind.ATTACHMENT, PRESENT),
            trashed=tally.of(Kind.MESSAGE, TRASH),
            file_bytes=tally.file_bytes,
        )

    def live_records(self) -> int:
        """How many conversations, messages, contacts and attachments the present has."""
        tally = self.applier.tally()
        return sum(tally.of(kind, PRESENT) for kind in Kind)

    def head_seq(self) -> int:
        """The seq of the head of the messages zone, or -1."""
        head = self.holdings.head(MESSAGES_ZONE)
        return head.seq if head else -1

    def now(self) -> Moment:
        """The present."""
        return Moment(self.head_moment())

    def search(
        self, words: str, moment: Moment | None, selection: Selection, limit: int
    ) -> list[Hit]:
        attachments_at = moment or self.now()

        def is_chosen(record: int, conversation: int | None, state: State) -> bool:
            return self.read.is_chosen(selection, record, conversation, state, attachments_at)

        connection = self.database.connection
        is_present = moment is not None and moment.seq >= self.head_moment()
        return search(connection, words, moment, selection, is_chosen, limit, is_present)

    def check(self, is_deep: bool = True) -> list[str]:
        """What is wrong with the library itself: its pages, its structure, and with `is_deep` its
        digest, added up from all records; and with the guard's file beside it. Nothing, when the
        list is empty."""
        wrong = [*self.database.check(is_deep), *self.guarded.check()]
        if wrong or not is_deep:
            return wrong
        try:
            with naming_damage():
                is_whole = self.applier.computed_digest() == self.digest()
        except LibraryBroken as error:
            return [error.sentence]
        return [] if is_whole else ["its records do not add up to its digest"]

    def close(self) -> None:
        if self._guarded is not None:
            self._guarded.close()
        self.database.close()
