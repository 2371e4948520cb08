"""An agent that runs in another process, asked as if it were here."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, cast

import msgspec

from sealwax.agent.api import Agent
from sealwax.agent.home import HomeLock
from sealwax.agent.linking import Asking, Linked, Offered
from sealwax.agent.presence import Presence, find_presence, read_token
from sealwax.agent.remote.calls import (
    DONE,
    ERROR,
    FRAME_LIMIT_BYTES,
    ITEM,
    LENGTH_BYTES,
    PARTS,
    PROGRESS,
    READING,
    WRITING,
    CallRefused,
    Told,
    as_error,
    decode,
    decode_frame,
    encode_call,
    report_name,
    shape_of,
)
from sealwax.agent.running import Told as RunningTold
from sealwax.base.errors import SealwaxError

LOOPBACK = "127.0.0.1"
_PATH = "/rpc"


class AgentGone(SealwaxError):
    """The running agent does not answer, or stopped while it did."""

    code = "agent-gone"
    hint = "Run the command again: without a running agent it opens the home itself."


class NotThroughAgent(SealwaxError):
    """What needs the home itself, or a person's answers in between, is not asked of an agent."""

    code = "not-through-agent"
    hint = "End the agent, run the command, and start it again."


def find_running(home: Path) -> Agent | None:
    """The agent that runs on this home, in the shape of one; None where none does."""
    presence = find_presence(home)
    if presence is None or not HomeLock(home).is_held():
        # What was left behind by an agent that was killed leads nowhere.
        return None
    return cast(Agent, RemoteAgent(home, presence, read_token(home)))


def told_by(agent: Agent) -> RunningTold:
    """What a running agent does; `agent` is one that `find_running` gave."""
    told: RunningTold = cast(Any, agent).running.told()
    return told


def link_of(agent: Agent) -> str:
    """A link that opens the running agent's page once."""
    link: str = cast(Any, agent).running.page_link()
    return link


def is_link_open(agent: Agent, link: str) -> bool:
    """Whether a link of the running agent's page was not used yet."""
    is_open: bool = cast(Any, agent).running.is_page_link_open(link)
    return is_open


class RemoteAgent:
    """Has the methods of `agent.api.Agent` that may be called from another process."""

    def __init__(self, home: Path, presence: Presence, token: str) -> None:
        self.home = home
        self.presence = presence
        self._token = token

    def __getattr__(self, name: str) -> Any:
        if name == "devices":
            return _Devices(self, name)
        if name in PARTS:
            return _Part(self, name)
        return self.method(name)

    def method(self, name: str) -> Callable[..., Any]:
        """A method by its name; raises NotThroughAgent where it cannot be called from here."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in READING and name not in WRITING:
            raise NotThroughAgent("This cannot be done while the agent runs.")
        return partial(self._call, name)

    def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        report = _report(method, arguments, named)
        frames = self._frames(encode_call(method, arguments, named), method, report)
        if shape_of(method).is_stream:
            return frames
        return _last(frames)

    def _frames(
        self, request: bytes, method: str, report: Callable[[Any], None] | None
    ) -> Iterator[Any]:
        """The items of the answer, or its one value; raises what the agent raised."""
        shape = shape_of(method)
        connection = http.client.HTTPConnection(LOOPBACK, self.presence.port)
        try:
            for tag, raw in _answer(connection, self._token, request):
                if tag == PROGRESS and report is not None:
                    report(decode(raw, shape.report))
                elif tag == ITEM:
                    yield decode(raw, shape.result)
                elif tag == ERROR:
                    raise as_error(decode(raw, Told))
                elif tag == DONE:
                    if not shape.is_stream:
                        yield decode(raw, shape.result)
                    return
            raise AgentGone("The agent stopped while it worked on this.")
        except (OSError, http.client.HTTPException) as error:
            raise AgentGone("The agent stopped while it worked on this.") from error
        except msgspec.MsgspecError as error:
            raise CallRefused("The agent answered in a form that is not known here.") from error
        finally:
            connection.close()


class _Part:
    """A part of a remote agent, such as its upkeep."""

    def __init__(self, agent: RemoteAgent, name: str) -> None:
        self._agent = agent
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return self._agent.method(f"{self._name}.{name}")


class _Devices(_Part):
    """The devices of a remote agent: linking asks a person in between."""

    def link(self, tell: Callable[[Offered], None], confirm: Callable[[Asking], bool]) -> Linked:
        """As `agent.devices.Devices.link`."""
        links = self._agent.links
        begun = links.begin()
        try:
            tell(Offered(begun.code, begun.expires_ms))
            while not (seen := links.look(begun.number)).digits:
                continue
            # While a person compares, somebody has to go on looking.
            with _Looking(partial(links.look, begun.number)):
                is_yes = confirm(Asking(seen.name, seen.digits))
            links.answer(begun.number, is_yes)
            while (seen := links.look(begun.number)).linked is None:
                continue
        except BaseException:
            with suppress(SealwaxError):
                links.end(begun.number)
            raise
        linked: Linked = seen.linked
        return linked


class _Looking:
    """Looks again and again in a thread, so that the agent knows that somebody is there."""

    def __init__(self, look: Callable[[], Any]) -> None:
        self._look = look
        self._is_over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        # An error ends the link; it is told when the answer is given.
        with suppress(SealwaxError):
            while not self._is_over.is_set():
                self._look()


def _report(
    method: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Callable[[Any], None] | None:
    """The function among the arguments that wants to be told of progress."""
    name = report_name(method)
    given = [value for value in (*arguments, named.get(name or "")) if callable(value)]
    return given[0] if given else None


def _answer(
    connection: http.client.HTTPConnection, token: str, request: bytes
) -> Iterator[tuple[str, msgspec.Raw]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    connection.request("POST", _PATH, request, headers)
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise CallRefused(f"The agent refused to be asked (status {response.status}).")
    while head := response.read(LENGTH_BYTES):
        length = int.from_bytes(head, "big")
        if length > FRAME_LIMIT_BYTES:
            raise CallRefused("The agent answered in a form that is not known here.")
        body = response.read(length)
        if len(head) < LENGTH_BYTES or len(body) < length:
            return
        yield decode_frame(body)


def _last(frames: Iterator[Any]) -> Any:
    found = list(frames)
    return found[-1] if found else None
