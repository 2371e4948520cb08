"""The stage of a scripted month: a real server, devices with homes and agents of their own, two
phones, one true time, and what ought to be where by the script alone."""

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.recovery import note_confirmed_at_beginning
from sealwax.agent.running import RunningAgent
from sealwax.agent.schedule import HOUR_MS
from sealwax.base.condition import SetConditions
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from sealwax.ledger.names import MESSAGES_ZONE
from tests.homes import changed, environment, said, texts, write_threads
from tests.server.running import Running, running

MONDAY_MS = int(datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC).timestamp() * 1000)
PERSON = "+15550100000"
SETTLES_WITHIN = 60


class TrueTime:
    """The time that the server goes by."""

    def __init__(self) -> None:
        self.ms = MONDAY_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return (self.ms - MONDAY_MS) / 1000


class DeviceClock:
    """A wall clock that may be wrong, and a monotonic one that stands still in sleep."""

    def __init__(self, true_time: TrueTime) -> None:
        self._true = true_time
        self.offset_ms = 0
        self.awake_ms = 0

    def now_ms(self) -> int:
        return self._true.ms + self.offset_ms

    def monotonic(self) -> float:
        return self.awake_ms / 1000


class Phone:
    """A phone's messages, as a computer reads them while it is plugged in."""

    def __init__(self, folder: Path, end_ms: int) -> None:
        self.folder = folder
        self.shelf = folder.with_name(f"{folder.name} unplugged")
        self.name = folder.name
        write_threads(folder, [3], end_ms=end_ms, seed=folder.name)
        # In one conversation the words of each phone are its own.
        changed(folder, self._sign)
        self.texts = {f"{self.name} thread 0 message {at}" for at in range(3)}
        self.files: dict[str, bytes] = {}

    def _sign(self, database: AppleDatabase) -> None:
        database.connection.execute(
            "UPDATE message SET attributedBody = NULL, text = ? || ' ' || text", (self.name,)
        )

    @property
    def is_plugged(self) -> bool:
        return self.folder.exists()

    def say(self, text: str, time_ms: int, data: bytes = b"") -> None:
        """A message, with a file where there is data for one."""
        words = f"{self.name} {text}"
        folder = self.folder if self.is_plugged else self.shelf

        def change(database: AppleDatabase) -> None:
            row = said(1, 1, words, words, time_ms)
            database.add_messages([row._replace(cache_has_attachments=int(bool(data)))])
            if data:
                path = f"{text}.bin"
                (folder / ATTACHMENTS).mkdir(exist_ok=True)
                (folder / ATTACHMENTS / path).write_bytes(data)
                size = len(data)
                told = AttachmentRow(words, path, path, "image/png", "public.png", time_ms, size)
                database.add_attachments([(words, told)])

        changed(folder, change)
        self.texts.add(words)
        if data:
            self.files[f"{text}.bin"] = data

    def unplug(self) -> None:
        self.folder.rename(self.shelf)

    def plug_in(self) -> None:
        self.shelf.rename(self.folder)


class Shot(NamedTuple):
    """A snapshot that a device made, with what the device had by the script when it made it."""

    made_ms: int
    texts: frozenset[str]


class Device:
    """A computer with a home, its agent, and what it has by the script."""

    def __init__(self, folder: Path, name: str, true_time: TrueTime, phone: Phone | None) -> None:
        self.name = name
        self.home = folder / name
        self.phone = phone
        self.clock = DeviceClock(true_time)
        self.env = environment(self.clock)
        self.conditions = SetConditions()
        self.conditions.change(free_bytes=10**12, suspended_seconds=0.0)
        self.is_lid_open = True
        self.has: frozenset[str] = frozenset()
        self.made: dict[int, Shot] = {}
        """Snapshots of this device alone."""
        self._stack = ExitStack()

    def switch_on(self) -> None:
        """A new process of the agent."""
        agent = self._stack.enter_context(open_agent(self.home, self.env))
        if self.phone is not None and not agent.sources():
            agent.add_source(self.phone.folder)
        self.running = RunningAgent(agent, self.clock, self.conditions, zone=datetime.UTC)
        self._stack.callback(self.running.close)

    def switch_off(self) -> None:
        self._stack.close()

    @property
    def agent(self) -> Agent:
        return self.running.agent

    def settle(self) -> None:
        """Everything that is due, until nothing is."""
        for _ in range(SETTLES_WITHIN):
            if not self.running.step():
                return
        done = [f"{told.kind} {told.state}" for told in self.running.jobs.told()]
        raise AssertionError(f"{self.name} never comes to rest: {done[-9:]}")

    def switch(self, what: str, is_on: bool) -> None:
        if what == "sync":
            self.running.sync.switch(is_on)
        else:
            self.running.sync.switch_backup(is_on)

    def says(self) -> set[str]:
        """The keys of what the doctor finds here."""
        return {finding.key for finding in self.running.examine().findings}

    def texts(self, at: str | None = None) -> list[str]:
        return texts(self.agent, PERSON, at)


class Household:
    """The devices of one account, their server, and the time that passes for all."""

    def __init__(self, folder: Path, plan_bytes: int) -> None:
        self.folder = folder
        self.time = TrueTime()
        self.stored: frozenset[str] = frozenset()
        self.made: dict[int, Shot] = {}
        """Snapshots that all devices share."""
        self.shots: dict[int, Shot] = {}
        """All snapshots by when they were made."""
        self.devices: list[Device] = []
        self._server = ExitStack()
        self._port = 0
        self.is_up = False
        self.bring_up()
        self.invitation = self.server.parts.accounts.invite("somebody", plan_bytes)
        self.recovery_key = ""

    def bring_up(self) -> None:
        """The server answers, at the address at which it always did."""
        self.server: Running = self._server.enter_context(
            running(self.folder / "server", self.time, self._port)
        )
        self._port = int(self.server.url.rpartition(":")[2])
        self.is_up = True

    def take_down(self) -> None:
        self._server.close()
        self.is_up = False

    def add(self, name: str, phone: Phone | None = None) -> Device:
        """A new device: the first makes the account, the others come by its recovery key."""
        device = Device(self.folder, name, self.time, phone)
        url, env = self.server.url, device.env
        if not self.devices:
            self.recovery_key = create_home(device.home, url, name, env, self.invitation)
        else:
            recover_home(device.home, url, self.recovery_key, name, env)
        note_confirmed_at_beginning(device.home, self.recovery_key)
        device.switch_on()
        self.devices.append(device)
        return device

    def pass_hours(self, hours: int, is_night: bool = False) -> None:
        """Whoever sleeps does not count the time."""
        self.time.ms += hours * HOUR_MS
        for device in self.devices:
            if is_night or not device.is_lid_open:
                asleep = device.conditions.now().suspended_seconds + hours * 3600
                device.conditions.change(suspended_seconds=asleep)
            else:
                device.clock.awake_ms += hours * HOUR_MS

    def settle(self, device: Device, can_sync: bool) -> None:
        """A device does what is due; by the script, it then has this."""
        device.settle()
        if device.phone is not None and device.phone.is_plugged:
            device.has |= device.phone.texts
        if can_sync:
            device.has |= self.stored
            self.stored |= device.has
        assert device.agent.upkeep.rhythm().messages == len(device.has), device.name
        for snapshot in device.agent.snapshots():
            # Of a shared one the first to see it is who made it, now or in its own zone before:
            # nobody else was asked since.
            if not snapshot.is_elsewhere:
                made = self.made if snapshot.zone == MESSAGES_ZONE else device.made
                shot = self.shots.setdefault(snapshot.made_ms, Shot(snapshot.made_ms, device.has))
                made.setdefault(snapshot.number, shot)

    def close(self) -> None:
        for device in self.devices:
            device.switch_off()
        if self.is_up:
            self.take_down()


@contextmanager
def household(folder: Path, plan_bytes: int) -> Iterator[Household]:
    """Ends everything at the end."""
    made = Household(folder, plan_bytes)
    try:
        yield made
    finally:
        made.close()
