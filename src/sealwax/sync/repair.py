"""When the shared history lost something: a server that came back from an old disk.

Where it only lacks commits that this device has, they are put back as they were. Where another
device has written since, the histories have parted: the far one stands, this device makes its
library anew from it, and a merge commit names the head that was lost and adds its objects again.
Nothing that this device had is lost in either case.
"""

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import MergeFacts, encode_facts
from sealwax.library.holdings import Holdings, PinRow
from sealwax.stores.far_trouble import Parting
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.journal import Journal
from sealwax.sync.outbox import Kept
from sealwax.sync.replay import told_ones
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Pinning, Writing

PUT_BACK = "The shared place had lost {count} steps of the history; they were put back."
MERGED = "The shared history had parted; what this device had was added to it again."


class AccountParted(SealwaxError):
    """The logs of devices and keys at the shared place and here have parted."""

    code = "account-parted"
    hint = "Nothing is lost. Link this device anew from one that the shared place trusts."


def put_together(mirror: MirrorStore, journal: Journal) -> str:
    """Mends what parted; says what was done. Raises AccountParted, FarAway, FarFull."""
    count = 0
    for zone in (ACCOUNT_ZONE, MESSAGES_ZONE):
        parting = mirror.parting(zone)
        if parting is None or parting.near_seq <= parting.common_seq:
            continue
        if parting.is_behind:
            mirror.put_back(parting, journal.history.held_in_store())
            count += parting.near_seq - parting.far_seq
        elif zone == ACCOUNT_ZONE:
            raise AccountParted("The lists of devices here and at the shared place have parted.")
        else:
            merge(mirror, journal, parting)
            return MERGED
    mirror.refresh([ACCOUNT_ZONE, MESSAGES_ZONE])
    return PUT_BACK.format(count=count) if count else ""


def merge(mirror: MirrorStore, journal: Journal, parting: Parting) -> None:
    """Takes the far history for the shared one, and adds to it what only this device's had."""
    history, outbox = journal.history, journal.outbox
    library, lost_head = history.library, history.head()
    # All that is far is fetched first: from then on no line is needed that could break.
    commits = _shared_commits(mirror, history, parting)
    # Everything waits in the outbox, durably, before anything else is touched.
    outbox.put_on()
    for pin in _lost_pins(library.holdings, parting):
        outbox.own.write(_made_again(pin, history))
    outbox.keep(_lost_objects(mirror, history, parting))
    history.heads.forget(MESSAGES_ZONE)
    mirror.near.set_aside_zone(MESSAGES_ZONE)
    mirror.near.append_commits(MESSAGES_ZONE, 0, commits)
    library.clear()
    outbox.catch_up(history)
    public = encode_facts(MergeFacts(lost_head.seq, lost_head.hash))
    history.write(Writing((), Part(reason="merge"), CommitKind.MERGE, public=public))


def _shared_commits(mirror: MirrorStore, history: Replica, parting: Parting) -> list[bytes]:
    """The far history from its first commit on; its segments are near when this returns."""
    commits = [data for seq, data in mirror.near.read_commits(MESSAGES_ZONE, 0)]
    commits = commits[: parting.common_seq + 1] + mirror.far_commits(
        MESSAGES_ZONE, parting.common_seq + 1
    )
    segments = [
        name
        for told in told_ones(history, MESSAGES_ZONE, commits)
        if told.judged.commit is not None and told.judged.head.seq > parting.common_seq
        for name, *_ in told.judged.commit.header.segments
    ]
    mirror.fetch(segments)
    return commits


def _lost_objects(mirror: MirrorStore, history: Replica, parting: Parting) -> list[Kept]:
    """What the lost commits added, lives, and is near: what is not, another device has."""
    lost = {
        name: Kept(name, size_bytes, is_segment, is_segment and history.is_confirmed_at(seq))
        for name, seq, size_bytes, is_segment in history.library.holdings.live_in(MESSAGES_ZONE)
        if seq > parting.common_seq
    }
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
