"""Two devices that link, in one process: each in a thread, with letters that tests can tamper."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from sealwax.agent.linking import Admitted, Linked, ask_in, offer_link
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.ledger.account import Member
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.stores.letters import Letters, LinkUnknown, LinkUsed

ACCOUNT = b"\x0a" * 32
HEADS = {ACCOUNT_ZONE: (3, b"\x01" * 32), "messages": (8, b"\x02" * 32)}
SOON_SECONDS = 0.02


class MemoryLetters:
    """Letter boxes in memory. `tamper(box number, side, letter)` stands for a hostile server;
    one that is `forgetful` forgets boxes as a folder does."""

    def __init__(
        self,
        tamper: Callable[[int, str, bytes], bytes] | None = None,
        is_forgetful: bool = False,
    ) -> None:
        self._is_forgetful = is_forgetful
        self.boxes: dict[bytes, dict[str, bytes]] = {}
        self._tamper = tamper
        self._lock = threading.Lock()

    def open(self, box: bytes) -> None:
        self.boxes.setdefault(box, {})

    def leave(self, box: bytes, side: str, letter: bytes) -> None:
        with self._lock:
            if box not in self.boxes:
                raise LinkUnknown("The code is not known there, or too old.")
            if self.boxes[box].setdefault(side, letter) != letter:
                raise LinkUsed("This code was used already.")

    def take(self, box: bytes, side: str) -> bytes:
        if box not in self.boxes:
            raise LinkUnknown("The code is not known there, or too old.")
        letter = self.boxes[box].get(side, b"")
        if letter and self._tamper is not None:
            return self._tamper(list(self.boxes).index(box) + 1, side, letter)
        return letter

    def forget(self, box: bytes) -> None:
        if self._is_forgetful:
            self.boxes.pop(box, None)


class Outcome(NamedTuple):
    """What came of a try: on both sides the result or the error, and the digits shown."""

    trusted: Linked | Exception
    new: Admitted | Exception
    trusted_digits: str
    new_digits: str
    admitted: list[Member]


def soon(_: float) -> None:
    """Waits for hardly any time."""
    threading.Event().wait(SOON_SECONDS)


class Offer:
    """A trusted device that waits, in a thread."""

    def __init__(
        self,
        letters: Letters,
        is_confirmed: bool = True,
        admit: Callable[[Member, str], Any] | None = None,
        clock: Any = None,
        wait: Callable[[float], None] = soon,
    ) -> None:
        self.admitted: list[Member] = []
        self.digits = ""
        self.result: Linked | Exception | None = None
        self._code = ""
        self._told = threading.Event()

        def confirm(candidate: Any) -> bool:
            self.digits = candidate.digits
            return is_confirmed

        def let_in(device: Member, name: str) -> Any:
            self.admitted.append(device)
            return admit(device, name) if admit else HEADS

        def told(offered: Any) -> None:
            self._code = offered.code
            self._told.set()

        def run() -> None:
            clock_used = clock or SystemClock()
            try:
                self.result = offer_link(
                    letters, ACCOUNT, let_in, told, confirm, clock_used, SystemEntropy(), wait
                )
            except Exception as error:
                self.result = error
            self._told.set()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def code(self) -> str:
        assert self._told.wait(20)
        return self._code

    def end(self) -> Linked | Exception:
        self._thread.join(30)
        assert self.result is not None
        return self.result


def asked(letters: Letters, code: str, keys: MemberKeys | None = None) -> tuple[Any, str]:
    """A new device's try: what came of it, and the digits that it showed."""
    digits: list[str] = []
    entropy = SystemEntropy()
    member = (keys or new_member_keys(entropy)).member()
    try:
        found: Any = ask_in(
            letters, code, member, "new one", digits.append, SystemClock(), entropy, soon
        )
    except Exception as error:
        found = error
    return found, "".join(digits)


def linked(letters: Letters, is_confirmed: bool = True) -> Outcome:
    """One try from both sides."""
    offer = Offer(letters, is_confirmed)
    new, digits = asked(letters, offer.code())
    return Outcome(offer.end(), new, offer.digits, digits, offer.admitted)
