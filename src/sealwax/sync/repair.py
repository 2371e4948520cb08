"""When the shared history lost something: a server that came back from an old disk.

Where it only lacks commits that this device has, they are put back as they were. Where another
device has written since, the histories have parted: the far one stands, this device makes its
library anew from it, and a merge commit names the head that was lost and adds its objects again.
Nothing that this device had is lost in either case.
"""

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import CommitKind, MalformedCommitError, parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.objects import MergeFacts, PinFacts, encode_facts
from sealwax.stores.mirror import MirrorStore, Parting
from sealwax.sync.journal import Journal
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writing

PUT_BACK = "The shared place had lost {count} steps of the history; they were put back."
AGAIN = "made again after the history parted"
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
            mirror.put_back(parting, _names_added(mirror, parting))
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
    holdings, library = history.library.holdings, history.library
    lost = [
        (name, size_bytes, is_segment)
        for name, seq, size_bytes, is_segment in holdings.live_in(MESSAGES_ZONE)
        if seq > parting.common_seq
    ]
    pins = [
        pin
        for pin in holdings.pins()
        if pin.zone == MESSAGES_ZONE and pin.commit_seq > parting.common_seq
    ]
    lost_head = history.head()
    # Everything waits in the outbox, durably, before anything else is touched.
    outbox.keep(lost)
    history.heads.forget(MESSAGES_ZONE)
    mirror.near.set_aside_zone(MESSAGES_ZONE)
    library.clear()
    mirror.refresh([MESSAGES_ZONE])
    outbox.catch_up(history)
    public = encode_facts(MergeFacts(lost_head.seq, lost_head.hash))
    history.write(Writing((), Part(reason="merge"), CommitKind.MERGE, public=public))
    for pin in pins:
        part = Part(reason=AGAIN, name=pin.name, counts=library.counts())
        facts = encode_facts(PinFacts(pin.lock_until_ms))
        journal.outbox.write(Writing((), part, CommitKind.PIN, public=facts))


def _names_added(mirror: MirrorStore, parting: Parting) -> list[bytes]:
    """The objects that the lost commits added and that are near still."""
    names: list[bytes] = []
    for _, data in mirror.near.read_commits(parting.zone, parting.far_seq + 1):
        try:
            names += [name for name, _ in parse_commit(data).header.added]
        except MalformedCommitError:
            continue
    return sorted(mirror.near.has_objects(names))
