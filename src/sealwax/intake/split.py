"""One person's conversation, shown apart by service, and together again.

A source's SMS, iMessage and RCS threads with one address are one conversation. A person can split
it: each service becomes a conversation of its own, a *part*, and every message is placed in one.
What the source said stays as it is: joining takes the places back. New messages of a split
conversation are placed as they are imported.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.library.library import Library
from sealwax.library.query import Row
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import (
    CHAT_SERVICE,
    CONVERSATION,
    IS_GROUP,
    ORIGIN,
    PARTICIPANT,
    PLACED,
    SERVICE,
    SPLIT,
)
from sealwax.model.record import Kind
from sealwax.model.reference import Named, own_namespace, resolve, write
from sealwax.model.state import State
from sealwax.vault.writing import Writer, write_in_batches

NO_SERVICE = "other"


class NothingToSplit(SealwaxError):
    """All messages of a conversation came over one service."""

    code = "nothing-to-split"
    hint = "`sealwax read` shows the service of each message with --json."


class NotSplit(SealwaxError):
    """A conversation that is no part of a split one."""

    code = "not-split"
    hint = "Name one of the parts, as `sealwax list` shows them."


class Placed(NamedTuple):
    """What a split or a join did: how many messages it placed, in which conversations."""

    messages: int
    parts: tuple[str, ...]


def part_id(conversation: str, service: str) -> str:
    """The canonical id of the part of a conversation that one service is."""
    return f"{conversation}/{service.lower() or NO_SERVICE}"


def split(
    library: Library, writer: Writer, roots: RootKeys, conversation: int, now_ms: int
) -> Placed:
    """Shows a conversation apart by service; raises NothingToSplit."""
    whole = _row(library, conversation)
    origin = Named(*whole.state.get(ORIGIN))
    services = sorted({_service(row.state) for row in _messages(library, conversation)})
    if len(services) < 2:
        raise NothingToSplit("All messages of this conversation came over one service.")
    parts = {service: part_id(origin.id, service) for service in services}
    ids = record_ids(
        roots, origin.namespace, [(Kind.CONVERSATION, part) for part in parts.values()]
    )
    changes = [_told(whole, (entry(SPLIT, True),), now_ms, writer.device)]
    for uid, service in zip(ids, services, strict=True):
        entries = part_entries(whole.state, origin, service)
        changes.append(Change(int(Kind.CONVERSATION), uid, 0, now_ms, writer.device, entries))
    places = (
        _told(row, (_placed(row.state, origin, parts[_service(row.state)]),), now_ms, writer.device)
        for row in _messages(library, conversation)
    )
    written = write_in_batches(writer, [*changes, *places], "split")
    return Placed(written - len(changes), tuple(parts.values()))


def join(
    library: Library, writer: Writer, roots: RootKeys, conversation: int, now_ms: int
) -> Placed:
    """Shows the parts of a conversation together again, by any of them; raises NotSplit."""
    whole_name = _whole_of(_row(library, conversation).state)
    if whole_name is None:
        raise NotSplit("This conversation is not a part of one that was split.")
    parts = tuple(
        row
        for row in library.read.rows(Kind.CONVERSATION, _everywhere(library))
        if _whole_of(row.state) == whole_name
    )
    (uid,) = record_ids(roots, whole_name.namespace, [(Kind.CONVERSATION, whole_name.id)])
    (whole,) = library.read.by_uid([uid], _everywhere(library))
    changes = [_told(whole, (entry(SPLIT, False),), now_ms, writer.device)]
    places = [
        _told(row, (entry(PLACED, None),), now_ms, writer.device)
        for part in parts
        for row in _messages(library, part.record)
    ]
    written = write_in_batches(writer, [*changes, *places], "join")
    return Placed(written - 1, (whole_name.id,))


def part_entries(whole: State, origin: Named, service: str) -> tuple[Entry, ...]:
    """What is told of a part: whose it is, and of which conversation."""
    people = [who for who, is_in in whole.keyed(PARTICIPANT).items() if is_in]
    return (
        entry(ORIGIN, [origin.namespace, part_id(origin.id, service)]),
        entry(IS_GROUP, bool(whole.get(IS_GROUP))),
        entry(CHAT_SERVICE, service or NO_SERVICE),
        entry(SPLIT, write(*origin, origin.namespace)),
        *(entry(PARTICIPANT, True, who) for who in people),
    )


class Places:
    """Where new messages of split conversations go; for one import."""

    def __init__(self, own: str, split_conversations: Mapping[Named, State]) -> None:
        """Of a source whose namespace is `own`; with the states of the conversations that are
        split. Those of another namespace are nothing that this source speaks of."""
        self._own = own
        self._split = {
            named.id: state
            for named, state in split_conversations.items()
            if named.namespace == own
        }
        self.told: dict[str, tuple[Entry, ...]] = {}
        """The parts that messages were placed in, with what is told of them."""

    def place(self, entries: Iterable[Entry]) -> Entry | None:
        """The entry that places a message of these entries; None where its conversation is
        whole."""
        if not self._split:
            return None
        keyed = {item.name: item for item in entries}
        inside, service = keyed.get(CONVERSATION.name), keyed.get(SERVICE.name)
        if inside is None:
            return None
        namespace, canonical = resolve(inside.key, self._own)
        if namespace != self._own or canonical not in self._split:
            return None
        told = str(service.value) if service is not None else ""
        state = self._split[canonical]
        origin = Named(*state.get(ORIGIN))
        part = part_id(origin.id, told)
        if origin.namespace == self._own:
            self.told[part] = part_entries(state, origin, told)
        return entry(PLACED, write(origin.namespace, part, self._own))


def split_conversations(library: Library) -> dict[Named, State]:
    """The conversations that are split now, under each name that they have."""
    return {
        Named(*member.state.get(ORIGIN)): row.state
        for row in library.read.conversation_rows(_everywhere(library))
        if row.state.get(SPLIT) is True and row.state.get(ORIGIN)
        for member in library.read.members(row.record)
        if member.state.get(ORIGIN)
    }


def _row(library: Library, record: int) -> Row:
    rows = library.read.rows(Kind.CONVERSATION, _everywhere(library))
    return next(row for row in rows if row.record == record)


def _messages(library: Library, conversation: int) -> Iterator[Row]:
    rows = library.read.messages(Selection((conversation,)), _everywhere(library))
    return library.twins.each(rows)


def _everywhere(library: Library) -> Moment:
    return Moment(library.head_moment(), ANYWHERE)


def _placed(message: State, whole: Named, part: str) -> Entry:
    return entry(PLACED, write(whole.namespace, part, own_namespace(message)))


def _whole_of(part: State) -> Named | None:
    """The conversation that this one is a part of."""
    told = part.get(SPLIT)
    return resolve(told, own_namespace(part)) if isinstance(told, str) else None


def _service(state: State) -> str:
    return str(state.get(SERVICE) or "")


def _told(row: Row, entries: tuple[Entry, ...], now_ms: int, device: bytes) -> Change:
    return Change(row.kind, row.uid, row.state.life, now_ms, device, entries)
