"""Devices of one account with a place that they share, all in memory; one of them may be evil.

An evil device has its keys and its copy of everything, and writes whatever it likes: any kind of
commit, any time, any digest, whatever it says of having been confirmed.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from sealwax.agent.held import Asked, Held
from sealwax.base.clock import SetClock
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.intake.apply import Intake
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, OP_ID_BYTES
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.holdings import PinRow
from sealwax.library.library import Library
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, HELD, LIFE, ORIGIN, PURGED, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.sources.base import Item, Observation
from sealwax.stores.memory import MemoryStore
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.replica import Replica
from sealwax.sync.sealing import SealHere
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from sealwax.vault.digest import digest_bytes
from sealwax.vault.writing import Pinning, write_in_batches
from tests.homes import DAY_MS, NOW_MS, ignore
from tests.sync.devices import ListSource
from tests.sync.simulation.account import begin
from tests.sync.simulation.home import Home

CHATS, PER_CHAT = 12, 5
"""One conversation is less than a tenth of all records; two are more."""


class House:
    """Some honest devices, and evil ones after them."""

    def __init__(self, folder: Path, honest: int = 2, evil: int = 1, seed: str = "house") -> None:
        self.entropy = TestOnlySeededEntropy(seed)
        self.place = MemoryStore()
        begun = begin(self.place, honest + evil, NOW_MS, self.entropy)
        self.clocks = [SetClock(NOW_MS) for _ in begun.members]
        self.homes = [
            Home(
                f"device {number}",
                folder / f"home{number}",
                self.place,
                begun.account,
                member,
                self.clocks[number],
                self.entropy,
            )
            for number, member in enumerate(begun.members)
        ]
        for home in self.homes:
            home.open()

    def evil(self, number: int = -1) -> "Evil":
        return Evil(self, self.homes[number])

    def close(self) -> None:
        for home in self.homes:
            home.close()

    def advance(self, milliseconds: int) -> None:
        for clock in self.clocks:
            clock.advance(milliseconds)

    def fill(self, number: int = 0) -> None:
        """One device imports all conversations; everybody has them."""
        self.take(number, [*map(chat, range(CHATS)), *map(message, range(CHATS * PER_CHAT))])
        self.sync(*range(len(self.homes)))

    def take(self, number: int, items: list[Item]) -> None:
        device = self.homes[number].device
        Intake(
            ListSource(items, NOW_MS),
            device.history.library,
            device.journal,
            device.history.keys.roots,
            lambda reason: create_snapshot(device.history.library, device.journal, "", reason),
            ignore,
            is_confirmed=True,
            now_ms=NOW_MS,
        ).run()

    def sync(self, *numbers: int) -> SyncOutcome:
        """Each of these syncs; what became of it for the last one."""
        for number in numbers:
            done = self.homes[number].device.sync.now(ignore)
        return done

    def library(self, number: int) -> Library:
        return self.homes[number].library

    def held(self, number: int) -> Held:
        return Held(self.homes[number].device, self.clocks[number])

    def asked(self, number: int) -> list[Asked]:
        return self.held(number).questions()

    def answer(self, number: int, is_accepted: bool) -> int:
        return self.held(number).answer(is_accepted)

    def rows(self, number: int, *chats: int, place: int = PRESENT) -> list[bytes]:
        """The records of the messages of some conversations, or of all."""
        wanted = {f"direct:{one}" for one in chats or range(CHATS)}
        library = self.library(number)
        moment = Moment(library.head_moment(), (place,))
        return [
            row.uid
            for row in library.read.messages(Selection(), moment)
            if wanted & row.state.keyed(CONVERSATION).keys()
        ]

    def delete(self, number: int, *chats: int) -> None:
        """A person deletes the messages of conversations, with the program."""
        changes = self._fates(number, self.rows(number, *chats), entry(LIFE, 1))
        write_in_batches(self.homes[number].device.journal, changes, "delete")

    def purge(self, number: int, records: Iterable[bytes]) -> None:
        """A person purges messages from the trash, with the program."""
        changes = self._fates(number, records, entry(PURGED, 1))
        write_in_batches(self.homes[number].device.journal, changes, "purge")

    def _fates(self, number: int, records: Iterable[bytes], *entries: object) -> list[Change]:
        device = self.homes[number].device.history.device
        now_ms = self.clocks[number].now_ms()
        return [
            Change(int(Kind.MESSAGE), one, None, now_ms, device, tuple(entries))  # type: ignore[arg-type]
            for one in records
        ]

    def texts(self, number: int, at: float | None = None, place: int = PRESENT) -> set[str]:
        library = self.library(number)
        moment = Moment(library.head_moment() if at is None else at, (place,))
        slot = (TEXT.name, int(TEXT.merge), "")
        return {
            stamp.value
            for row in library.read.messages(Selection(), moment)
            for stamp in row.state.slots.get(slot, ())
        }

    def pins(self, number: int) -> list[PinRow]:
        return self.library(number).holdings.pins()

    def reachable(self, number: int) -> set[str]:
        """All words that a person at this device can get at: in the present, in the trash, or in a
        snapshot."""
        found = self.texts(number) | self.texts(number, place=TRASH)
        for pin in self.pins(number):
            found |= self.texts(number, pin.moment)
            found |= self.texts(number, pin.moment, TRASH)
        return found

    def snapshot(self, number: int, name: str = "", reason: str = "daily") -> int:
        device = self.homes[number].device
        return create_snapshot(device.history.library, device.journal, name, reason)


class Evil:
    """A device that writes what it likes into the shared history."""

    def __init__(self, house: House, home: Home) -> None:
        self._house = house
        self._home = home
        self.time_ms: Callable[[], int] = home.clock.now_ms
        self.digest: Callable[[Library], bytes | None] = lambda library: digest_bytes(
            library.digest()
        )

    @property
    def id(self) -> bytes:
        return self._home.device.history.device

    @property
    def library(self) -> Library:
        return self._home.library

    def pulled(self) -> Replica:
        """Its end of the history, with what others wrote; nothing guards it."""
        device = self._home.device
        assert device.mirror is not None
        device.mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
        with device.history.unwatched():
            device.history.pull()
        return device.history

    def records(self) -> list[bytes]:
        """The records of all messages that it knows."""
        moment = Moment(self.library.head_moment(), ANYWHERE)
        return [row.uid for row in self.library.read.messages(Selection(), moment)]

    def segments(self) -> tuple[bytes, ...]:
        """The segments that the head holds."""
        self.pulled()
        return tuple(name for name, _, _ in self.library.holdings.live_segments())

    def append(
        self,
        kind: CommitKind = CommitKind.CHANGE,
        changes: Iterable[Change] = (),
        dropped: Iterable[bytes] = (),
        public: bytes = b"",
        part: Part | None = None,
        pinning: Pinning | None = None,
        change_digest: bytes | None = None,
    ) -> int:
        """Appends a commit with a good signature; gives its seq."""
        history = self.pulled()
        head = history.head()
        told = tuple(changes)
        epoch = history.log.newest.epoch
        key = history.keys.zone_key(MESSAGES_ZONE, epoch)
        sealed = SealHere(self._house.entropy).start(key, history.keys.roots, told)()
        place = self._house.place
        place.put_objects((one.name, one.data) for one in sealed.segments)
        segments = tuple(
            (one.name, len(one.data), change_digest or digest_bytes(one.change_digest))
            for one in sealed.segments
        )
        said = part or Part()
        draft = Draft(
            kind,
            self._house.entropy.bytes(OP_ID_BYTES),
            Part(
                reason=said.reason,
                confirmed=said.confirmed,
                digest=self.digest(history.library),
                digest_rules=1,
                name=said.name,
            ),
            segments,
            dropped=tuple(dropped),
            public=public,
            pinning=pinning or Pinning(),
        )
        where = Place(head, history.log.head, epoch, self.time_ms())
        data = compose(draft, where, history.keys, self._home.member, self._house.entropy)
        place.append_commit(MESSAGES_ZONE, head.seq + 1, data)
        self.pulled()
        return head.seq + 1

    def delete(self, records: Iterable[bytes], life: int = 1, *marks: object) -> int:
        return self._fate(records, entry(LIFE, life), *marks)

    def purge(self, records: Iterable[bytes], through: int = 0) -> int:
        return self._fate(records, entry(PURGED, through))

    def answer(self, records: Iterable[bytes], life: int = 1) -> int:
        return self._fate(records, entry(HELD, False, str(life)))

    def say(self, records: Iterable[bytes], *entries: object, time_ms: int | None = None) -> int:
        """Content of the life in which records are."""
        time_ms = self.time_ms() if time_ms is None else time_ms
        changes = [
            Change(int(Kind.MESSAGE), one, 0, time_ms, self.id, tuple(entries))  # type: ignore[arg-type]
            for one in records
        ]
        return self.append(changes=changes, part=Part(reason="import", confirmed=True))

    def unpin(self, *seqs: int) -> int:
        public = encode_facts(UnpinFacts(list(seqs)))
        return self.append(CommitKind.UNPIN, public=public)

    def _fate(self, records: Iterable[bytes], *entries: object) -> int:
        changes = [
            Change(int(Kind.MESSAGE), one, None, self.time_ms(), self.id, tuple(entries))  # type: ignore[arg-type]
            for one in records
        ]
        return self.append(changes=changes, part=Part(reason="delete", confirmed=True))


def chat(number: int) -> Observation:
    entries = (entry(ORIGIN, ["imessage", f"direct:{number}"]),)
    return Observation(int(Kind.CONVERSATION), f"direct:{number}", 1, entries)


def message(number: int) -> Observation:
    time_ms = NOW_MS - DAY_MS + number
    entries = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(CONVERSATION, True, f"direct:{number % CHATS}"),
        entry(TIME_NS, time_ms * 1_000_000),
        entry(TEXT, f"words of message {number}"),
    )
    return Observation(int(Kind.MESSAGE), f"m{number}", time_ms, entries)
