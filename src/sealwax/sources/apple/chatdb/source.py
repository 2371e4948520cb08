"""A Messages database: chat.db of a Mac, sms.db of a phone, read through a private copy."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from sealwax.base.problem import Problem
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.sources.apple.chatdb.attachments import Attachments, read_attachments
from sealwax.sources.apple.chatdb.columns import MESSAGE_NEEDED, Columns
from sealwax.sources.apple.chatdb.message import Messages
from sealwax.sources.apple.chatdb.row import Row, message_columns
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, whole, words
from sealwax.sources.apple.chatdb.threads import Threads
from sealwax.sources.apple.dates import to_ms, unix_ns
from sealwax.sources.apple.private_copy import PrivateCopy, SourceNotADatabase
from sealwax.sources.base import BATCH_ITEMS, Deletion, Description, Item, SourceError

OWN_MESSAGES = Path("~/Library/Messages")
UNKNOWN_SHOWN = 5
_IDENTITY_KEY = "_UniqueIdentifier"
_DATED = "typeof(date) = 'integer' AND date < 8000000000000000000"
"""A date beyond the year 2254 is no date; it must not make all others look old."""


class SchemaTooOld(SourceError):
    """The database is of a version that this reader does not know."""

    code = "source-schema-unknown"
    hint = "Databases of macOS 10.11 and iOS 9 and later can be read."


class ChatDatabase:
    """An opened Messages database."""

    def __init__(self, original: Path, scratch: Path) -> None:
        """Copies and opens `original`; raises a SourceError."""
        self._original = original
        self._copy = PrivateCopy(original, scratch)
        self._connection = self._copy.connection
        try:
            self._columns = Columns(self._connection)
            self._check_schema()
            self._newest_ms = self._read_newest_ms()
        except BrokenTable as error:
            self._copy.close()
            raise SourceNotADatabase(f"{original} is damaged: {error}.") from error
        except BaseException:
            self._copy.close()
            raise

    @property
    def namespace(self) -> str:
        return NAMESPACE_APPLE

    def describe(self) -> Description:
        schema = self._columns.schema()
        return Description(
            "apple-messages",
            self._identity(),
            f"Messages database {self._original.name}",
            self._newest_ms,
            self._count("SELECT count(*) FROM message"),
            schema,
            tuple(self._warnings()),
        )

    def read(self) -> Iterator[list[Item]]:
        """Contacts and conversations, attachments, messages by conversation, orphans, deletions."""
        threads = Threads(self._connection, self._columns)
        yield from _batches(self._people(threads))
        files = Attachments(self._original, OWN_MESSAGES.expanduser())
        yield from read_attachments(self._connection, self._columns, files, self._newest_ms)
        messages = Messages(threads, self._newest_ms)
        for name, pairs in self._ways():
            yield from _batches(self._rows(messages, name, pairs))
        yield from _batches(self._tombstones(threads))

    def close(self) -> None:
        self._copy.close()

    def _people(self, threads: Threads) -> Iterator[Item]:
        yield from threads.contacts(self._newest_ms)
        yield from threads.conversations(self._newest_ms)
        yield from threads.problems

    def _ways(self) -> Iterator[tuple[str, str]]:
        """How messages are reached: what they are, and the query of (chat_id, message_id,
        delete_date) that leads to them in the order in which they are told."""
        absent = []
        if self._columns.has("chat_message_join", "chat_id", "message_id"):
            is_dated = self._columns.has("chat_message_join", "message_date")
            order = "chat_id, message_date, message_id" if is_dated else "chat_id, message_id"
            picked = "SELECT chat_id, message_id, NULL AS delete_date FROM chat_message_join"
            yield "messages", f"{picked} ORDER BY {order}"
            absent.append(_not_in("chat_message_join"))
        recoverable = "chat_recoverable_message_join"
        if self._columns.has(recoverable, "chat_id", "message_id", "delete_date"):
            picked = f"SELECT chat_id, message_id, delete_date FROM {recoverable}"
            yield "recently deleted messages", f"{picked}{_where(absent)} ORDER BY 1, 2"
            absent.append(_not_in(recoverable))
        picked = (
            "SELECT NULL AS chat_id, message_id, NULL AS delete_date FROM"
            " (SELECT ROWID AS message_id FROM message)"
        )
        yield "messages in no chat", f"{picked}{_where(absent)} ORDER BY message_id"

    def _rows(self, messages: Messages, name: str, pairs: str) -> Iterator[Item]:
        # The limit keeps SQLite from dropping the order of the inner query.
        source = f"FROM ({pairs} LIMIT -1) j CROSS JOIN message m ON m.ROWID = j.message_id"
        wanted = message_columns(self._columns, "j.chat_id", "j.delete_date")
        observe = messages.observe
        read = 0
        try:
            for row in map(Row._make, select(self._connection, wanted, source)):
                read += 1
                yield from observe(row)
        except BrokenTable:
            yield from self._one_by_one(messages, name, pairs, read)

    def _one_by_one(self, messages: Messages, name: str, pairs: str, read: int) -> Iterator[Item]:
        """Goes on behind a damaged page: each message is asked for alone, and those that do not
        read are named."""
        wanted = message_columns(self._columns, "?", "?")
        try:
            left = select(
                self._connection, ("chat_id", "message_id", "delete_date"), f"FROM ({pairs})"
            )
            for chat, message, deleted in list(islice(left, read, None)):
                try:
                    values = (chat, deleted, message)
                    found = select(
                        self._connection, wanted, "FROM message m WHERE ROWID = ?", values
                    )
                    for row in map(Row._make, list(found)):
                        yield from messages.observe(row)
                except BrokenTable:
                    yield Problem(f"message {message}", "it lies on a damaged page, unreadable")
        except BrokenTable as error:
            yield Problem(name, "the rest of them cannot be read", str(error))

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
                f"The messages in {self._original.name} have no column {missing[0]}."
            )

    def _read_newest_ms(self) -> int:
        """The newest date of a message that a clock can mean."""
        try:
            ((found,),) = select(self._connection, ("max(date)",), f"FROM message WHERE {_DATED}")
        except BrokenTable:
            found = self._newest_readable()
        return to_ms(unix_ns(whole(found)) or 0)

    def _newest_readable(self) -> int:
        """The newest date before a damaged page."""
        newest = 0
        try:
            for (date,) in select(self._connection, ("date",), f"FROM message WHERE {_DATED}"):
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
        unknown = self._columns.unknown()
        if unknown:
            shown = ", ".join(unknown[:UNKNOWN_SHOWN])
            more = f" and {len(unknown) - UNKNOWN_SHOWN} more" if unknown[UNKNOWN_SHOWN:] else ""
            yield f"columns that are not known yet were left out: {shown}{more}"
        if not self._columns.has_table("chat"):
            yield "this database has no chats; conversations are made from the senders"

    def _count(self, question: str) -> int:
        try:
            ((number,),) = select(self._connection, (question.removeprefix("SELECT "),), "")
        except BrokenTable:
            return 0
        return int(number)


def _not_in(table: str) -> str:
    return f"message_id NOT IN (SELECT message_id FROM {table} WHERE message_id IS NOT NULL)"


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


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
