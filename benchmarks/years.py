"""`python -m benchmarks.years`: what years of live messages leave behind.

    python -m benchmarks.years [--days 365] [--write]

A real server on loopback, a phone, a home whose agent runs, and a clock that is moved. On each day
50 messages come in 40 bursts, two and two together with 40 s between them. 20 s after each burst
its messages are marked as read: half of the receipts find company within a minute. At noon comes a
photo. Whatever is due in the agent is done: a snapshot a day, retention, small pictures,
compaction, checks. The server does its chores every day. Then it is counted what lies in the vault,
and it is measured how long a new device and a verification take.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.agent.month import Device, Household, Phone
from tests.homes import changed, environment, ignore, said
from tests.thumbnail.photos import photo

from benchmarks.inside import Answer
from benchmarks.performance import tell
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.schedule import DAY_MS
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.chance import Chance
from sealwax.demo.talk import answer
from sealwax.library.usage import used_chunks

BURSTS = 40
LARGE_BURSTS = 10
"""So many bursts of a day have two messages, the others one."""
FIRST_MS = 7 * 3600 * 1000
PAIR_MS = 48 * 60 * 1000
STEP_MS = 20 * 1000
AFTER_MS = 80 * 1000
TOLD_DAYS = 30
PLAN_BYTES = 50 * 10**9


class _Live:
    """A phone that people write to, and the home that follows it."""

    def __init__(self, folder: Path) -> None:
        self.house = Household(folder, PLAN_BYTES)
        self._phone = Phone(folder / "phone", self.house.time.ms - DAY_MS)
        self.device: Device = self.house.add("laptop", self._phone)
        self._chance = Chance("years")
        self._number = 0
        self._rows: list[str] = []

    def day(self, number: int) -> None:
        """One day: what is written, what is done."""
        begin_ms = self.house.time.ms
        for burst in range(BURSTS):
            pair, second = divmod(burst, 2)
            at_ms = begin_ms + FIRST_MS + pair * PAIR_MS + second * 2 * STEP_MS
            self._pass_until(at_ms)
            self._write(2 if burst < LARGE_BURSTS else 1, number if burst == BURSTS // 2 else -1)
            self._pass_until(at_ms + STEP_MS)
            self._mark_read()
            if second:
                self._pass_until(at_ms + AFTER_MS)
        self._pass_until(begin_ms + DAY_MS)
        parts = self.house.server.parts
        parts.packs.pack_commits()
        parts.freeing.delete_let_go()
        parts.freeing.forget_unnamed(self.house.time.ms)

    def _pass_until(self, time_ms: int) -> None:
        """Time goes on; whatever is due is done."""
        passed_ms = time_ms - self.house.time.ms
        self.house.time.ms += passed_ms
        self.device.clock.awake_ms += passed_ms
        self.device.settle()

    def _write(self, count: int, photo_of_day: int) -> None:
        now_ms = self.house.time.ms

        def change(database: AppleDatabase) -> None:
            for _ in range(count):
                self._number += 1
                guid, text = self._chance.guid(), answer(self._chance)
                row = said(1, 1, guid, text, now_ms + self._number % 1_000)
                has_photo = photo_of_day >= 0 and not self._rows
                database.add_messages(
                    [row._replace(date_read=0, cache_has_attachments=int(has_photo))]
                )
                if has_photo:
                    database.add_attachments([(guid, self._photo(photo_of_day, now_ms))])
                self._rows.append(guid)

        changed(self._phone.folder, change)
        self.device.settle()

    def _photo(self, day: int, now_ms: int) -> AttachmentRow:
        data, path = photo(f"day {day}"), f"{day}.jpg"
        folder = self._phone.folder / ATTACHMENTS
        folder.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
        return AttachmentRow(
            f"photo {day}", path, path, "image/jpeg", "public.jpeg", now_ms, len(data)
        )

    def _mark_read(self) -> None:
        date, rows = nanoseconds(self.house.time.ms), [(guid,) for guid in self._rows]
        self._rows = []

        def change(database: AppleDatabase) -> None:
            database.connection.executemany(
                f"UPDATE message SET date_read = {date} WHERE guid = ?", rows
            )

        changed(self._phone.folder, change)
        self.device.settle()


def lived(folder: Path, days: int) -> Iterator[Answer]:
    """So many days, and what is left of them."""
    live = _Live(folder)
    began = time.perf_counter()
    for day in range(days):
        live.day(day)
        if day % TOLD_DAYS == TOLD_DAYS - 1:
            print(f"day {day + 1}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
            for one in _counted(live.device, live.house.folder):
                print(f"    {one.name}: {one.value:,.2f}", file=sys.stderr)
    yield Answer("days", days, "")
    yield from _counted(live.device, live.house.folder)
    agent = live.device.agent
    began = time.perf_counter()
    assert agent.verify(ignore, is_deep=False).is_sound
    yield Answer("verify", time.perf_counter() - began, "s")
    began = time.perf_counter()
    assert agent.verify(ignore).is_sound
    yield Answer("verify, and add up what is inside", time.perf_counter() - began, "s")
    yield from _joined(live)
    live.house.close()


def _counted(device: Device, folder: Path) -> Iterator[Answer]:
    library, near = device.agent.device.history.library, device.agent.device.near
    messages = library.counts().messages
    photos = near.object_sizes(used_chunks(library.database.connection))
    files = [path for path in (device.home / "vault").rglob("*") if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    commits = [len(data) for zone in near.list_zones() for _, data in near.read_commits(zone, 0)]
    beside = sum(sizes) - sum(photos.values())
    yield Answer("messages", messages, "")
    yield Answer("snapshots that are kept", len(device.agent.snapshots()), "")
    yield Answer("commits", len(commits), "")
    yield Answer("commits a message", len(commits) / messages, "")
    yield Answer("files beside photos and small pictures", len(files) - len(photos), "")
    yield Answer("of them packs", sum(path.suffix == ".pack" for path in files), "")
    yield Answer("of them commits", sum("zones" in path.parts for path in files), "")
    yield Answer("bytes a message, all but photos and small pictures", beside / messages, "")
    yield Answer("of them commits", sum(commits) / messages, "")
    yield Answer("of them objects", (beside - sum(commits)) / messages, "")
    database = folder / "server" / "server.db"
    written = sum(path.stat().st_size for path in database.parent.glob(database.name + "*"))
    yield Answer("the server's database, bytes a message", written / messages, "")


def _joined(live: _Live) -> Iterator[Answer]:
    """A new device comes by the recovery key, and has everything."""
    said_there = live.device.agent.device.history.library.counts()
    env, began = environment(live.device.clock), time.perf_counter()
    home = live.house.folder / "new"
    recover_home(home, live.house.server.url, live.house.recovery_key, "new", env)
    with open_agent(home, env) as agent:
        taken = time.perf_counter() - began
        assert agent.device.history.library.counts() == said_there
    yield Answer("a new device has everything", taken, "s")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.years")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwax-bench-") as name:
        answers = list(lived(Path(name), arguments.days))
    tell(f"Live messages, {arguments.days:,} days", answers, arguments.write)


if __name__ == "__main__":
    main()
