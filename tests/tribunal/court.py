"""A trial: an account with devices at a place, an act against it, and what must hold afterwards.

An act is either *harmless* or *detected*. In both cases, once the place is honest again and the
owner said no to what waits for an answer, the honest devices have every message that was ever kept,
show every snapshot as it was, say "verified", and a new device that reads the place alone sees the
same. While an act lasts, nothing may end in a traceback, nothing that a device took in may be lost,
and "verified" may be said only where a new device could read all of it from the place. What is
detected is named in a plain sentence by `status` and `doctor`.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from sealwax.agent import place as place_module
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Device, Environment
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.recovering import recover_home
from sealwax.base.condition import SetConditions
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.recovery_code import recovery_keys
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from sealwax.library.library import Library
from sealwax.library.project import PRESENT
from sealwax.library.select import Moment, Selection
from sealwax.library.view import message_view
from sealwax.model.record import Kind
from sealwax.sync.apply import SyncOutcome
from sealwax.trust.account import open_for_device
from sealwax.trust.heads import RememberedHeads
from sealwax.trust.home_keys import load_home_keys
from tests.homes import NOW_MS, MemoryKeyring, ignore, said, write_threads
from tests.tribunal.clock import MovedClock
from tests.tribunal.device import Intruder
from tests.tribunal.place import ADDRESS, Line, Place, Truth, View

OWNER, SECOND, THIEF = 0, 1, 2
NAMES = ("owner", "second", "thief")
HONEST = (OWNER, SECOND)
SNAPSHOTS = tuple(f"before the trial {number}" for number in range(5))
"""More than a device may let go of in a day without being asked about."""
ROUNDS = 4
PHOTO_BYTES = 60_000
WITH_A_PHOTO = "with a photo"
DAY_MS = 24 * 60 * 60 * 1000
_CHATS = (6, 6, 5, 5, 4)
_LIBRARY_KEY = b"k" * 32

T = TypeVar("T")


class Begun(NamedTuple):
    """An account with three devices that agree, made once and copied for each trial."""

    folder: Path
    truth: Truth
    recovery_code: str
    keyring: MemoryKeyring


class Day(NamedTuple):
    """What one device did in ordinary use, and what it said: the messages that it shows, what came
    of its last sync, the errors that commands ended with; the sentences of `status` and `doctor`,
    and those of the commands themselves."""

    home: int
    shown: Counter[str]
    outcome: SyncOutcome | None
    refusals: tuple[SealwaxError, ...]
    told: tuple[str, ...]
    said: tuple[str, ...]


class Court:
    """One trial."""

    def __init__(self, folder: Path, begun: Begun, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        shutil.copytree(begun.folder, folder, dirs_exist_ok=True)
        self.clocks = [MovedClock(NOW_MS + number) for number in range(len(NAMES))]
        self.place = Place(self.clocks[OWNER])
        self.place.truths[begun.truth.account] = begun.truth.copy()
        self.account = begun.truth.account
        self.recovery_code = begun.recovery_code
        self.keyring = begun.keyring
        self.days: list[Day] = []
        self.said: Counter[str] = Counter()
        self._words = 0
        self._read: dict[object, Counter[str]] = {}
        _connect(patch, self.place)
        self.kept = self.shown(OWNER)
        self.snapshots = {name: self.shown(OWNER, name) for name in SNAPSHOTS}
        self.calm = self.findings(OWNER)

    @property
    def truth(self) -> Truth:
        return self.place.truths[self.account]

    @property
    def recovery(self) -> MemberKeys:
        return recovery_keys(self.recovery_code)

    def home(self, number: int) -> Path:
        return self.folder / NAMES[number]

    def env(self, number: int) -> Environment:
        return Environment(self.clocks[number], SystemEntropy(), None, self.keyring)

    @contextmanager
    def agent(self, number: int, is_lenient: bool = False) -> Iterator[Agent]:
        """A home, opened as commands open it: `is_lenient` for those that only read."""
        with open_agent(self.home(number), self.env(number), is_lenient) as agent:
            yield agent

    def member(self, number: int) -> MemberKeys:
        """The keys of a device: whoever has the device has them."""
        return load_home_keys(self.home(number), None, self.keyring).member_keys()

    def id(self, number: int) -> bytes:
        return self.member(number).member().id

    def intruder(self, number: int = THIEF) -> Intruder:
        """Whoever stole a device, with its keys as they are now."""
        now_ms = self.clocks[number].now_ms()
        return Intruder(self.truth, self.member(number), SystemEntropy(), now_ms)

    def messages(self) -> list[tuple[int, bytes]]:
        """The kind and id of every message that the owner has."""
        return self.records(Kind.MESSAGE)

    def records(self, kind: Kind) -> list[tuple[int, bytes]]:
        with self.agent(OWNER, is_lenient=True) as agent:
            rows = agent.device.history.library.database.connection.execute(
                "SELECT uid FROM record JOIN version ON version.id = record.version"
                " WHERE version.kind = ? ORDER BY record.id",
                (int(kind),),
            ).fetchall()
        return [(int(kind), bytes(uid)) for (uid,) in rows]

    def shown(self, number: int, at: str | None = None) -> Counter[str]:
        """The words that a device shows, in the present or in a snapshot."""
        with self.agent(number, is_lenient=True) as agent:
            return shown_by(agent, at)

    def findings(self, number: int) -> set[str]:
        """The keys of what the doctor finds."""
        with self.agent(number, is_lenient=True) as agent:
            return {found.key for found in self._examined(number, agent)}

    def advance(self, days: float) -> None:
        """Time passes for all devices."""
        for clock in self.clocks:
            clock.advance(round(days * DAY_MS))

    def day(self, number: int, is_writing: bool = True) -> Day:
        """Ordinary use: a sync, new words that come in, a sync, and a look at it all."""
        refusals: list[SealwaxError] = []
        done = _tried(refusals, lambda: self._use(number, is_writing, refusals)) or []
        outcome = done[-1] if done else None
        with self.agent(number, is_lenient=True) as agent:
            shown = shown_by(agent)
            told = self.told(number, agent)
        if outcome is not None and outcome.is_verified:
            self._need_there(shown, number)
        synced = (sentence for one in done if one for sentence in (one.why, one.repaired))
        failed = (f"{error.sentence} {error.hint}" for error in refusals)
        self.days.append(
            Day(number, shown, outcome, tuple(refusals), tuple(told), (*synced, *failed))
        )
        return self.days[-1]

    def _use(
        self, number: int, is_writing: bool, refusals: list[SealwaxError]
    ) -> list[SyncOutcome | None]:
        with self.agent(number) as agent:
            outcomes = [_tried(refusals, agent.sync.now)]
            if is_writing:
                _tried(refusals, lambda: self._take_in(agent, number))
                outcomes.append(_tried(refusals, agent.sync.now))
        return outcomes

    def told(self, number: int, agent: Agent) -> list[str]:
        """What `status` and `doctor` say, and what stands above every listing."""
        found = [f"{one.text} {one.remedy}" for one in self._examined(number, agent)]
        return [*found, *(note.what for note in agent.warnings())]

    def write(self, number: int, times: int = 1) -> None:
        """A device takes in new words, each in a step of its own."""
        with self.agent(number) as agent:
            for _ in range(times):
                self._take_in(agent, number)

    def settle(self, homes: Iterable[int] = HONEST) -> None:
        """The place is honest again; the devices sync, and their owner says no to what waits for an
        answer, until all is quiet."""
        self.place.be_honest()
        last: dict[int, SyncOutcome | None] = {}
        for _ in range(ROUNDS):
            is_quiet, before = True, self.truth.state()
            for number in homes:
                outcome = last[number] = self.day(number, is_writing=False).outcome
                is_quiet &= not self.answer(number)
                is_quiet &= outcome is not None and outcome.is_verified and not outcome.pulled
            if is_quiet and self.truth.state() == before:
                break
        for number, outcome in last.items():
            assert outcome is not None, f"{NAMES[number]} does not sync any more"
            assert outcome.is_verified, f"{NAMES[number]}: {outcome}"

    def answer(self, number: int) -> bool:
        """A person says on a device: no, that stays. Gives whether there was anything to say."""
        with self.agent(number, is_lenient=True) as agent:
            is_asked = agent.status().held > 0
            if is_asked:
                agent.answer_held(False)
        return is_asked

    def go_on_without_removed(self, number: int) -> None:
        """A person says on a device: go on without what the removed device wrote."""
        with self.agent(number, is_lenient=True) as agent:
            agent.sync.resolve(False)

    def put_out(self, number: int = THIEF) -> None:
        """The owner removes a device, says all anew, and lets the snapshot before that go."""
        with self.agent(OWNER) as agent:
            agent.devices.revoke(NAMES[number])
            agent.sync.reset()
            agent.drop_snapshots([str(agent.snapshots()[-1].number)])

    def recover(self, name: str, remove: Iterable[str] = ()) -> Path:
        """A home that is made with the recovery key alone; its owner puts out the devices in
        `remove`."""
        home = self.folder / name
        recover_home(home, ADDRESS, self.recovery_code, name, self.env(OWNER))
        with open_agent(home, self.env(OWNER)) as agent:
            for device in remove:
                agent.devices.revoke(device)
        return home

    def check(self, homes: Iterable[int] = HONEST, is_named: str = "") -> None:
        """Nothing is lost, on any honest device and for a new one; all is as it was written.
        `is_named` finds what a check may go on naming: a step that stays in the history."""
        expected = self.kept | self.said
        for number in homes:
            with self.agent(number) as agent:
                lost = expected - shown_by(agent)
                assert not lost, f"{NAMES[number]} lost {len(lost)} of {len(expected)}"
                for name, words in self.snapshots.items():
                    assert shown_by(agent, name) == words, f"{NAMES[number]}: {name} differs"
                assert self._photo(agent) == PHOTO_BYTES
                damage = [str(one) for one in agent.verify(ignore).damage]
                wrong = [one for one in damage if not is_named or not re.search(is_named, one)]
                assert wrong == [], f"{NAMES[number]}: {wrong}"
            lost = expected - self.newcomer(number)
            assert not lost, f"the place lost {len(lost)} of {len(expected)}"

    def newcomer(self, number: int) -> Counter[str]:
        """What somebody reads who has nothing but the truth of the place, and a device's keys."""
        state = number, self.truth.state()
        if state not in self._read:
            self._read[state] = self._newcomer(number)
        return self._read[state]

    def _newcomer(self, number: int) -> Counter[str]:
        truth = self.truth.copy()
        log = truth.log().copy()
        keys = open_for_device(log, self.member(number))
        folder = self.folder / "newcomer"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        library = Library(folder / "library.db", _LIBRARY_KEY, keys.roots, is_durable=False)
        heads, env = RememberedHeads(folder), self.env(number)
        settings, member = Settings(folder), self.member(number)
        device = Device(truth.store, library, log, keys, member, heads, env, settings)
        try:
            device.sync.open()
            moment = Moment(library.head_moment(), (PRESENT,))
            rows = list(library.read.messages(Selection(), moment))
            views = (message_view(row.record, row.conversation, row.state) for row in rows)
            return Counter(view.text for view in views)
        finally:
            library.close()
            device.decoder.close()

    def need_told(self, pattern: str) -> None:
        """`status` and `doctor` told somebody, in a sentence that has this."""
        self._need_heard(pattern, {sentence for day in self.days for sentence in day.told})

    def need_said(self, pattern: str) -> None:
        """A command told somebody when it mended something."""
        self._need_heard(pattern, {sentence for day in self.days for sentence in day.said})

    def _need_heard(self, pattern: str, heard: set[str]) -> None:
        assert any(re.search(pattern, sentence) for sentence in heard), sorted(heard)

    def need_calm(self, number: int) -> None:
        """The doctor finds nothing that it did not find before the trial."""
        more = self.findings(number) - self.calm
        assert not more, (more, self.days[-1].told)

    def _need_there(self, shown: Counter[str], number: int) -> None:
        """Whoever says "verified" must be right: all that it shows is at the place."""
        missing = shown - self.newcomer(number)
        assert not missing, f"“verified” was said, and {len(missing)} are not at the place"

    def _take_in(self, agent: Agent, number: int) -> None:
        self._words += 1
        words = f"new words {self._words} on {NAMES[number]}"
        phone = self.folder / f"phone of {NAMES[number]} {self._words}"
        database = AppleDatabase(phone)
        handle = database.handle("+15550109999")
        chat = database.direct_chat("+15550109999", handle)
        time_ms = NOW_MS - 1000 + self._words
        guid = f"{self._words:08}-0000-4000-8000-000000000000"
        database.add_messages([said(chat, handle, guid, words, time_ms)])
        database.close()
        agent.import_source(phone, ignore)
        self.said[words] += 1

    def _examined(self, number: int, agent: Agent) -> tuple[object, ...]:
        return examine(facts_of(agent, SetConditions(), self.clocks[number])).findings

    def _photo(self, agent: Agent) -> int:
        """The bytes of the one photo, read back from its pieces."""
        rows = [
            view
            for chat in agent.conversations()
            for view in agent.read(chat.record, None, 1_000)
            if view.text == WITH_A_PHOTO
        ]
        (attachment,) = agent.attachments(rows).values()
        return sum(len(piece) for piece in agent.attachment_bytes(attachment))


def _tried(refusals: list[SealwaxError], act: Callable[[], T]) -> T | None:
    """What comes of an act; an error that is told in a sentence is noted, any other ends all."""
    try:
        return act()
    except SealwaxError as error:
        refusals.append(error)
        return None


def shown_by(agent: Agent, at: str | None = None) -> Counter[str]:
    """The words of all messages that a person sees, wherever: each message once."""
    views = {
        view.record: view.text
        for chat in agent.conversations(at)
        for view in agent.read(chat.record, at, 10_000)
    }
    return Counter(views.values())


def begin(folder: Path) -> Begun:
    """Makes the account of all trials: three devices, a phone's messages with a photo, a snapshot,
    everything verified."""
    keyring = MemoryKeyring()
    clock = MovedClock(NOW_MS)
    env = Environment(clock, SystemEntropy(), None, keyring)
    place = Place(clock)
    with pytest.MonkeyPatch.context() as patch:
        _connect(patch, place)
        homes = [folder / name for name in NAMES]
        code = create_home(homes[OWNER], ADDRESS, NAMES[OWNER], env, "invitation")
        for number in (SECOND, THIEF):
            recover_home(homes[number], ADDRESS, code, NAMES[number], env)
        with open_agent(homes[OWNER], env) as agent:
            agent.import_source(_phone(folder / "phone"), ignore)
            for name in SNAPSHOTS:
                agent.create_snapshot(name)
            assert agent.sync.now().is_verified
        shutil.rmtree(folder / "phone")
        for number in (SECOND, THIEF, OWNER):
            with open_agent(homes[number], env) as agent:
                done = agent.sync.now()
                assert done.is_verified, done
    (truth,) = place.truths.values()
    return Begun(folder, truth, code, keyring)


def _phone(folder: Path) -> Path:
    write_threads(folder, _CHATS)
    database = AppleDatabase(folder)
    photo = "aa/00/photo.bin"
    (folder / ATTACHMENTS / photo).parent.mkdir(parents=True)
    (folder / ATTACHMENTS / photo).write_bytes(bytes(range(250)) * (PHOTO_BYTES // 250))
    handle = database.handle("+15550108888")
    chat = database.direct_chat("+15550108888", handle)
    database.add_messages([said(chat, handle, "with-a-photo", WITH_A_PHOTO, NOW_MS - DAY_MS)])
    row = AttachmentRow(
        "photo", photo, "photo.bin", "application/octet-stream", "public.data",
        NOW_MS - DAY_MS, PHOTO_BYTES,
    )  # fmt: skip
    database.add_attachments([("with-a-photo", row)])
    database.close()
    return folder


def _connect(patch: pytest.MonkeyPatch, place: Place) -> None:
    """Has homes reach the double where they would reach a server."""

    def far(url: str, account: bytes, member: MemberKeys) -> View:
        assert url == ADDRESS
        return place.view(account, member.member().id)

    patch.setattr(place_module, "opened_far", far)
    patch.setattr(place_module, "Connection", lambda url: Line(place))


class Act(NamedTuple):
    """One act: what is done, and, where it is to be detected, a pattern that finds the sentence
    that `status` and `doctor` say of it; or the command itself, where that mended it."""

    do: Callable[[Court], object]
    told: str = ""
    said: str = ""

    @property
    def name(self) -> str:
        return self.do.__name__.replace("_", " ")


class Acts:
    """The acts of one theme, in their order."""

    def __init__(self) -> None:
        self.all: list[Act] = []

    def detected(self, told: str) -> Callable[[Callable[[Court], object]], object]:
        """An act that the owner hears of, in a sentence that has this pattern."""
        return lambda do: self.all.append(Act(do, told))

    def mended(self, said: str) -> Callable[[Callable[[Court], object]], object]:
        """An act that is undone by the next sync, which says so in a sentence that has this."""
        return lambda do: self.all.append(Act(do, said=said))

    def harmless(self, do: Callable[[Court], object]) -> None:
        """An act that comes to nothing."""
        self.all.append(Act(do))


def try_act(court: Court, act: Act) -> None:
    """The whole trial of an act that needs nothing of its own."""
    act.do(court)
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()
    if act.told:
        court.need_told(act.told)
    elif act.said:
        court.need_said(act.said)
    else:
        court.need_calm(OWNER)
