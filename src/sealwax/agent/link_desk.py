"""Linking a device through a running agent: the code is made and the letters are read here, and the
command in another process shows the code and answers whether the digits agree.

A link runs in a thread of its own, so the agent goes on with its work meanwhile; only letting the
device in is done by the one thread that writes. A command that does not look any more has left:
then the link ends, and lets nobody in.
"""

from collections.abc import Callable
from threading import Condition, Thread
from typing import NamedTuple, TypeAlias

from sealwax.agent.linking import Asking, Linked, Offered, Wait
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.trust.linking import LinkRefused

PATIENCE_SECONDS = 20.0
"""A command looks about twice a second; after so long without a look it has left."""
TURN_SECONDS = 0.5


class LinkGone(SealwaxError):
    """The agent does not offer this link any more."""

    code = "link-gone"
    hint = "Run `sealwax device link` again for a new code."


class LinkBegun(NamedTuple):
    """A link that was begun: its number, its code, and until when the code is good."""

    number: int
    code: str
    expires_ms: int


class LinkSeen(NamedTuple):
    """How far a link is: the name and the digits of the device that proved the code, empty before;
    and the device once it was let in."""

    name: str = ""
    digits: str = ""
    linked: Linked | None = None


Offer: TypeAlias = Callable[[Callable[[Offered], None], Callable[[Asking], bool], Wait], Linked]
"""Offers a link: is given what is told of the code, what confirms, and what waits."""


class LinkDesk:
    """The links of a running agent, one at a time. For any thread."""

    def __init__(self, offer: Offer, clock: Clock) -> None:
        self._offer = offer
        self._clock = clock
        self._changed = Condition()
        self._number = 0
        self._link: _Link | None = None

    def begin(self) -> LinkBegun:
        """Makes a code; a link that was offered before ends. Raises NoLetterBox or StoreError."""
        with self._changed:
            if self._link is not None:
                self._link.is_over = True
            self._number += 1
            link = self._link = _Link(self._number, self._clock.monotonic())
            self._changed.notify_all()
        Thread(target=self._run, args=(link,), name="link", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: link.offered is not None or link.error is not None)
        if link.offered is None:
            assert link.error is not None
            raise link.error
        return LinkBegun(link.number, link.offered.code, link.offered.expires_ms)

    def look(self, number: int) -> LinkSeen:
        """How far a link is; waits for a moment when nothing changes. Raises what ended it, or
        LinkGone."""
        with self._changed:
            link = self._need(number)
            before = link.seen
            self._changed.wait_for(
                lambda: link.seen != before or link.error is not None, TURN_SECONDS
            )
            link.looked = self._clock.monotonic()
        if link.error is not None:
            raise link.error
        return link.seen

    def answer(self, number: int, is_yes: bool) -> None:
        """Whether the digits agree; raises LinkGone."""
        with self._changed:
            self._need(number).answer = is_yes
            self._changed.notify_all()

    def end(self, number: int) -> None:
        """Lets nobody in any more with this link, if it is still offered."""
        with self._changed:
            if self._link is not None and self._link.number == number:
                self._link.is_over = True
                self._changed.notify_all()

    def close(self) -> None:
        """Ends what is offered."""
        with self._changed:
            if self._link is not None:
                self._link.is_over = True
                self._changed.notify_all()

    def _need(self, number: int) -> "_Link":
        if self._link is None or self._link.number != number:
            raise LinkGone("The agent does not offer this link any more.")
        return self._link

    def _run(self, link: "_Link") -> None:
        def tell(offered: Offered) -> None:
            with self._changed:
                link.offered = offered
                self._changed.notify_all()

        def confirm(asking: Asking) -> bool:
            with self._changed:
                link.seen = LinkSeen(asking.name, asking.digits)
                self._changed.notify_all()
            while link.answer is None:
                wait(TURN_SECONDS)
            return link.answer

        def wait(seconds: float) -> None:
            with self._changed:
                self._changed.wait_for(lambda: link.is_over or link.answer is not None, seconds)
            left_seconds = self._clock.monotonic() - link.looked
            if link.is_over or left_seconds > PATIENCE_SECONDS:
                raise LinkRefused("The link was ended.", "Make a new code to try again.")

        try:
            linked, error = self._offer(tell, confirm, wait), None
        except SealwaxError as found:
            linked, error = None, found
        except Exception as found:
            # A mistake of ours in this thread must not leave the command waiting for ever.
            name = type(found).__name__
            linked, error = None, SealwaxError(f"A mistake in Sealwax stopped this ({name}).")
        with self._changed:
            link.seen, link.error = link.seen._replace(linked=linked), error
            self._changed.notify_all()


class _Link:
    """One link under way."""

    def __init__(self, number: int, looked: float) -> None:
        self.number = number
        self.looked = looked
        self.offered: Offered | None = None
        self.seen = LinkSeen()
        self.answer: bool | None = None
        self.error: SealwaxError | None = None
        self.is_over = False
