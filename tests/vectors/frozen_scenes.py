"""The vaults that are frozen: each made with the program, from databases of Messages."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.base.clock import SetClock
from sealwax.demo.world import write_world
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, OP_ID_BYTES
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.retention import BY_HAND
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from tests.homes import DAY_MS, NOW_MS, environment, ignore, write_threads
from tests.server.running import running
from tests.sync.homes_on_server import Household, phone_with

FIRST, SECOND = (f"+1555010{number:04d}" for number in range(2))
STEPS = 1_150


class Made(NamedTuple):
    """The folder of a vault, its recovery key, and words that must be nowhere in it."""

    vault: Path
    recovery_key: str
    gone: tuple[str, ...] = ()


class Scene:
    """A vault in a folder that is being made, and the homes that share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = folder / "vault"
        self.clock = SetClock(NOW_MS)
        self.env: Environment = environment(self.clock)
        self.homes = [folder / "home 0"]
        self.recovery_key = create_home(self.homes[0], str(self.vault), "laptop", self.env)

    def join(self, name: str) -> Path:
        home = self.folder / f"home {len(self.homes)}"
        recover_home(home, str(self.vault), self.recovery_key, name, self.env)
        self.homes.append(home)
        return home

    def does(self, number: int, *acts: Callable[[Agent], object]) -> None:
        """A device does something each day."""
        for act in acts:
            with open_agent(self.homes[number], self.env) as agent:
                act(agent)
            self.clock.advance(DAY_MS)

    def phone(self, seed: str, *sizes: int) -> Callable[[Agent], object]:
        """To import a phone with so many messages in each conversation."""
        folder = self.folder / f"phone {seed}"
        if not folder.exists():
            folder.mkdir()
            write_threads(folder, sizes, seed=seed)
        return lambda agent: agent.import_source(folder, ignore)

    def made(self, *gone: str) -> Made:
        return Made(self.vault, self.recovery_key, gone)


def everyday(folder: Path) -> Made:
    """Groups, reactions, edits, photos; something in the trash; a snapshot from before."""
    scene = Scene(folder)
    world = folder / "world"
    write_world(world, NOW_MS - DAY_MS, talks=6, photos=2)
    scene.does(
        0,
        lambda agent: agent.import_source(world, ignore),
        scene.phone("threads", 4, 3),
        lambda agent: agent.create_snapshot("before the deletion"),
        lambda agent: agent.delete(Select((SECOND,))),
    )
    return scene.made()


def purged(folder: Path) -> Made:
    """A conversation purged, another one in the trash; a month of compaction after it."""
    scene = Scene(folder)
    scene.does(
        0,
        scene.phone("threads", 4, 3, 2),
        lambda agent: agent.delete(Select((FIRST, SECOND))),
        lambda agent: agent.storage.purge(Select((FIRST,))),
        lambda agent: agent.drop_snapshots([str(one.number) for one in agent.snapshots()]),
        scene.phone("later", 0, 0, 3),
    )
    scene.clock.advance(40 * DAY_MS)
    scene.does(0, lambda agent: agent.compact(ignore))
    return scene.made(*(f"thread 0 message {number}" for number in range(4)))


def snapshots(folder: Path) -> Made:
    """Snapshots with and without a lock, one let go of, and a compaction that keeps the rest."""
    scene = Scene(folder)
    phones = [scene.phone(f"day {number}", 2, 2) for number in range(8)]
    scene.does(
        0,
        phones[0],
        lambda agent: agent.create_snapshot("kept"),
        phones[1],
        lambda agent: agent.create_snapshot("let go of"),
        lambda agent: create_snapshot(
            agent.device.history.library,
            agent.device.journal,
            "locked",
            BY_HAND,
            lock_until_ms=scene.clock.now_ms() + 20 * DAY_MS,
        ),
        lambda agent: agent.delete(Select((SECOND,))),
        lambda agent: agent.drop_snapshots(["let go of"]),
        *phones[2:],
    )
    scene.clock.advance(40 * DAY_MS)
    scene.does(0, lambda agent: agent.compact(ignore))
    return scene.made()


def devices(folder: Path) -> Made:
    """Two devices, one of which is removed and writes once more: what it writes is void."""
    scene = Scene(folder)
    scene.does(0, scene.phone("threads", 3))
    scene.join("desktop")
    scene.does(1, scene.phone("desktop", 0, 3))
    with open_agent(scene.homes[1], scene.env) as gone:
        scene.does(0, lambda agent: agent.devices.revoke("desktop"))
        with open_agent(scene.homes[0], scene.env) as agent:
            head = agent.device.history.head()
            draft = Draft(CommitKind.CHANGE, bytes(OP_ID_BYTES), Part(reason="too late"))
            data = gone.device.history.compose_after(head, draft)
            agent.device.near.append_commits(MESSAGES_ZONE, head.seq + 1, [data])
    scene.does(0, scene.phone("after", 0, 0, 2))
    return scene.made()


def reset(folder: Path) -> Made:
    """A sync that was reset, with something in the trash, and a snapshot from before."""
    scene = Scene(folder)
    scene.does(
        0,
        scene.phone("threads", 4, 3, 2),
        lambda agent: agent.create_snapshot("before the reset"),
        lambda agent: agent.delete(Select((SECOND,))),
        lambda agent: agent.sync.reset(),
        scene.phone("after", 2),
    )
    return scene.made()


def packed(folder: Path) -> Made:
    """More than 1,000 commits, of which 1,000 lie in a pack."""
    scene = Scene(folder)
    scene.does(
        0,
        scene.phone("threads", 3),
        _take_steps,
        scene.phone("after", 0, 2),
        lambda agent: agent.compact(ignore),
    )
    assert list(scene.vault.rglob("*.pack"))
    return scene.made()


def _take_steps(agent: Agent) -> None:
    """So many more commits that say nothing."""
    replica = agent.device.history
    head, commits = replica.head(), list[bytes]()
    start_seq = head.seq + 1
    for _ in range(STEPS):
        draft = Draft(CommitKind.CHANGE, replica.new_op_id(), Part())
        commits.append(replica.compose_after(head, draft))
        head = replica.judged(head, commits[-1]).head
    agent.device.near.append_commits(MESSAGES_ZONE, start_seq, commits)
    replica.pull()


def waiting(folder: Path) -> Made:
    """A device whose sync is off: its words and a snapshot lie in its own zone alone."""
    with running(folder / "server") as server:
        house = Household(folder, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(folder / "phone", 3), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.import_source(phone_with(folder / "more", 0, 4, seed="more"), ignore)
            agent.create_snapshot("of this device alone")
            assert agent.sync.back_up_now().is_whole
    return Made(house.homes[1] / "vault", house.recovery_key)


SCENES: dict[str, Callable[[Path], Made]] = {
    "everyday": everyday,
    "purged": purged,
    "snapshots": snapshots,
    "devices": devices,
    "reset": reset,
    "packed": packed,
    "waiting": waiting,
}
