"""One row of `message` as what it is: words, a tapback, a sticker, an event.

`Messages.observe` takes a quick way for plain words, which nearly all rows are, and looks closely
at the rest. What it cannot decode yet is kept raw, named in the record's `undecoded` and counted.
"""

from collections.abc import Iterator

from sealwax.base.problem import Problem
from sealwax.model.change import Entry, entry
from sealwax.model.field import (
    APP,
    ATTACHMENT,
    CONVERSATION,
    DELIVERED_NS,
    DRAFT,
    EFFECT,
    EVENT,
    FROM_ME,
    ORDER,
    ORIGIN,
    PARTICIPANT,
    PLAYED_NS,
    RAW,
    REACTION,
    READ_NS,
    REPLY,
    ROW,
    SENDER,
    SERVICE,
    STATE,
    STICKER,
    SUBJECT,
    TEXT,
    TIME_NS,
    UNDECODED,
)
from sealwax.model.form import is_integer
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.sources.apple import meanings
from sealwax.sources.apple.chatdb.kept import (
    VALUE_LIMIT_BYTES,
    KeptMessages,
    plain_value,
    too_large,
)
from sealwax.sources.apple.chatdb.row import SEPARATOR, Row
from sealwax.sources.apple.chatdb.rows import blob, whole, words
from sealwax.sources.apple.chatdb.standing import standing
from sealwax.sources.apple.chatdb.threads import Threads
from sealwax.sources.apple.chatdb.wording import read_words
from sealwax.sources.apple.dates import EPOCH_SECONDS, MS_NS, SECOND_NS, to_ms, unix_ns
from sealwax.sources.apple.typedstream.plain import match
from sealwax.sources.base import Deletion, Item, Observation

DECODER_VERSION = 1
_EPOCH_NS = EPOCH_SECONDS * SECOND_NS
_NANOSECONDS_FROM = 1_000_000_000_000
_NANOSECONDS_TO = 2**63 - 1 - _EPOCH_NS
_MESSAGE = int(Kind.MESSAGE)
_ORIGIN = (ORIGIN.name, int(ORIGIN.merge), "")
_ORDER = (ORDER.name, int(ORDER.merge), "")
_TIME = (TIME_NS.name, int(TIME_NS.merge), "")
_TEXT = (TEXT.name, int(TEXT.merge), "")
_OF_DRAFT = (
    "attributedBody",
    "subject",
    "service",
    "balloon_bundle_id",
    "payload_data",
    "expressive_send_style_id",
    "thread_originator_guid",
    "thread_originator_part",
    "message_summary_info",
)
_ORDINARY = (0, 2, 3)
"""Types of association that say nothing: none, and messages of apps."""


class Messages:
    """Turns rows into what they say. Holds entries that many messages share."""

    def __init__(self, threads: Threads, kept: KeptMessages, newest_ms: int) -> None:
        self._threads = threads
        self.kept = kept
        self._newest_ms = newest_ms
        self._shared: dict[tuple[object, ...], tuple[Entry, ...]] = {}
        self._told_lone: set[str] = set()

    def observe(self, row: Row) -> Iterator[Item]:
        """Everything that one row says."""
        plain = None if row.is_rare or row.deleted is not None else self._plain(row)
        if plain is not None:
            yield plain
        else:
            yield from self._closely(row)

    def _plain(self, row: Row) -> Observation | None:
        """A message that is words and nothing else; None when it needs a closer look."""
        guid, text, date, raw = row.guid, row.text, row.date, row.attributedBody
        if type(guid) is not str or type(date) is not int or row.attachments is not None:
            return None
        if not _NANOSECONDS_FROM <= date <= _NANOSECONDS_TO or row.chat not in self._threads.chats:
            return None
        if raw is not None:
            decoded = match(raw) if type(raw) is bytes else None
            if not decoded or (text and text != decoded):
                return None
            text = decoded
        if type(text) is not str or not text:
            return None
        shared = self._shared_entries(row)
        if shared is None:
            return None
        if not is_integer(row.row) or self.kept.left_out(row.shared, row.alone):
            return None
        time_ns = date + _EPOCH_NS
        entries = (
            Entry(*_ORIGIN, [NAMESPACE_APPLE, guid]),
            Entry(*_TIME, time_ns),
            Entry(*_ORDER, row.row),
            *shared,
            Entry(*_TEXT, text),
            *self.kept.entries(row.shared, row.alone),
            *(_receipts(row) if row.date_read or row.date_delivered else ()),
        )
        return Observation(_MESSAGE, guid, time_ns // MS_NS, entries)

    def _shared_entries(self, row: Row) -> tuple[Entry, ...] | None:
        """Where, who and how: the same for many messages."""
        key = (row.chat, row.is_from_me, row.handle_id, row.service)
        known = self._shared.get(key)
        if known is None:
            conversation = self._threads.conversation(row.chat, row.handle_id)
            known = tuple(self._context(row, conversation))
            if not any(item.name in (SENDER.name, FROM_ME.name) for item in known):
                return None
            self._shared[key] = known
        return known

    def _context(self, row: Row, conversation: str) -> Iterator[Entry]:
        yield entry(CONVERSATION, True, conversation)
        is_from_me = bool(whole(row.is_from_me))
        yield entry(FROM_ME, is_from_me)
        address = self._threads.addresses.get(whole(row.handle_id) or 0)
        if address and not is_from_me:
            yield entry(SENDER, address)
        service = words(row.service)
        if service:
            yield entry(SERVICE, service)

    def _closely(self, row: Row) -> Iterator[Item]:
        guid = words(row.guid)
        if guid is None:
            yield Problem(f"message {row.row}", "this message has no id", words(row.text) or "")
            return
        conversation = self._threads.conversation(row.chat, row.handle_id)
        if row.chat not in self._threads.chats and conversation not in self._told_lone:
            self._told_lone.add(conversation)
            yield self._threads.lone(conversation, row.handle_id, self._newest_ms)
        time_ns = unix_ns(row.date)
        if time_ns is None:
            yield Problem(f"message {guid}", "this message has no date", str(row.date))
        time_ms = self._newest_ms if time_ns is None else to_ms(time_ns)
        yield from self._association(row, guid, time_ms)
        if _is_reaction(row):
            return
        yield from self._message(row, guid, conversation, time_ns or 0, time_ms)
        deleted_ns = unix_ns(row.deleted)
        if row.deleted is not None:
            deleted_ms = to_ms(deleted_ns) if deleted_ns is not None else self._newest_ms
            yield Deletion(_MESSAGE, guid, f"recoverable:{deleted_ms}", deleted_ms)

    def _message(
        self, row: Row, guid: str, conversation: str, time_ns: int, time_ms: int
    ) -> Iterator[Item]:
        handle = whole(row.handle_id)
        is_known = handle in self._threads.addresses
        if handle and not is_known and not whole(row.is_from_me):
            yield Problem(f"message {guid}", "its sender's handle is not there", str(handle))
        problem = too_large(f"message {guid}", self.kept.left_out(row.shared, row.alone))
        if problem is not None:
            yield problem
        standing_now = standing(row)
        if standing_now is not None:
            yield from self._unfinished(row, guid, conversation, time_ns or 0, standing_now)
            return
        spoken = read_words(row, time_ms)
        for what in spoken.problems:
            yield Problem(f"message {guid}", what)
        undecoded = [*spoken.undecoded, *_undecoded(row)]
        entries = [
            entry(ORIGIN, [NAMESPACE_APPLE, guid]),
            entry(TIME_NS, time_ns),
            *_order(row),
            *self._context(row, conversation),
            *spoken.entries,
            *_receipts(row),
            *self._extras(row),
            *(entry(RAW, _kept(row, column), column) for column in _undecoded(row)),
            *self.kept.entries(row.shared, row.alone),
        ]
        if undecoded:
            entries.append(entry(UNDECODED, [DECODER_VERSION, undecoded]))
        yield Observation(_MESSAGE, guid, time_ms, tuple(entries))
        if spoken.later:
            yield Observation(_MESSAGE, guid, spoken.later_ms, tuple(spoken.later))
        if whole(row.item_type):
            yield from self._membership(row, conversation, time_ms)

    def _unfinished(
        self, row: Row, guid: str, conversation: str, time_ns: int, standing_now: str
    ) -> Iterator[Item]:
        """A message that is not final: what may still change is a draft, as of the newest date.
        Nothing of it is told for good but that it is there, whose it is and its files."""
        spoken = read_words(row, self._newest_ms)
        for what in spoken.problems:
            yield Problem(f"message {guid}", what)
        words_now = [item.value for item in spoken.entries if item.name == TEXT.name]
        context = [item for item in self._context(row, conversation) if item.name != SERVICE.name]
        files = [item for item in self._extras(row) if item.name == ATTACHMENT.name]
        told = (
            entry(ORIGIN, [NAMESPACE_APPLE, guid]),
            *_order(row),
            *context,
            *files,
            *_kept_of_draft(row),
            *self.kept.entries(row.shared, row.alone),
            entry(STATE, standing_now),
            entry(DRAFT, [time_ns, words_now[0] if words_now else ""]),
        )
        yield Observation(_MESSAGE, guid, self._newest_ms, told)

    def _extras(self, row: Row) -> Iterator[Entry]:
        subject, style = words(row.subject), words(row.expressive_send_style_id)
        if subject:
            yield entry(SUBJECT, subject)
        if style:
            yield entry(EFFECT, meanings.effect(style))
        reply = words(row.thread_originator_guid)
        if reply:
            yield entry(REPLY, [reply, words(row.thread_originator_part)])
        app = words(row.balloon_bundle_id)
        if app:
            yield entry(APP, app)
        if whole(row.item_type):
            yield entry(EVENT, self._event(row))
        for place, guid in enumerate((words(row.attachments) or "").split(SEPARATOR)):
            if guid:
                yield entry(ATTACHMENT, place, guid)

    def _event(self, row: Row) -> dict[str, object]:
        item, action = whole(row.item_type) or 0, whole(row.group_action_type) or 0
        found: dict[str, object] = {"kind": meanings.event(item, action)}
        if item == meanings.LOCATION_SHARING:
            found["kind"] = "location-stopped" if whole(row.share_status) else "location-started"
        other = self._threads.addresses.get(whole(row.other_handle) or 0)
        if other:
            found["other"] = other
            if (item, action) == (1, 0) and row.other_handle == row.handle_id:
                found["kind"] = "address-changed"
        title = words(row.group_title)
        if title:
            found["title"] = title
        return found

    def _membership(self, row: Row, conversation: str, time_ms: int) -> Iterator[Observation]:
        """Who joined or left, as a fact about the conversation."""
        kind = self._event(row)["kind"]
        handle = row.handle_id if kind == "participant-left" else row.other_handle
        address = self._threads.addresses.get(whole(handle) or 0)
        if address and kind in ("participant-added", "participant-removed", "participant-left"):
            told = entry(PARTICIPANT, kind == "participant-added", address)
            yield Observation(int(Kind.CONVERSATION), conversation, time_ms, (told,))

    def _association(self, row: Row, guid: str, time_ms: int) -> Iterator[Item]:
        """A tapback or a placed sticker, as a fact about the message that it is on."""
        kind = whole(row.associated_message_type) or 0
        stated = words(row.associated_message_guid)
        if stated is None or kind in _ORDINARY:
            return
        part, target = meanings.target(stated)
        actor = "me" if whole(row.is_from_me) else self._threads.actor(whole(row.handle_id))
        found = meanings.tapback(kind)
        if found is not None:
            name, was_taken_back = found
            value = [name, words(row.associated_message_emoji), guid]
            told = entry(
                REACTION, [None, None, guid] if was_taken_back else value, f"{part}:{actor}"
            )
            yield Observation(_MESSAGE, target, time_ms, (told,))
        elif kind == meanings.STICKER_PLACED:
            attachment = (words(row.attachments) or "").split(SEPARATOR)[0] or None
            told = entry(STICKER, [attachment, False], f"{part}:{actor}:{guid}")
            yield Observation(_MESSAGE, target, time_ms, (told,))


def _receipts(row: Row) -> Iterator[Entry]:
    for field, date in (
        (READ_NS, row.date_read),
        (DELIVERED_NS, row.date_delivered),
        (PLAYED_NS, row.date_played),
    ):
        if date:
            time_ns = unix_ns(date)
            if time_ns is not None:
                yield entry(field, time_ns)


def _order(row: Row) -> Iterator[Entry]:
    if is_integer(row.row):
        yield entry(ORDER, row.row)


def _kept_of_draft(row: Row) -> Iterator[Entry]:
    """Columns that are decoded when a message is final, as they are now."""
    kept: dict[str, object] = {}
    for column in _OF_DRAFT:
        value = getattr(row, column)
        if value not in (None, 0, "", b"") and _is_short(value):
            kept[column] = _kept(row, column)
    if kept:
        yield entry(ROW, kept, "message.draft")


def _is_short(value: object) -> bool:
    return not isinstance(value, str | bytes) or len(value) <= VALUE_LIMIT_BYTES // 4


def _is_reaction(row: Row) -> bool:
    """Whether a row says nothing but what it says of another message."""
    kind = whole(row.associated_message_type) or 0
    is_known = meanings.tapback(kind) is not None or kind == meanings.STICKER_PLACED
    return is_known and words(row.associated_message_guid) is not None


def _undecoded(row: Row) -> list[str]:
    """The columns of a row that mean something to a later version of Sealwax."""
    columns = []
    if blob(row.payload_data) is not None:
        columns.append("payload_data")
    kind = whole(row.associated_message_type) or 0
    if kind not in _ORDINARY and not _is_reaction(row):
        columns.append("associated_message_type")
    if words(row.associated_message_guid) is not None and not _is_reaction(row):
        columns.append("associated_message_guid")
    return columns


def _kept(row: Row, column: str) -> bytes | str | int:
    """A column as it is; a fraction, which no vault holds, in digits."""
    value: bytes | str | int = plain_value(getattr(row, column))
    return value
