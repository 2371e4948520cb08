"""What a row holds that nothing here decodes: kept as it was, one map for each row.

Of each column it is said here whether it is decoded, is bookkeeping of the source's own device, or
is kept; see docs/import-apple.md for the reasons. A column that this version has never heard of is
kept. What a column holds nearly always says nothing and is left out, so that most rows have the
same map. A hostile database may have any number of columns with any names and values: all is
bounded, and what is beyond is told as a problem.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from sealwax.base.problem import Problem
from sealwax.model.change import Entry, entry
from sealwax.model.field import RAW, ROW
from sealwax.model.form import COLUMNS_LIMIT
from sealwax.sources.apple.chatdb.columns import Columns

NAME_LIMIT_CHARACTERS = 100
VALUE_LIMIT_BYTES = 1024 * 1024
ROW_LIMIT_BYTES = 4 * 1024 * 1024
KNOWN_ROWS = 4_096
_SHORT_BYTES = 4_096
_SHOWN = 5

DECODED = {
    "message": frozenset(
        """
        ROWID guid text handle_id date is_from_me service date_read date_delivered attributedBody
        subject date_played item_type group_action_type group_title other_handle share_status
        associated_message_guid associated_message_type associated_message_emoji balloon_bundle_id
        payload_data expressive_send_style_id thread_originator_guid thread_originator_part
        message_summary_info
        """.split()
    ),
    "chat": frozenset(
        """
        ROWID guid style service_name display_name is_archived last_read_message_timestamp
        """.split()
    ),
    "handle": frozenset(("ROWID", "id", "country")),
    "attachment": frozenset(
        """
        ROWID guid filename transfer_name uti mime_type total_bytes created_date is_sticker
        """.split()
    ),
    "chat_message_join": frozenset(("chat_id", "message_id", "message_date")),
    "chat_handle_join": frozenset(("chat_id", "handle_id")),
    "message_attachment_join": frozenset(("message_id", "attachment_id")),
    "chat_recoverable_message_join": frozenset(("chat_id", "message_id", "delete_date")),
    "recoverable_message_part": frozenset(("chat_id", "message_id")),
}
"""Columns whose meaning is in other fields."""

_CLOUD = """
    ck_sync_state ck_record_id ck_record_change_tag sr_ck_sync_state sr_ck_record_id
    sr_ck_record_change_tag ck_server_change_token_blob server_change_token cloudkit_record_id
    index_state
""".split()
_OF_MESSAGES = """
    cache_has_attachments cache_roomnames synced_syndication_ranges has_dd_results
    was_data_detected has_unseen_mention date_updated
""".split()
BOOKKEEPING = {
    "message": frozenset([*_CLOUD, *_OF_MESSAGES]),
    "chat": frozenset([*_CLOUD, "engram_id"]),
    "attachment": frozenset([*_CLOUD, "preview_generation_state"]),
}
"""What a device notes for itself: how far it is with the cloud, with indexes and with previews. It
says nothing of a message, and changes all the time."""

USUAL: dict[str, dict[str, object]] = {
    "message": {"version": 10, "is_finished": 1, "part_count": 1},
    "attachment": {"transfer_state": 5},
    "chat": {"state": 3},
}
"""What a column nearly always holds; 0 and nothing are then told, or not there."""

_IMPLIED = {
    ("message", "is_sent"): ("{t}.is_from_me", ("is_from_me",)),
    ("message", "is_read"): ("(ifnull({t}.date_read, 0) <> 0)", ("date_read",)),
    ("message", "is_played"): ("(ifnull({t}.date_played, 0) <> 0)", ("date_played",)),
    ("message", "is_delivered"): (
        "(NOT {t}.is_from_me OR ifnull({t}.date_delivered, 0) <> 0)",
        ("is_from_me", "date_delivered"),
    ),
    ("handle", "uncanonicalized_id"): ("{t}.id", ("id",)),
    ("attachment", "original_guid"): ("{t}.guid", ("guid",)),
    ("attachment", "start_date"): ("{t}.created_date", ("created_date",)),
}
"""What a column holds where another column says the same."""

_ALONE = frozenset(("reply_to_guid", "fallback_hash", "sort_id", "date_edited", "date_retracted"))
"""Columns of a message that hold something else in each row: told apart from the map, which most
rows then share."""


class Kept(NamedTuple):
    """What is kept of one row; `left_out` are columns that hold too much."""

    columns: dict[str, Any]
    left_out: tuple[str, ...]


class KeptColumns:
    """The columns of one table that are kept, and what of a row is worth it."""

    def __init__(
        self, columns: Columns, table: str, alias: str = "t", without: Collection[str] = ()
    ) -> None:
        """`without` are columns that somebody else keeps."""
        self._table = table
        known = DECODED.get(table, frozenset()) | BOOKKEEPING.get(table, frozenset(_CLOUD))
        wanted = sorted(columns.of(table) - known - set(without))
        named = [name for name in wanted if 0 < len(name) <= NAME_LIMIT_CHARACTERS]
        self.names = tuple(named[:COLUMNS_LIMIT])
        self.left_out = len(wanted) - len(self.names)
        self._usual: dict[str, object] = {**columns.defaults(table), **USUAL.get(table, {})}
        self._implied: set[str] = set()
        self.picked = [self._expression(columns, name, alias) for name in self.names]
        self._known: dict[tuple[Any, ...], Kept] = {}

    def problem(self) -> Problem | None:
        """Says that a table has more columns than are kept, where it has."""
        if not self.left_out:
            return None
        what = f"it has more columns than can be kept: {self.left_out:,} are left out"
        return Problem(self._table, what)

    def keep(self, values: tuple[Any, ...]) -> Kept:
        """What of a row's values, in the order of `names`, is kept."""
        found = self._known.get(values)
        if found is None:
            found = self._sift(values)
            if _weight(found.columns) <= _SHORT_BYTES:
                if len(self._known) >= KNOWN_ROWS:
                    self._known.clear()
                self._known[values] = found
        return found

    def _sift(self, values: tuple[Any, ...]) -> Kept:
        kept: dict[str, Any] = {}
        left_out: list[str] = []
        room = ROW_LIMIT_BYTES
        for name, value in zip(self.names, values, strict=True):
            if self._says_nothing(name, value):
                continue
            told = plain_value(value)
            size_bytes = _size(told)
            if size_bytes > min(VALUE_LIMIT_BYTES, room):
                left_out.append(name)
                continue
            room -= size_bytes
            kept[name] = told
        return Kept(kept, tuple(left_out))

    def _says_nothing(self, name: str, value: Any) -> bool:
        if value is None:
            return True
        if name in self._implied:
            return False
        if name in self._usual:
            return bool(value == self._usual[name])
        return value in (0, "", b"")

    def _expression(self, columns: Columns, name: str, alias: str) -> str:
        stated = f'{alias}."{name.replace(chr(34), chr(34) * 2)}"'
        implied, needed = _IMPLIED.get((self._table, name), ("", ("",)))
        if not columns.has(self._table, *needed):
            return stated
        self._implied.add(name)
        return f"nullif({stated}, {implied.format(t=alias)})"


class KeptMessages:
    """What is kept of messages: a map that many rows share, and what each has alone. The first
    `shared_count` of `picked` belong to the map."""

    def __init__(self, columns: Columns) -> None:
        self._kept = KeptColumns(columns, "message", "m", _ALONE)
        self.alone = tuple(sorted(_ALONE & columns.of("message")))
        self.picked = [*self._kept.picked, *(f"m.{name}" for name in self.alone)]
        self.shared_count = len(self._kept.names)
        self._entries: dict[int, tuple[Kept, tuple[Entry, ...]]] = {}

    def problem(self) -> Problem | None:
        return self._kept.problem()

    def entries(self, shared: tuple[Any, ...], alone: tuple[Any, ...]) -> tuple[Entry, ...]:
        """What a row keeps."""
        kept = self._kept.keep(shared)
        known = self._entries.get(id(kept))
        if known is None or known[0] is not kept:
            if len(self._entries) >= KNOWN_ROWS:
                self._entries.clear()
            told = row_entries("message", kept.columns)
            known = self._entries[id(kept)] = (kept, told)
        if not any(alone):
            return known[1]
        return (*known[1], *self._each(alone))

    def left_out(self, shared: tuple[Any, ...], alone: tuple[Any, ...]) -> tuple[str, ...]:
        """Columns of a row that hold too much to be kept."""
        large = [
            name
            for name, value in zip(self.alone, alone, strict=True)
            if value and _size(plain_value(value)) > VALUE_LIMIT_BYTES
        ]
        return (*self._kept.keep(shared).left_out, *large)

    def _each(self, alone: tuple[Any, ...]) -> Iterator[Entry]:
        for name, value in zip(self.alone, alone, strict=True):
            if value and _size(told := plain_value(value)) <= VALUE_LIMIT_BYTES:
                yield entry(RAW, told, name)


def row_entries(key: str, columns: dict[str, Any]) -> tuple[Entry, ...]:
    """What a row keeps, as an entry under the name of its table."""
    return (entry(ROW, columns, key),) if columns else ()


def too_large(where: str, names: Iterable[str]) -> Problem | None:
    """Says which columns of a row hold more than is kept, where there are any."""
    listed = sorted(names)
    if not listed:
        return None
    more = f" and {len(listed) - _SHOWN} more" if listed[_SHOWN:] else ""
    what = "some of its columns hold too much to be kept"
    return Problem(where, what, ", ".join(listed[:_SHOWN]) + more)


def plain_value(value: Any) -> Any:
    """A value as a vault can hold it: a fraction, and the one number below all, in digits."""
    return str(value) if isinstance(value, float) or value == -(2**63) else value


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, bytes) else 8


def _weight(columns: dict[str, Any]) -> int:
    return sum(map(_size, columns.values()))
