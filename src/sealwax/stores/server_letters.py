"""The letter boxes of a server; see `stores.letters.Letters`."""

from sealwax.stores.base import Missing
from sealwax.stores.letters import LinkUnknown
from sealwax.stores.server import Connection, ServerStore


class ServerLetters:
    """Boxes on a server. Only a trusted device, with its account's store, opens one."""

    def __init__(self, connection: Connection, store: ServerStore | None = None) -> None:
        self._connection = connection
        self._store = store

    def open(self, box: bytes) -> None:
        assert self._store is not None
        self._store.open_link(box)

    def leave(self, box: bytes, side: str, letter: bytes) -> None:
        try:
            self._connection.leave(box, side, letter)
        except Missing as error:
            raise _unknown() from error

    def take(self, box: bytes, side: str) -> bytes:
        try:
            return self._connection.take(box, side)
        except Missing as error:
            raise _unknown() from error

    def forget(self, box: bytes) -> None:
        """A server forgets a box by itself, after ten minutes."""


def _unknown() -> LinkUnknown:
    return LinkUnknown("The code is not known there, or too old.")
