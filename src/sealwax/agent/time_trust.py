"""Whether this computer's clock may be believed where something would be removed by it.

What was seen of time is remembered: each day on which the home was open, and what the server's
clock said. A time far ahead of that is in doubt. Then nothing is removed by the clock: no trash is
emptied, no snapshot goes by the calendar, no object counts as old. A server that says the same ends
the doubt; without one, a clock that has gone on like that for a month does.
"""

from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.library.library import Library

DAY_MS = 24 * 60 * 60 * 1000
FAR_MS = 60 * DAY_MS
"""So long a home may be closed before its clock is in doubt."""
BELIEVED_AFTER_MS = 30 * DAY_MS
RIGHT_MS = 5 * 60 * 1000
_TRUSTED, _SINCE, _LAST = "time trusted", "time doubted since", "time doubted last"
_SAID, _AHEAD = "time said", "time ahead"


class ClockInDoubt(SealwaxError):
    """The clock is far ahead of everything that was seen: nothing is removed by it."""

    code = "clock-in-doubt"
    hint = (
        "Set the clock of this computer. If it is right, `sealwax sync now` asks the server;"
        " without one, it is believed after a month."
    )


class TimeTrust:
    """What a home has seen of time."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self._library = library
        self._facts = library.holdings
        self._clock = clock

    def ahead_ms(self) -> int:
        """By how much the clock is ahead of what was seen, where that is in doubt; else 0."""
        now_ms = self._clock.now_ms()
        said_ms, ahead_ms = self._remembered(_SAID), self._remembered(_AHEAD)
        if ahead_ms and said_ms <= now_ms < said_ms + ahead_ms:
            return ahead_ms
        trusted_ms = self._remembered(_TRUSTED) or self._newest_commit_ms()
        ahead_ms = now_ms - trusted_ms
        return ahead_ms if trusted_ms and ahead_ms > FAR_MS else 0

    def sure_now_ms(self) -> int:
        """A time that has certainly come."""
        return self._clock.now_ms() - self.ahead_ms()

    def need_sure(self) -> None:
        """Raises ClockInDoubt."""
        days = self.ahead_ms() // DAY_MS
        if self.ahead_ms():
            raise ClockInDoubt(
                f"This computer's clock is {days:,} days ahead of what was last seen here."
                " Nothing is removed by it."
            )

    def note(self) -> None:
        """The home is open at this time."""
        now_ms = self._clock.now_ms()
        if not self.ahead_ms():
            self._believe(now_ms)
            return
        last_ms, since_ms = self._remembered(_LAST), self._remembered(_SINCE)
        if not last_ms or not last_ms <= now_ms <= last_ms + BELIEVED_AFTER_MS:
            # It jumped once more, or is doubted for the first time: the month begins.
            self._facts.remember_ms(_SINCE, now_ms)
            self._facts.remember_ms(_LAST, now_ms)
        elif now_ms - since_ms >= BELIEVED_AFTER_MS and not self._remembered(_AHEAD):
            self._believe(now_ms)
        elif now_ms - last_ms >= DAY_MS:
            self._facts.remember_ms(_LAST, now_ms)

    def note_server(self, server_ms: int | None) -> None:
        """What the server's clock said just now."""
        if server_ms is None:
            return
        now_ms = self._clock.now_ms()
        ahead_ms = max(0, now_ms - server_ms)
        if ahead_ms >= RIGHT_MS:
            self._facts.remember_ms(_SAID, now_ms)
            self._facts.remember_ms(_AHEAD, ahead_ms)
            return
        if self._remembered(_AHEAD):
            self._facts.remember_ms(_AHEAD, 0)
        if now_ms < self._remembered(_TRUSTED) - DAY_MS:
            # It was wrong when it was believed.
            self._facts.remember_ms(_TRUSTED, now_ms)
        self._believe(now_ms)

    def _believe(self, now_ms: int) -> None:
        trusted_ms = self._remembered(_TRUSTED)
        # Once a day is enough to know; a library is not written to for less.
        if now_ms - trusted_ms >= DAY_MS:
            self._facts.remember_ms(_TRUSTED, now_ms)
        if self._remembered(_LAST):
            self._facts.remember_ms(_LAST, 0)

    def _remembered(self, what: str) -> int:
        return self._facts.remembered_ms(what)

    def _newest_commit_ms(self) -> int:
        """When the newest commit was written that the library knows; 0 without one."""
        found = 0
        for zone, seq in self._facts.heads():
            data = self._facts.seen_commit(zone, seq)
            if data is not None:
                found = max(found, _time_ms(data))
        return found


def _time_ms(data: bytes) -> int:
    try:
        return parse_commit(data).header.time_ms
    except MalformedCommitError:
        return 0
