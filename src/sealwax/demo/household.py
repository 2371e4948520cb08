"""The second part of the demo: a server, and three devices that share one history.

One conversation in two windows; deleted on one, gone from both; back in time; restored, both fill
again. What the server has is looked through for every word. Then the server is removed, and
everything returns from a disk.
"""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.joining import join_home
from sealwax.agent.linking import Asking, Offered
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.demo.talk import PEOPLE
from sealwax.demo.world import World
from sealwax.server.http_server import http_server
from sealwax.server.listening import Listening, listening
from sealwax.server.origins import Origins
from sealwax.server.serve import opened_parts
from sealwax.stores.base import StoreError
from sealwax.trust.account import NotTrusted

MUM = PEOPLE[0].address
BEFORE = "all of us"
HOST = "127.0.0.1"
LOOK_SECONDS = 0.1
WINDOW_MESSAGES = 3
WINDOW_CHARACTERS = 36
Say = Callable[[str], None]


class Household:
    """Three devices of one account on a server of their own, in one folder."""

    def __init__(self, folder: Path, env: Environment, title: Say, say: Say) -> None:
        self._server = folder / "server"
        self._disk = folder / "disk in a drawer"
        self._homes = {name: folder / name for name in ("laptop", "desktop", "old laptop")}
        self._restored = folder / "computer after that"
        self._env = env
        self._title = title
        self._say = say

    def tell(self, world: World, words: tuple[bytes, ...]) -> None:
        """All steps, in order; `words` must not be found on the server."""
        with running_server(self._server, self._env) as (url, invitation):
            recovery_key = self._begin(url, invitation, world)
            self._link(url)
            with ExitStack() as stack:
                laptop, desktop = (
                    stack.enter_context(open_agent(self._homes[name], self._env))
                    for name in ("laptop", "desktop")
                )
                photos = self._two_windows(laptop, desktop)
                lost = self._delete(laptop, desktop)
                self._back_in_time(desktop, lost)
                self._restore(laptop, desktop, lost, photos)
            self._put_out()
            self._look_through(words)
        self._without_the_server(recovery_key, lost, photos)

    def _begin(self, url: str, invitation: str, world: World) -> str:
        self._title("A server, and a device that shares its history there")
        recovery_key = create_home(self._homes["laptop"], url, "laptop", self._env, invitation)
        began = time.monotonic()
        with open_agent(self._homes["laptop"], self._env) as agent:
            agent.import_source(world.path, lambda _: None)
            agent.create_snapshot(BEFORE)
            outcome = agent.sync.now()
            assert outcome.is_verified, outcome
            counts = agent.status().counts
        seconds = time.monotonic() - began
        self._say(f"{counts.messages:,} messages read and sent, sealed, in {seconds:.1f} s.")
        self._say("Everything on this device is on the server, verified.")
        return recovery_key

    def _link(self, url: str) -> None:
        self._title("Two more devices are linked by a code")
        with open_agent(self._homes["laptop"], self._env) as agent:
            for name in ("desktop", "old laptop"):
                digits = linked(agent, self._homes[name], url, name, self._env)
                self._say(f"{name}: the same six digits on both screens, {digits}.")
            known = [device.name for device in agent.devices.list()]
        self._say(f"Devices: {', '.join(known)}.")

    def _two_windows(self, laptop: Agent, desktop: Agent) -> dict[str, bytes]:
        self._title("The conversation with Mum, in two windows")
        outcome = desktop.sync.now()
        assert outcome.is_verified, outcome
        self._windows(laptop, desktop)
        photos = {name: _hash(data) for name, data in _photos(laptop)}
        assert photos == {name: _hash(data) for name, data in _photos(desktop)}
        self._say(f"and {len(photos)} photos, the same on both, bit for bit.")
        return photos

    def _delete(self, laptop: Agent, desktop: Agent) -> int:
        self._title("Deleted on one, gone from both")
        held = laptop.conversation(MUM).messages
        laptop.delete(Select(chats=(MUM,)))
        desktop.sync.now()
        assert not [view for view in desktop.conversations() if view.title == MUM]
        self._say(f"{held:,} messages left the laptop, and the desktop too: that is what sync is.")
        return held

    def _back_in_time(self, desktop: Agent, lost: int) -> None:
        self._title("Back in time, on the other device")
        view = desktop.conversation(MUM, BEFORE)
        assert view.messages == lost
        photos = len(list(desktop.media(Select(chats=(MUM,)), BEFORE)))
        self._say(f"In the snapshot “{BEFORE}” are {lost:,} messages and {photos} photos.")

    def _restore(self, laptop: Agent, desktop: Agent, lost: int, photos: dict[str, bytes]) -> None:
        self._title("Restored on one, both windows fill again")
        desktop.restore(BEFORE, Select(chats=(MUM,)))
        for agent in (desktop, laptop):
            outcome = agent.sync.now()
            assert outcome.is_verified, outcome
            assert agent.conversation(MUM).messages == lost
            assert {name: _hash(data) for name, data in _photos(agent)} == photos
        self._windows(laptop, desktop)
        self._say(f"{lost:,} messages and {len(photos)} photos are back on both, verified.")

    def _put_out(self) -> None:
        self._title("The old laptop is sold: it is put out")
        with open_agent(self._homes["laptop"], self._env) as agent:
            agent.devices.revoke("old laptop")
        try:
            with open_agent(self._homes["old laptop"], self._env) as agent:
                agent.sync.pull()
        except (StoreError, NotTrusted) as error:
            self._say(f"It is told: {error.sentence}")
        else:
            raise AssertionError("a device that is out should not sync")

    def _look_through(self, words: tuple[bytes, ...]) -> None:
        self._title("What the server has")
        files = [path for path in self._server.rglob("*") if path.is_file()]
        found = [path for path in files if any(word in path.read_bytes() for word in words)]
        assert not found, found
        self._say(f"{len(files)} files; not one holds a word, a name, a number or a picture.")

    def _without_the_server(self, recovery_key: str, lost: int, photos: dict[str, bytes]) -> None:
        self._title("The server is removed. Everything returns from a disk")
        shutil.rmtree(self._server)
        shutil.copytree(self._homes["desktop"] / "vault", self._disk)
        for home in self._homes.values():
            shutil.rmtree(home)
        recover_home(self._restored, self._disk, recovery_key, "computer after that", self._env)
        with open_agent(self._restored, self._env) as agent:
            assert agent.conversation(MUM).messages == lost
            assert {name: _hash(data) for name, data in _photos(agent)} == photos
            assert agent.verify(lambda _: None).is_sound
            counts = agent.status().counts
        self._say(f"With the recovery key alone: {counts.messages:,} messages, every photo.")

    def _windows(self, left: Agent, right: Agent) -> None:
        """The newest messages, side by side."""
        self._say(f"{'laptop':{WINDOW_CHARACTERS}} │ desktop")
        for one, two in zip(_newest(left), _newest(right), strict=True):
            assert one == two
            self._say(f"{one:{WINDOW_CHARACTERS}} │ {two}")


@contextmanager
def running_server(folder: Path, env: Environment) -> Iterator[tuple[str, str]]:
    """A real server on a free port of this computer; gives its address and an invitation."""
    where = Listening(HOST, 0)
    with opened_parts(folder, env.clock, env.entropy) as parts, listening(where) as listener:
        port = listener.getsockname()[1]
        server = http_server(parts, where, listener, Origins(where, port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield where.url(port), parts.accounts.invite("the demo")
        finally:
            server.should_exit = True
            thread.join()


def linked(agent: Agent, home: Path, url: str, name: str, env: Environment) -> str:
    """Links a new home, which types the code in a thread of its own; gives the digits."""
    shown: list[str] = []
    failed: list[BaseException] = []
    threads: list[threading.Thread] = []

    def join(code: str) -> None:
        try:
            join_home(home, url, code, name, env, shown.append, _wait)
        except BaseException as error:
            failed.append(error)

    def told(offered: Offered) -> None:
        threads.append(threading.Thread(target=join, args=(offered.code,)))
        threads[0].start()

    def is_the_same(asking: Asking) -> bool:
        while not shown and threads[0].is_alive():
            _wait(LOOK_SECONDS)
        return shown == [asking.digits]

    done = agent.devices.link(told, is_the_same, _wait)
    threads[0].join()
    if failed:
        raise failed[0]
    return f"{done.digits[:3]} {done.digits[3:]}"


def _wait(_: float) -> None:
    """Both devices are here: they need not wait as long as people do."""
    time.sleep(LOOK_SECONDS)


def _newest(agent: Agent) -> list[str]:
    views = agent.read(agent.conversation(MUM).record, limit=WINDOW_MESSAGES)
    lines = [f"{'me' if view.from_me else 'Mum'}: {view.text}" for view in views]
    return [line.splitlines()[0][:WINDOW_CHARACTERS] for line in lines]


def _photos(agent: Agent) -> Iterator[tuple[str, bytes]]:
    for item in agent.media(Select(chats=(MUM,))):
        yield item.attachment.origin, b"".join(agent.attachment_bytes(item.attachment))


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
