"""A vault in a folder that devices share: whoever can write to the folder writes files into it.

There is no server that judges. What does not count stays beside what does, and stops nobody.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.folder import FolderStore
from sealwax.trust.home_keys import load_home_keys
from tests.homes import NOW_MS, MemoryKeyring, ignore, write_threads
from tests.tribunal.clock import MovedClock
from tests.tribunal.court import shown_by
from tests.tribunal.device import Intruder
from tests.tribunal.place import Truth

FIRST, OTHER = "first", "other"
OVERSIZE_BYTES = 3 * 1024 * 1024


class Shared:
    """Two homes on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = folder / "vault"
        self.env = Environment(MovedClock(NOW_MS), SystemEntropy(), None, MemoryKeyring())
        code = create_home(folder / FIRST, self.vault, FIRST, self.env)
        recover_home(folder / OTHER, self.vault, code, OTHER, self.env)
        write_threads(folder / "phone", (5, 4, 3))
        with self.agent(FIRST) as agent:
            agent.import_source(folder / "phone", ignore)
            agent.create_snapshot("before")
            agent.sync.now()
            self.kept = shown_by(agent)
        self.use(OTHER)
        self.account = next((self.vault / "accounts").iterdir())

    @contextmanager
    def agent(self, name: str, is_lenient: bool = False) -> Iterator[Agent]:
        with open_agent(self.folder / name, self.env, is_lenient) as agent:
            yield agent

    def use(self, name: str, number: int = 0) -> Counter[str]:
        """Words come in, and everything is read; gives what is shown."""
        phone = self.folder / f"phone of {name} {number}"
        write_threads(phone, (1,), seed=f"{name} {number}")
        with self.agent(name) as agent:
            agent.import_source(phone, ignore)
            agent.sync.now()
        with self.agent(name, is_lenient=True) as agent:
            return shown_by(agent)

    def next_commit(self, zone: str) -> Path:
        """The file of the next commit of a zone."""
        folder = self.account / "zones" / zone.replace("/", "+") / f"{0:09}"
        return folder / f"{len(list(folder.iterdir())):012}"

    def check(self, is_named: str = "") -> None:
        """Both go on, have all, and show the snapshot; what is in the way is named."""
        for number in (1, 2):
            for name in (FIRST, OTHER):
                lost = self.kept - self.use(name, number)
                assert not lost
        for name in (FIRST, OTHER):
            with self.agent(name, is_lenient=True) as agent:
                assert sum(shown_by(agent, "before").values()) == 12
                told = " ".join([*agent.status().notes, *map(str, agent.verify(ignore).damage)])
                told += f" {agent.status().void_commits} void"
            assert not is_named or is_named in told


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
@pytest.mark.parametrize(
    "data",
    [
        b"junk",
        b"\x92" + bytes(OVERSIZE_BYTES),
        b"\x91" * 100_000,
        bytes(1),
        b"\xc4\x00",
    ],
    ids=["junk", "three megabytes", "nested", "a zero", "nothing in an envelope"],
)
def test_a_file_that_is_no_commit_lies_where_the_next_one_goes(
    shared: Shared, zone: str, data: bytes
) -> None:
    shared.next_commit(zone).write_bytes(data)
    shared.check()


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_a_removed_device_goes_on_appending(shared: Shared, zone: str) -> None:
    keys = load_home_keys(shared.folder / OTHER, None, shared.env.keyring).member_keys()
    truth = Truth(bytes.fromhex(shared.account.name))
    with _opened(shared) as store:
        for known in (ACCOUNT_ZONE, MESSAGES_ZONE):
            for _, data in store.read_commits(known, 0):
                truth.force(known, data)
    thief = Intruder(truth, keys, SystemEntropy(), NOW_MS)
    with shared.agent(FIRST) as agent:
        agent.devices.revoke(OTHER)
    for _ in range(3):
        data = thief.commit(dropped=thief.live()) if zone == MESSAGES_ZONE else b"nothing at all"
        shared.next_commit(zone).write_bytes(data)
    for number in (1, 2, 3):
        lost = shared.kept - shared.use(FIRST, number)
        assert not lost
    with shared.agent(FIRST, is_lenient=True) as agent:
        assert sum(shown_by(agent, "before").values()) == 12
        assert agent.devices.list()
    with pytest.raises(SealwaxError), shared.agent(OTHER):
        pass


@contextmanager
def _opened(shared: Shared) -> Iterator[FolderStore]:
    store = FolderStore.open(shared.vault, bytes.fromhex(shared.account.name))
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_files_of_other_names_lie_among_the_commits(shared: Shared, zone: str) -> None:
    folder = shared.next_commit(zone).parent
    for name in ("README", "000000000001.tmp", "-1", "999999999999", ".DS_Store", "x" * 200):
        (folder / name).write_bytes(b"foreign")
    (folder.parent / "999999999").mkdir()
    shared.check()


def test_zones_of_other_names_lie_among_the_zones(shared: Shared) -> None:
    zones = shared.account / "zones"
    for name in ("evil", "device+x", "device+" + "0" * 32, "..+..", "messages+1"):
        (zones / name / f"{0:09}").mkdir(parents=True)
        (zones / name / f"{0:09}" / f"{0:012}").write_bytes(b"junk")
    shared.check()


def test_another_account_lies_beside_this_one(shared: Shared, tmp_path: Path) -> None:
    create_home(tmp_path / "stranger", shared.vault, "stranger", shared.env)
    (shared.vault / "accounts" / ("0" * 64)).mkdir()
    (shared.vault / "accounts" / "no account at all").write_bytes(b"junk")
    shared.check()


def test_objects_are_links_to_somewhere_else(shared: Shared, tmp_path: Path) -> None:
    """What is read is checked against its name, and nothing is written through a link."""
    (tmp_path / "elsewhere").write_bytes(b"mine")
    for path in sorted(shared.account.glob("objects/*/*"))[:2]:
        path.chmod(0o600)
        path.unlink()
        path.symlink_to(tmp_path / "elsewhere")
    with shared.agent(FIRST, is_lenient=True) as agent:
        assert not agent.verify(ignore).is_sound
        assert not shared.kept - shown_by(agent)
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"


def test_all_objects_are_gone_and_nobody_calls_it_verified(shared: Shared) -> None:
    shutil.rmtree(shared.account / "objects")
    (shared.account / "objects").mkdir()
    with shared.agent(FIRST, is_lenient=True) as agent:
        try:
            assert not agent.sync.now().is_verified
        except SealwaxError as error:
            assert error.sentence
        assert not shared.kept - shown_by(agent)


def test_half_of_the_objects_are_gone_and_nobody_calls_it_verified(shared: Shared) -> None:
    for path in sorted(shared.account.glob("objects/*/*"))[::2]:
        path.chmod(0o600)
        path.unlink()
    with shared.agent(FIRST, is_lenient=True) as agent:
        try:
            assert not agent.sync.now().is_verified
        except SealwaxError as error:
            assert error.sentence
        assert not shared.kept - shown_by(agent)


def test_the_marker_of_the_vault_says_something_else(shared: Shared) -> None:
    marker = shared.vault / "sealwax-store.json"
    whole = marker.read_bytes()
    for told in (b"", b"{}", b"\xff" * 10_000, b'{"format": "sealwax-store", "version": 99}\n'):
        marker.chmod(0o600)
        marker.write_bytes(told)
        with pytest.raises(SealwaxError) as refused, shared.agent(FIRST):
            pass
        assert refused.value.hint
    marker.write_bytes(whole)
    shared.check()


def test_the_folder_came_back_from_an_old_copy(shared: Shared, tmp_path: Path) -> None:
    """A home that has seen more says so, and writes nothing over it."""
    shutil.copytree(shared.vault, tmp_path / "old")
    shared.use(FIRST, 7)
    shutil.rmtree(shared.vault)
    shutil.copytree(tmp_path / "old", shared.vault)
    with pytest.raises(SealwaxError), shared.agent(FIRST):
        pass
    with shared.agent(FIRST, is_lenient=True) as agent:
        assert agent.status().notes
        assert not shared.kept - shown_by(agent)


def test_nobody_else_may_read_what_is_made(shared: Shared) -> None:
    loose = [
        path
        for name in (FIRST, OTHER)
        for path in (shared.folder / name).rglob("*")
        if os.lstat(path).st_mode & 0o077
    ]
    assert loose == []
