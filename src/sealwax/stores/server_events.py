"""What a server tells by itself: the events of an account, and the short memory of what they bring.

Events come as server-sent events. One is a hint: a device that misses some finds the same by
pulling.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, object_name
from sealwax.ledger.wire import EVENT_COMMIT_BYTES, EVENT_OBJECTS_BYTES, Event
from sealwax.stores.server_errors import ServerTrouble

LINE_LIMIT = 4 * (EVENT_COMMIT_BYTES + EVENT_OBJECTS_BYTES)
_decode_event = msgspec.json.Decoder(Event).decode


def lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """The lines of an answer, however its bytes come; raises ServerTrouble for one without end."""
    left = b""
    for piece in pieces:
        *whole, left = (left + piece).split(b"\n")
        if max(map(len, (*whole, left))) > LINE_LIMIT:
            raise ServerTrouble("The server tells of something larger than an event may be.")
        for line in whole:
            yield line.rstrip(b"\r").decode("utf-8", "replace")


def decoded_events(lines: Iterable[str]) -> Iterator[Event | None]:
    """Events as their lines come; None for each sign that the line is up. Raises ServerTrouble."""
    for line in lines:
        if line.startswith(":"):
            yield None
        elif line.startswith("data:"):
            try:
                yield _decode_event(line[len("data:") :])
            except msgspec.MsgspecError as error:
                raise ServerTrouble("The server tells something that is no event.") from error


class Brought:
    """What one event brought, to answer from instead of asking."""

    def __init__(self, event: Event) -> None:
        self.zone = event.zone
        self.seq = event.seq
        self.hash = bytes.fromhex(event.hash)
        self.objects = {object_name(data): data for data in event.objects}
        is_whole = hashlib.sha256(event.commit).digest() == self.hash
        self.commit = event.commit if is_whole else b""
        """Empty where the event has no commit inside, or another than it says."""
        self.position = self._position()
        """The position of the account's log that one must know to judge the commit."""

    def has(self, zone: str, seq: int) -> bool:
        """Whether the event brought this commit."""
        return bool(self.commit) and (self.zone, self.seq) == (zone, seq)

    def heads(self, known: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
        """The heads that were known, with this commit's."""
        seq, _ = known.get(self.zone, (-1, b""))
        return known if seq > self.seq else {**known, self.zone: (self.seq, self.hash)}

    def _position(self) -> int:
        if self.zone == ACCOUNT_ZONE:
            return -1
        try:
            return parse_commit(self.commit).header.position if self.commit else -1
        except MalformedCommitError:
            return -1
