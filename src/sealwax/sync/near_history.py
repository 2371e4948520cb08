"""The chains in this device's own vault, put right where a disk, or an earlier answer of a place,
left something in them that does not count.

What the shared place has in its stead takes its place; what was here is put aside, and the library
is made anew. A commit that a disk damaged is put right from the library's own copy of it.
"""

from collections.abc import Iterable

from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import MalformedCommitError, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash, object_name
from sealwax.library.holdings import Holdings
from sealwax.stores.far_trouble import Parting
from sealwax.stores.mirror import MirrorStore
from sealwax.stores.near import NearStore
from sealwax.sync.agreement import Agreement
from sealwax.sync.journal import Journal
from sealwax.sync.repair import mend_account, merge
from sealwax.sync.replay import told_commits

MENDED = "A part of the history on this device did not count; it was put right."
LOOKED_AT = 8
"""So many commits that do not count, at either end, are compared with those of the shared place."""
_LOOKED = "looked at what does not count"


class NearHistory:
    """The shared history as this device's own vault has it."""

    def __init__(self, journal: Journal, mirror: MirrorStore | None, agreement: Agreement) -> None:
        self._journal = journal
        self._history = journal.history
        self._holdings = journal.history.library.holdings
        self._mirror = mirror
        self._agreement = agreement

    def mend(self) -> str:
        """Replaces what does not count here and stands otherwise at the shared place, and judges
        anew what was judged without the whole log; says what was done. Costs nothing where
        everything counts, and else a few commits that are read at the place. Raises FarAway,
        FarFull, or OnlyHere."""
        known = {seq for zone, seq, _ in self._holdings.void_commits() if zone == MESSAGES_ZONE}
        if self._mirror is None or not known:
            return ""
        mend_account(self._mirror, self._journal)
        mark = object_name(b"".join((self._history.log.head_hash, *map(_eight, sorted(known)))))
        is_judged = self._holdings.noted(_LOOKED) == mark
        # The place may have shown the same when that was noted, and be right again by now.
        if is_judged and self._first_wrong(self._mirror, sorted(known)) is None:
            return ""
        void = self._void()
        wrong = self._first_wrong(self._mirror, sorted(void))
        if wrong is not None:
            self._replace(self._mirror, wrong, void)
        elif void != known:
            self._agreement.make_anew()
        else:
            self._holdings.keep_note(_LOOKED, mark)
            return ""
        return MENDED

    def _void(self) -> set[int]:
        """The commits near that do not count, judged from the first one on."""
        head, void = beginning(self._history.keys.account, MESSAGES_ZONE), set[int]()
        for seq, data in self._history.store.read_commits(MESSAGES_ZONE, 0):
            judged = judge(head, data, self._history.log)
            head = judged.head
            if judged.commit is None:
                void.add(seq)
        return void

    def _first_wrong(self, mirror: MirrorStore, void: list[int]) -> int | None:
        """The first of the commits in whose stead the shared place has something else; of many the
        oldest and the newest are looked at. Where it holds such commits itself, it may only be
        behind."""
        for seq in sorted({*void[:LOOKED_AT], *void[-LOOKED_AT:]}):
            far = mirror.far_commit(MESSAGES_ZONE, seq)
            if far != mirror.near.get_commit(MESSAGES_ZONE, seq) and (far or mirror.is_far_judging):
                return seq
        return None

    def _replace(self, mirror: MirrorStore, wrong: int, void: set[int]) -> None:
        found = mirror.far_commits(MESSAGES_ZONE, wrong)
        near = list(mirror.near.read_commits(MESSAGES_ZONE, wrong))
        counting = {data for seq, data in near if seq not in void}
        if counting - set(found):
            # What counts here and is not there has to be added to it again.
            near_seq, far_seq = wrong + len(near) - 1, wrong + len(found) - 1
            merge(mirror, self._journal, Parting(MESSAGES_ZONE, wrong - 1, near_seq, far_seq))
            return
        self._agreement.need_all_elsewhere()
        heads = self._history.heads
        seen = heads.get(MESSAGES_ZONE)
        if seen is not None and seen[0] >= wrong:
            before = mirror.near.get_commit(MESSAGES_ZONE, wrong - 1) if wrong else None
            heads.forget(MESSAGES_ZONE, (wrong - 1, commit_hash(before)) if before else None)
            self._history.library.guarded.seen.forget_heads(MESSAGES_ZONE)
        if self._is_stood_on(wrong):
            # What a snapshot stands on is found among the histories that were put aside.
            mirror.replace_zone(MESSAGES_ZONE, wrong, found)
        else:
            mirror.replace_end(MESSAGES_ZONE, wrong, found)
        self._agreement.make_anew(known_seq=wrong - 1)

    def _is_stood_on(self, wrong: int) -> bool:
        """Whether a commit of this device's own zone names a head that is going to be replaced."""
        own = self._journal.outbox.own
        heads = (told.part.heads.get(MESSAGES_ZONE) for told in told_commits(own, own.zone))
        return any(head is not None and head[0] >= wrong for head in heads)


def replace_damaged(near: NearStore, holdings: Holdings, zones: Iterable[str]) -> int:
    """Puts commits right that a disk damaged, where the library keeps the bytes that this device
    has seen and the commit after them names these; gives how many."""
    mended = 0
    for zone in zones:
        for seq, data in list(near.read_commits(zone, 0)):
            seen = holdings.seen_commit(zone, seq)
            if seen is None or seen == data:
                continue
            if commit_hash(seen) == _named_next(near, holdings, zone, seq):
                near.replace_commit(zone, seq, seen)
                mended += 1
    return mended


def _named_next(near: NearStore, holdings: Holdings, zone: str, seq: int) -> bytes:
    """The hash of a commit, as the one after it names it, or the head that the library has."""
    head = holdings.head(zone)
    if head is not None and head.seq == seq:
        return head.hash
    following = holdings.seen_commit(zone, seq + 1)
    if following is None and seq < near.head_seq(zone):
        following = near.get_commit(zone, seq + 1)
    try:
        return parse_commit(following or b"").header.previous
    except MalformedCommitError:
        return b""


def _eight(seq: int) -> bytes:
    return seq.to_bytes(8, "big")
