"""Sync and backup of one device, as surfaces see them: switches, state, sync now."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress

from sealwax.agent import resetting
from sealwax.agent.backing_up import BackedUp, lacking_sentence
from sealwax.agent.device import Device
from sealwax.agent.resetting import Reset
from sealwax.agent.sync_state import SyncState
from sealwax.agent.time_trust import TimeTrust
from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.ledger.wire import Event, Usage
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway, FarFull, HistoryUnsound
from sealwax.stores.server import AccountMissing, ServerStore
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.belied import Belied, belied_sentence
from sealwax.sync.progress import SyncProgress
from sealwax.sync.proving import found_lacking, proved_ms
from sealwax.sync.repair import AccountParted, Answer
from sealwax.sync.reset.apply import ResetProgress
from sealwax.sync.resolving import Resolution
from sealwax.sync.trouble import last_doubt, last_trouble
from sealwax.trust.key_troubles import KeysUnusable
from sealwax.vault.commit_part import Part, Switches

SYNC_SETTING = "sync"
BACKUP_SETTING = "backup"
FILES_SETTING = "files_bytes"
ALL = -1
DENYING = (AccountMissing.code, HistoryUnsound.code)
"""Troubles of the shared place that cast doubt on what it has."""


class SyncOff(SealwaxError):
    """Sync is off on this device."""

    code = "sync-off"
    hint = "`sealwax sync on` switches it on and joins what both sides have."


class Syncing:
    """Sync of an open home."""

    def __init__(
        self,
        device: Device,
        settings: Settings,
        time: TimeTrust,
        settle: Callable[[], object],
        snapshot: Callable[[str], int],
    ) -> None:
        """`settle` ends a revocation that another device did not finish; it may raise
        KeysUnusable or StoreError. `snapshot` pins the present for a reason, and gives its
        number."""
        self._settle = settle
        self._snapshot = snapshot
        self._device = device
        self._settings = settings
        self._time = time
        device.journal.is_sharing = self.is_on

    @property
    def is_on(self) -> bool:
        return bool(self._settings.get(SYNC_SETTING, True))

    @property
    def is_backup_on(self) -> bool:
        return bool(self._settings.get(BACKUP_SETTING, True))

    @property
    def files_bytes(self) -> int | None:
        """How much of the files of other devices comes here, newest first; None: all of them."""
        told = int(self._settings.get(FILES_SETTING, ALL))
        return None if told == ALL else told

    def keep_files(self, files_bytes: int | None) -> None:
        """Says how much of them shall come; what is here stays. 0: they are read from the shared
        place when somebody looks at them."""
        assert files_bytes is None or files_bytes >= 0
        self._settings.set(FILES_SETTING, ALL if files_bytes is None else files_bytes)

    def now(
        self,
        report: Callable[[SyncProgress], None] = lambda _: None,
        is_thorough: bool = True,
    ) -> SyncOutcome:
        """Pull, push, pull, compare; raises SyncOff. What could not be done is in the outcome.
        `is_thorough` asks for every object that the history holds."""
        self._need_on()
        outcome = self._device.sync.now(report, self.files_bytes, is_thorough)
        if not outcome.why:
            self._time.note_server(self.far.server_ms if self.far is not None else None)
            self._tell_switches()
        with suppress(StoreError, KeysUnusable):
            self._settle()
        return outcome

    def plan_resolution(self) -> Resolution:
        """What removed devices wrote into the shared history, and what would become of it; raises
        SyncOff, NothingToResolve or StoreError."""
        self._need_on()
        return self._device.sync.resolving.plan()

    def resolve(
        self, is_accepted: bool, report: Callable[[SyncProgress], None] = lambda _: None
    ) -> SyncOutcome:
        """Goes on without it, or accepts it like what any device says, and syncs. Raises as
        `plan_resolution`."""
        self._need_on()
        answer = Answer.ACCEPT if is_accepted else Answer.WITHOUT
        return self._device.sync.resolve(answer, report, self.files_bytes)

    def plan_reset(self, report: Callable[[ResetProgress], None] = lambda _: None) -> Reset:
        """What `reset` would do, after a pull; raises SyncOff, SyncPaused, LibraryNotWhole or
        StoreError."""
        self._need_on()
        return resetting.plan(self._device, report)

    def reset(self, report: Callable[[ResetProgress], None] = lambda _: None) -> Reset:
        """Says all that this device knows anew, after a snapshot, and lets what was said before go
        from the present; raises as `plan_reset`."""
        self._need_on()
        return resetting.act(self._device, self._snapshot, report)

    def state(self) -> SyncState:
        """How things stand, without asking anybody."""
        device, journal = self._device, self._device.journal
        is_server = device.mirror is not None
        state = SyncState(
            is_on=self.is_on,
            is_backup_on=self.is_backup_on,
            store=device.history.store.describe(),
            is_remote=is_server,
            waiting=device.sync.waiting(),
            verified_ms=device.sync.verified_ms() or None,
            lost=device.sync.lost_there(),
            is_full=journal.is_full,
            media=2 if is_server else 1,
            proved_ms=proved_ms(device.history) or None,
            belied=Belied(device.history.library.holdings).found(),
            unproved=lacking_sentence(found) if (found := found_lacking(device.history)) else "",
        )
        if journal.trouble is not None:
            cause = journal.trouble.cause
            return state._replace(trouble=cause.sentence, trouble_code=cause.code)
        last = last_trouble(device.history.library.holdings)
        if last is None:
            doubt = last_doubt(device.history.library.holdings)
            return state._replace(doubt=doubt.sentence) if doubt is not None else state
        if last.code == FarFull.code:
            return state._replace(is_full=True)
        return state._replace(
            trouble=last.sentence, trouble_code=last.code, trouble_since_ms=last.since_ms
        )

    def denied(self) -> str:
        """Why what was once verified at the shared place may not be so any more; nothing where
        nobody says so. That it does not answer is no such reason."""
        holdings = self._device.history.library.holdings
        trouble, doubt = last_trouble(holdings), last_doubt(holdings)
        found = Belied(holdings).found()
        if found is not None and found.left:
            return belied_sentence(found)
        if trouble is not None:
            return trouble.sentence if trouble.code in DENYING else ""
        return doubt.sentence if doubt is not None else ""

    def unshown_snapshots(self) -> int:
        """How many snapshots other devices made while they were apart that this library cannot
        show."""
        return self._device.sync.others.unshown()

    def show_snapshots(self) -> int:
        """Makes the library anew so that it shows them; gives how many it still cannot show.
        Raises OnlyHere or StoreError."""
        self._device.sync.show_others()
        return self.unshown_snapshots()

    def usage(self) -> Usage | None:
        """How full the account is on its server; None without one. Raises StoreError."""
        far = self.far
        return far.usage() if far is not None else None

    @property
    def far(self) -> ServerStore | None:
        """The account on its server, where there is one."""
        far = self._device.mirror.far if self._device.mirror is not None else None
        return far if isinstance(far, ServerStore) else None

    def switch(self, is_on: bool) -> None:
        """Switches sync on or off. What was written meanwhile joins at the next `now`. That it goes
        off is the last thing that the other devices hear, if they can be reached."""
        self._settings.set(SYNC_SETTING, is_on)
        if not is_on:
            self._tell_switches()
        self._device.journal.is_sharing = is_on

    def switch_backup(self, is_on: bool) -> None:
        """Switches the backup of this device on or off; snapshots that there are stay."""
        self._settings.set(BACKUP_SETTING, is_on)
        self._tell_switches()

    def _tell_switches(self) -> None:
        """Tells the other devices how those of this one are, where they know otherwise."""
        history = self._device.history
        if self._device.mirror is None and len(history.log.newest.devices) < 2:
            return
        wanted = Switches(self.is_on, self.is_backup_on)
        known, _ = history.library.holdings.switches().get(history.device, (Switches(), 0))
        if wanted != known:
            # Whoever cannot be told now is told at the next sync.
            with suppress(FarAway, FarFull, KeysUnusable):
                self._device.journal.tell(Part(reason="switches", switches=wanted))

    def back_up_now(self, is_asked: bool = True) -> BackedUp:
        """Copies what this device has for itself to the shared place, and reads back what it
        wrote there."""
        try:
            return BackedUp(proof=self._device.sync.back_up(is_asked))
        except (FarAway, FarFull, AccountParted) as error:
            return BackedUp(error.sentence)

    def pull(self) -> int:
        """Only what others wrote; gives how many steps came. Raises StoreError."""
        return self._device.sync.pull()

    def listen(self) -> Iterator[Event | None]:
        """Commits of all devices as the server takes them, `None` now and then as a sign that the
        line is up; raises StoreError when it breaks. For any thread: `heard` is for the one that
        writes. After every new line, pull."""
        far = self.far
        if far is None:
            raise StoreError("This home has no server to listen to.")
        yield from far.events()

    def heard(self, event: Event) -> int:
        """As `pull`, with what an event brought: a small one costs no request."""
        far = self.far
        with far.primed(event) if far is not None else nullcontext():
            return self.pull()

    def _need_on(self) -> None:
        if not self.is_on:
            raise SyncOff("Sync is off on this device.")
