"""`python -m benchmarks.server`: how fast the server takes what devices bring. All on loopback.

python -m benchmarks.server [--messages 100000] [--commits 3000] [--idle 1000] [--write]
"""

import argparse
import http.client
import json
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from tests.accounts import Account, made_account, next_commit
from tests.homes import environment, importing, made_home

from benchmarks.counted_line import counted_line
from benchmarks.hearing import hearing, hearing_bytes
from benchmarks.inside import Answer
from benchmarks.performance import tell
from benchmarks.reference_sync import encrypted, upload
from benchmarks.workload import write_first_day
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.ledger.wire import BATCH_BYTES, encode_frames
from sealwax.stores.folder import FolderStore
from sealwax.stores.server import Connection, ServerStore

DEVICES = 64
OPEN_FILES = 8_192


class Server(psutil.Popen):  # type: ignore[misc]
    """A running server: its process, its port, how to begin an account there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "sealwax", "serve", "--port", "0"]
        super().__init__([*command, "--folder", str(folder)], stdout=subprocess.PIPE, text=True)
        self.url = str(self.stdout.readline()).strip()
        self.port = int(self.url.rpartition(":")[2])

    def invitation(self) -> str:
        """An invitation for the one account of this server."""
        command = [sys.executable, "-m", "sealwax", "admin", "account", "create", "someone"]
        told = subprocess.run(
            [*command, "--json", "--folder", str(self.folder)], capture_output=True, check=True
        )
        invitation: str = json.loads(told.stdout)["invitation"]
        return invitation

    def begun(self, account: bytes, genesis: bytes, member: MemberKeys) -> ServerStore:
        """A new account, signed in as one of its devices."""
        connection = Connection(self.url)
        connection.claim(account, self.invitation(), genesis)
        return ServerStore(connection, account, member.member().id, member.sign)

    @property
    def cpu_seconds(self) -> float:
        times = self.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(30)


def commits_a_second(folder: Path, commits: int) -> Iterator[Answer]:
    """Devices that append at the same time, each to a zone of its own; signed before."""
    account = made_account("benchmark", DEVICES)
    each = commits // DEVICES
    chains = [_chain(account, device, each) for device in account.devices]
    with served(folder) as server:
        store = server.begun(account.log.account, account.commits[0], account.devices[0])
        for seq, data in enumerate(account.commits[1:], 1):
            store.append_commit(ACCOUNT_ZONE, seq, data)
        tokens = [_token(server, account, device) for device in account.devices]
        waits: list[float] = []
        threads = [
            threading.Thread(target=_append, args=(server, account, chain, token, waits))
            for chain, token in zip(chains, tokens, strict=True)
        ]
        cpu_seconds, began = server.cpu_seconds, time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        assert len(waits) == each * DEVICES
        waits.sort()
        yield Answer(f"commits a second from {DEVICES} devices", len(waits) / seconds, "")
        yield Answer("a commit, p95", waits[len(waits) * 95 // 100] * 1_000, "ms")
        spent = (server.cpu_seconds - cpu_seconds) / len(waits) * 1_000
        yield Answer("a commit, processor of the server", spent, "ms")


def _chain(account: Account, device: MemberKeys, length: int) -> tuple[str, list[bytes]]:
    zone = f"device/{device.member().id.hex()}"
    head, chain = beginning(account.log.account, zone), []
    for _ in range(length):
        chain.append(next_commit(account, head, author=device))
        head = judge(head, chain[-1], account.log).head
    return zone, chain


def _token(server: Server, account: Account, device: MemberKeys) -> str:
    """A device's token; plain requests with it cost the measuring side less."""
    store = ServerStore(
        Connection(server.url), account.log.account, device.member().id, device.sign
    )
    store.heads()
    headers = store._session._headers()
    store.close()
    return headers["authorization"]


def _append(
    server: Server, account: Account, chain: tuple[str, list[bytes]], token: str, waits: list[float]
) -> None:
    zone, commits = chain
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {"authorization": token, "content-type": "application/octet-stream"}
    path = f"/v1/accounts/{account.log.account.hex()}/commits"
    for seq, data in enumerate(commits):
        began = time.perf_counter()
        connection.request("POST", f"{path}/{seq}?zone={zone}", data, headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        waits.append(time.perf_counter() - began)
    connection.close()


def idle_devices(folder: Path, devices: int) -> Iterator[Answer]:
    """Devices that only listen."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard), hard))
    account = made_account("benchmark")
    with served(folder) as server:
        server.begun(account.log.account, account.commits[0], account.devices[0]).close()
        token = _token(server, account, account.devices[0])
        before = server.memory_info().rss
        path = f"/v1/accounts/{account.log.account.hex()}/events"
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n"
        lines = []
        for _ in range(devices):
            line = socket.create_connection(("127.0.0.1", server.port), 30)
            line.sendall(request.encode())
            lines.append(line)
        assert all(b" 200 " in line.recv(4_096) for line in lines)
        memory_bytes = server.memory_info().rss
        yield Answer(f"memory of the server with {devices:,} devices", memory_bytes / 1e6, "MB")
        yield Answer("of it for each device", (memory_bytes - before) / devices / 1e3, "kB")
        for line in lines:
            line.close()


def news(folder: Path) -> Iterator[Answer]:
    """How soon one device has what another one writes, and how many bytes that takes."""
    with served(folder / "server") as server:
        yield from hearing(folder / "homes", server.url, server.invitation())
    with served(folder / "counted") as server, counted_line(server.port) as line:
        yield from hearing_bytes(folder / "counted-homes", line, server.invitation())


def uploads(folder: Path, messages: int) -> Iterator[Answer]:
    """A sealed history, copied from a folder to a server; and the reference with the same one."""
    phone = write_first_day(folder / "phone", messages, 0)
    env = environment()
    home, _ = made_home(folder, env)
    importing(home, env, phone.path, is_confirmed=True)
    exported = folder / "plain"
    with open_agent(home, env) as agent:
        agent.export("jsonl", exported, Select())
        replica = agent.devices._replica
        account, author = replica.keys.account, agent.devices._device.author
    near = FolderStore.open(home / "vault", account)
    with served(folder / "server") as server:
        far = server.begun(account, near.get_commit(ACCOUNT_ZONE, 0), author)
        began = time.perf_counter()
        sent_bytes = _copy(near, far)
        seconds = time.perf_counter() - began
        far.close()
    yield Answer("upload, messages a second", messages / seconds, "")
    yield Answer("upload, bytes a message", sent_bytes / messages, "B")
    reference = encrypted(_records(exported))
    count = len(reference)
    with _reference_server(folder) as port:
        began = time.perf_counter()
        reference_bytes = upload(port, reference)
        reference_seconds = time.perf_counter() - began
    yield Answer("reference, messages a second", count / reference_seconds, "")
    yield Answer("reference, bytes a message", reference_bytes / count, "B")
    ratio = (messages / seconds) / (count / reference_seconds)
    yield Answer("times the throughput of the reference", ratio, "")
    bytes_ratio = (sent_bytes / messages) / (reference_bytes / count)
    yield Answer("times its bytes", bytes_ratio, "")


def _copy(near: FolderStore, far: ServerStore) -> int:
    """Objects, then commits, the account's log first; gives the bytes that were sent."""
    names = [stored.name for stored in near.list_objects()]
    sent_bytes = 0
    batch: list[tuple[bytes, bytes]] = []
    for name in names:
        batch.append((name, near.get_object(name)))
        if sum(len(data) for _, data in batch) >= BATCH_BYTES // 2 or name == names[-1]:
            sent_bytes += len(encode_frames(data for _, data in batch))
            far.put_objects(batch)
            batch = []
    for zone in sorted(near.list_zones(), key=lambda zone: zone != ACCOUNT_ZONE):
        for seq, data in near.read_commits(zone, 0):
            if (zone, seq) != (ACCOUNT_ZONE, 0):
                far.append_commit(zone, seq, data)
                sent_bytes += len(data)
    return sent_bytes


def _records(exported: Path) -> Iterator[tuple[str, bytes]]:
    """One record a message: its line of the export."""
    for path in sorted(exported.rglob("*.jsonl")):
        with path.open("rb") as lines:
            for number, line in enumerate(lines):
                if b'"message"' in line[:200]:
                    yield f"{path.stem}-{number}", line.strip()


@contextmanager
def _reference_server(folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.reference_sync", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--commits", type=int, default=3_000)
    parser.add_argument("--idle", type=int, default=1_000)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealwax-bench-") as name:
        folder = Path(name)
        answers = [
            *commits_a_second(folder / "commits", arguments.commits),
            *idle_devices(folder / "idle", arguments.idle),
            *news(folder / "news"),
            *uploads(folder, arguments.messages),
        ]
    tell(f"The server, {arguments.messages:,} messages", answers, arguments.write)


if __name__ == "__main__":
    main()
