"""What the running agent needs of sync, as an interface: its state, "now", and its switch."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from sealwax.agent.jobs import Step
from sealwax.sync.belied import Found
from sealwax.sync.pause import Pause
from sealwax.sync.waiting import Waiting


class Usage(NamedTuple):
    """How much of the plan is used, in sealed bytes."""

    plan_bytes: int
    used_bytes: int


class SyncState(NamedTuple):
    """Sync at one moment.

    `left_ms` is about how long what waits would take, by the last time that much was sent.
    `store` is for people, `is_remote` says that it is reached over a network, `is_shared` that
    there is anybody to share with. `verified_ms` is when
    everything was last known to be there. `trouble_since_ms` is set while the store itself has
    trouble, `is_full` while it takes no more, `store_now_ms` is the store's clock when it last
    answered and `answered_ms` this computer's at the same moment. `seen_ms` has when devices, by
    their ids in hex, last asked the store, as of then. `lost` counts the sealed objects that the
    store lost and this device could not give when that was last asked. `doubt` says why the last
    sync, which ended well, could not say that everything is shared. `proved_ms` is when all that
    this device keeps at the store was last read back, `unproved` what of it could not be. `belied`
    is what a reading found missing there, whatever the store says.
    """

    is_on: bool = True
    is_backup_on: bool = True
    store: str = ""
    is_remote: bool = False
    is_shared: bool = True
    waiting: Waiting = Waiting()
    left_ms: int | None = None
    verified_ms: int | None = None
    pause: Pause | None = None
    trouble_since_ms: int | None = None
    trouble: str = ""
    trouble_code: str = ""
    usage: Usage | None = None
    is_full: bool = False
    store_now_ms: int | None = None
    answered_ms: int | None = None
    seen_ms: dict[str, int] = {}  # noqa: RUF012
    media: int = 1
    lost: int = 0
    proved_ms: int | None = None
    unproved: str = ""
    doubt: str = ""
    belied: Found | None = None


def seen_by_id(state: SyncState) -> dict[bytes, int]:
    """When devices last asked the store, by their ids."""
    return {bytes.fromhex(device): time_ms for device, time_ms in state.seen_ms.items()}


class SyncPort(Protocol):
    """Sync, as the running agent asks it. Used by the one thread that writes."""

    def state(self) -> SyncState: ...

    def now(self, report: Callable[[Step], None]) -> Any:
        """Brings this device and the store together; raises SealwaxError."""
        ...

    def switch(self, is_on: bool) -> None: ...

    def switch_backup(self, is_on: bool) -> None: ...

    def hold(self, is_paused: bool) -> None:
        """While paused, what is imported waits on this device."""
        ...
