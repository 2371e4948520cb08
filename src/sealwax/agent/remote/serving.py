"""The running agent's answers to other processes of the same person: `POST /rpc` on loopback.

An ASGI application that stands before another one (the page), if there is one. A caller proves
itself with the token of this run, which only the owner of the home can read. Browsers have no
business here: a request with an Origin is refused, and so is one that names another host.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

from sealwax.agent.api import Agent
from sealwax.agent.jobs import Report, Step
from sealwax.agent.presence import is_token
from sealwax.agent.remote.calls import (
    DONE,
    ERROR,
    ITEM,
    LINKS,
    PROGRESS,
    REQUEST_LIMIT_BYTES,
    RUNNING,
    Call,
    Told,
    decode_call,
    frame,
    report_name,
)
from sealwax.agent.running import RunningAgent
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError

PATH = "/rpc"
FRAMES_AHEAD = 8
PROGRESS_SECONDS = 0.1
"""Progress is told so often at most."""

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Emit: TypeAlias = Callable[[bytes], None]


class CallServer:
    """Answers calls; everything else goes to the page."""

    def __init__(
        self, running: RunningAgent, token: str, clock: Clock, page: Application | None = None
    ) -> None:
        self._running = running
        self._token = token
        self._clock = clock
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._answer(scope, receive, send)
        elif self._page is not None:
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send, 404)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = self._objection(scope)
        if status:
            await _refuse(send, status)
            return
        body = await _body(receive)
        if body is None:
            await _refuse(send, 413)
            return
        headers = [(b"content-type", b"application/octet-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            call = decode_call(body)
        except SealwaxError as error:
            await _send(send, _error_frame(error), is_last=True)
            return
        await _Answering(self._running, self._clock, call, receive, send).run()

    def _objection(self, scope: Scope) -> int:
        """The status to refuse a request with, or 0."""
        headers = {name.lower(): value for name, value in scope["headers"]}
        port = (scope.get("server") or ("", 0))[1]
        hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        if headers.get(b"host") not in hosts or b"origin" in headers:
            return 403
        told = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if not is_token(told.decode("latin-1"), self._token):
            return 401
        return 0 if scope["method"] == "POST" else 405


class _Answering:
    """One call: its work in a thread, its frames in the order in which they come."""

    def __init__(
        self, running: RunningAgent, clock: Clock, call: Call, receive: Receive, send: Send
    ) -> None:
        self._running = running
        self._clock = clock
        self._call = call
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(FRAMES_AHEAD)
        self._is_gone = False
        self._told_at: float | None = None
        self._job: int | None = None

    async def run(self) -> None:
        """Answers; when the caller goes away, so does its job."""
        work = self._read if self._call.is_reading else self._write
        working = asyncio.ensure_future(asyncio.to_thread(self._finish, work))
        leaving = asyncio.ensure_future(self._watch())
        try:
            while (told := await self._frames.get()) is not None:
                if not self._is_gone:
                    await _send(self._send, told)
            if not self._is_gone:
                await _send(self._send, b"", is_last=True)
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._is_gone = True
        if self._job is not None:
            self._running.jobs.cancel(self._job)

    def _finish(self, work: Callable[[], Any]) -> None:
        """In a thread: the work, then its result or its error as the last frame."""
        try:
            last = frame(DONE, work())
        except SealwaxError as error:
            last = _error_frame(error)
        except OSError as error:
            last = _error_frame(SealwaxError(f"{error.strerror or 'The system refused it'}."))
        except Exception as error:
            name = type(error).__name__
            last = _error_frame(SealwaxError(f"A mistake in Sealwax stopped this ({name})."))
        with suppress(_Gone):
            self._emit(last)
        asyncio.run_coroutine_threadsafe(self._frames.put(None), self._loop).result()

    def _read(self) -> Any:
        part, _, name = self._call.method.rpartition(".")
        if self._call.method == "sync.state":
            # Readers know nothing of what the one that writes was told by the shared place.
            return self._running.sync_state()
        if part == RUNNING:
            return getattr(self._running, name)(**self._call.arguments)
        if part == LINKS:
            return getattr(self._running.links, name)(**self._call.arguments)
        with self._running.readers.borrowed() as reader:
            return self._drained(_invoke(reader, self._call, self._report))

    def _write(self) -> Any:
        def work(agent: Agent, report: Report) -> Any:
            def tell(told: Any) -> None:
                # A job is cancelled where it tells its step.
                report(_step(told))
                self._report(told)

            return self._drained(_invoke(agent, self._call, tell))

        job = self._running.ask(self._call.method, work)
        self._job = job.number
        if self._is_gone:
            self._running.jobs.cancel(job.number)
        return job.future.result()

    def _drained(self, result: Any) -> Any:
        """Sends a stream's items on their way while their moment lasts."""
        if not isinstance(result, Iterator):
            return result
        for item in result:
            self._emit(frame(ITEM, item))
        return None

    def _emit(self, told: bytes) -> None:
        """Waits while the caller is slow; raises _Gone when it has left."""
        if self._is_gone:
            raise _Gone
        asyncio.run_coroutine_threadsafe(self._frames.put(told), self._loop).result()

    def _report(self, told: Any) -> None:
        """Never waits: what is not told now is told with the next step."""
        now = self._clock.monotonic()
        if self._told_at is not None and now - self._told_at < PROGRESS_SECONDS:
            return
        self._told_at = now
        self._loop.call_soon_threadsafe(self._put, frame(PROGRESS, told))

    def _put(self, told: bytes) -> None:
        with suppress(asyncio.QueueFull):
            self._frames.put_nowait(told)


class _Gone(Exception):
    """Nobody waits for the answer any more."""


def _invoke(agent: Agent, call: Call, report: Callable[[Any], None]) -> Any:
    part, _, name = call.method.rpartition(".")
    arguments = dict(call.arguments)
    listening = report_name(call.method)
    if listening is not None:
        arguments[listening] = report
    return getattr(getattr(agent, part) if part else agent, name)(**arguments)


def _step(told: Any) -> Step:
    """Progress of any method as that of a job."""
    if isinstance(told, str):
        return Step(told)
    if isinstance(told, int):
        return Step("Working", told)
    done = getattr(told, "done", None)
    return Step(
        told.phase,
        told.messages if done is None else done,
        told.total,
        done_bytes=getattr(told, "done_bytes", 0),
        total_bytes=getattr(told, "total_bytes", 0),
    )


def _error_frame(error: SealwaxError) -> bytes:
    return frame(ERROR, Told(error.code, error.sentence, error.hint))


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None where it is too large, or the caller has left."""
    parts, size_bytes = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size_bytes += len(parts[-1])
        if size_bytes > REQUEST_LIMIT_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, body: bytes, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not is_last})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await _send(send, json.dumps({"status": status}).encode(), is_last=True)
