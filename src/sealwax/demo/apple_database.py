"""Writing a Messages database the way macOS 26 has it: the genuine tables, indexes and triggers.

Used by the demo, the tests and the benchmarks. Nothing here ever opens a person's own database.
"""

from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import apsw

from sealwax.demo.apple_time import nanoseconds, seconds

DATABASE = "chat.db"
ATTACHMENTS = "Attachments"
STATED_FOLDER = "~/Library/Messages/Attachments"
DIRECT_STYLE, GROUP_STYLE = 45, 43
FINISHED = 5


class MessageRow(NamedTuple):
    """One row of `message`, times as Apple's nanoseconds. `chat` is the row of its chat."""

    chat: int
    guid: str
    date: int
    text: str | None = None
    attributedBody: bytes | None = None  # noqa: N815
    handle_id: int = 0
    is_from_me: int = 0
    service: str = "iMessage"
    date_read: int = 0
    date_delivered: int = 0
    cache_has_attachments: int = 0
    cache_roomnames: str | None = None
    item_type: int = 0
    group_title: str | None = None
    group_action_type: int = 0
    other_handle: int = 0
    associated_message_guid: str | None = None
    associated_message_type: int = 0
    associated_message_emoji: str | None = None
    expressive_send_style_id: str | None = None
    thread_originator_guid: str | None = None
    thread_originator_part: str | None = None
    message_summary_info: bytes | None = None
    date_edited: int = 0


class AttachmentRow(NamedTuple):
    """One attachment: its file goes under Attachments as `path`."""

    guid: str
    path: str
    name: str
    mime_type: str
    uti: str
    created_ms: int
    size_bytes: int


_COLUMNS = MessageRow._fields[1:]
_NUMBERS = {name: at for at, name in enumerate(_COLUMNS, 1)}
_FIXED = "is_finished, is_sent, is_delivered, is_read, version, account"
_INSERT_MESSAGE = (
    f"INSERT INTO message ({', '.join(_COLUMNS)}, {_FIXED})"
    f" VALUES ({', '.join(f'?{at}' for at in _NUMBERS.values())}, 1, ?{_NUMBERS['is_from_me']},"
    f" NOT ?{_NUMBERS['is_from_me']} OR ?{_NUMBERS['date_delivered']} <> 0,"
    f" ?{_NUMBERS['date_read']} <> 0, 10, 'e:me@example.net')"
)


class AppleDatabase:
    """A chat.db in a folder, with its Attachments beside it. Close it when done."""

    def __init__(self, folder: Path) -> None:
        """Makes the database, or opens the one that is there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / DATABASE
        is_new = not self.path.exists()
        self.connection = apsw.Connection(str(self.path))
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", 0)
        for name in (
            "delete_attachment_path",
            "before_delete_attachment_path",
            "after_delete_message_plugin",
        ):
            self.connection.create_scalar_function(name, _nothing)
        if is_new:
            for part in ("tables", "indexes", "triggers"):
                self._run(resources.files("sealwax.demo") / "apple_schema" / f"{part}.sql")
            self._execute(
                "INSERT INTO _SqliteDatabaseProperties VALUES ('_ClientVersion', '18026')"
            )

    def handle(self, address: str, service: str = "iMessage", country: str = "us") -> int:
        """A new address; gives its row."""
        self._execute(
            "INSERT INTO handle (id, country, service, uncanonicalized_id) VALUES (?, ?, ?, ?)",
            (address, country, service, address),
        )
        return self.connection.last_insert_rowid()

    def direct_chat(self, address: str, handle: int, service: str = "iMessage") -> int:
        """A chat with one other person; gives its row."""
        return self._chat(f"any;-;{address}", DIRECT_STYLE, address, service, None, [handle])

    def group_chat(self, identifier: str, name: str, handles: Sequence[int], group_id: str) -> int:
        """A chat with several people; gives its row."""
        guid = f"any;+;{identifier}"
        chat = self._chat(guid, GROUP_STYLE, identifier, "iMessage", name, handles)
        self._execute(
            "UPDATE chat SET room_name = ?, group_id = ?, original_group_id = ? WHERE ROWID = ?",
            (identifier, group_id, group_id, chat),
        )
        return chat

    def add_messages(self, rows: Iterable[MessageRow]) -> None:
        """Messages and their places in their chats, in one transaction."""
        kept = list(rows)
        with self.connection:
            first = self._next_row()
            self.connection.executemany(_INSERT_MESSAGE, (row[1:] for row in kept))
            self.connection.executemany(
                "INSERT INTO chat_message_join (chat_id, message_id, message_date)"
                " VALUES (?, ?, ?)",
                ((row.chat, first + at, row.date) for at, row in enumerate(kept)),
            )

    def add_attachments(self, rows: Iterable[tuple[str, AttachmentRow]]) -> None:
        """Attachments by the guid of the message that they are in; the files are the caller's."""
        with self.connection:
            for guid, row in rows:
                self._execute(
                    "INSERT INTO attachment (guid, original_guid, created_date, start_date,"
                    " filename, uti, mime_type, transfer_state, transfer_name, total_bytes)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        row.guid,
                        row.guid,
                        int(seconds(row.created_ms)),
                        int(seconds(row.created_ms)),
                        f"{STATED_FOLDER}/{row.path}",
                        row.uti,
                        row.mime_type,
                        FINISHED,
                        row.name,
                        row.size_bytes,
                    ),
                )
                self._execute(
                    "INSERT INTO message_attachment_join"
                    " SELECT ROWID, last_insert_rowid() FROM message WHERE guid = ?",
                    (guid,),
                )

    def edit(self, guid: str, text: str, body: bytes, summary: bytes, time_ms: int) -> None:
        """What Messages does to a row when its words are edited."""
        self._execute(
            "UPDATE message SET text = ?, attributedBody = ?, message_summary_info = ?,"
            " date_edited = ? WHERE guid = ?",
            (text, body, summary, nanoseconds(time_ms), guid),
        )

    def move_to_recently_deleted(self, chat: int, time_ms: int) -> int:
        """Deletes a thread as a person does in Messages; gives the number of messages."""
        with self.connection:
            self._execute(
                "INSERT OR REPLACE INTO chat_recoverable_message_join"
                " (chat_id, message_id, delete_date)"
                " SELECT chat_id, message_id, ? FROM chat_message_join WHERE chat_id = ?",
                (nanoseconds(time_ms), chat),
            )
            moved = self.connection.changes()
            self._execute("DELETE FROM chat_message_join WHERE chat_id = ?", (chat,))
        return moved

    def delete_for_good(self, chat: int) -> int:
        """Empties a thread out of Recently Deleted too: rows go, tombstones stay."""
        with self.connection:
            messages = (
                "SELECT message_id FROM chat_message_join WHERE chat_id = ?1 UNION"
                " SELECT message_id FROM chat_recoverable_message_join WHERE chat_id = ?1"
            )
            self._execute(
                "INSERT INTO deleted_messages (guid)"
                f" SELECT guid FROM message WHERE ROWID IN ({messages})",
                (chat,),
            )
            gone = self.connection.changes()
            self._execute(f"DELETE FROM message WHERE ROWID IN ({messages})", (chat,))
            for table in ("chat_message_join", "chat_recoverable_message_join"):
                self._execute(f"DELETE FROM {table} WHERE chat_id = ?", (chat,))
        return gone

    def close(self) -> None:
        self.connection.close()

    def _chat(
        self,
        guid: str,
        style: int,
        identifier: str,
        service: str,
        name: str | None,
        handles: Sequence[int],
    ) -> int:
        self._execute(
            "INSERT INTO chat (guid, style, state, chat_identifier, service_name, display_name,"
            " account_login) VALUES (?, ?, 3, ?, ?, ?, 'E:me@example.net')",
            (guid, style, identifier, service, name),
        )
        chat = self.connection.last_insert_rowid()
        for handle in handles:
            self._execute("INSERT INTO chat_handle_join VALUES (?, ?)", (chat, handle))
        self._execute("INSERT INTO chat_service VALUES (?, ?)", (service, chat))
        return chat

    def _next_row(self) -> int:
        ((newest,),) = self.connection.execute(
            "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'message'"
        )
        return int(newest) + 1

    def _execute(self, sql: str, values: Sequence[object] = ()) -> None:
        self.connection.execute(sql, tuple(values))

    def _run(self, script: object) -> None:
        for _ in self.connection.execute(script.read_text("utf-8")):  # type: ignore[attr-defined]
            pass


def _nothing(*_: object) -> None:
    """What Messages would do with an attachment's file; here nobody's file is touched."""
