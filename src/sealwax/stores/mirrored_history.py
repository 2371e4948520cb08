"""Chains near and far: appended far first, then near; what others appended is fetched.

So the near store holds a beginning of what the far one holds. Nothing comes near before it was
vetted: it follows what is here, it counts, and it ends in the head that was told. What does not
hang together is the far store's trouble (`HistoryUnsound`), and nothing of it is kept.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice

from sealwax.ledger.account import AccountLog
from sealwax.ledger.chain import Head, beginning
from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.stores.base import (
    CommitExists,
    CommitGap,
    CommitVoid,
    Missing,
    Store,
    StoreError,
)
from sealwax.stores.far_side import FarSide
from sealwax.stores.far_trouble import (
    AccountNewer,
    FarAway,
    HistoryUnsound,
    Parted,
    Parting,
    ZoneTrouble,
)
from sealwax.stores.near import NearStore
from sealwax.stores.pack import previous_of
from sealwax.stores.vetting import (
    Chain,
    LogChain,
    ToldHead,
    UnfitError,
    ZoneChain,
    counting,
    vetted,
)

LOG_LIMIT = 4_096
"""So many entries of the account's log are taken in where the far store tells no head of it."""


class MirroredHistory(FarSide):
    """The chains of both stores; see `stores.mirror`."""

    def __init__(self, near: NearStore, far: Store, account: bytes) -> None:
        super().__init__(near, far, account)
        self._known_log = AccountLog(account)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        try:
            self._append_far(zone, seq, data)
        except (CommitExists, CommitGap) as error:
            self._refresh_with_account(zone)
            if self.near.head_seq(zone) < seq:
                # It says that another commit is in the way, and shows none.
                raise FarAway(error) from error
            raise
        except CommitVoid as error:
            # What others wrote meanwhile may be why. Where they wrote nothing, trying again is no
            # use.
            if not self._refresh_with_account(zone):
                raise FarAway(error) from error
            raise
        self.near.append_commit(zone, seq, data)

    def get_commit(self, zone: str, seq: int) -> bytes:
        return self.near.get_commit(zone, seq)

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        return self.near.read_commits(zone, start_seq)

    def head_seq(self, zone: str) -> int:
        return self.near.head_seq(zone)

    def list_zones(self) -> list[str]:
        return self.near.list_zones()

    def far_zones(self) -> list[str]:
        """The zones that the far store has."""
        return self._ask(self.far.list_zones)

    def refresh(self, zones: Iterable[str]) -> int:
        """Fetches the commits of these zones that are not near, those of the account's log first;
        gives how many came.

        Raises Parted where the far history is not a continuation, FarAway (by HistoryUnsound where
        it does not hang together), FarFull; what is wrong with one zone leaves the others alone.
        """
        wanted = sorted(zones, key=lambda zone: zone != ACCOUNT_ZONE)
        heads = self._ask(lambda: far_heads(self.far, wanted))
        came, wrong = 0, None
        for zone in wanted:
            try:
                came += self._refresh_zone(zone, ToldHead(*heads.get(zone, ToldHead())))
            except ZoneTrouble as error:
                wrong = wrong or error
        if wrong is not None:
            raise wrong
        return came

    def parting(self, zone: str) -> Parting | None:
        """Where the far history leaves the near one, if it does."""
        near_seq = self.near.head_seq(zone)
        far_seq = self._ask(lambda: self.far.head_seq(zone))
        low, high = -1, min(near_seq, far_seq)
        while low < high:
            middle = (low + high + 1) // 2
            if self._is_shared(zone, middle):
                low = middle
            else:
                high = middle - 1
        return None if low == near_seq else Parting(zone, low, near_seq, far_seq)

    def far_commits(self, zone: str, start_seq: int) -> list[bytes]:
        """All commits of the far history from a seq on, where it goes on from the near commit
        before that. Raises FarAway, by HistoryUnsound where they do not hang together."""
        told = ToldHead(*self._ask(lambda: far_heads(self.far, [zone])).get(zone, ToldHead()))
        if told.seq < start_seq:
            return []
        commits = self._read_far(zone, start_seq, told.seq)
        return list(chain.from_iterable(self._vetted(zone, start_seq - 1, commits, told)))

    def replace_end(self, zone: str, start_seq: int, commits: list[bytes]) -> None:
        """Puts commits that were vetted in the place of the near ones from a seq on; those go
        aside."""
        self.near.set_aside_end(zone, start_seq)
        self._known_log = AccountLog(self.account)
        self.near.append_commits(zone, start_seq, commits, start_seq + len(commits) - 1)

    def replace_zone(self, zone: str, start_seq: int, commits: list[bytes]) -> None:
        """The same; what was near is kept as a whole, among the lost histories of the zone."""
        before = [data for _, data in self.near.read_commits(zone, 0)][:start_seq]
        self.near.set_aside_zone(zone)
        self._known_log = AccountLog(self.account)
        whole = [*before, *commits]
        self.near.append_commits(zone, 0, whole, len(whole) - 1)

    def far_commit(self, zone: str, seq: int) -> bytes:
        """One commit of the far history as it is told; nothing where it is not there."""
        try:
            return self._ask(lambda: self.far.get_commit(zone, seq))
        except Missing:
            return b""

    def _refresh_zone(self, zone: str, told: ToldHead) -> int:
        near_seq = self.near.head_seq(zone)
        if told.seq <= near_seq:
            is_same = told.seq == near_seq and (
                told.seq < 0 or commit_hash(self.near.get_commit(zone, told.seq)) == told.hash
            )
            if not is_same:
                self._need_one_history(zone)
            return 0
        commits = self._read_far(zone, near_seq + 1, told.seq)
        first = list(islice(commits, 1))
        if not (near_seq < 0 or self._goes_on(zone, near_seq, first)):
            self._need_one_history(zone)
        came = 0
        for part in self._vetted(zone, near_seq, chain(first, commits), told):
            self.near.append_commits(zone, near_seq + 1 + came, part, told.seq)
            came += len(part)
        return came

    def _refresh_with_account(self, zone: str) -> int:
        """A commit that is fetched may name a position of the account's log that is new too."""
        return self.refresh({ACCOUNT_ZONE, zone})

    def _goes_on(self, zone: str, near_seq: int, first: list[bytes]) -> bool:
        """Whether the far history goes on from the near head: the commit after it names it, or it
        is there itself."""
        near_hash = commit_hash(self.near.get_commit(zone, near_seq))
        return any(previous_of(data) == near_hash for data in first) or self._is_shared(
            zone, near_seq
        )

    def _is_shared(self, zone: str, seq: int) -> bool:
        """Commits name the one before them: two that are the same have the same history."""
        return self.far_commit(zone, seq) == self.near.get_commit(zone, seq)

    def _need_one_history(self, zone: str) -> None:
        parting = self.parting(zone)
        if parting is not None:
            raise Parted(parting)

    def _read_far(self, zone: str, start_seq: int, last_seq: int) -> Iterator[bytes]:
        """Not beyond the head that was told: what was appended since may name a position of the
        account's log that was not fetched."""
        read = self._ask(lambda: self.far.read_commits(zone, start_seq))
        told = islice(self._told(read), last_seq + 1 - start_seq)
        return (data for _, data in told)

    def _vetted(
        self, zone: str, base_seq: int, commits: Iterable[bytes], told: ToldHead
    ) -> Iterator[list[bytes]]:
        """Commits that follow a near one, in parts that may be kept; raises FarAway."""
        try:
            yield from vetted(self._chain(zone, base_seq), commits, told, self.is_far_judging)
        except UnfitError as error:
            raise ZoneTrouble(HistoryUnsound(self.describe(), zone, error.seq)) from error
        except NewerFormatError as error:
            raise FarAway(AccountNewer(error)) from error

    def _chain(self, zone: str, base_seq: int) -> Chain:
        """The near chain up to a seq, to go on from."""
        if zone == ACCOUNT_ZONE:
            return LogChain(self._log(base_seq))
        return ZoneChain(
            self._near_head(zone, base_seq), self._log, lambda: self.refresh([ACCOUNT_ZONE])
        )

    def _near_head(self, zone: str, seq: int) -> Head:
        """What is near was vetted, so the newest commit has the greatest position."""
        if seq < 0:
            return beginning(self.account, zone)
        data = self.near.get_commit(zone, seq)
        try:
            position = parse_commit(data).header.position
        except MalformedCommitError:
            position = 0
        return Head(zone, seq, commit_hash(data), position)

    def _log(self, last_seq: int | None = None) -> AccountLog:
        """The account's log as it is near, to its end or up to a seq; not to be changed."""
        log = self._known_log
        if last_seq is not None and log.head > last_seq:
            log = AccountLog(self.account)
        left = None if last_seq is None else last_seq - log.head
        for _, data in islice(self.near.read_commits(ACCOUNT_ZONE, log.head + 1), left):
            log.extend(data)
        return log

    def _append_far(self, zone: str, seq: int, data: bytes) -> None:
        self._ask(lambda: self.far.append_commit(zone, seq, data))

    def _learn_of_removal(self) -> None:
        """Fetches the end of the account's log, which says since when this device is out: the far
        store still gives it that, and nothing else."""
        start_seq = self.near.head_seq(ACCOUNT_ZONE) + 1
        with suppress(StoreError):
            told = (data for _, data in self.far.read_commits(ACCOUNT_ZONE, start_seq))
            found = counting(self._chain(ACCOUNT_ZONE, start_seq - 1), told, LOG_LIMIT)
            self.near.append_commits(ACCOUNT_ZONE, start_seq, found)


def far_heads(far: Store, zones: Iterable[str]) -> dict[str, tuple[int, bytes]]:
    """(seq, hash) of the heads of zones: in one request where the store can."""
    told = getattr(far, "heads", None)
    if told is not None:
        found: dict[str, tuple[int, bytes]] = told()
        return found
    heads = {}
    # The account's log last: so it has every position that the other zones name.
    for zone in sorted(zones, key=lambda zone: zone == ACCOUNT_ZONE):
        seq = far.head_seq(zone)
        if seq >= 0:
            heads[zone] = (seq, commit_hash(far.get_commit(zone, seq)))
    return heads
