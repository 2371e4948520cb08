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

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
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
from sealwax.demo.apple_database import AppleDatabase
from sealwax.library.library import Library
from sealwax.library.project import PRESENT
from sealwax.library.select import Moment, Selection
from sealwax.library.view import message_view
from sealwax.model.record import Kind
from sealwax.sync.apply import SyncOutcome
from sealwax.trust.account import open_for_device
from sealwax.trust.heads import RememberedHeads
from sealwax.trust.home_keys import load_home_keys
from tests.homes import NOW_MS, ignore, said
from tests.tribunal.beginning import (
    DAY_MS,
    NAMES,
    OWNER,
    PHOTO_BYTES,
    SECOND,
    SNAPSHOTS,
    THIEF,
    WITH_A_PHOTO,
    Begun,
    connect,
)
from tests.tribunal.clock import MovedClock
from tests.tribunal.device import Intruder
from tests.tribunal.place import ADDRESS, Place, Truth

HONEST = (OWNER, SECOND)
ROUNDS = 4
_LIBRARY_KEY = b"k" * 32

T = TypeVar("T")


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
        connect(patch, self.place)
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
