"""A simulated account: devices, each with a near store, a library and a faulty line to one place.

Everything is decided by a seed: what devices do, which calls fail before, after or in their midst,
who is away, who is killed, when the shared place comes back from an old disk. A virtual clock a
device, some of them wrong by a day.

What counts as one operation: one message that an import yields (known already or not), one receipt,
reaction or edit, one message deleted, put back, purged or asked of a snapshot, and one sync,
snapshot, compaction, kill, switch of sync or copy of the disk. An import of 300 messages is 300
operations. An act that the faulty line cuts off counts as it was asked for.
"""

import random
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.device import Device, Environment
from sealwax.base.clock import SetClock
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.base.settings import Settings
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.intake.apply import Intake
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.library.library import Library
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, EDIT, ORIGIN, PURGED, REACTION, READ_NS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.plan import MERGE
from sealwax.snapshot.restore import restore
from sealwax.sources.base import Deletion, Item, Observation
from sealwax.storage.apply import delete, undelete
from sealwax.stores.base import Store, StoreError
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.memory import MemoryStore
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.compaction.apply import drop_purged_words, merge_small
from sealwax.trust.account import open_for_device, open_for_recovery, read_log
from sealwax.trust.heads import RememberedHeads
from sealwax.vault.genesis import begin_account
from sealwax.vault.writing import write_in_batches
from tests.accounts import add_device_by_recovery
from tests.homes import NOW_MS, ignore
from tests.sync.devices import ListSource

DAY_MS = 24 * 60 * 60 * 1000
LIBRARY_KEY = b"k" * 32
CHATS = 8
OPENINGS = 50
CHECKED = 4


class Size(NamedTuple):
    """How much there is: messages in all, and the most of them in one import, one round of
    receipts and edits, one deletion, one purge."""

    messages: int
    imported: int
    edited: int
    deleted: int
    purged: int


LIVELY = Size(3_000, 90, 40, 25, 4)
"""Small acts, so there are many of them for as many operations."""
LARGE = Size(4_000, 1_000, 200, 200, 20)
"""Acts as people do them: imports of hundreds, most of a conversation deleted."""


class Killed(Exception):
    """The process is killed here; nothing of it goes on."""


class Promised(NamedTuple):
    """What a snapshot showed when it was made."""

    name: str
    zone: str
    moment: float
    digest: int


class Place(ForwardingStore):
    """The shared place: it can be put back to an earlier day."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self._earlier: MemoryStore | None = None

    def remember(self) -> None:
        """A copy of the disk is made."""
        self._earlier = _copied(self._inner)

    def come_back(self) -> bool:
        """The disk is the copy, if there is one."""
        if self._earlier is None:
            return False
        self._inner = self._earlier
        self._earlier = None
        return True


class Home:
    """One device: what survives a kill, and what is open now."""

    def __init__(
        self, folder: Path, place: Store, account: bytes, member: MemberKeys, env: Environment
    ) -> None:
        self.folder = folder
        self.member = member
        self.env = env
        self.near = MemoryStore()
        self._place = place
        self._account = account
        self.is_on = True
        folder.mkdir(parents=True)
        self.open()

    def open(self) -> None:
        """Opens it as `agent.bootstrap` does."""
        store = MirrorStore(self.near, self._place, self._account)
        if self.near.head_seq(ACCOUNT_ZONE) < 0:
            store.refresh([ACCOUNT_ZONE])
        log = read_log(self.near, self._account)
        keys = open_for_device(log, self.member)
        library = Library(self.folder / "library.db", LIBRARY_KEY, keys.roots, is_durable=False)
        heads = RememberedHeads(self.folder)
        settings = Settings(self.folder)
        self.device = Device(store, library, log, keys, self.member, heads, self.env, settings)
        self.device.journal.is_sharing = self.is_on
        self.device.sync.open()

    def close(self) -> None:
        self.device.history.library.close()

    def kill(self, is_library_lost: bool) -> None:
        """Closes it at once, and opens it again."""
        self.close()
        if is_library_lost:
            for path in self.folder.glob("library.db*"):
                path.unlink()
        self.open_again()

    def open_again(self) -> None:
        """As a person does: again, until the place answers."""
        for _ in range(OPENINGS):
            try:
                return self.open()
            except StoreError:
                self.close()
        raise AssertionError("The home does not open any more.")

    @property
    def library(self) -> Library:
        return self.device.history.library

    @property
    def is_behind(self) -> bool:
        """Whether its library was lost, and what it had seen could not be fetched again yet."""
        seen = self.device.history.heads.get(MESSAGES_ZONE)
        return seen is not None and self.library.head_seq() < seen[0]

    def origins(self) -> set[str]:
        """The messages that it has, wherever."""
        rows = self.library.read.messages(Selection(), Moment(self.library.head_moment(), ANYWHERE))
        return {row.state.get(ORIGIN)[1] for row in rows}

    def contents(self) -> list[tuple[bytes, int]]:
        """Every message and its place."""
        rows = self.library.read.messages(Selection(), Moment(self.library.head_moment(), ANYWHERE))
        return sorted((row.uid, row.place) for row in rows)


class World:
    """What happens to an account, by a seed."""

    def __init__(self, folder: Path, seed: int, size: Size, homes: int = 3) -> None:
        self.size = size
        self.rng = random.Random(seed)
        self.entropy = TestOnlySeededEntropy(f"world {seed}")
        self.place = Place()
        self.is_faulty = True
        self.operations = 0
        self.promises: list[list[Promised]] = [[] for _ in range(homes)]
        self.said: list[set[str]] = [set() for _ in range(homes)]
        self.purged: set[str] = set()
        self._folder = folder
        self.homes = self._begin(homes)

    def run(self, operations: int) -> None:
        """Lets things happen until so many operations were asked for in all."""
        turns = (
            [self._import] * 6
            + [self._edit] * 3
            + [self._delete, self._undelete, self._pin, self._restore, self._compact, self._purge]
            + [self._sync] * 6
            + [self._switch, self._kill, self._copy_disk]
        )
        while self.operations < operations:
            number = self.rng.randrange(len(self.homes))
            home = self.homes[number]
            home.env.clock.advance(self.rng.randrange(1, DAY_MS // 8))  # type: ignore[attr-defined]
            if not home.is_on and self.rng.random() < 0.2:
                self._switch(number)
            try:
                self.rng.choice(turns)(number)
            except StoreError:
                continue
            if self.rng.random() < 0.02:
                self.check(number, CHECKED)

    def come_back(self) -> None:
        """The shared place comes back from an old disk."""
        self.place.come_back()

    def finish(self) -> None:
        """All faults end, everybody syncs."""
        self.is_faulty = False
        for home in self.homes:
            home.is_on = home.device.journal.is_sharing = True
        for _ in range(3):
            for home in self.homes:
                done = home.device.sync.now(ignore)
                assert done.why == "", done
        for home in self.homes:
            assert home.device.outbox.waiting().is_nothing
            assert home.device.sync.agrees()

    def check_end(self) -> None:
        """All devices say the same; nothing that was said is missing; snapshots are as promised."""
        first = self.homes[0]
        for number, home in enumerate(self.homes):
            assert home.library.digest() == first.library.digest()
            assert home.library.applier.computed_digest() == home.library.digest()
            assert home.contents() == first.contents()
            assert home.library.counts() == first.library.counts()
            self.check(number)
            assert home.library.check() == []
        said = set().union(*self.said)
        assert said - self.purged <= first.origins()

    def check(self, number: int, most: int | None = None) -> None:
        """What holds for one device at any time; so many of its snapshots, or all, are added up."""
        home = self.homes[number]
        if most is not None and home.is_behind:
            return
        missing = self.said[number] - self.purged - home.origins()
        assert not missing, sorted(missing)[:5]
        shown = {(pin.zone, pin.name): pin for pin in home.library.holdings.pins()}
        promises = self.promises[number]
        for promise in self.rng.sample(promises, min(most or len(promises), len(promises))):
            pin = shown.get((promise.zone, promise.name))
            if pin is None:
                # A history that parted moves it into the device's own zone; what stands there and
                # the shared history passes by moves into that.
                named = (kept for (_, name), kept in shown.items() if name == promise.name)
                pin = next(named, None)
            assert pin is not None, promise
            digest = home.library.applier.digest_at(pin.moment)
            assert digest == promise.digest, promise

    def close(self) -> None:
        for home in self.homes:
            home.close()

    def _begin(self, count: int) -> list[Home]:
        recovery = recovery_keys(new_recovery_code(self.entropy))
        members = [new_member_keys(self.entropy) for _ in range(count)]
        begun = begin_account(members[0], recovery, "device 0", NOW_MS, self.entropy)
        self.place.append_commit(ACCOUNT_ZONE, 0, begun.commit)
        for number, member in enumerate(members[1:], 1):
            log = read_log(self.place, begun.account)
            opened = open_for_recovery(log, recovery)
            name = f"device {number}"
            self.place.append_commit(
                ACCOUNT_ZONE,
                log.head + 1,
                add_device_by_recovery(
                    log, opened, recovery, member.member(), name, NOW_MS, self.entropy
                ),
            )
        homes = []
        for number, member in enumerate(members):
            # One clock is a day ahead, one a day behind.
            clock = SetClock(NOW_MS + (number - 1) * DAY_MS)
            env = Environment(clock, self.entropy, None, None)
            line = FaultyStore(self.place, self._fault)
            self.is_faulty = False
            folder = self._folder / f"device{number}"
            homes.append(Home(folder, line, begun.account, member, env))
            self.is_faulty = True
        return homes

    def _fault(self, _: str) -> Fault | None:
        if not self.is_faulty or self.rng.random() > 0.06:
            return None
        return self.rng.choice(list(Fault))

    def _import(self, number: int) -> None:
        rng, home = self.rng, self.homes[number]
        start = rng.randrange(self.size.messages - self.size.imported)
        numbers = range(start, start + rng.randrange(1, self.size.imported))
        items: list[Item] = [_chat(chat) for chat in range(CHATS)]
        items += [_message(one) for one in numbers]
        if rng.random() < 0.2:
            gone, now_ms = rng.choice(numbers), home.env.clock.now_ms()
            items.append(Deletion(int(Kind.MESSAGE), f"m{gone}", f"recoverable:{now_ms}", now_ms))
        self._take(number, items)
        self.said[number] |= {f"m{one}" for one in numbers}

    def _edit(self, number: int) -> None:
        now_ms = self.homes[number].env.clock.now_ms()
        facts = [
            _later_fact(self.rng, self.rng.randrange(self.size.messages), now_ms)
            for _ in range(self.rng.randrange(1, self.size.edited))
        ]
        self._take(number, facts)

    def _take(self, number: int, items: list[Item]) -> None:
        device = self.homes[number].device
        self.operations += sum(item.kind == Kind.MESSAGE for item in items)
        with device.journal.together():
            Intake(
                ListSource(items, self.homes[number].env.clock.now_ms()),
                device.history.library,
                device.journal,
                device.history.keys.roots,
                lambda reason: create_snapshot(device.history.library, device.journal, "", reason),
                ignore,
                is_confirmed=True,
                now_ms=self.homes[number].env.clock.now_ms(),
            ).run()

    def _delete(self, number: int) -> None:
        home = self.homes[number]
        some = self._some(home, PRESENT)
        delete(home.library, home.device.journal, some, home.env.clock.now_ms())

    def _undelete(self, number: int) -> None:
        home = self.homes[number]
        some = self._some(home, TRASH)
        undelete(home.library, home.device.journal, some, home.env.clock.now_ms())

    def _purge(self, number: int) -> None:
        home = self.homes[number]
        moment = Moment(home.library.head_moment(), ANYWHERE)
        rows = list(home.library.read.messages(self._some(home, TRASH, self.size.purged), moment))
        assert all(row.state.life % 2 == 1 for row in rows)
        self.purged |= {row.state.get(ORIGIN)[1] for row in rows}
        changes = [
            Change(
                int(Kind.MESSAGE), row.uid, None, home.env.clock.now_ms(),
                home.device.history.device, (entry(PURGED, row.state.life),),
            )
            for row in rows
        ]  # fmt: skip
        write_in_batches(home.device.journal, changes, "purge")

    def _pin(self, number: int) -> None:
        home = self.homes[number]
        self.operations += 1
        name = f"pin {self.operations} of {number}"
        snapshot = create_snapshot(home.library, home.device.journal, name, "test")
        assert snapshot >= 0
        (pin,) = [pin for pin in home.library.holdings.pins() if pin.name == name] or [None]
        assert pin is not None, "A snapshot that was just made is not there."
        digest = home.library.applier.digest_at(pin.moment)
        self.promises[number].append(Promised(name, pin.zone, pin.moment, digest))

    def _restore(self, number: int) -> None:
        home = self.homes[number]
        pins = home.library.holdings.pins()
        if pins:
            moment = self.rng.choice(pins).moment
            some, now_ms = (
                self._some(home, self.rng.choice((PRESENT, TRASH))),
                home.env.clock.now_ms(),
            )
            restore(home.library, home.device.journal, moment, some, MERGE, now_ms, ignore)

    def _compact(self, number: int) -> None:
        device = self.homes[number].device
        if not device.journal.is_shared_now:
            return
        self.operations += 1
        try:
            merge_small(device.history)
            drop_purged_words(device.history, self.homes[number].env.clock.now_ms())
        finally:
            device.outbox.put_on()

    def _sync(self, number: int) -> None:
        home = self.homes[number]
        if home.is_on:
            self.operations += 1
            home.device.sync.now(ignore)

    def _switch(self, number: int) -> None:
        home = self.homes[number]
        self.operations += 1
        home.is_on = home.device.journal.is_sharing = not home.is_on

    def _kill(self, number: int) -> None:
        """In the middle of a sync, then the home is opened again."""
        home = self.homes[number]
        self.operations += 1
        left = self.rng.randrange(1, 12)
        countdown = _Countdown(left)
        real = home.device.mirror.far if home.device.mirror else None
        assert home.device.mirror is not None
        home.device.mirror.far = FaultyStore(real, countdown)  # type: ignore[arg-type]
        try:
            home.device.sync.now(ignore)
        except Killed:
            pass
        finally:
            home.kill(is_library_lost=self.rng.random() < 0.1)

    def _copy_disk(self, _: int) -> None:
        self.operations += 1
        self.place.remember()

    def _some(self, home: Home, place: int, most: int = 0) -> Selection:
        """Up to so many messages of one conversation, one after the other."""
        rows = home.library.database.connection.execute(
            "SELECT record.id FROM record JOIN version ON version.id = record.version"
            " WHERE version.kind = 2 AND place = ? ORDER BY conversation, time_ns, record.id",
            (place,),
        ).fetchall()
        start = self.rng.randrange(len(rows) or 1)
        chosen = rows[start : start + self.rng.randrange(1, most or self.size.deleted)]
        self.operations += len(chosen)
        return Selection(messages=tuple(row for (row,) in chosen) or (0,))


class _Countdown:
    """Kills at the n-th call."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self, _: str) -> Fault | None:
        self._left -= 1
        if self._left <= 0:
            raise Killed("It is killed here.")
        return None


def _copied(store: Store) -> MemoryStore:
    assert isinstance(store, MemoryStore)
    copy = MemoryStore()
    copy._objects = dict(store._objects)
    copy._zones = {zone: list(commits) for zone, commits in store._zones.items()}
    return copy


def _chat(chat: int) -> Observation:
    entries = (entry(ORIGIN, ["imessage", f"direct:{chat}"]),)
    return Observation(int(Kind.CONVERSATION), f"direct:{chat}", 1, entries)


def _message(number: int) -> Observation:
    time_ms = NOW_MS - 10**9 + number
    entries = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(CONVERSATION, True, f"direct:{number % CHATS}"),
        entry(TIME_NS, time_ms * 1_000_000),
        entry(TEXT, f"words of message {number}"),
    )
    return Observation(int(Kind.MESSAGE), f"m{number}", time_ms, entries)


def _later_fact(rng: random.Random, number: int, time_ms: int) -> Observation:
    chance = rng.random()
    if chance < 0.4:
        fact = entry(READ_NS, rng.randrange(10**15))
    elif chance < 0.7:
        fact = entry(REACTION, ["loved", None, f"t{number}"], f"0:{rng.randrange(3)}")
    else:
        fact = entry(EDIT, [time_ms, f"wording {rng.randrange(100)}"], f"{rng.randrange(3)}")
    return Observation(int(Kind.MESSAGE), f"m{number}", time_ms, (fact,))
