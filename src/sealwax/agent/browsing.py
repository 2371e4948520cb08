"""Paging through a history as a window does: by keys, both ways, at any kept moment.

Everything here reads, and gives complete values; nothing counts what it need not.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sealwax.agent.selecting import BadSelection, resolve_moment
from sealwax.library.between import Counted, changed_records, count_changes, messages_at
from sealwax.library.glance import Glance, glance
from sealwax.library.library import Library
from sealwax.library.months import Month, months
from sealwax.library.parts import ReadPart
from sealwax.library.project import TRASH
from sealwax.library.recent import Recent, newest_messages, recent
from sealwax.library.search import Hit
from sealwax.library.select import ANYWHERE, Key, Moment, Selection
from sealwax.library.view import AttachmentView, MessageView, attachment_view, message_view
from sealwax.model.record import Kind


class Window(NamedTuple):
    """Consecutive messages of a conversation, oldest first."""

    messages: list[MessageView]
    has_older: bool
    has_newer: bool


class Since(NamedTuple):
    """What became of a message after a moment: it left the present, or its words changed."""

    is_deleted: bool
    text: str | None


class Browsing:
    """Reads one library for a window. As little shared between threads as its library."""

    def __init__(self, library: Library, read_part: ReadPart) -> None:
        self._library = library
        self._connection = library.database.connection
        self._read_part = read_part

    def moment(self, at: str | None, in_trash: bool = False) -> Moment:
        """The moment that is meant by a snapshot's number or name, a date, or None; raises
        SnapshotMissing or BadSelection."""
        found = resolve_moment(self._library, at)
        if found is None:
            raise BadSelection("“all” has a meaning for search only.")
        return found._replace(places=(TRASH,)) if in_trash else found

    def recent(self, moment: Moment) -> list[Recent]:
        """All conversations of a moment, newest first; see `library.recent`."""
        return recent(self._connection, self._library.read, moment)

    def newest_messages(self, found: Iterable[Recent]) -> dict[int, MessageView]:
        """The newest message of each of these conversations, by the conversation's record."""
        return newest_messages(self._connection, found)

    def names(self, moment: Moment) -> dict[str, str]:
        """Names of people by canonical address."""
        return self._library.read.names(moment)

    def months(self, conversation: int, moment: Moment) -> list[Month]:
        """In which months a conversation has how many messages."""
        return months(self._connection, conversation, moment)

    def newest(self, conversation: int, moment: Moment, limit: int) -> Window:
        """The end of a conversation."""
        return self.older(conversation, moment, limit, None)

    def older(self, conversation: int, moment: Moment, limit: int, before: Key | None) -> Window:
        """What stands before a key."""
        found = self._library.read.page(conversation, moment, limit + 1, before=before)
        return Window(found[-limit:], len(found) > limit, before is not None)

    def newer(self, conversation: int, moment: Moment, limit: int, after: Key) -> Window:
        """What stands after a key."""
        found = self._library.read.page(conversation, moment, limit + 1, after=after)
        return Window(found[:limit], True, len(found) > limit)

    def around(self, conversation: int, moment: Moment, limit: int, key: Key) -> Window:
        """What stands on both sides of a key, the message at the key among the newer ones."""
        time_ns, source_order, record = key
        before = self.older(conversation, moment, limit // 2, key)
        before_it = (time_ns, source_order, record - 1)
        after = self.newer(conversation, moment, limit - limit // 2, before_it)
        return Window([*before.messages, *after.messages], before.has_older, after.has_newer)

    def message(self, record: int, moment: Moment) -> MessageView | None:
        """One message at a moment, or None where that does not show it."""
        return messages_at(self._connection, [record], moment).get(record)

    def since(self, shown: Sequence[MessageView], then: Moment) -> dict[int, Since]:
        """What became of messages after a moment, for those that it shows otherwise than now."""
        now = self._library.now()
        records = [message.record for message in shown]
        changed = changed_records(self._connection, records, then, now)
        present = messages_at(self._connection, changed, now)
        found: dict[int, Since] = {}
        for message in shown:
            if message.record not in changed:
                continue
            later = present.get(message.record)
            if later is None:
                found[message.record] = Since(True, None)
            elif later.text != message.text:
                found[message.record] = Since(False, later.text)
        return found

    def replied(self, shown: Iterable[MessageView], moment: Moment) -> dict[str, MessageView]:
        """The messages that these answer, by name."""
        wanted = list(dict.fromkeys(one.reply_to for one in shown if one.reply_to))
        found = self._library.twins.named(wanted, moment) if wanted else {}
        return {
            name: message_view(row.record, row.conversation, row.state)
            for name, row in found.items()
        }

    def glance(self, words: str, moment: Moment, conversation: int | None, limit: int) -> Glance:
        """A quick search; see `library.glance`."""
        return glance(self._connection, words, moment, _inside(conversation), limit)

    def search(
        self, words: str, moment: Moment | None, conversation: int | None, limit: int
    ) -> list[Hit]:
        """A whole search of a moment, or of all (None)."""
        return self._library.search(words, moment, _inside(conversation), limit)

    def changes_since(self, then: Moment) -> list[Counted]:
        """How many messages of each conversation are otherwise now than at a moment."""
        return count_changes(self._connection, then, self._library.now())

    def attachment(self, record: int) -> AttachmentView | None:
        """An attachment by its record, as it is known now."""
        moment = self._library.now()._replace(places=ANYWHERE)
        row = self._library.read.row(Kind.ATTACHMENT, record, moment)
        return attachment_view(row.record, row.state) if row else None

    def part(self, attachment: AttachmentView, start: int, end: int) -> bytes:
        """Some of an attachment's bytes; see `library.parts`."""
        return self._read_part(attachment, start, end)


def _inside(conversation: int | None) -> Selection:
    return Selection() if conversation is None else Selection((conversation,))
