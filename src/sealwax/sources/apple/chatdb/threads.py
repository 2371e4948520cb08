"""Who wrote, and where: handles become addresses, chats become conversations.

One person is one conversation, whichever of SMS, iMessage and RCS a chat belongs to: a direct chat
is named after the other's address, not after the chat's own id. A group is named after its group
id, which all devices of a person share.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw

from sealwax.base.problem import Problem
from sealwax.model.change import Entry, entry
from sealwax.model.field import (
    ADDRESS,
    ALIAS,
    ARCHIVED,
    CHAT_SERVICE,
    COUNTRY,
    IS_GROUP,
    NAME,
    ORIGIN,
    PARTICIPANT,
    READ_THROUGH_NS,
    SOURCE_GUID,
)
from sealwax.model.record import (
    NAMESPACE_APPLE,
    Kind,
    canonical_group,
    direct,
)
from sealwax.model.reference import write
from sealwax.sources.apple.addresses import Addresses
from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.kept import KeptColumns, row_entries, too_large
from sealwax.sources.apple.chatdb.properties import settled_properties
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, whole, words
from sealwax.sources.apple.chatdb.same_threads import Mark, same_threads
from sealwax.sources.apple.dates import unix_ns
from sealwax.sources.base import Item, Observation

_NAME_LIMIT = 1_000
GROUP_STYLE = 43
ORPHANS = "orphans:"
"""The conversation of messages of which the source does not say where they belong."""
_HANDLE = ("ROWID", "id", "country", "service", "uncanonicalized_id", "person_centric_id")
_CHAT = (
    "ROWID", "guid", "style", "chat_identifier", "service_name", "room_name", "display_name",
    "group_id", "original_group_id", "is_archived", "last_read_message_timestamp",
)  # fmt: skip


class Chat(NamedTuple):
    """One row of `chat`, and the conversation that it belongs to."""

    row: int
    canonical_id: str
    guid: str | None
    is_group: bool
    service: str | None
    name: str | None
    is_archived: bool
    read_ns: int | None


class Threads:
    """The handles and chats of one database; both are few, whatever the number of messages."""

    def __init__(
        self, connection: apsw.Connection, columns: Columns, own: Iterable[str] = ()
    ) -> None:
        """`own` are the addresses of the account itself."""
        self._spelling = Addresses(own)
        self._connection = connection
        self._columns = columns
        self.problems: list[Problem] = []
        self.addresses: dict[int, str] = {}
        self.canonical: dict[int, str] = {}
        self._canonical_of: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._countries: dict[int, str] = {}
        self._kept_columns: dict[str, KeptColumns] = {}
        self._kept: dict[tuple[str, int], tuple[Entry, ...]] = {}
        self._read_handles()
        self._members = self._read_members()
        self.chats: dict[int, Chat] = {}
        self._marks: dict[int, list[Mark]] = {}
        self._read_chats()
        self._read_lookup()
        self._also = same_threads(self.chats, self._marks)

    def actor(self, handle: object) -> str:
        """The canonical address of a handle."""
        return self.canonical.get(handle, "unknown") if isinstance(handle, int) else "unknown"

    def conversation(self, chat: int | None, handle: object) -> str:
        """The canonical id of a message's conversation."""
        known = self.chats.get(chat) if chat is not None else None
        if known is not None:
            return known.canonical_id
        address = self.canonical.get(handle) if isinstance(handle, int) else None
        return direct(address) if address else ORPHANS

    def of_guid(self, guid: str) -> str | None:
        """The conversation of a chat's guid, as far as the guid alone tells it."""
        _, style, identifier = (*guid.split(";", 2), "", "")[:3]
        return direct(self._canonical(identifier)) if style == "-" and identifier else None

    def contacts(self, time_ms: int) -> Iterator[Observation]:
        """Each address, once."""
        told: set[str] = set()
        for row, address in self.addresses.items():
            canonical = self.canonical[row]
            kept = self._kept.get(("handle", row), ())
            if canonical in told:
                if kept:
                    yield Observation(int(Kind.CONTACT), canonical, time_ms, kept)
                continue
            told.add(canonical)
            entries = [_origin(canonical), entry(ADDRESS, address), *kept]
            if row in self._countries:
                entries.append(entry(COUNTRY, self._countries[row]))
            yield Observation(int(Kind.CONTACT), canonical, time_ms, tuple(entries))

    def conversations(self, time_ms: int) -> Iterator[Item]:
        """Each chat, as an observation of its conversation."""
        for chat in self.chats.values():
            entries = [_origin(chat.canonical_id), entry(IS_GROUP, chat.is_group)]
            if chat.guid:
                entries.append(entry(SOURCE_GUID, True, chat.guid))
            if chat.service:
                entries.append(entry(CHAT_SERVICE, chat.service))
            if chat.name:
                entries.append(entry(NAME, chat.name))
            if self._columns.has("chat", "is_archived"):
                entries.append(entry(ARCHIVED, chat.is_archived))
            if chat.read_ns is not None:
                entries.append(entry(READ_THROUGH_NS, chat.read_ns))
            entries += self._kept.get(("chat", chat.row), ())
            for member in self._members.get(chat.row, ()):
                entries.append(entry(PARTICIPANT, True, member))
            for other in self._also.get(chat.row, ()):
                entries.append(entry(ALIAS, True, write(NAMESPACE_APPLE, other, NAMESPACE_APPLE)))
            yield Observation(int(Kind.CONVERSATION), chat.canonical_id, time_ms, tuple(entries))

    def lone(self, canonical_id: str, handle: object, time_ms: int) -> Observation:
        """The conversation of a message that is in no chat."""
        entries = [_origin(canonical_id), entry(IS_GROUP, False)]
        address = self.addresses.get(handle) if isinstance(handle, int) else None
        if address and canonical_id != ORPHANS:
            entries.append(entry(PARTICIPANT, True, address))
        return Observation(int(Kind.CONVERSATION), canonical_id, time_ms, tuple(entries))

    def _rows(self, table: str, wanted: tuple[str, ...], rest: str) -> Iterator[tuple[Any, ...]]:
        if not self._columns.has_table(table):
            return
        kept = self._kept_columns.setdefault(table, KeptColumns(self._columns, table))
        problem = kept.problem()
        if problem is not None:
            self.problems.append(problem)
        picked = [*self._columns.pick(table, "t", wanted), *kept.picked]
        try:
            yield from select(self._connection, picked, f"FROM {table} t {rest}")
        except BrokenTable as error:
            self.problems.append(
                Problem(table, "the rest of it cannot be read", str(error), is_damage=True)
            )

    def _read_handles(self) -> None:
        for row, address, country, service, raw, person, *rest in self._rows(
            "handle", _HANDLE, "ORDER BY ROWID"
        ):
            known = words(address) or words(raw)
            if known is None:
                self.problems.append(Problem(f"handle {row}", "this handle has no address"))
                continue
            self.addresses[row] = known
            self._keep("handle", words(service) or str(row), row, tuple(rest))
            code = words(country)
            if code:
                self._countries[row] = code
            if words(person):
                self._people[known] = str(words(person))
            self.canonical[row] = self._spelling.canonical(known, code)
            self._canonical_of.setdefault(known, self.canonical[row])

    def _canonical(self, address: str) -> str:
        """The canonical address of what a chat names: its handle's, whose country is known."""
        return self._canonical_of.get(address) or self._spelling.canonical(address)

    def _read_members(self) -> dict[int, list[str]]:
        members: dict[int, list[str]] = {}
        rows = self._rows("chat_handle_join", ("chat_id", "handle_id"), "ORDER BY 1, 2")
        for chat, handle, *_ in rows:
            address = self.addresses.get(handle)
            if address is None:
                where = f"chat_handle_join {chat}"
                self.problems.append(Problem(where, "this participant's handle is not there"))
            else:
                members.setdefault(chat, []).append(address)
        return members

    def _read_chats(self) -> None:
        for row in self._rows("chat", _CHAT, "ORDER BY ROWID"):
            number = row[0]
            guid, identifier, service, room, name, group, original = (
                words(row[at]) for at in (1, 3, 4, 5, 6, 7, 8)
            )
            is_group = self._is_group(whole(row[2]), guid, number)
            chat_name = identifier or (guid.rsplit(";", 1)[-1] if guid else None)
            if is_group:
                named = original or group or room or chat_name
                canonical = canonical_group(named) if named else f"{ORPHANS}{number}"
            else:
                members = self._members.get(number)
                named = chat_name or (members[0] if members else None)
                canonical = direct(self._canonical(named)) if named else f"{ORPHANS}{number}"
            self._marks[number] = self._marks_of(number, is_group, identifier, group, original)
            self.chats[number] = Chat(
                number,
                canonical,
                guid,
                is_group,
                service,
                name,
                bool(whole(row[9])),
                unix_ns(row[10]),
            )
            self._keep("chat", guid or str(number), number, row[len(_CHAT) :])

    def _keep(self, table: str, name: str, row: int, values: tuple[Any, ...]) -> None:
        """Keeps what a row says besides, under its table and name."""
        kept = self._kept_columns[table].keep(values)
        problem = too_large(f"{table} {name}", kept.left_out)
        if problem is not None:
            self.problems.append(problem)
        told = dict(kept.columns)
        if table == "chat" and "properties" in told:
            told["properties"] = settled_properties(told["properties"])
        self._kept[table, row] = row_entries(f"{table}:{name}"[:_NAME_LIMIT], told)

    def _marks_of(
        self,
        chat: int,
        is_group: bool,
        identifier: str | None,
        group: str | None,
        original: str | None,
    ) -> list[Mark]:
        """What tells that this chat and another one are one."""
        if is_group:
            ids = {name.strip().lower() for name in (group, original) if name}
            marks = [("group", name) for name in sorted(ids)]
            return [*marks, ("identifier", identifier)] if identifier else marks
        members = self._members.get(chat, ())
        people = {self._people.get(member) for member in members}
        return [("person", person) for person in people if person and len(people) == 1]

    def _read_lookup(self) -> None:
        """What Messages itself looks chats up by."""
        if not self._columns.has("chat_lookup", "identifier", "chat"):
            return
        rows = self._rows("chat_lookup", ("identifier", "chat"), "ORDER BY 1, 2")
        for identifier, chat, *_ in rows:
            name = words(identifier)
            if name and isinstance(chat, int) and chat in self.chats:
                self._marks[chat].append(("lookup", name))

    def _is_group(self, style: int | None, guid: str | None, number: int) -> bool:
        if style is not None:
            return style == GROUP_STYLE
        return ";+;" in (guid or "") or len(self._members.get(number, ())) > 1


def _origin(canonical_id: str) -> Entry:
    return entry(ORIGIN, [NAMESPACE_APPLE, canonical_id])
