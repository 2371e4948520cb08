"""A line to a server that counts every byte that goes through it, both ways, headers included."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE_BYTES = 65_536


class CountedLine:
    """Listens on a port of its own and hands everything on; `size_bytes` is what went through."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._loop = asyncio.new_event_loop()
        self.size_bytes = 0
        self.port = 0
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._is_ready.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()
        self._loop.run_until_complete(_end_others())
        self._loop.close()

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()

    async def _connect(self, device: asyncio.StreamReader, to_device: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
        await asyncio.gather(self._hand_on(device, to_server), self._hand_on(server, to_device))

    async def _hand_on(self, come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await come.read(PIECE_BYTES):
                self.size_bytes += len(data)
                go.write(data)
                await go.drain()
        go.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def counted_line(port: int) -> Iterator[CountedLine]:
    """A line to a server on this machine, for as long as it is needed."""
    line = CountedLine(port)
    try:
        yield line
    finally:
        line.close()
