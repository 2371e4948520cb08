"""When the vault of this device is older than what it has seen, or lost a part: what it lacks comes
back from the place that devices share, where that still has the very history that was seen.

This is done when a home is opened, before anything is made of its vault. Nothing is replaced but
what is not the history that this device has seen, or does not count; it is put aside.
"""

from contextlib import suppress

from sealwax.ledger.account import AccountLog, VoidEntryError
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE, commit_hash
from sealwax.ledger.objects import Objects
from sealwax.library.holdings import Holdings
from sealwax.stores.base import Store, StoreError
from sealwax.stores.mirror import MirrorStore
from sealwax.trust.heads import RememberedHeads


def bring_back(mirror: MirrorStore, heads: RememberedHeads) -> None:
    """Puts the account's log right where it does not count, and fetches the histories that end
    before what was seen, or hold something else. Where the shared place does not answer, or does
    not have them either, everything stays as it is."""
    with suppress(StoreError):
        _mend_log(mirror, heads)
        for zone in sorted(heads.wrong_in(mirror), key=lambda zone: zone != ACCOUNT_ZONE):
            _bring_back(mirror, heads, zone)


def give_back(
    mirror: MirrorStore, heads: RememberedHeads, holdings: Holdings, log: AccountLog, zone: str,
    now_ms: int,
) -> None:  # fmt: skip
    """Gives the vault the commits of a zone back that the library has kept: of the device's own
    zone nobody else may have them. Only where all that they hold can be had, here or at the shared
    place: else the library is the last to have it, and must stay as it is."""
    commits = _seen(mirror.near, heads, holdings, zone)
    if not commits:
        return
    objects, head = Objects(), beginning(log.account, zone)
    for data in commits:
        judged = judge(head, data, log)
        head = judged.head
        if judged.commit is not None:
            objects.apply(judged.commit, now_ms)
    held = objects.held(head.seq)
    with suppress(StoreError):
        mirror.fetch(held)
        if mirror.near.has_objects(held) == held:
            start_seq = mirror.near.head_seq(zone) + 1
            mirror.near.set_aside_end(zone, start_seq)
            mirror.near.append_commits(zone, start_seq, commits[start_seq:])


def _mend_log(mirror: MirrorStore, heads: RememberedHeads) -> None:
    """Replaces the end of the account's log that does not count here by that of the shared place,
    where that says something else."""
    log, wrong, counting = AccountLog(mirror.account), -1, set[bytes]()
    for seq, data in mirror.near.read_commits(ACCOUNT_ZONE, 0):
        if _counts(log, data):
            counting.update([data] if wrong >= 0 else [])
        elif wrong < 0:
            wrong = seq
    if wrong < 0:
        return
    if mirror.far_commit(ACCOUNT_ZONE, wrong) == mirror.near.get_commit(ACCOUNT_ZONE, wrong):
        return
    found = mirror.far_commits(ACCOUNT_ZONE, wrong)
    if counting - set(found):
        # What counts here and is not there is no damage: the two have parted.
        return
    seen = heads.get(ACCOUNT_ZONE)
    if seen is not None and seen[0] >= wrong:
        heads.forget(ACCOUNT_ZONE)
    mirror.replace_end(ACCOUNT_ZONE, wrong, found)


def _counts(log: AccountLog, data: bytes) -> bool:
    try:
        return log.extend(data) is None
    except (VoidEntryError, NewerFormatError):
        return False


def _bring_back(mirror: MirrorStore, heads: RememberedHeads, zone: str) -> None:
    seq, seen = heads.all()[zone]
    if commit_hash(mirror.far_commit(zone, seq)) != seen:
        return
    parting = mirror.parting(zone)
    if parting is not None:
        start_seq = parting.common_seq + 1
        mirror.replace_end(zone, start_seq, mirror.far_commits(zone, start_seq))
    else:
        mirror.near.set_aside_end(zone, mirror.near.head_seq(zone) + 1)
        mirror.refresh([zone])


def _seen(near: Store, heads: RememberedHeads, holdings: Holdings, zone: str) -> list[bytes]:
    """All commits of a zone as the library keeps them, up to the head that was seen, where they go
    on from what the vault has; else none."""
    seq, seen = heads.all().get(zone, (-1, b""))
    kept = [holdings.seen_commit(zone, one) for one in range(seq + 1)]
    commits = [data for data in kept if data is not None]
    is_whole = len(commits) == seq + 1 and seq >= 0 and commit_hash(commits[-1]) == seen
    here = [data for _, data in near.read_commits(zone, 0)]
    return commits if is_whole and commits[: len(here)] == here else []
