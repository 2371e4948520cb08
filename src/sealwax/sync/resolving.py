"""The two ways to go on where a removed device wrote into the shared history."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import Commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import effects
from sealwax.model.record import Kind
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.journal import Journal
from sealwax.sync.news import News
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.removed_tail import RemovedTail
from sealwax.sync.repair import Answer, far_tail, mend_account, put_together
from sealwax.sync.replica import Replica
from sealwax.trust.roster import member_names


class NothingToResolve(SealwaxError):
    """No removed device wrote anything that waits for an answer."""

    code = "nothing-to-resolve"
    hint = "`sealwax sync now` brings all together; `sealwax doctor` says what else is wrong."


class Resolution(NamedTuple):
    """What removed devices wrote since the shared place forgot their removal: which, in how many
    steps, from when to when by their own clocks (ms since 1970). With it come so many messages and
    attachments that are new or changed; it takes so many live records away, into the trash or for
    good, and lets go of so many snapshots. Of some segments nothing can be said: they do not
    open."""

    devices: tuple[str, ...]
    steps: int
    first_ms: int
    last_ms: int
    messages: int
    attachments: int
    deletions: int
    snapshots: int
    unreadable: int


class Resolving:
    """Plans and does what a person answers."""

    def __init__(self, journal: Journal, mirror: MirrorStore | None) -> None:
        self._journal = journal
        self._mirror = mirror

    def plan(self) -> Resolution:
        """What they wrote; raises NothingToResolve, StoreError."""
        mirror, removed = self._waiting()
        commits = [commit for said in removed.commits.values() for commit in said]
        names = [name for commit in commits for name, *_ in commit.header.segments]
        mirror.fetch(names)
        history, unreadable = self._journal.history, 0
        news = News(history.library)
        for name in names:
            try:
                news.takes(history.read_segment(name))
            except UNREADABLE:
                unreadable += 1
        called = member_names(history.log, history.keys)
        times_ms = [commit.header.time_ms for commit in commits]
        return Resolution(
            tuple(called.get(device, device.hex()) for device in removed.commits),
            removed.steps(),
            min(times_ms),
            max(times_ms),
            news.count(Kind.MESSAGE),
            news.count(Kind.ATTACHMENT),
            len(news.lost),
            len(set(_let_go(commits)) & _snapshots(history)),
            unreadable,
        )

    def act(self, answer: Answer) -> str:
        """Goes on as a person says; says what was done. Raises NothingToResolve, StoreError."""
        mirror, _ = self._waiting()
        return put_together(mirror, self._journal, answer)

    def _waiting(self) -> tuple[MirrorStore, RemovedTail]:
        mirror = self._mirror
        if mirror is not None:
            mend_account(mirror, self._journal)
            parting = mirror.parting(MESSAGES_ZONE)
            if parting is not None and parting.near_seq > parting.common_seq:
                removed = far_tail(mirror, self._journal.history, parting).removed
                if not removed.is_nothing:
                    return mirror, removed
        raise NothingToResolve("No removed device wrote anything that waits for an answer.")


def _let_go(commits: Iterable[Commit]) -> Iterator[int]:
    for commit in commits:
        yield from effects(commit).unpinned


def _snapshots(history: Replica) -> set[int]:
    pins = history.library.holdings.pins()
    return {pin.commit_seq for pin in pins if pin.zone == MESSAGES_ZONE}
