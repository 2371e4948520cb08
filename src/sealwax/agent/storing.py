"""Space, as a person sees it: what takes it, what could go, and what is full."""

from collections.abc import Callable
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.agent.held import Held
from sealwax.agent.selecting import BadSelection, Select, known_conversations, size_bytes
from sealwax.agent.time_trust import TimeTrust
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.library.resting import note_resting
from sealwax.library.select import Selection
from sealwax.library.usage import is_as_at
from sealwax.storage.purge import PurgePlan, plan_emptying, plan_selected, purge
from sealwax.storage.usage import LargeFile, Overview, large_files, overview
from sealwax.stores.folder import FolderStore
from sealwax.stores.server import ServerStore
from sealwax.sync.growth import bytes_since

TRASH_DAYS = 30
_DAY_MS = 24 * 60 * 60 * 1000
TOP = 10
FORECAST_DAYS = 30


class NoPlans(SealwaxError):
    """There is nobody to ask for a bigger plan."""

    code = "no-plans"
    hint = (
        "The vault is a folder: it grows with its disk. docs/storage-full.md says how to move it."
    )


class NothingSelected(SealwaxError):
    """A purge needs to be told what."""

    code = "nothing-selected"
    hint = "Say what: --chat, --person, --message, --since, --until or --larger-than."


class Purge(NamedTuple):
    """What a purge would take away, or took: messages in so many conversations, attachments, the
    bytes of files that nothing else is made of; and the snapshot that was made before (None when
    one that holds the same was there, or before it is done)."""

    messages: int
    conversations: int
    attachments: int
    freed_bytes: int
    snapshot: int | None


class Room(NamedTuple):
    """How much room there is. With a server: the plan, what the account is charged for, and the
    plan that was asked for. With a folder: what its disk has free. `full_days` is in how many days
    it is full at the pace of the last month, None where it does not grow. `history_bytes` are those
    of the commits on the server, which are charged to no plan."""

    used_bytes: int
    snapshot_bytes: int
    plan_bytes: int | None
    asked_bytes: int | None
    free_bytes: int
    full_days: int | None
    history_bytes: int = 0


class Storing:
    """The space of an open home. `snapshot` pins the present for a reason."""

    def __init__(
        self,
        device: Device,
        snapshot: Callable[[str], int],
        selection: Callable[[Select], Selection],
        clock: Clock,
        time: TimeTrust,
        held: Held,
    ) -> None:
        self._device = device
        self._held = held
        self._library = device.history.library
        self._snapshot = snapshot
        self._selection = selection
        self._clock = clock
        self._time = time

    def overview(self) -> Overview:
        """Where the space goes, with the ten conversations that have the most."""
        return overview(self._library, TOP)

    def titles(self) -> dict[int, str]:
        """The titles of conversations by record."""
        known = known_conversations(self._library, self._library.head_moment())
        return {view.record: view.title for view in known}

    def large(self, larger_than: str) -> list[LargeFile]:
        """The files larger than a size like 10MB, largest first; raises BadSelection."""
        return large_files(self._library, size_bytes(larger_than))

    def plan_purge(self, select: Select, only_files: bool = False) -> Purge:
        """What `purge` would take away; raises NothingSelected and what selecting raises."""
        return _told(self._planned(select, only_files), None)

    def purge(self, select: Select, only_files: bool = False) -> Purge:
        """Takes the selected messages and their files away from the head, or only the files. A
        snapshot is made before, unless the newest one holds the same. Raises StoreError."""
        plan = self._planned(select, only_files)
        return self._purge(plan, "before a purge")

    def plan_empty_trash(self) -> Purge:
        """What `empty_trash` would take away; raises ClockInDoubt."""
        return _told(self._rested(), None)

    def empty_trash(self) -> Purge:
        """Purges what this device has seen in the trash for 30 days; what is held waits for its
        answer. Raises ClockInDoubt."""
        self._time.need_sure()
        note_resting(self._library, self._clock.now_ms())
        return self._purge(self._rested(), "before the trash is emptied")

    def room(self) -> Room:
        """How much room there is; raises StoreError where the server does not answer."""
        mirror = self._device.mirror
        far = mirror.far if mirror is not None else None
        if isinstance(far, ServerStore):
            usage = far.usage()
            used = usage.head_bytes + usage.snapshot_bytes
            free = max(0, usage.plan_bytes - used)
            return Room(
                used, usage.snapshot_bytes, usage.plan_bytes, usage.asked_bytes, free,
                self._full_days(free), usage.history_bytes,
            )  # fmt: skip
        head_bytes, snapshot_bytes = self._library.holdings.sealed_bytes()
        near = self._device.near
        free = near.free_bytes() if isinstance(near, FolderStore) else 0
        used = head_bytes + snapshot_bytes
        return Room(used, snapshot_bytes, None, None, free, self._full_days(free))

    def ask_for_plan(self, size: str) -> None:
        """Asks whoever runs the server for a plan of a size like 50GB; raises NoPlans,
        BadSelection or StoreError."""
        mirror = self._device.mirror
        far = mirror.far if mirror is not None else None
        if not isinstance(far, ServerStore):
            raise NoPlans("This vault is in a folder.")
        wanted = size_bytes(size)
        if wanted <= 0:
            raise BadSelection("A plan has a size.")
        far.ask_for_plan(wanted)

    def _planned(self, select: Select, only_files: bool) -> PurgePlan:
        if select.is_everything:
            raise NothingSelected("A purge of everything is not what this is for.")
        return plan_selected(self._library, self._selection(select), only_files)

    def _rested(self) -> PurgePlan:
        self._time.need_sure()
        until_ms = self._clock.now_ms() - TRASH_DAYS * _DAY_MS
        return plan_emptying(self._library, until_ms, self._held.records())

    def _purge(self, plan: PurgePlan, reason: str) -> Purge:
        if plan.is_nothing:
            return _told(plan, None)
        snapshot = None if self._is_in_a_snapshot() else self._snapshot(reason)
        purge(self._library, self._device.journal, plan, self._clock.now_ms())
        note_resting(self._library, self._clock.now_ms())
        return _told(plan, snapshot)

    def _is_in_a_snapshot(self) -> bool:
        pins = self._library.holdings.pins()
        newest = max((pin.moment for pin in pins), default=None)
        connection = self._library.database.connection
        return newest is not None and is_as_at(connection, newest)

    def _full_days(self, free_bytes: int) -> int | None:
        """At the pace of the last month; a history that is younger says nothing yet."""
        since_ms = self._clock.now_ms() - FORECAST_DAYS * _DAY_MS
        grown_bytes = bytes_since(self._device.history, since_ms)
        return int(free_bytes * FORECAST_DAYS / grown_bytes) if grown_bytes else None


def _told(plan: PurgePlan, snapshot: int | None) -> Purge:
    return Purge(len(plan.messages), plan.chats, plan.files, plan.freed_bytes, snapshot)
