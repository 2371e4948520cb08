"""What a person says of which conversations, and which messages, belong together."""

from collections.abc import Callable, Iterable

from sealwax.agent.selecting import NothingMatches, Select
from sealwax.base.clock import Clock
from sealwax.crypto.key_tree import RootKeys
from sealwax.intake.apart import apart, are_apart, together
from sealwax.intake.split import Placed, join, split
from sealwax.library.library import Library
from sealwax.library.query import Row
from sealwax.library.select import ANYWHERE, Selection
from sealwax.model.record import Kind
from sealwax.vault.writing import Writer


class Grouping:
    """The grouping of one home."""

    def __init__(
        self,
        library: Library,
        writer: Writer,
        roots: RootKeys,
        clock: Clock,
        selection: Callable[[Select], Selection],
    ) -> None:
        """`selection` finds what a person means, in the present and the trash."""
        self._library = library
        self._writer = writer
        self._roots = roots
        self._clock = clock
        self._selection = selection

    def split(self, chat: str) -> Placed:
        """Shows a conversation apart by service; raises NothingToSplit."""
        conversation, now_ms = self._conversation(chat), self._clock.now_ms()
        return split(self._library, self._writer, self._roots, conversation, now_ms)

    def join(self, chat: str) -> Placed:
        """Shows the parts of a conversation together again; raises NotSplit."""
        conversation, now_ms = self._conversation(chat), self._clock.now_ms()
        return join(self._library, self._writer, self._roots, conversation, now_ms)

    def set_apart(self, chat: str) -> int:
        """Shows conversations that were joined as one each for itself; raises NotJoined."""
        members = self._library.read.members(self._conversation(chat))
        return apart(self._writer, members, self._clock.now_ms())

    def put_together(self, chat: str) -> int:
        """Shows conversations that were set apart as one again; raises NotApart."""
        return self._put_together(self._library.read.members(self._conversation(chat)))

    def set_message_apart(self, message: str) -> int:
        """Shows messages that were taken for one each for itself; raises NotJoined."""
        number = self._message(message)
        members = self._library.twins.of(number) or self._alone(number)
        return apart(self._writer, members, self._clock.now_ms())

    def put_message_together(self, message: str) -> int:
        """Shows messages that were set apart as one again; raises NotApart."""
        number = self._message(message)
        return self._put_together(self._library.twins.of(number) or self._alone(number))

    def _put_together(self, rows: Iterable[Row]) -> int:
        found = {one.uid: one for row in rows for one in are_apart(self._library, row)}
        return together(self._writer, list(found.values()), self._clock.now_ms())

    def _conversation(self, chat: str) -> int:
        (conversation,) = self._selection(Select(chats=(chat,))).conversations
        return conversation

    def _message(self, message: str) -> int:
        (number,) = self._selection(Select(messages=(message,))).messages
        return number

    def _alone(self, number: int) -> list[Row]:
        moment = self._library.now()._replace(places=ANYWHERE)
        row = self._library.read.row(Kind.MESSAGE, number, moment)
        if row is None:
            raise NothingMatches(f"There is no message with the number {number}.")
        return [row]
