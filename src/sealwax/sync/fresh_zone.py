"""Going on in a fresh zone, where the place has another history of a device's own zone.

A home that was put back from an image of its disk, or that has a twin, finds commits in its zone
that it did not write. It leaves them as they are and goes on in the next generation of its own
zone, which begins with all that is in this home: each commit once more, in its order and at its
time, with the objects that it named. So nothing that waits is lost, and each snapshot shows what it
showed.
"""

from collections.abc import Iterable

from sealwax.ledger.chain import beginning
from sealwax.ledger.commit import Commit, CommitKind
from sealwax.ledger.names import zone_device
from sealwax.ledger.objects import effects
from sealwax.stores.near import NearStore
from sealwax.sync.replay import Told, take_in, told_commits
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from sealwax.vault.writing import Pinning

_MOVING = "moving to a fresh zone"


def begin_fresh_zone(own: Replica, near: NearStore, zone: str) -> None:
    """Writes all of the own zone into another one near, where it was not begun; the library and
    the own zone stay as they are. What was left of an earlier try is put aside."""
    if near.head_seq(zone) >= 0:
        near.set_aside_zone(zone)
    commits = said_again(own, told_commits(own, own.zone), zone)
    near.append_commits(zone, 0, commits, len(commits) - 1)


def bring_library_over(own: Replica) -> None:
    """Has the library know what it knows of an earlier generation of the own zone as that of the
    one that is written now. Does nothing where that was done."""
    library, holdings = own.library, own.library.holdings
    if holdings.head(own.zone) is not None or own.store.head_seq(own.zone) < 0:
        return
    for old in [zone for zone, _ in holdings.heads() if zone_device(zone) == own.device]:
        pins = [pin for pin in holdings.pins() if pin.zone == old]
        moments = {(own.zone, pin.commit_seq): pin.moment for pin in pins}
        told = told_commits(own, own.zone)
        with library.transaction():
            library.folding.keep_moments(_MOVING, moments.values())
            library.folding.forget_zone(old)
            take_in(library, own.zone, told, moments, own.clock.now_ms())
            library.folding.keep_moments(_MOVING, ())


def said_again(own: Replica, told: Iterable[Told], zone: str) -> list[bytes]:
    """The commits of an own zone as those of another one. Each keeps its seq; one that is void says
    nothing."""
    head, commits = beginning(own.keys.account, zone), list[bytes]()
    for one in told:
        draft, time_ms = Draft(CommitKind.CHANGE, own.new_op_id(), Part()), 0
        if one.judged.commit is not None:
            draft = _drafted(draft.op_id, one.judged.commit, one.part)
            time_ms = one.judged.commit.header.time_ms
        commits.append(own.compose_after(head, draft, time_ms))
        head = own.judged(head, commits[-1]).head
    return commits


def _drafted(op_id: bytes, commit: Commit, part: Part) -> Draft:
    header, effect = commit.header, effects(commit)
    is_pin = effect.pinned_seq is not None
    kind = CommitKind.PIN if is_pin else CommitKind.UNPIN if effect.unpinned else CommitKind.CHANGE
    return Draft(
        kind,
        op_id,
        part,
        tuple(header.segments),
        tuple(header.chunks),
        tuple(header.dropped),
        header.public if kind == CommitKind.UNPIN else b"",
        Pinning(effect.lock_until_ms, effect.pinned_seq),
    )
