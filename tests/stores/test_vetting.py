"""A mirror of a place that lies: what comes near hangs together, counts, and ends in the head that
was told; in parts that somebody vouches for. A folder may hold junk, and stops nobody."""

from pathlib import Path

import pytest

from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash
from sealwax.stores.base import CommitExists
from sealwax.stores.far_trouble import FarAway, HistoryUnsound, Parted
from sealwax.stores.folder import FolderStore
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.memory import MemoryStore
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.vetting import (
    PART_COMMITS,
    LogChain,
    ToldHead,
    UnfitError,
    ZoneChain,
    counting,
    vetted,
)
from tests import lying_place as lying
from tests.accounts import Account, made_account, next_commit
from tests.lying_place import Lies, LyingStore

JUNK = b"this is no commit"


class _Strict(ForwardingStore):
    """A place that says that it takes nothing that does not count."""

    is_judging = True


class Place:
    """A mirror of a place that lies, which another device writes."""

    def __init__(self, folder: Path, is_judging: bool) -> None:
        self.account = made_account("vetting", 3)
        self.lies, self.shared = Lies(), MemoryStore()
        far = _Strict(self.shared) if is_judging else ForwardingStore(self.shared)
        name = self.account.log.account
        self.mirror = MirrorStore(
            FolderStore.create(folder, name), LyingStore(far, self.lies), name
        )
        self.head = beginning(name, MESSAGES_ZONE)
        self.shared.append_commit(ACCOUNT_ZONE, 0, self.account.commits[0])

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            data = next_commit(self.account, self.head, author=self.account.devices[0], position=0)
            self.put(data)

    def put(self, data: bytes) -> None:
        self.shared.append_commit(MESSAGES_ZONE, self.head.seq + 1, data)
        self.head = judge(self.head, data, self.account.log).head

    def refresh(self) -> int:
        return self.mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])

    def near(self, zone: str = MESSAGES_ZONE) -> list[bytes]:
        return [data for _, data in self.mirror.near.read_commits(zone, 0)]

    def far(self, zone: str = MESSAGES_ZONE) -> list[bytes]:
        return [data for _, data in self.shared.read_commits(zone, 0)]


@pytest.fixture
def server(tmp_path: Path) -> Place:
    return Place(tmp_path, is_judging=True)


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    return Place(tmp_path, is_judging=False)


LIES = [
    lying.swapped(3, 4),
    lying.without(3),
    lying.doubled(3),
    lying.flipped(3),
    lying.flipped(5),
    lying.replaced(4, JUNK),
    lying.replaced(5, JUNK),
    lying.replaced(4, b""),
    lying.backwards,
    lying.followed_by(JUNK),
]


@pytest.mark.parametrize("lie", LIES)
def test_nothing_of_a_lie_comes_near(server: Place, lie: lying.ChainLie) -> None:
    server.write(3)
    server.refresh()
    server.write(3)
    server.lies.chains[MESSAGES_ZONE] = lie
    with pytest.raises(FarAway) as caught:
        server.refresh()
    assert isinstance(caught.value.cause, HistoryUnsound)
    assert server.near() == server.far()[:3]
    server.lies.be_honest()
    assert server.refresh() == 3
    assert server.near() == server.far()


def test_junk_in_a_folder_keeps_its_place_and_stops_nobody(folder: Place) -> None:
    folder.write(2)
    folder.put(JUNK)
    folder.put(next_commit(folder.account, folder.head, position=2**40))
    folder.write(2)
    folder.put(JUNK + b" again")
    assert folder.mirror.refresh([MESSAGES_ZONE]) == 7
    assert folder.near() == folder.far()
    folder.write(1)
    assert folder.mirror.refresh([MESSAGES_ZONE]) == 1


def test_the_log_is_fetched_before_what_names_it_and_never_after_a_lie(server: Place) -> None:
    server.write(1)
    server.refresh()
    for seq, data in enumerate(server.account.commits[1:], 1):
        server.shared.append_commit(ACCOUNT_ZONE, seq, data)
    server.put(next_commit(server.account, server.head, author=server.account.devices[2]))
    server.lies.chains[ACCOUNT_ZONE] = lying.ended(0)
    with pytest.raises(FarAway, match="does not hang together"):
        server.refresh()
    assert len(server.near()) == 1
    server.lies.be_honest()
    # Asked for the messages alone, it fetches the log that they need.
    assert server.mirror.refresh([MESSAGES_ZONE]) == 1
    assert server.near(ACCOUNT_ZONE) == list(server.account.commits)


def test_one_zone_that_is_wrong_leaves_the_others_alone(server: Place) -> None:
    server.write(2)
    server.refresh()
    server.write(2)
    server.lies.chains[ACCOUNT_ZONE] = lying.followed_by(JUNK)
    with pytest.raises(FarAway, match="account from 1 on"):
        server.refresh()
    assert server.near() == server.far()
    assert server.near(ACCOUNT_ZONE) == [server.account.commits[0]]


def test_what_counts_is_kept_part_by_part(server: Place) -> None:
    """A line that breaks in a long row of commits does not begin anew."""
    server.write(PART_COMMITS + 10)

    def breaking(commits: list[bytes]) -> list[bytes]:
        return [*commits[: PART_COMMITS + 3], JUNK, *commits[PART_COMMITS + 4 :]]

    server.lies.chains[MESSAGES_ZONE] = breaking
    with pytest.raises(FarAway):
        server.refresh()
    assert server.near() == server.far()[:PART_COMMITS]
    server.lies.be_honest()
    assert server.refresh() == 10


def test_another_commit_in_the_way_that_is_never_shown_is_trouble_of_the_place(
    server: Place,
) -> None:
    server.write(1)
    server.refresh()
    mine = next_commit(server.account, server.head, position=0)
    server.write(1)
    with pytest.raises(CommitExists):
        server.mirror.append_commit(MESSAGES_ZONE, 1, mine)
    later = next_commit(server.account, server.head, position=0)
    server.write(1)
    server.lies.chains[MESSAGES_ZONE] = lying.ended(1)
    with pytest.raises(FarAway):
        server.mirror.append_commit(MESSAGES_ZONE, 2, later)
    assert len(server.near()) == 2


def test_a_place_that_is_only_behind_has_parted(server: Place) -> None:
    server.write(3)
    server.refresh()
    server.lies.chains[MESSAGES_ZONE] = lying.ended(1)
    with pytest.raises(Parted) as caught:
        server.refresh()
    assert caught.value.parting.is_behind


def _chain(account: Account) -> ZoneChain:
    return ZoneChain(beginning(account.log.account, MESSAGES_ZONE), lambda: account.log, list)


def _row(account: Account, count: int) -> tuple[list[bytes], Head]:
    head, commits = beginning(account.log.account, MESSAGES_ZONE), list[bytes]()
    for _ in range(count):
        commits.append(next_commit(account, head))
        head = judge(head, commits[-1], account.log).head
    return commits, head


def test_a_part_ends_in_a_commit_that_counts() -> None:
    account = made_account()
    commits, head = _row(account, PART_COMMITS - 1)
    void, after = [JUNK, JUNK + b"!"], list[bytes]()
    for data in void:
        head = judge(head, data, account.log).head
    after.append(next_commit(account, head))
    head = judge(head, after[0], account.log).head
    told = ToldHead(head.seq, head.hash)
    parts = list(vetted(_chain(account), [*commits, *void, *after], told, is_judging=False))
    assert [len(part) for part in parts] == [PART_COMMITS - 1, 3]
    wrong = told._replace(hash=b"x" * 32)
    with pytest.raises(UnfitError):
        list(vetted(_chain(account), [*commits, *void], wrong, is_judging=False))


def test_no_more_is_read_than_was_told_of() -> None:
    account = made_account()
    commits, _ = _row(account, 5)
    read = iter([*commits, JUNK, JUNK])
    (part,) = vetted(_chain(account), read, ToldHead(4, commit_hash(commits[4])), is_judging=True)
    assert part == commits
    assert len(list(read)) >= 1
    with pytest.raises(UnfitError, match="does not end"):
        list(vetted(_chain(account), commits, ToldHead(9, b"x" * 32), is_judging=True))


def test_where_no_head_is_told_what_counts_is_enough() -> None:
    account = made_account("a log", 3)
    log = LogChain(account.log.copy())
    assert counting(log, [JUNK], 10) == []
    begun = AccountLog(account.log.account)
    begun.extend(account.commits[0])
    more = [*account.commits[1:], JUNK, *account.commits[1:]]
    assert counting(LogChain(begun), more, 10) == list(account.commits[1:])
    assert counting(LogChain(begun), more, 1) == [account.commits[1]]
    assert begun.head == 0


def test_the_trouble_names_the_place_and_from_where_on() -> None:
    error = HistoryUnsound("http://localhost", MESSAGES_ZONE, 12)
    assert str(error) == (
        "http://localhost answers with a history that does not hang together (messages from 12 on)."
    )
