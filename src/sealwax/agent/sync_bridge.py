"""Sync of an open home in the form that the running agent asks it."""

from collections.abc import Callable
from contextlib import suppress

from sealwax.agent.api import Agent
from sealwax.agent.jobs import Step
from sealwax.agent.sync_state import SyncState, Usage
from sealwax.base.clock import Clock
from sealwax.stores.base import StoreError
from sealwax.stores.server import AccountMissing
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.progress import SyncProgress
from sealwax.sync.proving import found_lacking, proved_ms
from sealwax.sync.trouble import last_doubt, last_trouble

ENOUGH_BYTES = 1024 * 1024
"""What less took tells nothing of how fast the line is."""


class SyncFailed(StoreError):
    """Not everything came to where it belongs, for a reason that a wait may end."""

    code = "sync-failed"
    hint = "Nothing is lost: it waits on this device, and is tried again by itself."


class SyncBridge:
    """A `SyncPort`. Used by the one thread that writes."""

    def __init__(self, agent: Agent, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock
        self._usage: Usage | None = None
        self._server_ms: int | None = None
        self._answered_ms: int | None = None
        self._seen_ms: dict[str, int] = {}
        self._bytes_a_second = 0.0
        self._known: tuple[object, SyncState] | None = None

    def state(self) -> SyncState:
        """How things stand, without asking anybody."""
        state = self._state()
        is_shared = state.is_remote or len(self._agent.device.history.log.newest.devices) > 1
        is_there = (
            state.is_remote and state.verified_ms and state.trouble_code != AccountMissing.code
        )
        left_ms = None
        if self._bytes_a_second > 0:
            left_ms = int(state.waiting.size_bytes / self._bytes_a_second * 1000)
        return state._replace(
            left_ms=left_ms,
            is_shared=is_shared,
            usage=self._usage,
            store_now_ms=self._server_ms,
            answered_ms=self._answered_ms,
            seen_ms=self._seen_ms,
            media=2 if is_there else 1,
        )

    def now(self, report: Callable[[Step], None]) -> SyncOutcome:
        """Pull, push, pull, compare; raises SyncFailed where the shared place has trouble. What
        waits because its storage is full is no failure: it would fail again."""
        began = self._clock.monotonic()
        outcome = self._agent.sync.now(lambda told: report(sync_step(told)), is_thorough=False)
        seconds = self._clock.monotonic() - began
        if outcome.sent_bytes >= ENOUGH_BYTES and seconds > 0:
            self._bytes_a_second = outcome.sent_bytes / seconds
        self._look_at_server()
        trouble = self._agent.sync.state().trouble
        if not trouble and not self._agent.device.journal.is_full:
            # The place may have failed before anything was written to it.
            trouble = outcome.why
        if trouble:
            raise SyncFailed(trouble)
        return outcome

    def switch(self, is_on: bool) -> None:
        self._agent.sync.switch(is_on)

    def switch_backup(self, is_on: bool) -> None:
        self._agent.sync.switch_backup(is_on)

    def hold(self, is_paused: bool) -> None:
        self._agent.device.journal.is_sharing = self._agent.sync.is_on and not is_paused

    def _state(self) -> SyncState:
        """Counting what waits takes long when much does, and this is asked every second: what was
        counted stays true until something is written."""
        device, sync = self._agent.device, self._agent.sync
        heads = (device.history.head(), device.outbox.own.head())
        holdings = device.history.library.holdings
        told = (
            device.journal.trouble,
            last_trouble(holdings),
            last_doubt(holdings),
            device.journal.is_full,
            device.sync.verified_ms(),
            device.sync.lost_there(),
            proved_ms(device.history),
            found_lacking(device.history),
        )
        marks = (heads, sync.is_on, sync.is_backup_on, *told)
        if self._known is None or self._known[0] != marks:
            self._known = (marks, sync.state())
        return self._known[1]

    def _look_at_server(self) -> None:
        """How full the account is, when its devices were there, and what time it is there; or
        nothing, where nobody answers."""
        far = self._agent.sync.far
        if far is None:
            return
        with suppress(StoreError):
            told = far.usage()
            self._usage = Usage(told.plan_bytes, told.head_bytes + told.snapshot_bytes)
            self._server_ms, self._answered_ms = far.server_ms, self._clock.now_ms()
            self._seen_ms = {device.hex(): seen_ms for device, seen_ms in far.members().items()}


def sync_step(told: SyncProgress) -> Step:
    """How far a sync is."""
    return Step(
        told.phase,
        told.done,
        told.total,
        done_bytes=told.done_bytes,
        total_bytes=told.total_bytes,
    )
