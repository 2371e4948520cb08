"""A server as its operator runs it: real processes, real signals, real certificates."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from sealwax.cli.admin import PlanBad, plan_bytes
from sealwax.cli.main import cli
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import StoreError
from sealwax.stores.server import AccountLocked, Connection, ServerStore
from sealwax.stores.server_errors import CertificateUntrusted, OriginUnknown
from tests.accounts import Account, made_account, next_commit
from tests.server.certificates import own_certificate
from tests.stores.contract import named

COMMAND = [sys.executable, "-m", "sealwax"]


def _admin(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["admin", *arguments, "--folder", str(folder)])


def _invited(folder: Path, name: str, *options: str) -> str:
    result = _admin(folder, "account", "create", name, *options, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert set(told) == {"invitation"}
    return str(told["invitation"])


@contextmanager
def _served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of its own, and the address that it prints on its first line."""
    command = [*COMMAND, "serve", "--port", "0", "--folder", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.terminate()


def _begun(url: str, account: Account, invitation: str) -> ServerStore:
    connection = Connection(url)
    connection.claim(account.log.account, invitation, account.commits[0])
    device = account.devices[0]
    return ServerStore(connection, account.log.account, device.member().id, device.sign)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_even_while_devices_listen(
    tmp_path: Path, number: signal.Signals
) -> None:
    account = made_account()
    with _served(tmp_path, "--json") as (process, line):
        store = _begun(json.loads(line)["url"], account, _invited(tmp_path, "anna"))
        events = store.events()
        assert next(events) is None
        process.send_signal(number)
        with pytest.raises(StoreError):
            next(events)
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
        store.close()


def test_killed_at_any_moment_it_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    account = made_account(devices=4)
    invitation = _invited(tmp_path, "anna")
    commits: dict[str, list[bytes]] = {}
    objects: list[tuple[bytes, bytes]] = []
    for round_number in range(3):
        with _served(tmp_path) as (process, url):
            store = _begun(url, account, invitation)
            if round_number == 0:
                for seq, data in enumerate(account.commits[1:], 1):
                    store.append_commit(ACCOUNT_ZONE, seq, data)
            _need_kept(store, commits, objects)
            store.close()
            writers = [
                threading.Thread(target=_write, args=(url, account, number, commits, objects))
                for number in range(len(account.devices))
            ]
            for writer in writers:
                writer.start()
            # Killed while all of them are writing, after some answers.
            while len(objects) < 10 * (round_number + 1):
                time.sleep(0.01)
            process.kill()
            for writer in writers:
                writer.join()
    assert objects and all(commits.values())
    with _served(tmp_path) as (_, url):
        store = _begun(url, account, invitation)
        _need_kept(store, commits, objects)
        for zone, known in commits.items():
            head = beginning(account.log.account, zone)
            for _, data in store.read_commits(zone, 0):
                judged = judge(head, data, account.log)
                assert judged.commit is not None, judged.void_reason
                head = judged.head
            assert head.seq >= len(known) - 1
        store.close()


def test_an_account_is_deleted_while_the_server_runs(tmp_path: Path) -> None:
    account = made_account("anna")
    invitation = _invited(tmp_path, "anna")
    _invited(tmp_path, "never came")
    with _served(tmp_path) as (_, url):
        store = _begun(url, account, invitation)
        store.put_objects([named(b"something")])
        shown = _admin(tmp_path, "account", "delete", "anna", "--dry-run")
        assert "1 file" in shown.output
        assert store.head_seq(ACCOUNT_ZONE) == 0
        assert _admin(tmp_path, "account", "delete", "anna").exit_code == 1
        told = _admin(tmp_path, "account", "delete", "anna", "--yes", "--json")
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout)["objects"] == 1
        with pytest.raises(StoreError, match="does not have this account"):
            store.head_seq(ACCOUNT_ZONE)
        store.close()
        assert _admin(tmp_path, "account", "delete", "never came", "--yes").exit_code == 0
        assert json.loads(_admin(tmp_path, "account", "list", "--json").stdout) == {
            "accounts": [],
            "invited": [],
            "invited_plan_bytes": {},
        }
        assert _admin(tmp_path, "account", "delete", "anna", "--yes").exit_code == 1


@pytest.mark.parametrize("is_running", [True, False])
def test_what_nothing_holds_is_cleared_when_the_operator_says_so(
    tmp_path: Path, is_running: bool
) -> None:
    account, (name, data) = made_account("anna"), named(b"no more needed")
    invitation = _invited(tmp_path, "anna")
    with _served(tmp_path) as (process, url):
        store = _begun(url, account, invitation)
        store.put_objects([(name, data)])
        head = beginning(account.log.account, MESSAGES_ZONE)
        added = next_commit(account, head, added=((name, len(data)),))
        store.append_commit(MESSAGES_ZONE, 0, added)
        assert "0 objects" in _admin(tmp_path, "account", "clear", "anna", "--yes").output
        head = judge(head, added, account.log).head
        store.append_commit(MESSAGES_ZONE, 1, next_commit(account, head, dropped=(name,)))
        store.delete_objects([name])
        assert store.has_objects([name])
        if not is_running:
            process.terminate()
            assert process.wait(30) == 0
        shown = _admin(tmp_path, "account", "clear", "anna", "--dry-run", "--json")
        expected = {"objects": 1, "size_bytes": len(data)}
        assert json.loads(shown.stdout) == {**expected, "done": False}
        done = _admin(tmp_path, "account", "clear", "anna", "--yes")
        assert done.exit_code == 0, done.output
        assert ("within a minute" in done.output) is is_running
        left = list((tmp_path / "objects").rglob(name.hex() + "*"))
        assert bool(left) is is_running
        store.close()
    assert _admin(tmp_path, "account", "clear", "nobody", "--yes").exit_code == 1


def _need_kept(
    store: ServerStore, commits: dict[str, list[bytes]], objects: list[tuple[bytes, bytes]]
) -> None:
    assert dict(store.get_objects(name for name, _ in objects)) == dict(objects)
    for zone, known in commits.items():
        kept = [data for _, data in store.read_commits(zone, 0)]
        assert kept[: len(known)] == known
        # A commit whose answer did not arrive may be kept too.
        known[:] = kept


def _write(
    url: str,
    account: Account,
    number: int,
    commits: dict[str, list[bytes]],
    objects: list[tuple[bytes, bytes]],
) -> None:
    """Puts objects and appends commits to a device's own zone until the server is gone; remembers
    what was acknowledged."""
    device = account.devices[number]
    zone = f"device/{device.member().id.hex()}"
    known = commits.setdefault(zone, [])
    head = beginning(account.log.account, zone)
    for data in known:
        head = judge(head, data, account.log).head
    connection = Connection(url, wait=lambda seconds: None)
    store = ServerStore(connection, account.log.account, device.member().id, device.sign)
    with suppress(StoreError):
        while True:
            piece = named(os.urandom(20_000))
            store.put_objects([piece])
            objects.append(piece)
            data = next_commit(account, head, author=device, added=((piece[0], len(piece[1])),))
            store.append_commit(zone, head.seq + 1, data)
            known.append(data)
            head = judge(head, data, account.log).head
    store.close()


def test_a_certificate_of_ones_own_is_trusted_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = own_certificate(tmp_path)
    options = ("--host", "localhost", "--certificate", str(certificate), "--key", str(key))
    with _served(tmp_path / "server", *options) as (process, url):
        line = Connection(url, wait=lambda _: None)
        with pytest.raises(CertificateUntrusted, match="self-signed certificate"):
            line.send("GET", "/v1/config")
        line.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        line = Connection(url)
        assert json.loads(line.send("GET", "/v1/config"))["api_version"] == 1
        line.close()
        process.terminate()


def test_with_a_certificate_it_speaks_tls_alone(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    options = ("--host", "localhost", "--certificate", str(certificate), "--key", str(key))
    with _served(tmp_path / "server", *options) as (process, url):
        assert url.startswith("https://localhost:")
        trusted = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(verify=trusted, trust_env=False) as client:
            assert client.get(f"{url}/v1/config").json()["api_version"] == 1
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get(f"{url}/v1/config")
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.HTTPError):
            client.get(f"{url.replace('https', 'http')}/v1/config")
        process.terminate()
        assert process.wait(30) == 0


def test_it_goes_by_the_origins_that_it_is_given(tmp_path: Path) -> None:
    account = made_account()
    options = ("--origin", "https://Sealwax.example.org/", "--origin", "http://localhost:9")
    with _served(tmp_path, "--json", *options) as (process, line):
        told = json.loads(line)
        assert told["origins"] == ["http://localhost:9", "https://sealwax.example.org"]
        store = _begun(told["url"], account, _invited(tmp_path, "anna"))
        with pytest.raises(OriginUnknown):
            store.heads()
        store.close()
        process.terminate()
    odd = _run(tmp_path, "serve", "--port", "0", "--origin", "http://example.org", "--json")
    assert (odd.returncode, _code(odd)) == (1, "server-address-bad")


def test_behind_a_proxy_it_says_what_it_goes_by(tmp_path: Path) -> None:
    with _served(tmp_path, "--behind-proxy", "--origin", "https://a.example") as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert process.stdout is not None
        assert process.stdout.readline() == "Devices may call it https://a.example.\n"
        process.terminate()


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    options = ["--certificate", str(broken), "--key", str(broken), "--folder", str(tmp_path / "s")]
    result = _run(tmp_path, "serve", "--port", "0", *options, "--json")
    assert (result.returncode, _code(result)) == (1, "server-certificate")


def test_it_does_not_listen_to_other_computers_without_tls(tmp_path: Path) -> None:
    result = _run(tmp_path, "serve", "--port", "0", "--host", "0.0.0.0", "--json")
    assert (result.returncode, _code(result)) == (1, "server-line-open")


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with _served(tmp_path / "one") as (_, url):
        port = url.rpartition(":")[2]
        result = _run(tmp_path, "serve", "--port", port, "--json")
    assert (result.returncode, _code(result)) == (1, "server-address")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SEALWAX_SERVER": str(folder / "server")}
    return subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )


def _code(result: subprocess.CompletedProcess[str]) -> str:
    return str(json.loads(result.stdout)["error"])


def test_a_lock_and_a_plan_are_in_force_at_once(tmp_path: Path) -> None:
    account = made_account()
    with _served(tmp_path) as (_, url):
        store = _begun(url, account, _invited(tmp_path, "anna", "--plan", "50GB"))
        assert store.usage().plan_bytes == 50 * 10**9
        assert _admin(tmp_path, "account", "lock", "anna", "--reason", "unpaid").exit_code == 0
        with pytest.raises(AccountLocked, match="unpaid") as caught:
            store.heads()
        assert caught.value.since_ms
        assert "unpaid" in _admin(tmp_path, "account", "list").output
        assert _admin(tmp_path, "account", "unlock", "anna").exit_code == 0
        store.ask_for_plan(200 * 10**9)
        assert "200" in _admin(tmp_path, "account", "list").output
        assert _admin(tmp_path, "plan", "anna", "200GB").exit_code == 0
        usage = store.usage()
        assert (usage.plan_bytes, usage.asked_bytes) == (200 * 10**9, None)
        store.close()


def test_accounts_are_listed_whether_they_have_begun_or_not(tmp_path: Path) -> None:
    assert json.loads(_admin(tmp_path, "account", "list", "--json").stdout) == {
        "accounts": [],
        "invited": [],
        "invited_plan_bytes": {},
    }
    _invited(tmp_path, "anna")
    assert json.loads(_admin(tmp_path, "account", "list", "--json").stdout)["invited"] == ["anna"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", "create", "anna"),
        ("account", "create", "x" * 65),
        ("account", "lock", "nobody"),
        ("account", "unlock", "nobody"),
        ("plan", "nobody", "50GB"),
    ],
)
def test_what_an_operator_mistypes_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    _invited(tmp_path, "anna")
    before = _admin(tmp_path, "account", "list", "--json").stdout
    result = _run(tmp_path, "admin", *arguments, "--folder", str(tmp_path), "--json")
    assert (result.returncode, _code(result)) == (1, "admin-refused")
    assert _admin(tmp_path, "account", "list", "--json").stdout == before


def test_plans_are_written_as_people_write_them() -> None:
    assert plan_bytes("50GB") == 50 * 10**9
    assert plan_bytes(" 1.5 tb ") == 1_500 * 10**9
    for text in ("", "50", "GB", "-5GB", "0GB", "99999999TB", "5GiB", "nan GB"):
        with pytest.raises(PlanBad):
            plan_bytes(text)


def test_every_command_says_what_it_does() -> None:
    def walk(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield from walk(inner)

    for name in ("serve", "admin"):
        for command in walk(cli.commands[name]):
            assert command.help, command.name


def test_an_invitation_has_its_plan(tmp_path: Path) -> None:
    _invited(tmp_path, "ann", "--plan", "50GB")
    shown = _admin(tmp_path, "account", "list").output
    assert "50.0 GB" in shown
    told = json.loads(_admin(tmp_path, "account", "list", "--json").stdout)
    assert told["invited"] == ["ann"]
    assert told["invited_plan_bytes"] == {"ann": 50 * 10**9}
