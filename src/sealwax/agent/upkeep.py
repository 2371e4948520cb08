"""What the running agent asks of a home in passing: when things were last done, what may go."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from sealwax.agent.calendar import planned
from sealwax.agent.time_trust import TimeTrust
from sealwax.base.clock import Clock
from sealwax.snapshot.pins import create_snapshot, drop_snapshots
from sealwax.snapshot.retention import DAILY, RetentionPlan
from sealwax.stores.far_trouble import FarAway
from sealwax.sync.replica import Replica
from sealwax.vault.writing import NoLongerWanted, Writer


class Rhythm(NamedTuple):
    """How many messages are kept, and when the newest daily snapshot was made (ms since 1970)."""

    messages: int
    daily_ms: int | None


def newest_of(made_ms: Sequence[int], now_ms: int) -> int | None:
    """When the newest snapshot was made. One whose time lies ahead (some device's clock is wrong)
    counts only where there is no other."""
    past_ms = [at for at in made_ms if at <= now_ms]
    return max(past_ms or made_ms, default=None)


class Upkeep:
    """A part of the agent; see `agent.api`."""

    def __init__(self, history: Replica, writer: Writer, clock: Clock, time: TimeTrust) -> None:
        self._history = history
        self._writer = writer
        self._library = history.library
        self._clock = clock
        self._time = time

    def rhythm(self) -> Rhythm:
        """What the schedule needs to know; quick."""
        made_ms = [pin.made_ms for pin in self._library.holdings.pins() if pin.reason == DAILY]
        newest_ms = newest_of(made_ms, self._clock.now_ms())
        return Rhythm(self._library.counts().messages, newest_ms)

    def create_daily_snapshot(
        self, is_wanted: Callable[[int | None], bool] = lambda _: True
    ) -> int | None:
        """Pins the present as the snapshot of the day; gives its number. `is_wanted` judges by when
        the newest one was made, of all devices, at the last moment before: where another device was
        quicker, None is made."""

        def is_still_wanted() -> bool:
            return is_wanted(self.rhythm().daily_ms)

        with suppress(NoLongerWanted):
            return create_snapshot(
                self._library, self._writer, "", DAILY, is_wanted=is_still_wanted
            )
        return None

    def plan_retention(self) -> RetentionPlan:
        """Which snapshots go by the calendar of this computer, and which stay why; raises
        ClockInDoubt."""
        self._time.need_sure()
        return planned(self._history, self._clock.now_ms())

    def apply_retention(self) -> RetentionPlan:
        """Lets go of those snapshots, and gives the plan. Those that the shared place has stay
        until the next time, where it cannot be written to now."""
        plan = self.plan_retention()
        if plan.dropped:
            gone = list(plan.dropped)
            with suppress(FarAway):
                drop_snapshots(self._library, self._writer, gone, self._clock.now_ms())
        return plan
