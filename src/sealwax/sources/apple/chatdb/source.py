"""A Messages database: chat.db of a Mac, sms.db of a phone, read through a private copy."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sealwax.base.clock import SystemClock
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.sources.apple.chatdb.attachments import Attachments, read_attachments
from sealwax.sources.apple.chatdb.beside import read_beside
from sealwax.sources.apple.chatdb.changes import Changed, changed_rows
from sealwax.sources.apple.chatdb.columns import MESSAGE_NEEDED, Columns
from sealwax.sources.apple.chatdb.joins import Joins, joined_since, read_joins
from sealwax.sources.apple.chatdb.kept import KeptMessages
from sealwax.sources.apple.chatdb.memory import (
    MISSING_LIMIT,
    READER_VERSION,
    Memory,
    decode_memory,
    encode_memory,
    read_marks,
    schema_hash,
)
from sealwax.sources.apple.chatdb.message import Messages
from sealwax.sources.apple.chatdb.owners import read_owners
from sealwax.sources.apple.chatdb.pages import BLOCK_BYTES, Compared, compare_pages
from sealwax.sources.apple.chatdb.reading import Reading
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, whole, words
from sealwax.sources.apple.chatdb.threads import Threads
from sealwax.sources.apple.dates import to_ms, unix_ns
from sealwax.sources.apple.in_place import opened
from sealwax.sources.apple.private_copy import SourceNotADatabase, check_database
from sealwax.sources.base import BATCH_ITEMS, Deletion, Description, Item, SourceError

OWN_MESSAGES = Path("~/Library/Messages")
PHONE_DATABASE = "sms.db"
UNKNOWN_SHOWN = 5
_IDENTITY_KEY = "_UniqueIdentifier"
_DATED = "typeof(date) = 'integer' AND date < 8000000000000000000"
"""A date beyond the year 2254 is no date; it must not make all others look old."""


class SchemaTooOld(SourceError):
    """The database is of a version that this reader does not know."""

    code = "source-schema-unknown"
    hint = "Databases of iOS 5, and of iOS 6 and OS X 10.8 and later can be read."

    def __init__(self, sentence: str, columns: frozenset[str]) -> None:
        """`columns` are those of the message table."""
        super().__init__(sentence)
        self.columns = columns


class ChatDatabase:
    """An opened Messages database."""

    def __init__(self, original: Path, scratch: Path, known: bytes | None = None) -> None:
        """Copies and opens `original`; raises a SourceError. With the state of its last reading,
        only what changed since is read; a database that did not change is not even copied."""
        self._original = original
        self._known = decode_memory(known)
        self._files = Attachments(original, OWN_MESSAGES.expanduser())
        check_database(original)
        self._marks = read_marks(original)
        self._is_unchanged = self._known is not None and self._is_as_it_was(self._known)
        if not self._is_unchanged:
            self._open(scratch)

    def _is_as_it_was(self, known: Memory) -> bool:
        is_still_missing = not any(self._files.find(stated) for _, stated in known.missing)
        return self._marks == known.marks and is_still_missing

    def _open(self, scratch: Path) -> None:
        self._copy = opened(self._original, scratch, SystemClock())
        self._connection = self._copy.connection
        try:
            self._columns = Columns(self._connection)
            self._schema = schema_hash(self._connection)
            self._check_schema()
            self._newest_ms = self._read_newest_ms()
            self._threads = Threads(
                self._connection, self._columns, read_owners(self._connection, self._columns)
            )
            self._joins = self._read_joins()
            self._compared = self._compare()
            self._changed = self._find_changed()
            self._copy.check()
        except BrokenTable as error:
            self._copy.close()
            raise SourceNotADatabase(f"{self._original} is damaged: {error}.") from error
        except BaseException:
            self._copy.close()
            raise

    @property
    def namespace(self) -> str:
        return NAMESPACE_APPLE

    def describe(self) -> Description:
        if self._is_unchanged:
            assert self._known is not None
            return self._known.description
        is_phone = self._files.is_in_backup or self._original.name == PHONE_DATABASE
        schema = self._columns.schema(is_phone)
        return Description(
            "apple-messages",
            self._identity(),
            f"Messages database {self._original.name}",
            self._newest_ms,
            self._count("SELECT count(*) FROM message"),
            schema,
            tuple(self._warnings()),
            read_owners(self._connection, self._columns),
        )

    def read(self) -> Iterator[list[Item]]:
        """Contacts and conversations, attachments, messages by conversation, orphans, deletions.

        Raises SourceBusy when the file is written meanwhile; what was given until then is sound.
        """
        if self._is_unchanged:
            return
        for batch in self._batches():
            self._copy.check()
            yield batch

    def _batches(self) -> Iterator[list[Item]]:
        yield from _batches(self._people(self._threads))
        changed = self._changed
        self._files.missing = list(self._still_missing()) if changed else []
        rows = None if changed is None else self._attachments_to_read(changed)
        yield from read_attachments(
            self._connection, self._columns, self._files, self._newest_ms, rows
        )
        kept = KeptMessages(self._columns)
        messages = Messages(self._threads, kept, self._newest_ms)
        only = None if changed is None else changed.messages
        reading = Reading(self._connection, self._columns, messages, only)
        yield from _batches(reading.items())
        yield from _batches(self._beside(kept))
        yield from _batches(self._tombstones(self._threads))

    def state(self) -> bytes | None:
        """What the next reading needs; None where the marks of the files could not be read, or so
        many attachments are missing that looking for them again is as long as reading all."""
        if self._is_unchanged:
            assert self._known is not None
            return encode_memory(self._known)
        if self._marks is None or self._compared is None or self._joins is None:
            return None
        if len(self._files.missing) > MISSING_LIMIT:
            return None
        # All was read: the room of SQLite's cache is for what is written down now.
        self._connection.pragma("shrink_memory")
        return encode_memory(
            Memory(
                READER_VERSION,
                self._marks,
                self._schema,
                self._threads.canonical,
                {row: chat.canonical_id for row, chat in self._threads.chats.items()},
                *self._compared.now,
                self._joins,
                self._files.missing,
                self.describe(),
            )
        )

    def close(self) -> None:
        if not self._is_unchanged:
            self._copy.close()

    def _compare(self) -> Compared | None:
        page_bytes = int(str(self._connection.pragma("page_size")))
        if BLOCK_BYTES % page_bytes:
            return None
        hashes = self._known.hashes() if self._known else None
        return compare_pages(self._copy.path, page_bytes, hashes)

    def _find_changed(self) -> Changed | None:
        """The rows that changed since the last reading; None when all are to be read."""
        known = self._known
        if known is None or self._compared is None or self._joins is None:
            return None
        if known.schema != self._schema:
            return None
        if not known.means_the_same(self._threads):
            return None
        joined = joined_since(self._connection, known.joins, self._joins)
        if joined is None:
            return None
        path, columns = self._copy.path, self._columns
        return changed_rows(self._connection, path, columns, self._compared, joined)

    def _read_joins(self) -> Joins | None:
        """What is to be remembered of the join tables; None where one cannot be read."""
        try:
            return read_joins(self._connection, self._columns)
        except BrokenTable:
            return None

    def _still_missing(self) -> Iterator[tuple[int, str]]:
        """Attachments that were missing and still are, and whose rows are not read again."""
        assert self._known is not None
        assert self._changed is not None
        again = set(self._changed.attachments)
        for row, stated in self._known.missing:
            if row not in again and self._files.find(stated) is None:
                yield row, stated

    def _attachments_to_read(self, changed: Changed) -> list[int]:
        """Changed rows, and those whose files have turned up."""
        assert self._known is not None
        missing = {row for row, _ in self._files.missing}
        turned_up = [row for row, _ in self._known.missing if row not in missing]
        return sorted({*changed.attachments, *turned_up})

    def _people(self, threads: Threads) -> Iterator[Item]:
        yield from threads.contacts(self._newest_ms)
        yield from threads.conversations(self._newest_ms)
        yield from threads.problems

    def _beside(self, kept: KeptMessages) -> Iterator[Item]:
        problem = kept.problem()
        if problem is not None:
            yield problem
        yield from read_beside(self._connection, self._columns, self._newest_ms)

    def _tombstones(self, threads: Threads) -> Iterator[Item]:
        """What is remembered only as deleted, on purpose."""
        for table in ("deleted_messages", "sync_deleted_messages"):
            if self._columns.has(table, "guid"):
                rest = f"FROM {table} t WHERE t.guid NOT IN (SELECT guid FROM message)"
                for (guid,) in self._small(("t.guid",), rest):
                    if words(guid):
                        yield Deletion(int(Kind.MESSAGE), str(words(guid)), "tombstone:", None)
        table = "sync_deleted_chats"
        if self._columns.has(table, "guid"):
            shown = {chat.canonical_id for chat in threads.chats.values()}
            picked = self._columns.pick(table, "t", ("guid", "timestamp"))
            for guid, stamp in self._small(picked, f"FROM {table} t"):
                conversation = threads.of_guid(words(guid) or "")
                time_ns = unix_ns(stamp)
                # A person with whom another thread is still there was not deleted.
                if conversation is not None and time_ns is not None and conversation not in shown:
                    kind, time_ms = int(Kind.CONVERSATION), to_ms(time_ns)
                    yield Deletion(kind, conversation, "tombstone:", time_ms)

    def _small(self, picked: Iterable[str], rest: str) -> Iterator[tuple[object, ...]]:
        try:
            yield from select(self._connection, tuple(picked), rest)
        except BrokenTable:
            return

    def _check_schema(self) -> None:
        if not self._columns.has_table("message"):
            raise SourceNotADatabase(f"{self._original} is a database, but not one of Messages.")
        missing = sorted(MESSAGE_NEEDED - self._columns.of("message") - {"ROWID"})
        if missing:
            raise SchemaTooOld(
                f"The messages in {self._original.name} have no column {missing[0]}.",
                self._columns.of("message"),
            )

    def _read_newest_ms(self) -> int:
        """The newest date of a message that a clock can mean."""
        dated = self._dated()
        try:
            ((found,),) = select(self._connection, ("max(date)",), f"FROM message WHERE {dated}")
        except BrokenTable:
            found = self._newest_readable()
        return to_ms(unix_ns(whole(found)) or 0)

    def _dated(self) -> str:
        """The condition that a date counts: one of a message that waits to be sent is to come."""
        if self._columns.has("message", "schedule_type", "is_sent"):
            return f"{_DATED} AND (ifnull(schedule_type, 0) = 0 OR is_sent = 1)"
        return _DATED

    def _newest_readable(self) -> int:
        """The newest date before a damaged page."""
        newest = 0
        try:
            for (date,) in select(
                self._connection, ("date",), f"FROM message WHERE {self._dated()}"
            ):
                newest = max(newest, whole(date) or 0)
        except BrokenTable:
            return newest
        return newest

    def _identity(self) -> str:
        """A name of this database that stays the same: Apple's own where there is one."""
        if self._columns.has("_SqliteDatabaseProperties", "key", "value"):
            for (value,) in self._small(
                ("value",), f"FROM _SqliteDatabaseProperties WHERE key = '{_IDENTITY_KEY}'"
            ):
                if words(value):
                    return hashlib.sha256(str(words(value)).encode()).hexdigest()
        for (guid,) in self._small(("guid",), "FROM message ORDER BY ROWID LIMIT 1"):
            return hashlib.sha256(str(words(guid)).encode()).hexdigest()
        return hashlib.sha256(b"").hexdigest()

    def _warnings(self) -> Iterator[str]:
        if self._copy.missing_bytes:
            yield f"the file is cut short: {self._copy.missing_bytes:,} bytes of it are not there"
        unknown = self._columns.unknown()
        if unknown:
            shown = ", ".join(unknown[:UNKNOWN_SHOWN])
            more = f" and {len(unknown) - UNKNOWN_SHOWN} more" if unknown[UNKNOWN_SHOWN:] else ""
            yield f"columns that are not known yet are kept as they are: {shown}{more}"
        if not self._columns.has_table("chat"):
            yield "this database has no chats; conversations are made from the senders"

    def _count(self, question: str) -> int:
        try:
            ((number,),) = select(self._connection, (question.removeprefix("SELECT "),), "")
        except BrokenTable:
            return 0
        return int(number)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    add: Callable[[Item], None] = batch.append
    for item in items:
        add(item)
        if len(batch) >= BATCH_ITEMS:
            yield batch
            batch = []
            add = batch.append
    if batch:
        yield batch
