"""A mirror: commits go far first, and what others wrote meanwhile is fetched with the account's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import CommitExists, CommitVoid, Missing, StoreError
from sealwax.stores.counting import CountingStore
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.folder import FolderStore
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.memory import MemoryStore
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.reserve import essential
from tests.accounts import Account, made_account, next_commit
from tests.stores.contract import named
from tests.stores.rows import row


class _Judging(ForwardingStore):
    """A far store that finds a commit void, as a server may."""

    is_strict = False
    is_essential = False

    @contextmanager
    def essential(self) -> Iterator[None]:
        self.is_essential = True
        yield
        self.is_essential = False

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        if self.is_strict:
            raise CommitVoid("It does not count: it was written under another epoch.")
        super().append_commit(zone, seq, data)


class _Place:
    def __init__(self, folder: Path) -> None:
        self.account = made_account("mirror", 2)
        self.shared = MemoryStore()
        self.far = _Judging(self.shared)
        self.counted = CountingStore(self.far)
        near = FolderStore.create(folder, self.account.log.account)
        self.mirror = MirrorStore(near, self.counted, self.account.log.account)
        self.head = beginning(self.account.log.account, MESSAGES_ZONE)

    def others_write(self, count: int = 1) -> None:
        """Another device appends commits."""
        for _ in range(count):
            data = next_commit(self.account, self.head)
            self.shared.append_commit(MESSAGES_ZONE, self.head.seq + 1, data)
            self.head = _after(self.account, self.head, data)

    def account_grows(self, count: int) -> None:
        start = self.shared.head_seq(ACCOUNT_ZONE) + 1
        for seq in range(start, start + count):
            self.shared.append_commit(ACCOUNT_ZONE, seq, self.account.commits[seq])


def _after(account: Account, head: Head, data: bytes) -> Head:
    return judge(head, data, account.log).head


@pytest.fixture
def place(tmp_path: Path) -> _Place:
    return _Place(tmp_path)


def test_who_comes_second_has_the_account_fetched_too(place: _Place) -> None:
    mine = next_commit(place.account, place.head)
    place.account_grows(2)
    place.others_write()
    with pytest.raises(CommitExists):
        place.mirror.append_commit(MESSAGES_ZONE, 0, mine)
    assert place.mirror.near.head_seq(MESSAGES_ZONE) == 0
    assert place.mirror.near.head_seq(ACCOUNT_ZONE) == 1


def test_a_void_commit_is_tried_again_only_when_something_is_new(place: _Place) -> None:
    place.account_grows(1)
    place.mirror.refresh([ACCOUNT_ZONE])
    mine = next_commit(place.account, place.head)
    place.far.is_strict = True
    with pytest.raises(FarAway, match="another epoch"):
        place.mirror.append_commit(MESSAGES_ZONE, 0, mine)
    place.account_grows(1)
    with pytest.raises(CommitVoid):
        place.mirror.append_commit(MESSAGES_ZONE, 0, mine)
    assert place.mirror.near.head_seq(ACCOUNT_ZONE) == 1
    assert place.mirror.near.head_seq(MESSAGES_ZONE) == -1


def test_a_history_that_goes_on_is_not_asked_for_its_past(place: _Place) -> None:
    place.others_write(3)
    place.mirror.refresh([MESSAGES_ZONE])
    place.others_write(2)
    place.counted.calls.clear()
    assert place.mirror.refresh([MESSAGES_ZONE]) == 2
    # One to learn the head's hash, which a server tells by itself.
    assert place.counted.calls["get_commit"] == 1
    assert place.counted.calls["read_commits"] == 1


def test_what_is_essential_is_so_far_away(place: _Place) -> None:
    mirror = MirrorStore(place.mirror.near, place.far, place.account.log.account)
    with essential(mirror):
        assert place.far.is_essential
    assert not place.far.is_essential
    with essential(place.shared):
        pass


def test_an_older_server_that_keeps_no_list_of_what_it_lost_holds_nothing_up(
    tmp_path: Path,
) -> None:
    class Older(ForwardingStore):
        def lost_objects(self) -> list[bytes]:
            raise Missing("There is nothing here.")

        def look_at_objects(self, names: list[bytes]) -> list[bytes]:
            raise Missing("There is nothing here.")

    here, gone = named(b"here"), named(b"gone")
    mirror = MirrorStore(MemoryStore(), Older(MemoryStore()), bytes(32))
    mirror.far.put_objects([here])
    assert mirror.put_back_lost() == 0
    assert mirror.lost_far([here[0], gone[0]], is_read=True) == [gone[0]]


def test_bytes_that_are_damaged_near_are_not_sent(tmp_path: Path) -> None:
    good, bad = named(b"good"), (named(b"bad")[0], b"other")
    mirror = MirrorStore(MemoryStore(), MemoryStore(), bytes(32))
    mirror.near.put_objects([good, bad])
    assert mirror.heal([good[0], bad[0]]) == 1
    assert mirror.far.has_objects([good[0], bad[0]]) == {good[0]}


def test_a_long_history_comes_near_in_packs(place: _Place) -> None:
    place.account_grows(2)
    place.others_write(1_105)
    assert place.mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE]) == 1_107
    near = place.mirror.near
    assert isinstance(near, FolderStore)
    files = [path for path in near.root.rglob("zones/messages/**/*") if path.is_file()]
    assert len(files) == 1 + 105
    assert list(near.read_commits(MESSAGES_ZONE, 0)) == list(
        place.shared.read_commits(MESSAGES_ZONE, 0)
    )
    # It goes on from there.
    place.others_write(2)
    assert place.mirror.refresh([MESSAGES_ZONE]) == 2
    assert place.mirror.pack_commits(9) == 0


def test_a_shared_folder_is_packed_as_well_and_says_when_it_cannot_be(tmp_path: Path) -> None:
    account = made_account("mirror", 1)
    near, far = (FolderStore.create(tmp_path / name, account.log.account) for name in "nf")
    mirror = MirrorStore(near, far, account.log.account)
    commits = row(1_100)
    near.append_commits(MESSAGES_ZONE, 0, commits)
    far.append_commits(MESSAGES_ZONE, 0, commits)
    assert mirror.pack_commits(9) == 2
    assert list(far.read_commits(MESSAGES_ZONE, 0)) == list(enumerate(commits))

    def fails(_: int) -> int:
        raise StoreError("The disk was taken away.")

    far.pack_commits = fails  # type: ignore[method-assign]
    with pytest.raises(FarAway):
        mirror.pack_commits(9)
