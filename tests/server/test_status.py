"""The server's own health is tried, not assumed; what is broken is named, and the rest goes on."""

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from sealwax.base.clock import SetClock
from sealwax.ledger.wire import ServerStatus
from sealwax.server import objects as objects_module
from sealwax.stores import folder_objects
from sealwax.stores.server import Connection, ServerDiskFull
from tests.accounts import TIME_MS, made_account
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running
from tests.stores.contract import named

HTML = {"accept": "text/html"}


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Running]:
    """A server that a test may break."""
    with running(tmp_path / "server") as server:
        yield server


def _status(server: Running) -> ServerStatus:
    connection = Connection(server.url)
    try:
        return connection.status()
    finally:
        connection.close()


def _broken(status: ServerStatus) -> set[str]:
    return {probe.name for probe in status.probes if not probe.is_working}


def test_a_healthy_server_says_so(server: Running) -> None:
    status = _status(server)
    assert status.is_working
    assert [probe.name for probe in status.probes] == ["sync", "objects", "push", "database"]
    page = httpx.get(server.url + "/status", headers=HTML, trust_env=False)
    assert page.status_code == 200
    assert "Everything works" in page.text
    assert "<script" not in page.text
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_disk_that_does_not_write_is_told(
    alone: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, data: bytes) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(objects_module, "write_durably", fails)
    status = _status(alone)
    assert not status.is_working
    assert _broken(status) == {"objects"}
    page = httpx.get(alone.url + "/status", headers=HTML, trust_env=False)
    assert page.status_code == 503
    assert "Something does not work" in page.text
    assert str(alone.parts.objects._folder) not in page.text
    monkeypatch.undo()
    assert _status(alone).is_working


def test_a_database_that_does_not_write_is_told(
    alone: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(act: Any) -> Any:
        raise apsw.IOError("disk I/O error")

    monkeypatch.setattr(alone.parts.zones._database, "write", fails)
    assert _broken(_status(alone)) == {"sync", "database"}


def test_push_that_does_not_arrive_is_told(alone: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwax.server.push.PROBE_SECONDS", 0.1)
    monkeypatch.setattr(alone.parts.push, "tell", lambda account, event: None)
    assert _broken(_status(alone)) == {"push"}


def test_since_when_it_is_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock(TIME_MS)
    with running(tmp_path / "server", clock) as server:
        assert server.parts.status.now().since_ms == TIME_MS
        clock.advance(5_000)
        assert server.parts.status.now().since_ms == TIME_MS
        monkeypatch.setattr(server.parts.objects, "probe", lambda: 1 / 0)
        assert server.parts.status.now().since_ms == TIME_MS + 5_000
        clock.advance(5_000)
        monkeypatch.undo()
        assert server.parts.status.now().since_ms == TIME_MS + 10_000


def test_a_full_disk_refuses_and_loses_nothing(
    alone: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "no space left on device")

    with Calls(alone, made_account("full disk"), "full disk") as calls:
        (kept,) = calls.kept(b"kept")
        monkeypatch.setattr(folder_objects, "write_temporary", full)
        trouble(calls.put(b"more"), 507, "server-disk-full")
        with pytest.raises(ServerDiskFull):
            calls.store.put_objects([named(b"more")])
        assert calls.ask("GET", f"/objects/{kept.hex()}").content == b"kept"
        assert calls.append(calls.next()).is_success
        monkeypatch.undo()
        calls.kept(b"more")


def test_a_full_database_refuses_and_loses_nothing(alone: Running) -> None:
    with Calls(alone, made_account("full base"), "full base") as calls:
        (kept,) = calls.kept(b"kept")
        writer = alone.parts.zones._database._writer
        pages = int(str(writer.pragma("page_count")))
        writer.pragma("max_page_count", pages)
        refused = None
        for _ in range(400):
            answer = calls.append(calls.next())
            if not answer.is_success:
                refused = answer
                break
        assert refused is not None
        trouble(refused, 507, "server-disk-full")
        assert calls.ask("GET", f"/objects/{kept.hex()}").content == b"kept"
        writer.pragma("max_page_count", pages + 10_000)
        seq = calls.head.seq
        assert calls.append(calls.next()).is_success
        assert calls.head.seq == seq + 1
        assert [found for found, _ in calls.store.read_commits("messages", 0)] == list(
            range(seq + 2)
        )


def test_a_server_whose_objects_are_gone_says_so_and_takes_new_ones(alone: Running) -> None:
    with Calls(alone, made_account("gone"), "gone") as calls:
        (kept,) = calls.kept(b"kept")
        shutil.rmtree(alone.parts.objects._folder)
        trouble(calls.ask("GET", f"/objects/{kept.hex()}"), 404, "not-there")
        assert calls.ask("GET", "/zones").is_success
        calls.kept(b"more")
