"""One device of a simulated account: what survives a kill, what is open, what its person knows."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.device import Device, Environment
from sealwax.agent.devices import Devices
from sealwax.agent.held import Held
from sealwax.agent.time_trust import TimeTrust
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.settings import Settings
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.library.library import Library
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.field import ORIGIN
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.stores.base import Store, StoreError
from sealwax.stores.memory import MemoryStore
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.coming_back import bring_back, give_back
from sealwax.sync.generation import current_zone
from sealwax.trust.account import open_for_device, read_log
from sealwax.trust.heads import RememberedHeads
from tests.homes import ignore
from tests.sync.simulation.place import copied
from tests.sync.simulation.words import origin

LIBRARY_KEY = b"k" * 32
MOST = 10_000
"""No world has more messages."""
OPENINGS = 50
SCRATCH = "scratch"


class Promised(NamedTuple):
    """What a snapshot showed when it was made. There is no digest where something could not be read
    then: it is shown as soon as it can be."""

    name: str
    zone: str
    moment: float
    digest: int | None


class Known(NamedTuple):
    """What a device was told to keep: the messages that it imported, the snapshots that it made."""

    said: set[str]
    promises: list[Promised]

    def copy(self) -> "Known":
        return Known(set(self.said), list(self.promises))


class Image(NamedTuple):
    """A copy of a home's disk, and what was on it."""

    near: MemoryStore
    folder: Path
    known: Known
    is_on: bool


class SteadyMirror(MirrorStore):
    """A mirror that fetches in no other thread, and each time in the same order: the same seed has
    the same world."""

    def fetch(self, names: Iterable[bytes]) -> int:
        return super().fetch(sorted(names))

    def upload(self, names: Iterable[bytes]) -> None:
        super().upload(sorted(names))

    @contextmanager
    def arriving(self, names: Iterable[bytes]) -> Iterator[None]:
        with suppress(StoreError):
            self.fetch(names)
        yield


class Home:
    """One device."""

    def __init__(
        self,
        name: str,
        folder: Path,
        line: Store,
        account: bytes,
        member: MemberKeys,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """`name` is that of the device; `line` is the shared place as this device reaches it. It is
        to be opened next."""
        self.name = name
        self.folder = folder
        self.line = line
        self.account = account
        self.member = member
        self.clock = clock
        self.entropy = entropy
        self.near = MemoryStore()
        self.known = Known(set(), [])
        self.images: list[Image] = []
        self.is_on = True
        self._names: dict[bytes, str] = {}
        folder.mkdir(parents=True)

    def open(self) -> None:
        """Opens it as `agent.bootstrap` does."""
        store, heads, settings = self._store(), RememberedHeads(self.folder), Settings(self.folder)
        own_zone = current_zone(settings, self.member.member().id)
        bring_back(store, heads)
        log = read_log(self.near, self.account)
        keys = open_for_device(log, self.member)
        library = Library(self.folder / "library.db", LIBRARY_KEY, keys.roots, is_durable=False)
        if own_zone in heads.wrong_in(store):
            give_back(store, heads, library.holdings, log, own_zone, self.clock.now_ms())
        env = Environment(self.clock, self.entropy, None, None)
        self.device = Device(store, library, log, keys, self.member, heads, env, settings)
        self.device.journal.is_sharing = self.is_on
        self.time = TimeTrust(library, self.clock)
        self.devices = Devices(self.device, self.clock, self.entropy)
        self.held = Held(self.device, self.clock)
        self.device.sync.open()
        with suppress(StoreError):
            self.device.sync.settle_held()
            self.devices.settle()
        self.time.note()

    def _store(self) -> MirrorStore:
        store = SteadyMirror(self.near, self.line, self.account)
        if self.near.head_seq(ACCOUNT_ZONE) < 0:
            store.refresh([ACCOUNT_ZONE])
        return store

    def open_again(self) -> None:
        """As a person does: again, until the place answers."""
        for _ in range(OPENINGS):
            try:
                return self.open()
            except StoreError:
                self.close()
        raise AssertionError("The home does not open any more.")

    def close(self) -> None:
        self.device.history.library.close()

    def kill(self, is_library_lost: bool) -> None:
        """Closes it at once, and opens it again."""
        self.close()
        if is_library_lost:
            for path in self.folder.glob("library.db*"):
                path.unlink()
        self.open_again()

    def switch(self, is_on: bool) -> None:
        """Switches sync on or off."""
        self.is_on = self.device.journal.is_sharing = is_on

    def sync(self) -> SyncOutcome:
        """Syncs as `agent.syncing` does."""
        done = self.device.sync.now(ignore)
        with suppress(StoreError):
            self.devices.settle()
        return done

    def take_image(self) -> Image:
        """Copies its disk, open as it is, while nothing is being written."""
        number = len(list(self.folder.parent.glob(f"{self.folder.name}.image*")))
        folder = self.folder.with_name(f"{self.folder.name}.image{number}")
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*-shm", SCRATCH))
        return Image(copied(self.near), folder, self.known.copy(), self.is_on)

    def put_back(self, image: Image) -> None:
        """Its disk is an earlier one again; it is to be opened next."""
        shutil.rmtree(self.folder)
        shutil.copytree(image.folder, self.folder)
        self.near = copied(image.near)
        self.known = image.known.copy()
        self.is_on = image.is_on

    @property
    def library(self) -> Library:
        return self.device.history.library

    @property
    def scratch(self) -> Path:
        return self.folder / SCRATCH

    @property
    def is_behind(self) -> bool:
        """Whether its library was lost, and what it had seen could not be fetched again yet."""
        seen = self.device.history.heads.get(MESSAGES_ZONE)
        return seen is not None and self.library.head_seq() < seen[0]

    def origins(self) -> set[str]:
        """The messages that it has, wherever."""
        return origins_of(self.library)

    def record_of(self, name: str) -> bytes:
        """The id of a message."""
        names = [(Kind.MESSAGE, name)]
        (record,) = record_ids(self.device.history.keys.roots, NAMESPACE_APPLE, names)
        return record

    def name_of(self, record: bytes) -> str:
        """What a message is called by its source; nothing for what is none."""
        if not self._names:
            self._names = {self.record_of(origin(number)): origin(number) for number in range(MOST)}
        return self._names.get(record, "")

    def waiting(self) -> set[str]:
        """The messages that wait in its outbox."""
        outbox = self.device.outbox
        told = (told for item in outbox.items() for told in outbox.changes(item))
        entries = (one for change in told for one in change.entries if change.kind == Kind.MESSAGE)
        return {one.value[1] for one in entries if one.name == ORIGIN.name}

    def contents(self) -> list[tuple[bytes, int]]:
        """Every message and its place."""
        rows = self.library.read.messages(Selection(), Moment(self.library.head_moment(), ANYWHERE))
        return sorted((row.uid, row.place) for row in rows)


def origins_of(library: Library) -> set[str]:
    """The messages that a library has, wherever."""
    rows = library.read.messages(Selection(), Moment(library.head_moment(), ANYWHERE))
    return {row.state.get(ORIGIN)[1] for row in rows}
