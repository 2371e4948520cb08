"""Linking as a person sees it: a code on one screen, typed on the other, six digits on both.

Both devices look into the letter boxes of one place again and again, for ten minutes at most.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.link_code import link_secrets, new_link_code
from sealwax.ledger.account import Member
from sealwax.stores.base import Store, StoreError
from sealwax.stores.folder import FolderStore
from sealwax.stores.folder_letters import FolderLetters
from sealwax.stores.letters import Letters, LinkUnknown
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.server import Connection, ServerStore, ServerUnreachable, is_server
from sealwax.stores.server_letters import ServerLetters
from sealwax.trust.linking import (
    FIRST,
    NEW,
    SECOND,
    TRUSTED,
    Heads,
    LinkExpired,
    LinkRefused,
    NewDevice,
    TrustedDevice,
)

LINK_SECONDS = 10 * 60
LOOK_SECONDS = 1.0
LAST_SECONDS = 20.0
"""A device is let in only while there is so much time left to tell it."""

Wait = Callable[[float], None]
Within = Callable[[Callable[[], Heads]], Heads]
"""Has something done where the account may be written."""


def here(act: Callable[[], Heads]) -> Heads:
    """In this thread, at once."""
    return act()


class NoLetterBox(SealwaxError):
    """Devices cannot be linked through this place."""

    code = "link-impossible"
    hint = "On the new machine, run `sealwax init --store PLACE --recover` with the recovery key."


class Offered(NamedTuple):
    """A code, and until when it is good."""

    code: str
    expires_ms: int


class Asking(NamedTuple):
    """A device that proved the code and wants in: its name, and the digits to compare."""

    name: str
    digits: str


class Linked(NamedTuple):
    """A device that was let in."""

    device: bytes
    name: str
    digits: str


class Patience:
    """Looks for letters until time is up. `wait` takes seconds."""

    def __init__(self, letters: Letters, clock: Clock, wait: Wait) -> None:
        self._letters = letters
        self._clock = clock
        self._wait = wait
        self._end = clock.monotonic() + LINK_SECONDS

    def letter(self, box: bytes, side: str) -> bytes:
        """The letter of one side, once it is there; raises LinkExpired or StoreError."""
        return self.first_letter(side, box)[1]

    def first_letter(self, side: str, *boxes: bytes) -> tuple[bytes, bytes]:
        """The first letter of one side in any of some boxes, with its box."""
        while True:
            for box in boxes:
                letter = self._look(box, side)
                if letter:
                    return box, letter
            self.need(0)
            self._wait(LOOK_SECONDS)

    def _look(self, box: bytes, side: str) -> bytes:
        try:
            return self._letters.take(box, side)
        except LinkUnknown as error:
            raise _expired() from error
        except ServerUnreachable:
            # A line that breaks for a moment is no reason to begin again.
            if self._left() <= 0:
                raise
            return b""

    def need(self, seconds: float) -> None:
        """Raises LinkExpired when no more than so many seconds are left."""
        if self._left() <= seconds:
            raise _expired()

    def _left(self) -> float:
        return self._end - self._clock.monotonic()


def offer_link(
    letters: Letters,
    account: bytes,
    admit: Callable[[Member, str], Heads],
    tell: Callable[[Offered], None],
    confirm: Callable[[Asking], bool],
    clock: Clock,
    entropy: Entropy,
    wait: Wait,
    within: Within = here,
) -> Linked:
    """On the trusted device: makes a code, waits for the device that proves it, lets it in.

    `tell` is given the code; `confirm` asks whether the digits agree; `admit` writes the device
    into the account's log and gives the heads to hand over; `within` has it done where that may be.
    Raises LinkExpired, LinkRefused, LinkBroken or StoreError.
    """
    code = new_link_code(entropy)
    secrets = link_secrets(code)
    first, second = secrets.box(FIRST), secrets.box(SECOND)
    for box in (first, second):
        letters.open(box)
    side = TrustedDevice(secrets, account, entropy)
    patience = Patience(letters, clock, wait)
    tell(Offered(code, clock.now_ms() + LINK_SECONDS * 1000))
    try:
        letters.leave(first, TRUSTED, side.hello(patience.letter(first, NEW)))
        candidate = side.candidate(patience.letter(second, NEW))
        if not confirm(Asking(candidate.name, candidate.digits)):
            raise LinkRefused("The device was not let in.", "Make a new code to try again.")

        def let_in() -> Heads:
            patience.need(LAST_SECONDS)
            return admit(candidate.device, candidate.name)

        heads = within(let_in)
        letters.leave(second, TRUSTED, side.accept(heads))
    except LinkExpired:
        for box in (first, second):
            letters.forget(box)
        raise
    except BaseException:
        # Whatever went wrong, the new device need not wait until its time is up.
        with suppress(StoreError):
            letters.leave(second, TRUSTED, side.refuse())
        raise
    return Linked(candidate.device.id, candidate.name, candidate.digits)


class Admitted(NamedTuple):
    """What the new device learns: its account, and the heads that it must find at least."""

    account: bytes
    heads: Heads


def ask_in(
    letters: Letters,
    code: str,
    device: Member,
    name: str,
    tell: Callable[[str], None],
    clock: Clock,
    entropy: Entropy,
    wait: Wait,
) -> Admitted:
    """On the new device: proves the code and waits to be let in. `tell` is given the digits.

    Raises LinkCodeWrong, LinkUnknown, LinkUsed, LinkExpired, LinkRefused, LinkBroken or StoreError.
    """
    secrets = link_secrets(code)
    first, second = secrets.box(FIRST), secrets.box(SECOND)
    side = NewDevice(secrets, device, name, entropy)
    letters.leave(first, NEW, side.promise())
    patience = Patience(letters, clock, wait)
    box, letter = patience.first_letter(TRUSTED, first, second)
    if box == first:
        letters.leave(second, NEW, side.reveal(letter))
        tell(side.digits)
        letter = patience.letter(second, TRUSTED)
    for box in (first, second):
        letters.forget(box)
    return Admitted(side.account, side.verdict(letter))


def letters_of(store: Store) -> Letters:
    """The letter boxes of the place that devices share; raises NoLetterBox."""
    if isinstance(store, MirrorStore):
        return letters_of(store.far)
    if isinstance(store, ServerStore):
        return ServerLetters(store.connection, store)
    if isinstance(store, FolderStore):
        return FolderLetters(store.root)
    raise NoLetterBox(f"{store.describe()} has no letter boxes.")


@contextmanager
def letters_at(address: str) -> Iterator[Letters]:
    """The letter boxes at an address: a server's, or a folder's on a shared disk."""
    if not is_server(address):
        yield FolderLetters(Path(address))
        return
    connection = Connection(address)
    try:
        yield ServerLetters(connection)
    finally:
        connection.close()


def _expired() -> LinkExpired:
    return LinkExpired("The other device did not answer in time, or the code is too old.")
