"""Devices and space as a person sees them: real processes, a real server."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.agent.bootstrap import open_agent, system_environment
from sealwax.agent.remote.client import find_running
from sealwax.library.select import Selection
from sealwax.storage.plan import Target, plan_delete
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing
from tests.cli.test_end_to_end import Program
from tests.homes import write_threads
from tests.server.running import Running, running

CHAT = "+15550100000"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as found:
        yield found


@pytest.fixture
def first(tmp_path: Path, server: Running) -> Program:
    made = Program(tmp_path / "first")
    invitation = server.parts.accounts.invite("somebody")
    made.run("init", "--store", server.url, "--invitation", invitation, "--name", "first", "--yes")
    write_threads(tmp_path / "phone", [3])
    made.run("import", tmp_path / "phone")
    return made


@pytest.mark.parametrize("way", ["asked", "set"])
def test_an_invitation_need_not_stand_in_the_arguments(
    tmp_path: Path, server: Running, way: str
) -> None:
    made = Program(tmp_path / "home")
    invitation = server.parts.accounts.invite("somebody")
    init = ("init", "--store", server.url, "--yes")
    if way == "asked":
        made.run(*init, "--invitation", "-", typed=f"{invitation}\n")
    else:
        made.run(*init, SEALWAX_INVITATION=invitation)
    assert server.parts.accounts.invited() == []
    assert server.parts.accounts.named("somebody")


def _link(first: Program, second: Program, place: str, name: str = "second") -> dict[str, Any]:
    """Links as a script does; gives what `device link` said last."""
    trusted = subprocess.Popen(
        [sys.executable, "-m", "sealwax", "device", "link", "--json", "--yes"],
        env={
            **os.environ,
            "SEALWAX_PASSPHRASE": "a passphrase of a test",
            "SEALWAX_HOME": str(first.home),
        },
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert trusted.stdout is not None
    offered = json.loads(trusted.stdout.readline())
    assert sorted(offered) == ["code", "expires"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", offered["expires"])
    assert re.fullmatch(r"([A-Z2-9]{4}-){5}[A-Z2-9]{4}", offered["code"])
    second.run("init", "--store", place, "--join", offered["code"], "--name", name)
    rest = trusted.stdout.read()
    assert trusted.wait(60) == 0
    found: dict[str, Any] = json.loads(rest)
    return found


def test_devices_from_linking_to_removing(tmp_path: Path, server: Running, first: Program) -> None:
    second = Program(tmp_path / "second")
    linked = _link(first, second, server.url)
    assert linked["name"] == "second"
    assert len(linked["digits"]) == 6
    # The new device has the history of the first.
    assert "thread 0 message 1" in second.run("read", CHAT)
    listed = first.json("device", "list")
    assert [device["name"] for device in listed] == ["first", "second"]
    assert [device["is_this"] for device in listed] == [True, False]
    assert listed[1]["added_by"] == "first"
    assert all(device["seen_ms"] for device in listed[:1])
    second.run("device", "rename", "second", "the laptop")
    assert "the laptop" in first.run("sync", "now") + first.run("device", "list")
    assert "another" not in first.run("device", "rename", "the laptop", "first", code=1)
    assert "--yes" in first.run("device", "revoke", "the laptop", code=1)
    assert "out" in first.run("device", "revoke", "the laptop", "--yes")
    assert [device["name"] for device in first.json("device", "list")] == ["first"]
    assert first.json("device", "list", "--all")[1]["revoked_by"] == "first"
    assert "itself" in first.run("device", "revoke", "first", "--yes", code=1)
    assert "no device" in first.run("device", "revoke", "the laptop", "--yes", code=1)
    # The one that is out is told so, and the first goes on.
    out = second.run("--json", "sync", "now", code=1)
    assert "device-not-trusted" in out or "does not trust" in out
    first.run("snapshot", "create")
    first.run("verify")


def test_a_device_links_through_an_agent_that_runs(
    tmp_path: Path, server: Running, first: Program
) -> None:
    agent = subprocess.Popen(
        [sys.executable, "-m", "sealwax", "agent", "run"],
        env={
            **os.environ,
            "SEALWAX_PASSPHRASE": "a passphrase of a test",
            "SEALWAX_HOME": str(first.home),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while find_running(first.home) is None:
            assert agent.poll() is None
            time.sleep(0.05)
        second = Program(tmp_path / "second")
        assert _link(first, second, server.url)["name"] == "second"
        assert "thread 0 message 1" in second.run("read", CHAT)
        assert agent.poll() is None
    finally:
        agent.terminate()
        agent.wait(60)
    assert [one["name"] for one in first.json("device", "list")] == ["first", "second"]


def test_what_a_removed_device_kept_is_adopted(
    tmp_path: Path, server: Running, first: Program
) -> None:
    second, third = Program(tmp_path / "second"), Program(tmp_path / "third")
    _link(first, second, server.url)
    _link(first, third, server.url, "third")
    write_threads(tmp_path / "more", [2, 4], seed="more")
    second.run("sync", "off")
    second.run("import", tmp_path / "more")
    second.run("backup", "now")
    first.run("sync", "now")
    assert "6 messages" in first.run("device", "adopt", "second", "--dry-run")
    plan = first.json("device", "adopt", "second", "--dry-run")
    assert plan["plan"]["messages"] == 6
    assert not plan["done"]
    assert "6 messages" in first.run("device", "adopt", "second", code=1)
    assert len(first.json("read", CHAT)) == 3
    revoked = first.json("device", "revoke", "second", "--yes")
    assert revoked["name"] == "second"
    assert revoked["adopted"]["messages"] == 6
    for one in (first, third):
        one.run("sync", "now")
        assert len(one.json("read", CHAT)) == 5
        assert len(one.json("read", "+15550100001")) == 4
        again = one.json("device", "adopt", "second", "--yes")
        assert (again["plan"]["messages"], again["done"]) == (0, False)
        one.run("verify")


def test_a_second_device_links_through_a_folder(tmp_path: Path) -> None:
    one, two = Program(tmp_path / "one"), Program(tmp_path / "two")
    shared = tmp_path / "shared"
    one.run("init", "--store", shared, "--yes")
    write_threads(tmp_path / "phone", [2])
    one.run("import", tmp_path / "phone")
    _link(one, two, str(shared))
    assert "thread 0 message 1" in two.run("read", CHAT)


def test_joining_says_what_is_wrong(tmp_path: Path, server: Running) -> None:
    new = Program(tmp_path / "new")
    assert "6 groups" in new.run("init", "--store", server.url, "--join", "ABCD", code=1)
    wrong = "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ"
    assert "typing mistake" in new.run("init", "--store", server.url, "--join", wrong, code=1)
    new.run("init", "--join", wrong, code=2)
    assert not (tmp_path / "new" / "keys").exists()


def test_space_from_looking_to_purging(tmp_path: Path, server: Running, first: Program) -> None:
    assert "words and facts" in first.run("storage")
    assert first.json("storage")["conversations"] == []
    assert first.json("storage", "large") == []
    assert "size" in first.run("storage", "large", "--larger-than", "x", code=1)
    planned = first.json("storage", "purge", "--chat", CHAT, "--dry-run")
    assert planned["messages"] == 3
    assert "what this is for" in first.run("storage", "purge", "--yes", code=1)
    assert "--yes" in first.run("storage", "purge", "--chat", CHAT, code=1)
    done = first.run("storage", "purge", "--chat", CHAT, "--yes")
    assert "Purged 3 messages" in done
    assert "was made before" in done
    assert first.json("list") == []
    assert len(first.json("read", CHAT, "--at", "latest")) == 3
    assert "nothing new" in first.run("import", tmp_path / "phone", "--full")
    assert "+3 messages" in first.run("restore", "latest", "--chat", CHAT, "--yes")
    assert len(first.json("read", CHAT)) == 3
    assert first.json("storage", "empty-trash", "--yes")["messages"] == 0
    room = first.json("storage", "plan")
    assert room["plan_bytes"] == 5 * 10**9
    assert "Asked for: 50.0 GB" in first.run("storage", "plan", "50GB")
    first.run("verify")
    alone = Program(tmp_path / "alone")
    alone.run("init", "--yes")
    assert "free" in alone.run("storage", "plan")
    assert "folder" in alone.run("storage", "plan", "50GB", code=1)


def test_a_sync_that_the_brake_holds_exits_3_and_names_the_command(tmp_path: Path) -> None:
    one, two = Program(tmp_path / "one"), Program(tmp_path / "two")
    shared = tmp_path / "shared"
    key = json.loads(one.run("--json", "init", "--store", shared, "--yes"))["recovery_key"]
    write_threads(tmp_path / "phone", [5, 5])
    one.run("import", tmp_path / "phone")
    two.run("init", "--recover", "--yes", "--store", shared, SEALWAX_RECOVERY_KEY=key)
    two.run("sync", "now")
    # A device without a brake deletes one of two conversations.
    with open_agent(tmp_path / "one", system_environment("a passphrase of a test")) as agent:
        library, journal = agent.device.history.library, agent.device.journal
        wanted = Selection((agent.conversation(CHAT).record,))
        rows = list(library.read.messages(wanted, library.now()))
        targets = [Target(row.uid, row.state) for row in rows]
        changes = tuple(plan_delete(targets, agent.status().now_ms, journal.device))
        journal.write(Writing(changes, Part(reason="import-deletions")))
    told = two.run("sync", "now", code=3)
    assert "deleted 5 messages in 1 conversation" in told
    assert "To go on: sealwax held accept --yes   (or: sealwax held undo --yes)" in told
    # It is told once; the answer is still waited for.
    two.run("sync", "now")
    assert "sealwax held" in two.run("status")
    two.run("held", "undo", "--yes")
    assert len(one.json("list")) == 2
