"""Another process asks a running agent: the same answers, the same errors, nothing without the
token."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.devices import DeviceIsThis
from sealwax.agent.jobs import JobCancelled
from sealwax.agent.presence import announce, find_presence, new_token, withdraw
from sealwax.agent.remote.calls import (
    READING,
    WRITING,
    CallRefused,
    decode_call,
    encode,
    function_of,
    shape_of,
)
from sealwax.agent.remote.client import AgentGone, NotThroughAgent, RemoteAgent, find_running
from sealwax.agent.remote.serving import CallServer
from sealwax.agent.running import RunningAgent
from sealwax.agent.selecting import NothingMatches, Select
from sealwax.agent.storing import NoPlans, Purge
from sealwax.base.clock import SystemClock
from sealwax.base.condition import SetConditions
from sealwax.base.entropy import SystemEntropy
from sealwax.demo.world import write_world
from sealwax.intake.imported import Progress
from sealwax.sync.reset.apply import ResetProgress
from tests.homes import DAY_MS, NOW_MS, environment, ignore, made_home

ROOT = Path(__file__).resolve().parents[2]


class Serving:
    """A running agent in threads of this process, behind a real port."""

    def __init__(self, home: Path, running: RunningAgent) -> None:
        self.home = home
        self.running = running
        self.token = new_token(SystemEntropy())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        app = CallServer(running, self.token, SystemClock())
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._threads = [
            threading.Thread(target=running.run),
            threading.Thread(target=self._server.run, args=([self._listener],)),
        ]
        for thread in self._threads:
            thread.start()
        announce(home, self.port, 0, self.token)

    def remote(self) -> Agent:
        found = find_running(self.home)
        assert found is not None
        return found

    def post(self, body: bytes, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/rpc", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def close(self) -> None:
        self.running.stop()
        self._server.should_exit = True
        for thread in self._threads:
            thread.join()
        self._listener.close()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=40, photos=3)
    with open_agent(home, env) as agent:
        running = RunningAgent(agent, SystemClock(), SetConditions())
        # Here it does only what it is asked for.
        running.look = list  # type: ignore[method-assign]
        made = Serving(home, running)
        yield made
        made.close()


def test_the_answers_are_those_of_the_agent_itself(serving: Serving, tmp_path: Path) -> None:
    remote, own = serving.remote(), serving.running.agent
    told: list[Progress] = []
    done = remote.import_source(tmp_path / "phone", told.append)
    assert done.new["messages"] > 0
    assert all(isinstance(step, Progress) for step in told)
    remote.create_snapshot("one")
    assert remote.status() == own.status()
    assert remote.conversations() == own.conversations()
    assert remote.snapshots() == own.snapshots()
    view = own.conversations()[0]
    messages = remote.read(view.record, limit=1_000)
    assert messages == own.read(view.record, limit=1_000)
    assert remote.attachments(messages) == own.attachments(messages)
    assert remote.search("the", limit=20) == own.search("the", limit=20) != []
    photos = list(remote.media(Select()))
    assert photos == list(own.media(Select()))
    assert len(photos) == 3
    for item in photos:
        pieces = remote.attachment_bytes(item.attachment)
        assert b"".join(pieces) == b"".join(own.attachment_bytes(item.attachment))
    assert remote.verify(ignore) == own.verify(ignore)
    assert remote.delete(Select()) > 0
    assert remote.conversations() == []
    remote.restore("one", Select(), report=ignore)
    assert remote.conversations() == own.conversations() != []
    assert remote.upkeep.plan_retention() == own.upkeep.plan_retention()
    exported = remote.export("text", tmp_path / "out", Select())
    assert exported.path == tmp_path / "out"
    assert any((tmp_path / "out").iterdir())


def test_space_and_devices_are_asked_and_changed_too(serving: Serving, tmp_path: Path) -> None:
    remote, own = serving.remote(), serving.running.agent
    remote.import_source(tmp_path / "phone", lambda _: None)
    assert remote.storage.overview() == own.storage.overview()
    assert remote.storage.overview().files > 0
    assert remote.storage.titles() == own.storage.titles()
    assert remote.storage.large("1KB") == own.storage.large("1KB") != []
    assert remote.storage.room()._replace(free_bytes=0) == own.storage.room()._replace(free_bytes=0)
    chat = str(own.conversations()[0].record)
    planned = remote.storage.plan_purge(Select(chats=(chat,)))
    done = remote.storage.purge(Select(chats=(chat,)))
    assert planned.messages == done.messages > 0
    assert done.snapshot is not None
    assert remote.storage.empty_trash() == Purge(0, 0, 0, 0, None)
    with pytest.raises(NoPlans):
        remote.storage.ask_for_plan("50GB")
    renamed = remote.devices.rename(remote.devices.list()[0].name, "renamed")
    assert remote.devices.find("renamed").id == renamed.id
    assert remote.devices.asked_ms() == {}
    with pytest.raises(DeviceIsThis):
        remote.devices.plan_adoption("renamed")


def test_sync_is_reset_through_it(serving: Serving, tmp_path: Path) -> None:
    remote = serving.remote()
    remote.import_source(tmp_path / "phone", ignore)
    told: list[ResetProgress] = []
    planned = remote.sync.plan_reset()
    done = remote.sync.reset(told.append)
    assert done.segments == planned.segments > 0
    assert told[0].phase == "Reading"
    assert remote.snapshots()[-1].number == done.snapshot


def test_a_relative_path_is_that_of_the_one_who_asks(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    serving.remote().add_source(Path("phone"))
    assert serving.running.agent.sources() == [str(tmp_path / "phone")]


def test_errors_arrive_as_what_they_are(serving: Serving) -> None:
    with pytest.raises(NothingMatches) as caught:
        serving.remote().conversation("nobody")
    assert caught.value.hint.startswith("`sealwax list`")


def test_every_method_that_may_be_called_has_a_form() -> None:
    for method in sorted(READING | WRITING):
        assert callable(function_of(method))
        shape_of(method)
    remote: Any = RemoteAgent(Path("/"), None, "")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        _ = remote._library
    for hidden in ("close", "reader", "standing_still", "unknown"):
        with pytest.raises(NotThroughAgent):
            getattr(remote, hidden)


def test_every_command_works_through_an_agent_or_says_that_it_does_not() -> None:
    """What the command line asks of an agent may be asked of one in another process, but for what
    talks with a person in between, and what opens the home itself to mend it."""
    asked: set[str] = set()
    for path in (ROOT / "src" / "sealwax" / "cli").glob("*.py"):
        asked |= set(re.findall(r"\bagent\.([a-z_]+(?:\.[a-z_]+)?)\(", path.read_text("utf-8")))
    assert len(asked) > 40
    assert asked - READING - WRITING == {"devices.link", "mend"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        encode(("status",)),
        encode(("_library", {})),
        encode(("close", {})),
        encode(("reader", {})),
        encode(("__class__", {})),
        encode(("upkeep.__init__", {})),
        encode(("running.stop", {})),
        encode(("status", {"unknown": 1})),
        encode(("read", {})),
        encode(("read", {"conversation": "not a number"})),
        encode(("conversation", {"chat": b"\xff\xfe"})),
        encode(("import_source", {"path": 7})),
    ],
)
def test_what_may_not_be_asked_is_refused(body: bytes) -> None:
    with pytest.raises(CallRefused):
        decode_call(body)


def test_nothing_is_answered_without_the_token_or_to_a_page(serving: Serving) -> None:
    body = encode(("status", {}))
    right = f"Bearer {serving.token}"
    assert serving.post(body, Authorization=right) == 200
    assert serving.post(body) == 401
    assert serving.post(body, Authorization="Bearer ") == 401
    assert serving.post(body, Authorization=right[:-1]) == 401
    assert serving.post(body, Authorization=right, Origin="http://127.0.0.1") == 403
    assert serving.post(body, Authorization=right, Host="evil.example:80") == 403
    wrong = RemoteAgent(serving.home, serving.remote().presence, "wrong")  # type: ignore[attr-defined]
    with pytest.raises(CallRefused):
        wrong.status()


def test_whoever_leaves_takes_the_job_along(serving: Serving, tmp_path: Path) -> None:
    began, is_going_on = threading.Event(), threading.Event()
    original = serving.running.agent.import_source

    def slow(path: Path, report: Any, *rest: Any, **more: Any) -> Any:
        def report_late(told: Progress) -> None:
            began.set()
            assert is_going_on.wait(60)
            report(told)

        report_late(Progress("Reading", 0, 0, 0, 0))
        return original(path, report_late, *rest, **more)

    serving.running.agent.import_source = slow  # type: ignore[method-assign]
    connection = http.client.HTTPConnection("127.0.0.1", serving.port)
    body = encode(("import_source", {"path": str(tmp_path / "phone")}))
    connection.request("POST", "/rpc", body, {"Authorization": f"Bearer {serving.token}"})
    assert began.wait(60)
    (job,) = [told for told in serving.running.jobs.told() if told.kind == "import_source"]
    connection.close()
    while not serving.running.jobs._running.is_cancelled:  # type: ignore[union-attr]
        time.sleep(0.01)
    is_going_on.set()
    while serving.running.jobs.is_busy():
        time.sleep(0.01)
    (ended,) = [told for told in serving.running.jobs.told() if told.id == job.id]
    assert ended.failure is not None
    assert ended.failure.code == JobCancelled.code


def test_an_agent_that_was_killed_is_not_found(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    announce(home, 1, 0, "stale")
    assert find_presence(home) is not None
    assert find_running(home) is None
    with open_agent(home, env):
        # Who has the lock knows that these files are stale.
        assert find_presence(home) is None
    announce(home, 1, 0, "stale")
    with open_agent(home, env):
        announce(home, 1, 0, "of a port where nobody listens")
        gone = find_running(home)
        assert gone is not None
        with pytest.raises(AgentGone):
            gone.status()
    withdraw(home)
