"""A place that devices share, which can lie: the double of a server whose operator is hostile.

Under the lies is the truth: an account as an honest server keeps it. It takes a commit when that
counts, refuses devices that are not trusted, and never deletes what is held. A lie stands between
the truth and what a device is told; when the place is honest again, the lies are gone.

What the operator does to the truth itself (throws objects away, puts an old disk in place) stays.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress

from sealwax.base.clock import Clock
from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash, object_name
from sealwax.stores.base import (
    CommitExists,
    CommitGap,
    CommitVoid,
    Missing,
    StoredObject,
)
from sealwax.stores.memory import MemoryStore
from sealwax.stores.server_errors import (
    AccountMissing,
    DeviceNotTrusted,
    ServerRefused,
    ServerUnreachable,
)

ADDRESS = "https://place.example"
Heads = dict[str, tuple[int, bytes]]
Commits = list[tuple[int, bytes]]


class Truth:
    """What an honest server keeps of one account."""

    def __init__(self, account: bytes) -> None:
        self.account = account
        self.store = MemoryStore()
        self._log = AccountLog(account)
        self._heads: dict[str, Head] = {}
        self._forced: dict[str, set[bytes]] = {}

    def copy(self) -> "Truth":
        """The same, on a disk of its own."""
        twin = Truth(self.account)
        twin.store._objects = dict(self.store._objects)
        twin.store._zones = {zone: [*found] for zone, found in self.store._zones.items()}
        twin._forced = {zone: {*found} for zone, found in self._forced.items()}
        return twin

    def log(self) -> AccountLog:
        """The account's log, as far as this format goes; not to be changed."""
        if not self._is_there(ACCOUNT_ZONE, self._log.head, self._log.head_hash):
            self._log = AccountLog(self.account)
        with suppress(NewerFormatError):
            for _, data in self.store.read_commits(ACCOUNT_ZONE, self._log.head + 1):
                self._log.extend(data)
        return self._log

    def head(self, zone: str) -> Head:
        """The head of a zone, as all judge it."""
        log, head = self.log(), self._heads.get(zone) or beginning(self.account, zone)
        if not self._is_there(zone, head.seq, head.hash):
            head = beginning(self.account, zone)
        for _, data in self.store.read_commits(zone, head.seq + 1):
            head = judge(head, data, log).head
        self._heads[zone] = head
        return head

    def _is_there(self, zone: str, seq: int, hash_: bytes) -> bool:
        """Whether what was judged before is still what is kept."""
        if seq > self.store.head_seq(zone):
            return False
        return seq < 0 or commit_hash(self.store.get_commit(zone, seq)) == hash_

    def append(self, zone: str, seq: int, data: bytes) -> None:
        """Takes a commit that counts, and whose objects are here."""
        found = self.store.head_seq(zone)
        if seq <= found:
            if self.store.get_commit(zone, seq) == data:
                return
            raise CommitExists("Another device was faster.")
        if seq > found + 1:
            raise CommitGap("The commit before it is not here.")
        if zone == ACCOUNT_ZONE:
            reason = self.log().copy().extend(data)
        else:
            judged = judge(self.head(zone), data, self.log())
            reason = judged.void_reason
            if judged.commit is not None:
                self._need_objects([name for name, _ in judged.commit.header.added])
        if reason is not None:
            raise CommitVoid(f"It does not count: {reason}.")
        self.store.append_commit(zone, seq, data)

    def force(self, zone: str, data: bytes) -> None:
        """The operator puts any bytes at the end of a zone, whether they count or not."""
        self.store.append_commit(zone, self.store.head_seq(zone) + 1, data)
        self._forced.setdefault(zone, set()).add(data)

    def be_honest(self) -> None:
        """What was put there and does not count is gone, and what follows it: an honest server
        never had it."""
        for zone, forced in self._forced.items():
            log, head = self.log(), beginning(self.account, zone)
            rows = self.store._zones[zone]
            for seq, data in enumerate(rows):
                judged = judge(head, data, log)
                if data in forced and judged.commit is None and zone != ACCOUNT_ZONE:
                    self.store._zones[zone] = rows[:seq]
                    break
                head = judged.head
        self._forced = {}

    def state(self) -> object:
        """What changes when anything that is kept changes."""
        sizes = frozenset((name, len(data)) for name, data in self.store._objects.items())
        return sizes, frozenset(self.heads().items())

    def heads(self) -> Heads:
        zones = self.store.list_zones()
        return {zone: (len(rows) - 1, commit_hash(rows[-1])) for zone, rows in self._rows(zones)}

    def _rows(self, zones: list[str]) -> Iterator[tuple[str, list[bytes]]]:
        for zone in zones:
            yield zone, self.store._zones[zone]

    def _need_objects(self, names: list[bytes]) -> None:
        present = self.store.has_objects(names)
        for name in names:
            if name not in present:
                raise ServerRefused(f"The object {name.hex()} is not here, or has another size.")


class Lies:
    """What a device is told instead of the truth: each function gets the truth, and changes it.
    `whom` are the members that are lied to; None for all."""

    heads: Callable[[Heads], Heads] | None = None
    commits: Callable[[str, Commits], Commits] | None = None
    """Of one answer: the commits of a zone from a seq on."""
    objects: Callable[[bytes, bytes], bytes] | None = None
    present: Callable[[set[bytes], set[bytes]], set[bytes]] | None = None
    """Which of the objects that are asked for (first) are there (second)."""
    puts: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]] | None = None
    """What is kept of what is put."""
    append: Callable[[str, int, bytes], bool] | None = None
    """Whether a commit is really kept, which is acknowledged in any case; may raise."""
    lost: Callable[[], list[bytes]] | None = None
    """What is told as lost."""
    whom: frozenset[bytes] | None = None


class Place:
    """The place: its truth, its lies, and accounts of others that are there too."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.truths: dict[bytes, Truth] = {}
        self.lies = Lies()
        self.is_away = False

    def be_honest(self) -> None:
        """From now on the truth is told, as it is by now."""
        self.lies = Lies()
        self.is_away = False
        for truth in self.truths.values():
            truth.be_honest()

    def claim(self, account: bytes, genesis: bytes) -> None:
        self.truths[account] = Truth(account)
        self.truths[account].append(ACCOUNT_ZONE, 0, genesis)

    def accounts_of(self, recovery: bytes) -> list[bytes]:
        """The accounts with a recovery key, in the order of their names."""
        found = [
            account
            for account, truth in self.truths.items()
            if truth.log().newest.recovery.id == recovery
        ]
        return sorted(found)

    def view(self, account: bytes, member: bytes) -> "View":
        return View(self, account, member)


class View:
    """What one member of an account is told; see `stores.base.Store`."""

    is_judging = True
    """As of a server: it never takes, nor tells of, what does not count."""

    def __init__(self, place: Place, account: bytes, member: bytes) -> None:
        self._place = place
        self._account = account
        self._member = member

    def describe(self) -> str:
        return ADDRESS

    def close(self) -> None:
        """Nothing is open."""

    def essential(self) -> AbstractContextManager[None]:
        return nullcontext()

    def heads(self) -> Heads:
        told = self._truth().heads()
        return self._lies.heads(told) if self._lies.heads else told

    def head_seq(self, zone: str) -> int:
        return self.heads().get(zone, (-1, b""))[0]

    def list_zones(self) -> list[str]:
        return sorted(self.heads())

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        found = list(self._truth(zone).store.read_commits(zone, start_seq))
        yield from self._lies.commits(zone, found) if self._lies.commits else found

    def get_commit(self, zone: str, seq: int) -> bytes:
        for told, data in self.read_commits(zone, seq):
            if told == seq:
                return data
        raise Missing("There is no such commit.")

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        if self._lies.append is None or self._lies.append(zone, seq, data):
            self._truth().append(zone, seq, data)

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        given = list(objects)
        for name, data in given:
            if object_name(data) != name:
                raise ServerRefused("An object is not what its name says.")
        kept = self._lies.puts(given) if self._lies.puts else given
        self._truth().store.put_objects(kept)

    def get_object(self, name: bytes) -> bytes:
        lie = self._lies.objects
        try:
            data = self._truth().store.get_object(name)
        except Missing:
            if lie is None:
                raise
            data = b""
        told = lie(name, data) if lie else data
        if not told:
            raise Missing("There is no such object.")
        return told

    def get_objects(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for name in names:
            try:
                yield name, self.get_object(name)
            except Missing:
                yield name, b""

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        wanted = set(names)
        found = self._truth().store.has_objects(wanted)
        return self._lies.present(wanted, found) if self._lies.present else found

    def list_objects(self) -> Iterator[StoredObject]:
        yield from self._truth().store.list_objects()

    def delete_objects(self, names: Iterable[bytes]) -> None:
        """An honest server keeps what was unheld for less than 30 days by its own clock; here no
        act waits for so long, so nothing goes."""
        self._truth()
        list(names)

    def lost_objects(self) -> list[bytes]:
        self._truth()
        return self._lies.lost() if self._lies.lost else []

    def look_at_objects(self, names: Iterable[bytes]) -> list[bytes]:
        """Those that are missing, or damaged: an honest place reads them."""
        wanted = list(names)
        if self._lies.present is not None:
            told = self._lies.present(set(wanted), set())
            return [name for name in wanted if name not in told]
        store = self._truth().store
        there = store.has_objects(wanted)
        return [
            name
            for name in wanted
            if name not in there or object_name(store.get_object(name)) != name
        ]

    @property
    def _lies(self) -> Lies:
        lies = self._place.lies
        return lies if lies.whom is None or self._member in lies.whom else Lies()

    def _truth(self, zone: str = "") -> Truth:
        """The account, for a member that may ask: a device that was put out may only read the
        account's log."""
        if self._place.is_away:
            raise ServerUnreachable("The server does not answer.")
        truth = self._place.truths.get(self._account)
        if truth is None:
            raise AccountMissing(f"{ADDRESS} does not have this account.")
        newest = truth.log().newest
        if zone != ACCOUNT_ZONE and self._member not in (*newest.devices, newest.recovery.id):
            raise DeviceNotTrusted("The account does not trust this device.")
        return truth


class Line:
    """Stands for `stores.server.Connection`: how a home reaches the place before it has a store."""

    server_ms: int | None = None

    def __init__(self, place: Place) -> None:
        self._place = place
        self.url = ADDRESS

    def claim(self, account: bytes, invitation: str, genesis: bytes) -> None:
        self._place.claim(account, genesis)

    def accounts_of_recovery(self, recovery: bytes) -> list[bytes]:
        return self._place.accounts_of(recovery)

    def close(self) -> None:
        """Nothing is open."""
