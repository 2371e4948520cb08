"""What is larger than it may be: a commit adds nothing and stops nobody, an object is damage."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.recovering import recover_home
from sealwax.base.clock import SetClock
from sealwax.base.condition import Condition
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import COMMIT_LIMIT_BYTES, CommitKind
from sealwax.ledger.names import (
    ACCOUNT_ZONE,
    COMMIT_HASHED_BYTES,
    MESSAGES_ZONE,
    OP_ID_BYTES,
    commit_hash,
)
from sealwax.stores.base import OBJECT_LIMIT_BYTES
from sealwax.stores.folder import FolderStore
from sealwax.stores.folder_layout import commit_path, object_path
from sealwax.stores.memory import MemoryStore
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft, Place, compose
from tests.accounts import made_account, next_commit
from tests.homes import NOW_MS, environment, ignore, texts
from tests.server.running import running
from tests.sync.homes_on_server import FIRST, Household, phone_with

HUGE_BYTES = 2**40
"""A file of so many bytes takes no room on a disk, and nobody could read it."""


class _Still:
    def now(self) -> Condition:
        return Condition()


def test_the_hash_of_a_commit_is_that_of_its_beginning_where_it_is_too_large() -> None:
    assert COMMIT_HASHED_BYTES == COMMIT_LIMIT_BYTES + 1
    large = bytes(COMMIT_LIMIT_BYTES + 1)
    assert commit_hash(large) == commit_hash(large + b"more")
    assert commit_hash(large[1:]) == hashlib.sha256(large[1:]).digest() != commit_hash(large)


def test_one_that_follows_a_commit_that_is_too_large_counts(tmp_path: Path) -> None:
    account = made_account()
    folder = FolderStore.create(tmp_path, account.log.account)
    memory = MemoryStore()
    head = beginning(account.log.account, MESSAGES_ZONE)
    large = b"x" * (COMMIT_LIMIT_BYTES + 1000)
    path = commit_path(folder._folder, MESSAGES_ZONE, 0)
    path.parent.mkdir(parents=True)
    path.write_bytes(large)
    memory.append_commit(MESSAGES_ZONE, 0, large)
    void = judge(head, large, account.log)
    assert void.void_reason == "it is larger than a commit may be"
    folder.append_commit(MESSAGES_ZONE, 1, next_commit(account, void.head))
    memory.append_commit(MESSAGES_ZONE, 1, folder.get_commit(MESSAGES_ZONE, 1))
    for store in (folder, memory):
        found = head
        for _, data in store.read_commits(MESSAGES_ZONE, 0):
            judged = judge(found, data, account.log)
            found = judged.head
        assert judged.commit is not None
    assert len(folder.get_commit(MESSAGES_ZONE, 0)) == COMMIT_LIMIT_BYTES + 1


class Shared:
    """Two homes that share a folder."""

    def __init__(self, folder: Path, env: Environment) -> None:
        self.env, self.vault = env, folder / "vault"
        self.homes = [folder / "home0", folder / "home1"]
        key = create_home(self.homes[0], str(self.vault), "home 0", env)
        with open_agent(self.homes[0], env) as agent:
            agent.import_source(phone_with(folder / "phone", 3), ignore)
        recover_home(self.homes[1], str(self.vault), key, "home 1", env)
        (account,) = (self.vault / "accounts").iterdir()
        self.store = FolderStore.open(self.vault, bytes.fromhex(account.name))

    def leave(self, zone: str, size_bytes: int) -> None:
        """Somebody who can write there leaves a file behind the newest commit."""
        seq = self.store.head_seq(zone) + 1
        path = commit_path(self.store._folder, zone, seq)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size_bytes)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    yield Shared(tmp_path, environment(SetClock(NOW_MS)))


@pytest.mark.parametrize("zone", [ACCOUNT_ZONE, MESSAGES_ZONE])
@pytest.mark.parametrize("size_bytes", [COMMIT_LIMIT_BYTES + 1, HUGE_BYTES])
def test_a_file_that_is_too_large_in_a_shared_folder_stops_nobody(
    shared: Shared, tmp_path: Path, zone: str, size_bytes: int
) -> None:
    shared.leave(zone, size_bytes)
    for number, home in enumerate(shared.homes):
        with open_agent(home, shared.env) as agent:
            assert len(texts(agent, FIRST)) == 3 + number
            assert agent.status().void_commits == 1
            phone = phone_with(tmp_path / f"phone {number}", 1, seed=f"phone {number}")
            agent.import_source(phone, ignore)
            agent.create_snapshot(f"by {number}")
            agent.devices.rename(f"home {number}", f"renamed {number}")
            assert agent.sync.now().is_verified
            found = examine(facts_of(agent, _Still(), SetClock(NOW_MS))).findings
            assert "void-commits" in {finding.key for finding in found}
    with open_agent(shared.homes[0], shared.env) as agent:
        assert len(texts(agent, FIRST)) == 5
        assert [one.name for one in agent.snapshots()] == ["by 0", "by 1"]
        (damage,) = agent.verify(ignore).damage
        assert "larger than a commit may be" in damage.what


def _named(agent: Agent, data: bytes) -> None:
    """A device adds an object of its own, by a commit that counts."""
    history = agent.device.history
    history.pull()
    entropy = agent.device._env.entropy
    segment = (hashlib.sha256(data).digest(), len(data), bytes(32))
    draft = Draft(CommitKind.CHANGE, entropy.bytes(OP_ID_BYTES), Part(), (segment,))
    place = Place(history.head(), history.log.head, history.log.newest.epoch, NOW_MS)
    commit = compose(draft, place, history.keys, agent.device.author, entropy)
    history.store.append_commit(MESSAGES_ZONE, history.head().seq + 1, commit)


def _planted(store: FolderStore, data: bytes) -> None:
    path = object_path(store._folder, hashlib.sha256(data).digest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("size_bytes", [OBJECT_LIMIT_BYTES + 1, OBJECT_LIMIT_BYTES + 1024**2])
def test_an_object_that_is_too_large_is_damage_in_a_folder(shared: Shared, size_bytes: int) -> None:
    data = bytes(size_bytes)
    _planted(shared.store, data)
    with open_agent(shared.homes[0], shared.env) as agent:
        _named(agent, data)
    with open_agent(shared.homes[1], shared.env) as agent:
        assert len(texts(agent, FIRST)) == 3
        ((_, _, why),) = agent.device.history.library.holdings.damage()
        assert "larger than one may be" in why
        done = agent.sync.now()
        assert (done.is_verified, done.why) == (False, "")
        assert "could not be read" in done.doubt


def test_an_object_that_is_too_large_is_damage_on_a_server(tmp_path: Path) -> None:
    data = bytes(OBJECT_LIMIT_BYTES + 1024**2)
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(phone_with(tmp_path / "phone", 3), ignore)
            account = agent.device.history.keys.account
            _planted(FolderStore.open(tmp_path / "server" / "objects", account), data)
            _named(agent, data)
        with house.agent(1) as agent:
            done = agent.sync.now()
            assert (done.is_verified, done.why) == (False, "")
            assert len(texts(agent, FIRST)) == 3
            assert agent.status().damaged_objects == 1
            agent.create_snapshot("all the same")
