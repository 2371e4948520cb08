"""A phone that writes while it is read, and a server that is gone for a month."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.running import RunningAgent
from sealwax.base.clock import SystemClock
from sealwax.base.condition import SetConditions
from sealwax.demo.apple_database import AppleDatabase
from sealwax.sources.apple.private_copy import SourceBusy
from tests.agent.month import MONDAY_MS, Phone, household
from tests.homes import DAY_MS, environment, ignore, made_home, said, texts, write_threads

WRITTEN = 300
CHAT = "+15550100000"


def _write(folder: Path, may_end: threading.Event) -> None:
    """As the Messages app does: one message after the other, and now and then a checkpoint."""
    database = AppleDatabase(folder)
    at_ms = SystemClock().now_ms()
    for number in range(WRITTEN):
        words = f"while it is read {number}"
        database.add_messages([said(1, 1, words, words, at_ms + number)])
        if number % 40 == 0:
            database.connection.wal_checkpoint()
    may_end.set()
    database.close()


def test_a_source_that_grows_while_it_is_read_comes_whole(tmp_path: Path) -> None:
    clock = SystemClock()
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [50], end_ms=clock.now_ms() - DAY_MS)
    with open_agent(home, env) as agent:
        agent.add_source(tmp_path / "phone")
        with closing(RunningAgent(agent, clock, SetConditions())) as running:
            is_written = threading.Event()
            writer = threading.Thread(target=_write, args=(tmp_path / "phone", is_written))
            writer.start()
            counts = []
            while not is_written.is_set():
                running.step()
                counts.append(agent.status().counts.messages)
            writer.join()
            # It may have been too busy to be read the last time; then it is not any more.
            agent.import_source(tmp_path / "phone", ignore)
            assert counts == sorted(counts)
            words = texts(agent, CHAT)
            assert len(words) == len(set(words)) == 50 + WRITTEN
            codes = {trouble.code for trouble in running.journal.entries.sources.values()}
            assert codes <= {SourceBusy.code}
            assert agent.verify(ignore).is_sound


def test_a_server_that_is_gone_for_a_month_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealwax.stores.server_connection.WAITS_SECONDS", (0.0,))
    monkeypatch.setattr("os.fsync", ignore)
    with household(tmp_path, 10**9) as house:
        phone = Phone(tmp_path / "phone", MONDAY_MS - DAY_MS)
        laptop, desk = house.add("laptop", phone), house.add("desk")
        for device in house.devices:
            house.settle(device, can_sync=True)
        assert (laptop.says(), desk.says()) == (set(), set())
        house.take_down()
        for day in range(31):
            house.pass_hours(24)
            phone.say(f"day {day}", house.time.ms, bytes([day]) * 2_000)
            for device in house.devices:
                house.settle(device, can_sync=False)
                assert "server-trouble" in device.says()
        found = {finding.key: finding for finding in laptop.running.examine().findings}
        assert found["server-trouble"].level == "danger"
        assert found["not-on-store"].level == "danger"
        assert len(laptop.made) >= 7
        house.bring_up()
        for device in (*house.devices, *house.devices):
            # The first to come back hears of the other one when that is back too.
            house.pass_hours(1)
            house.settle(device, can_sync=True)
        for device in house.devices:
            assert sorted(device.texts()) == sorted(phone.texts)
            assert device.running.examine().findings == ()
            assert device.agent.verify(ignore).is_sound
        assert laptop.running.sync_state().waiting.is_nothing
