"""sms.db of iOS 5: SMS rows as before, iMessages in columns that begin with `madrid_`.

SMS rows have no id of their own. They are named by (address, time, box, hash of the words,
ordinal), so that the same message of another copy of the database gets the same name. What is not
decoded is kept raw. A phone of 2012 held some ten thousand messages, so all is read each time, and
the rows are held in memory.

Facts: the schema as published by eichbaumj (Presentations, Logical/sms.db); The iPhone Wiki,
"Messages"; the values of `flags` and `madrid_flags` as several public readers of that time agree.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sealwax.base.problem import Problem
from sealwax.model.change import Entry, entry
from sealwax.model.field import (
    ADDRESS,
    ATTACHMENT,
    CONVERSATION,
    DELIVERED_NS,
    FILE_NAME,
    FROM_ME,
    IS_GROUP,
    MIME_TYPE,
    ORIGIN,
    PARTICIPANT,
    RAW,
    READ_NS,
    SENDER,
    SERVICE,
    SOURCE_PATH,
    SUBJECT,
    TEXT,
    TIME_NS,
    UNDECODED,
    UTI,
)
from sealwax.model.record import (
    NAMESPACE_APPLE,
    Kind,
    canonical_address,
    canonical_direct,
    canonical_group,
)
from sealwax.sources.apple.chatdb.attachments import Attachments
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.rows import BrokenTable, blob, select, whole, words
from sealwax.sources.apple.dates import EPOCH_SECONDS, SECOND_NS, to_ms
from sealwax.sources.apple.private_copy import PrivateCopy, check_database
from sealwax.sources.apple.property_list import PropertyListError, read_property_list
from sealwax.sources.apple.typedstream.attributed import decode_body
from sealwax.sources.apple.typedstream.plain import match
from sealwax.sources.apple.typedstream.reader import TypedStreamError
from sealwax.sources.base import BATCH_ITEMS, Deletion, Description, Item, Observation

DECODER_VERSION = 1
MARK = "madrid_guid"
"""The column of `message` that tells this schema from all others."""
FLAGS_DELETED = 129
FLAGS_SENT = frozenset((3, 33, 35, 131))
MADRID_SENT = 0b100
PIECE_LIMIT_BYTES = 4 * 1024 * 1024
ORPHANS = "orphans:"
_MESSAGE = (
    "ROWID", "address", "date", "text", "flags", "group_id", "subject", "is_madrid",
    "madrid_handle", "madrid_guid", "madrid_flags", "madrid_roomname", "madrid_service",
    "madrid_attributedBody", "madrid_date_read", "madrid_date_delivered",
)  # fmt: skip


class _Row(NamedTuple):
    row: int
    address: Any
    date: Any
    text: Any
    flags: Any
    group: Any
    subject: Any
    is_madrid: Any
    handle: Any
    guid: Any
    madrid_flags: Any
    room: Any
    service: Any
    body: Any
    date_read: Any
    date_delivered: Any


class MadridDatabase:
    """An opened sms.db of iOS 5."""

    def __init__(self, original: Path, scratch: Path) -> None:
        """Copies and opens `original`; raises a SourceError."""
        check_database(original)
        self._original = original
        self._copy = PrivateCopy(original, scratch)
        self._connection = self._copy.connection
        self._columns = Columns(self._connection)
        self._files = Attachments(original, original.parent)
        self._problems: list[Problem] = []
        self._members = self._read_members()
        self._rooms = self._read_rooms()
        self._rows = [_Row._make(row) for row in self._select("message", _MESSAGE)]
        self._newest_ms = max((to_ms(_unix_ns(row.date) or 0) for row in self._rows), default=0)

    @property
    def namespace(self) -> str:
        return NAMESPACE_APPLE

    def describe(self) -> Description:
        first = next((f"{row.address}{row.guid}{row.date}" for row in self._rows), "")
        identity = hashlib.sha256(first.encode("utf-8", "replace")).hexdigest()
        label = f"Messages database {self._original.name}"
        count = len(self._rows)
        return Description("apple-messages", identity, label, self._newest_ms, count, "iOS 5")

    def read(self) -> Iterator[list[Item]]:
        """Contacts, conversations, attachments, messages, deletions."""
        people: list[Item] = []
        messages: list[Item] = []
        deletions: list[Item] = []
        told: set[str] = set()
        attached = self._attachments(people)
        ordinals: Counter[str] = Counter()
        for row in self._rows:
            conversation, members, is_group = self._place(row)
            if conversation not in told:
                told.add(conversation)
                people += self._conversation(conversation, members, is_group)
            name = _name(row, ordinals)
            messages += self._message(row, name, conversation, attached.get(row.row, []))
            if whole(row.flags) == FLAGS_DELETED:
                deletions.append(Deletion(int(Kind.MESSAGE), name, "tombstone:", None))
        order = {Kind.CONTACT: 0, Kind.CONVERSATION: 1, Kind.ATTACHMENT: 2}
        people.sort(key=lambda item: order.get(getattr(item, "kind", Kind.ATTACHMENT), 2))
        everything = [*self._problems, *people, *messages, *deletions]
        for start in range(0, len(everything), BATCH_ITEMS):
            yield everything[start : start + BATCH_ITEMS]

    def state(self) -> None:
        """It is always read whole."""

    def close(self) -> None:
        self._copy.close()

    def _select(self, table: str, wanted: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        if not self._columns.has_table(table):
            return
        picked = self._columns.pick(table, "t", wanted)
        try:
            yield from select(self._connection, picked, f"FROM {table} t ORDER BY ROWID")
        except BrokenTable as error:
            self._problems.append(
                Problem(table, "the rest of it cannot be read", str(error), is_damage=True)
            )

    def _read_members(self) -> dict[int, list[str]]:
        members: dict[int, list[str]] = {}
        for group, address in self._select("group_member", ("group_id", "address")):
            if words(address):
                members.setdefault(group, []).append(str(words(address)))
        return members

    def _read_rooms(self) -> dict[str, list[str]]:
        rooms: dict[str, list[str]] = {}
        for room, raw in self._select("madrid_chat", ("room_name", "participants")):
            if words(room):
                rooms[str(words(room))] = _participants(blob(raw))
        return rooms

    def _place(self, row: _Row) -> tuple[str, list[str], bool]:
        """A message's conversation: its canonical id, who is in it, whether it is a group."""
        room = words(row.room)
        if room:
            return canonical_group(room), self._rooms.get(room, []), True
        members = self._members.get(row.group, [])
        if not row.is_madrid and len(members) > 1:
            together = ",".join(sorted(map(canonical_address, members)))
            return canonical_group(together), members, True
        # What was said in one group of one is one conversation, however each row spells the number.
        address = members[0] if len(members) == 1 else None
        address = address or words(row.handle) or words(row.address) or next(iter(members), None)
        return (canonical_direct(address), [address], False) if address else (ORPHANS, [], False)

    def _conversation(self, name: str, members: list[str], is_group: bool) -> Iterator[Item]:
        for member in members:
            canonical = canonical_address(member)
            entries = (_origin(canonical), entry(ADDRESS, member))
            yield Observation(int(Kind.CONTACT), canonical, self._newest_ms, entries)
        inside = [entry(PARTICIPANT, True, member) for member in dict.fromkeys(members)]
        told = (_origin(name), entry(IS_GROUP, is_group), *inside)
        yield Observation(int(Kind.CONVERSATION), name, self._newest_ms, told)

    def _attachments(self, told: list[Item]) -> dict[int, list[str]]:
        """The attachments of each message, by their ids."""
        found: dict[int, list[str]] = {}
        wanted = ("attachment_guid", "filename", "mime_type", "uti_type", "message_id")
        for guid, stated, mime, uti, message in self._select("madrid_attachment", wanted):
            name, path = words(guid), words(stated)
            if name is None:
                told.append(Problem(f"attachment of {message}", "this attachment has no id"))
                continue
            found.setdefault(message, []).append(name)
            content = self._files.find(path) if path else None
            if content is None:
                why = self._files.reason(path) if path else "its file is not there"
                told.append(Problem(f"attachment {name}", why, path or ""))
            fields = (
                (FILE_NAME, path.rsplit("/", 1)[-1] if path else None),
                (SOURCE_PATH, path),
                (MIME_TYPE, words(mime)),
                (UTI, words(uti)),
            )
            entries = (_origin(name), *(entry(field, text) for field, text in fields if text))
            kind = int(Kind.ATTACHMENT)
            told.append(Observation(kind, name, self._newest_ms, entries, content))
        return found

    def _message(
        self, row: _Row, name: str, conversation: str, attachments: list[str]
    ) -> Iterator[Item]:
        time_ns = _unix_ns(row.date)
        if time_ns is None:
            yield Problem(f"message {row.row}", "this message has no date", str(row.date))
        time_ms = self._newest_ms if time_ns is None else to_ms(time_ns)
        is_from_me = _is_sent(row)
        sender = words(row.handle) or words(row.address)
        entries = [
            _origin(name),
            entry(TIME_NS, time_ns or 0),
            entry(CONVERSATION, True, conversation),
            entry(FROM_ME, is_from_me),
            entry(SERVICE, (words(row.service) or "iMessage") if row.is_madrid else "SMS"),
            *([entry(SENDER, sender)] if sender and not is_from_me else ()),
            *([entry(SUBJECT, words(row.subject))] if words(row.subject) else ()),
            *(entry(ATTACHMENT, at, guid) for at, guid in enumerate(attachments)),
            *_receipts(row),
        ]
        pieces, problems = self._pieces(row.row)
        styled, damage = _styled(blob(row.body))
        if damage:
            problems.append(Problem(f"message {row.row}", damage))
        text = words(row.text) or styled or pieces.pop("text", None)
        if text:
            entries.append(entry(TEXT, text))
        if damage or (row.body and match(row.body) != text):
            pieces["madrid_attributedBody"] = blob(row.body)
        for key, data in pieces.items():
            entries.append(entry(RAW, data, key))
        if pieces:
            entries.append(entry(UNDECODED, [DECODER_VERSION, sorted(pieces)]))
        yield from problems
        yield Observation(int(Kind.MESSAGE), name, time_ms, tuple(entries))

    def _pieces(self, message: int) -> tuple[dict[str, Any], list[Problem]]:
        """The parts of an MMS: its words, and what is kept as it is."""
        kept: dict[str, Any] = {}
        problems: list[Problem] = []
        if not self._columns.has("msg_pieces", "message_id", "data"):
            return kept, problems
        picked = self._columns.pick("msg_pieces", "t", ("part_id", "content_type", "data"))
        rest = "FROM msg_pieces t WHERE message_id = ? ORDER BY ROWID"
        try:
            found = list(select(self._connection, picked, rest, (message,)))
        except BrokenTable as error:
            return kept, [
                Problem(
                    f"message {message}", "its parts cannot be read", str(error), is_damage=True
                )
            ]
        for part, content_type, raw in found:
            data, kind = blob(raw), words(content_type) or ""
            if data and kind.startswith("text/plain"):
                kept["text"] = kept.get("text", "") + data.decode("utf-8", "replace")
            elif data and len(data) <= PIECE_LIMIT_BYTES:
                kept[f"msg_pieces:{part}"] = data
            else:
                problems.append(Problem(f"message {message}", "a part of it is not there", kind))
        return kept, problems


def is_madrid(columns: frozenset[str]) -> bool:
    """Whether these are the columns of `message` in iOS 5."""
    return MARK in columns and "guid" not in columns


def _origin(canonical: str) -> Entry:
    return entry(ORIGIN, [NAMESPACE_APPLE, canonical])


def _name(row: _Row, ordinals: Counter[str]) -> str:
    """The canonical id: the iMessage's own, else (address, time, box, hash of words, ordinal)."""
    guid = words(row.guid)
    if guid:
        return guid
    address = canonical_address(words(row.address) or words(row.handle) or "")
    body = (words(row.text) or "").encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(body).hexdigest()[:16]
    box = "out" if _is_sent(row) else "in"
    base = f"sms:{address}:{to_ms(_unix_ns(row.date) or 0)}:{box}:{digest}"
    ordinals[base] += 1
    return f"{base}:{ordinals[base] - 1}"


def _is_sent(row: _Row) -> bool:
    if row.is_madrid:
        return bool((whole(row.madrid_flags) or 0) & MADRID_SENT)
    return (whole(row.flags) or 0) in FLAGS_SENT


def _unix_ns(date: object) -> int | None:
    """Seconds since 1970 in SMS rows, since 2001 in iMessages; the two do not overlap."""
    seconds = whole(date)
    if not seconds or not 0 < seconds < 2**33:
        return None
    return (seconds if seconds > EPOCH_SECONDS else seconds + EPOCH_SECONDS) * SECOND_NS


def _receipts(row: _Row) -> Iterator[Entry]:
    for field, date in ((READ_NS, row.date_read), (DELIVERED_NS, row.date_delivered)):
        time_ns = _unix_ns(date)
        if time_ns is not None:
            yield entry(field, time_ns)


def _styled(raw: bytes | None) -> tuple[str | None, str | None]:
    """The words of a styled text, and what is wrong with it."""
    if raw is None:
        return None, None
    try:
        body = decode_body(raw)
    except TypedStreamError as error:
        return None, f"its styled text cannot be read: {error}"
    damage = "its styled text is damaged; its words were saved" if body.is_partial else None
    return body.text or None, damage


def _participants(raw: bytes | None) -> list[str]:
    """The addresses in a room: a property list of them."""
    try:
        told = read_property_list(raw) if raw else []
    except PropertyListError:
        return []
    return [who for who in told if isinstance(who, str)] if isinstance(told, list) else []
