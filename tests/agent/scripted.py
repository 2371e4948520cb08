"""A sync that a test writes the script of: what it brings over, what it waits for, its troubles."""

from collections.abc import Callable

from sealwax.agent.api import Agent
from sealwax.agent.jobs import Step
from sealwax.agent.sync_state import SyncState, Usage
from sealwax.stores.base import StoreError
from sealwax.sync.waiting import Waiting

BYTES_A_MESSAGE = 1_000


class ScriptedSync:
    """Counts messages: those that the store has, those that wait."""

    def __init__(self, agent: Agent, plan_bytes: int = 10**9) -> None:
        self._agent = agent
        self.plan_bytes = plan_bytes
        self.is_down = False
        self.is_full = False
        self.is_on = True
        self.is_backup_on = True
        self.kept = 0
        self.left_ms: int | None = None
        self.now_ms: Callable[[], int] = agent._clock.now_ms
        self.true_ms: Callable[[], int] = self.now_ms
        self._answered: tuple[int, int] | None = None
        self._since_ms: int | None = None
        self._verified_ms: int | None = None
        self._down_since_ms: int | None = None

    def state(self) -> SyncState:
        waiting = self._agent.upkeep.rhythm().messages - self.kept
        if waiting and self._since_ms is None:
            self._since_ms = self.now_ms()
        if not waiting:
            self._since_ms = None
        return SyncState(
            is_on=self.is_on,
            is_backup_on=self.is_backup_on,
            store="https://example.net",
            is_remote=True,
            waiting=Waiting(waiting, 0, waiting * BYTES_A_MESSAGE, self._since_ms)
            if waiting
            else Waiting(),
            left_ms=self.left_ms,
            verified_ms=self._verified_ms,
            trouble_since_ms=self._down_since_ms,
            trouble="The server does not answer." if self._down_since_ms else "",
            usage=Usage(self.plan_bytes, self.kept * BYTES_A_MESSAGE),
            is_full=self.is_full,
            store_now_ms=self._answered[0] if self._answered else None,
            answered_ms=self._answered[1] if self._answered else None,
            media=2,
        )

    def now(self, report: Callable[[Step], None]) -> None:
        report(Step("Uploading messages"))
        if self.is_down:
            if self._down_since_ms is None:
                self._down_since_ms = self.now_ms()
            raise StoreError("https://example.net does not answer.")
        self._down_since_ms = None
        self._answered = (self.true_ms(), self.now_ms())
        if not self.is_full:
            self.kept = self._agent.upkeep.rhythm().messages
            self._verified_ms = self.now_ms()

    def switch(self, is_on: bool) -> None:
        self.is_on = is_on

    def switch_backup(self, is_on: bool) -> None:
        self.is_backup_on = is_on

    def hold(self, is_paused: bool) -> None:
        """What waits is counted, not written."""
