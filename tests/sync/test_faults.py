"""Homes on a real server when something is wrong: nothing is lost, nobody is stuck, all is told."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.selecting import Select
from sealwax.base.errors import SealwaxError
from sealwax.stores import folder_commits, folder_objects, folder_writing
from sealwax.sync import replica as replica_module
from tests.cli.test_end_to_end import Program
from tests.homes import ignore, texts
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, SECOND, Household, phone_with

KILLS = 6


def test_two_devices_import_one_phone_at_once(tmp_path: Path) -> None:
    phone = phone_with(tmp_path / "phone", 300, 200)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        together = threading.Barrier(2)
        failures: list[BaseException] = []

        def importing(number: int) -> None:
            try:
                with house.agent(number) as agent:
                    together.wait(60)
                    agent.import_source(phone, ignore)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=importing, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert failures == []
        house.sync(0, 1, 0)
        for number in range(2):
            assert len(house.texts(number, FIRST)) == 300
            assert len(set(house.texts(number, SECOND))) == 200
            with house.agent(number) as agent:
                assert agent.status().counts.messages == 500
                assert agent.verify(ignore).damage == ()


def test_a_deletion_against_a_restore_at_the_same_time(tmp_path: Path) -> None:
    """Both devices are apart: one deletes what the other brings back. They end equal, and what was
    restored is there whole: its words go with it."""
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
            agent.create_snapshot("whole")
            agent.delete(Select((FIRST,)))
        house.sync(0, 1)
        for number in (0, 1):
            with house.agent(number) as agent:
                agent.sync.switch(False)
        with house.agent(0) as agent:
            agent.restore("whole", Select())
            assert len(texts(agent, FIRST)) == 5
        with house.agent(1) as agent:
            agent.undelete(Select((FIRST,)))
            house.clock.advance(1_000)
            agent.delete(Select((FIRST,)))
        for number in (0, 1):
            with house.agent(number) as agent:
                agent.sync.switch(True)
        house.sync(0, 1, 0)
        found = [house.texts(number, FIRST) for number in (0, 1)]
        assert found[0] == found[1]
        # Whichever stands, nothing is lost: the snapshot has it, and it comes back on both.
        assert len(house.texts(1, FIRST, "whole")) == 5
        with house.agent(1) as agent:
            agent.restore("whole", Select())
        house.sync(1, 0)
        for number in (0, 1):
            assert len(house.texts(number, FIRST)) == 5
            with house.agent(number) as agent:
                assert agent.verify(ignore).damage == ()


def test_a_locked_account_stops_nothing_on_its_devices(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        server.parts.accounts.lock("somebody", "unpaid bill")
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "more", 1, 3, seed="more"), ignore)
            agent.create_snapshot("locked")
            agent.delete(Select((FIRST,)))
            assert len(texts(agent, SECOND)) == 3
            assert len(texts(agent, FIRST, "locked")) == 6
            done = agent.sync.now()
            assert not done.is_verified
            assert "unpaid bill" in done.why
            assert done.waiting.messages >= 4
        with house.agent(1) as agent:
            assert "unpaid bill" in agent.sync.now().why
            assert len(texts(agent, FIRST)) == 5
        server.parts.accounts.unlock("somebody")
        house.sync(0, 1)
        assert house.texts(1, FIRST) == []
        assert len(house.texts(1, SECOND)) == 3
        assert len(house.texts(0, FIRST, "locked")) == 6


def test_a_commit_with_a_wrong_digest_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with monkeypatch.context() as patch:
            right = replica_module.digest_bytes
            patch.setattr(replica_module, "digest_bytes", lambda total: right(total ^ 1))
            with house.agent(0) as agent:
                agent.import_source(phone_with(tmp_path / "more", 2, 3, seed="more"), ignore)
        rebuilt = []
        for number in (1, 0):
            with house.agent(number) as agent:
                clear = agent.device.history.library.clear
                library = agent.device.history.library
                monkeypatch.setattr(library, "clear", lambda c=clear: (rebuilt.append(1), c()))
                for _ in range(2):
                    done = agent.sync.now()
                    # It is told, and the history goes on.
                    assert not done.is_verified
                    assert done.waiting.is_nothing
                assert len(texts(agent, SECOND)) == 3
        # Each made its library anew once, not at every sync.
        assert len(rebuilt) == 2
        with house.agent(1) as agent:
            agent.delete(Select((SECOND,)))
        house.sync(1, 0)
        for number in (0, 1):
            assert house.texts(number, SECOND) == []
            assert len(house.texts(number, FIRST)) == 7


def test_an_object_that_is_not_what_its_name_says(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "more", 2, 3, seed="more"), ignore)
            live = agent.device.history.library.holdings.live_in("messages")
            newest = max(live, key=lambda one: one[1])[0]
        (path,) = (tmp_path / "server" / "objects").rglob(newest.hex())
        whole = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with house.agent(1) as agent:
            done = agent.sync.now()
            assert not done.is_verified
            assert len(texts(agent, FIRST)) == 5
            # What it is not is not kept under that name.
            assert not agent.device.near.has_objects([newest])
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "third", 1, 1, 2, seed="third"), ignore)
        with house.agent(1) as agent:
            agent.sync.now()
            assert len(texts(agent, "+15550100002")) == 2
        # Whoever has it whole puts it back.
        house.sync(0, 1)
        assert path.read_bytes() == whole
        for number in (0, 1):
            assert len(house.texts(number, SECOND)) >= 3
            with house.agent(number) as agent:
                assert agent.verify(ignore).damage == ()


def test_a_disk_of_a_device_that_is_full_while_it_pulls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 5), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.import_source(phone_with(tmp_path / "own", 1, 1, 4, seed="own"), ignore)
            agent.sync.switch(True)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "more", 2, 3, seed="more"), ignore)
        home = house.homes[1]
        write = folder_writing.write_temporary

        def full(temporary: Path, *rest: Any) -> Any:
            if home in Path(temporary).parents:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(temporary, *rest)

        with monkeypatch.context() as patch:
            for module in (folder_commits, folder_objects):
                patch.setattr(module, "write_temporary", full)
            with house.agent(1) as agent:
                with pytest.raises(SealwaxError):
                    agent.sync.now()
                assert len(texts(agent, "+15550100002")) == 4
        house.sync(1, 0)
        for number in (0, 1):
            assert len(house.texts(number, FIRST)) == 5 + 2 + 1
            assert len(house.texts(number, "+15550100002")) == 4
            with house.agent(number) as agent:
                assert agent.verify(ignore).damage == ()


def test_a_device_that_is_killed_while_it_syncs(tmp_path: Path) -> None:
    chance = random.Random("killed while it syncs")
    with running(tmp_path / "server") as server:
        first, second = Program(tmp_path / "first"), Program(tmp_path / "second")
        invitation = server.parts.accounts.invite("somebody")
        told = first.json("init", "--store", server.url, "--invitation", invitation, "--yes")
        env = {**os.environ, "SEALWAX_PASSPHRASE": "a passphrase of a test"}
        subprocess.run(
            [sys.executable, "-m", "sealwax", "init", "--recover", "--yes", "--store", server.url],
            env={
                **env,
                "SEALWAX_HOME": str(second.home),
                "SEALWAX_RECOVERY_KEY": told["recovery_key"],
            },
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        first.run("sync", "off")
        first.run("import", phone_with(tmp_path / "phone", 400, 300))
        first.run("sync", "on")
        for round_number in range(KILLS):
            one = (first, second)[round_number % 2]
            process = subprocess.Popen(
                [sys.executable, "-m", "sealwax", "sync", "now"],
                env={**env, "SEALWAX_HOME": str(one.home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(chance.uniform(0.5, 2.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
        for one in (first, second, first):
            one.run("sync", "now")
        for one in (first, second):
            assert len(one.json("read", FIRST, "--limit", "1000")) == 400
            assert len(one.json("read", SECOND, "--limit", "1000")) == 300
            one.run("verify")
