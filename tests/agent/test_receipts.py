"""Live sync is frugal: receipts alone wait a little for company, in their source; a message goes at
once, and takes them along."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sealwax.agent.schedule import JobKind
from sealwax.demo.apple_database import AppleDatabase
from sealwax.demo.apple_time import nanoseconds
from sealwax.ledger.names import MESSAGES_ZONE
from tests.agent.test_running import Stage
from tests.homes import changed, said

UNREAD = "UPDATE message SET is_read = 0 WHERE date_read = 0"


class _Live(Stage):
    """A phone on which messages are delivered and read."""

    def commits(self) -> int:
        return self.running.agent.device.near.head_seq(MESSAGES_ZONE) + 1

    def read_one(self, number: int) -> None:
        """A message of those that are there is marked as read now."""
        date = nanoseconds(self.clock.now_ms())

        def change(database: AppleDatabase) -> None:
            database.connection.execute(
                "UPDATE message SET date_read = ?, is_read = 1 WHERE ROWID = ?",
                (date, number),
            )

        changed(self.phone, change)

    def times(self) -> list[int | None]:
        (chat,) = self.running.agent.conversations()
        return [view.read_ns for view in self.running.agent.read(chat.record)]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[_Live]:
    with ExitStack() as stack:
        made = _Live(tmp_path, stack)
        # Those of the phone have been read; these have not.
        for number in range(3):
            row = said(made.chat, 1, f"unread {number}", f"unread {number}", made.clock.now_ms())
            changed(made.phone, lambda db, row=row: db.add_messages([row._replace(date_read=0)]))
        changed(made.phone, lambda db: db.connection.execute(UNREAD))
        made.settle()
        yield made
        made.running.close()


def _unread(live: _Live) -> int:
    return sum(time_ns is None for time_ns in live.times())


def test_receipts_alone_wait_a_minute_for_company(live: _Live) -> None:
    before = live.commits()
    live.read_one(4)
    assert live.settle() == ["import"]
    assert (live.commits(), _unread(live)) == (before, 3)
    live.clock.advance(30_000)
    # Nothing changed: nothing is read again. Another one does not make the first wait longer.
    assert live.settle() == []
    live.read_one(5)
    assert live.settle() == ["import"]
    live.clock.advance(29_000)
    assert live.settle() == []
    assert (live.commits(), _unread(live)) == (before, 3)
    live.clock.advance(1_000)
    assert live.settle() == ["import"]
    assert (live.commits(), _unread(live)) == (before + 1, 1)
    # And so the next one.
    live.read_one(6)
    live.settle()
    assert live.commits() == before + 1
    live.clock.advance(60_000)
    live.settle()
    assert (live.commits(), _unread(live)) == (before + 2, 0)
    assert live.settle() == []


def test_a_message_goes_at_once_and_takes_them_along(live: _Live) -> None:
    before = live.commits()
    live.read_one(4)
    live.settle()
    assert live.commits() == before
    live.message("hello")
    assert live.settle() == ["import"]
    assert (live.commits(), _unread(live)) == (before + 1, 2)
    live.clock.advance(60_000)
    assert live.settle() == []


def test_a_burst_is_one_commit(live: _Live) -> None:
    before, messages = live.commits(), live.messages()
    live.read_one(4)
    for number in range(7):
        live.message(f"burst {number}")
    live.read_one(5)
    assert live.settle() == ["import"]
    assert (live.commits(), live.messages()) == (before + 1, messages + 7)
    assert _unread(live) == 1


def test_a_message_that_is_marked_read_as_it_comes_waits_for_nothing(live: _Live) -> None:
    before = live.commits()
    live.message("read at once")
    live.read_one(7)
    live.settle()
    assert live.commits() == before + 1


@pytest.mark.parametrize("seconds", [0, 30, 90])
def test_what_waits_is_not_lost_with_the_process(live: _Live, seconds: int) -> None:
    live.read_one(4)
    live.settle()
    assert _unread(live) == 3
    live.clock.advance(seconds * 1_000)
    live.restart()
    live.settle()
    live.clock.advance(60_000)
    live.settle()
    assert _unread(live) == 2


def test_whoever_asks_for_an_import_has_everything_imported(live: _Live) -> None:
    live.read_one(4)
    live.settle()
    live.running.start(JobKind.IMPORT)
    live.settle()
    assert _unread(live) == 2


def test_a_deletion_waits_for_nothing(live: _Live) -> None:
    before = live.commits()
    live.read_one(4)
    time_ms = live.clock.now_ms()
    changed(live.phone, lambda db: db.move_to_recently_deleted(live.chat, time_ms))
    live.settle()
    assert live.commits() > before
    live.clock.advance(60_000)
    assert "import" not in live.settle()
