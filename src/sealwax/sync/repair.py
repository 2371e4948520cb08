"""When the shared history lost something: a server that came back from an old disk.

Where it only lacks commits that this device has, they are put back as they were: first those of the
account's log, so that all that follows is judged by the newest that is known. Where another device
has written since, the histories have parted: the far one stands, this device makes its library anew
from it, and a merge commit names the head that was lost and adds its objects again. Nothing that
this device had is lost in either case.

Where a removed device has written since, nothing of it is applied before a person has said what
becomes of it: the merge takes it in, like what any device says, or disowns it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.ledger.chain import Head, beginning
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.disowning import Disowning, MergeFacts
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import encode_facts
from sealwax.library.holdings import Holdings, PinRow
from sealwax.stores.base import CommitExists, CommitGap, CommitVoid, StoreError
from sealwax.stores.far_trouble import Parting, ZoneTrouble
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.closing import close_zone, look_again
from sealwax.sync.guard.replaced import doubtful, note_replaced
from sealwax.sync.journal import Journal
from sealwax.sync.outbox import Kept
from sealwax.sync.removed_tail import RemovedTail, removed_tail
from sealwax.sync.replica import APPEND_TRIES, CannotAppend, Replica
from sealwax.trust.roster import member_names
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from sealwax.vault.writing import Pinning, Writing

PUT_BACK = "The shared place had lost {count} steps of the history; they were put back."
MERGED = "The shared history had parted; what this device had was added to it again."
REASON = "merge"


class AccountParted(SealwaxError):
    """The logs of devices and keys at the shared place and here have parted."""

    code = "account-parted"
    hint = "Nothing is lost. Link this device anew from one that the shared place trusts."


class Answer(StrEnum):
    """What a person says about what a removed device wrote."""

    WITHOUT = "without"
    ACCEPT = "accept"


class Tail(NamedTuple):
    """The far history, where it has parted from the near one: all of its commits that are to be
    near, its head, and what removed devices wrote into it since."""

    commits: list[bytes]
    head: Head
    removed: RemovedTail


def put_together(mirror: MirrorStore, journal: Journal, answer: Answer | None = None) -> str:
    """Mends what parted; says what was done. Raises AccountParted, FarAway, FarFull; ZoneTrouble
    with RemovedDeviceWrote where that waits for an answer."""
    count = mend_account(mirror, journal)
    parting = mirror.parting(MESSAGES_ZONE)
    if parting is not None and parting.near_seq > parting.common_seq:
        # The place has forgotten what was closed as well.
        look_again(journal.history)
        if not parting.is_behind:
            merge(mirror, journal, parting, answer)
            return MERGED
        mirror.put_back(parting, journal.history.held_in_store())
        count += parting.near_seq - parting.far_seq
    mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
    return PUT_BACK.format(count=count) if count else ""


def mend_account(mirror: MirrorStore, journal: Journal) -> int:
    """Puts back what the account's log lost, and reads it; gives how many entries that were."""
    count = 0
    parting = mirror.parting(ACCOUNT_ZONE)
    if parting is not None and parting.near_seq > parting.common_seq:
        if not parting.is_behind:
            raise AccountParted("The lists of devices here and at the shared place have parted.")
        mirror.put_back(parting, ())
        count = parting.near_seq - parting.far_seq
    mirror.refresh([ACCOUNT_ZONE])
    journal.history.pull_account()
    return count


def far_tail(mirror: MirrorStore, history: Replica, parting: Parting) -> Tail:
    """Reads the far history as far as it leaves the near one, and judges it."""
    near = [data for _, data in mirror.near.read_commits(MESSAGES_ZONE, 0)]
    common = near[: parting.common_seq + 1]
    commits = common + mirror.far_commits(MESSAGES_ZONE, parting.common_seq + 1)
    counting, head = _counting(history, commits)
    start_seq = _judged_from(history, near, parting)
    return Tail(commits, head, removed_tail(counting, start_seq, history.log))


def _judged_from(history: Replica, near: list[bytes], parting: Parting) -> int:
    """The first seq of the far history in which a removed device may have written: where it leaves
    the near one, or before, where the near one has a merge that disowns and the far one has lost
    it."""
    disowning = Disowning(history.log)
    for commit in _counting(history, near)[0]:
        disowning.add(commit)
    merges, after = disowning.merges().items(), parting.common_seq + 1
    return min((after, *(seq for seq, merge_seq in merges if seq < after <= merge_seq)))


def _counting(history: Replica, commits: Iterable[bytes]) -> tuple[list[Commit], Head]:
    """The commits of the shared history that count, and its head."""
    counting, head = list[Commit](), beginning(history.keys.account, MESSAGES_ZONE)
    for data in commits:
        judged = history.judged(head, data)
        head = judged.head
        if judged.commit is not None:
            counting.append(judged.commit)
    return counting, head


def merge(
    mirror: MirrorStore, journal: Journal, parting: Parting, answer: Answer | None = None
) -> None:
    """Takes the far history for the shared one, and adds to it what only this device's had. Raises
    as `put_together`."""
    history = journal.history
    tail = far_tail(mirror, history, parting)
    if not tail.removed.is_nothing and answer is None:
        # What waits for an answer does not grow meanwhile.
        with suppress(StoreError):
            close_zone(mirror.far, MESSAGES_ZONE, history)
        raise tail.removed.trouble(member_names(history.log, history.keys))
    if not tail.removed.is_nothing and answer == Answer.WITHOUT:
        # Its merge names what was lost.
        _go_over(mirror, journal, parting, _disown(mirror, history, parting))
        return
    lost_head = history.head()
    _go_over(mirror, journal, parting, tail)
    public = encode_facts(MergeFacts(lost_head.seq, lost_head.hash, None))
    history.write(Writing((), Part(reason=REASON), CommitKind.MERGE, public=public))


def _go_over(mirror: MirrorStore, journal: Journal, parting: Parting, tail: Tail) -> None:
    """Leaves the near history for the far one. What only the near one had waits in the outbox,
    durably, before anything else is touched."""
    history, outbox = journal.history, journal.outbox
    # All that is far is fetched first: from then on no line is needed that could break.
    mirror.fetch(_segments(history, tail, parting))
    outbox.put_on()
    for pin in _lost_pins(history.library.holdings, parting):
        outbox.own.write(_made_again(pin, history))
    outbox.keep(_lost_objects(mirror, history, parting))
    common = tail.commits[: parting.common_seq + 1]
    known = (parting.common_seq, commit_hash(common[-1])) if common else None
    history.heads.forget(MESSAGES_ZONE, known)
    history.library.guarded.seen.forget_heads(MESSAGES_ZONE)
    mirror.near.set_aside_zone(MESSAGES_ZONE)
    mirror.near.append_commits(MESSAGES_ZONE, 0, tail.commits, len(tail.commits) - 1)
    history.library.clear()
    outbox.catch_up(history, known_seq=parting.common_seq)


def _disown(mirror: MirrorStore, history: Replica, parting: Parting) -> Tail:
    """Appends the merge that disowns what removed devices wrote to the far history, before anything
    near is touched: cut off at any point, nothing of it is applied. Gives the far history with
    it."""
    lost_hash = commit_hash(history.store.get_commit(MESSAGES_ZONE, parting.near_seq))
    for _ in range(APPEND_TRIES):
        tail = far_tail(mirror, history, parting)
        facts = MergeFacts(parting.near_seq, lost_hash, tail.removed.start_seq)
        public = encode_facts(facts)
        op_id, part = history.new_op_id(), Part(reason=REASON)
        draft = Draft(CommitKind.MERGE, op_id, part, public=public)
        data = history.compose_after(tail.head, draft)
        try:
            mirror.append_far(MESSAGES_ZONE, tail.head.seq + 1, data)
        except CommitExists:
            continue
        except (CommitGap, CommitVoid) as error:
            raise ZoneTrouble(error) from error
        return far_tail(mirror, history, parting)
    raise CannotAppend("The shared history could not be extended: others were always faster.")


def _segments(history: Replica, tail: Tail, parting: Parting) -> Iterator[bytes]:
    """The segments that the tail adds."""
    head = beginning(history.keys.account, MESSAGES_ZONE)
    for data in tail.commits:
        judged = history.judged(head, data)
        head = judged.head
        if judged.commit is not None and head.seq > parting.common_seq:
            yield from (name for name, *_ in judged.commit.header.segments)


def _lost_objects(mirror: MirrorStore, history: Replica, parting: Parting) -> list[Kept]:
    """What the lost commits added, lives, and is near: what is not, another device has. What others
    dropped there counts as long as it is not proved that it is told elsewhere."""
    holdings, lost = history.library.holdings, dict[bytes, Kept]()
    for name, seq, size_bytes, is_segment in holdings.live_in(MESSAGES_ZONE):
        if seq > parting.common_seq:
            is_confirmed = is_segment and history.is_confirmed_at(seq)
            lost[name] = Kept(name, size_bytes, is_segment, is_confirmed)
    note_replaced(history)
    for name, one in doubtful(history.library).items():
        if one.added_seq > parting.common_seq:
            is_confirmed = history.is_confirmed_at(one.added_seq)
            lost[name] = Kept(name, one.size_bytes, is_segment=True, is_confirmed=is_confirmed)
    near = mirror.near.has_objects(lost)
    return [lost[name] for name in lost if name in near]


def _lost_pins(holdings: Holdings, parting: Parting) -> list[PinRow]:
    return [
        pin
        for pin in holdings.pins()
        if pin.zone == MESSAGES_ZONE and pin.commit_seq > parting.common_seq
    ]


def _made_again(pin: PinRow, history: Replica) -> Writing:
    """The same snapshot in this device's own zone: it names the head of the history that was
    lost."""
    data = history.store.get_commit(MESSAGES_ZONE, pin.pinned_seq)
    part = Part(
        reason=pin.reason,
        name=pin.name,
        counts=pin.counts,
        expires_ms=pin.expires_ms,
        heads={MESSAGES_ZONE: (pin.pinned_seq, commit_hash(data))},
        alone=True,
    )
    return Writing((), part, CommitKind.PIN, pinning=Pinning(pin.lock_until_ms))
