"""What commits of other devices take away, and what of it is held until a person answers. Pure.

A device may delete, purge, and let go of snapshots, and says of it that a person confirmed it. It
may be stolen. So every other device weighs what it loses by that, together with what it lost within
a day before by its own clock: a little goes through, and can be taken back; more is held. What two
devices say is believed: a deletion on one of them is confirmed on another one by deleting the same
there, or by answering the question about it.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from sealwax.model.brake import is_braked
from sealwax.model.loss import words_gone
from sealwax.model.state import State
from sealwax.sync.guard.tellings import Telling

BEFORE = "before deletions from another device"
"""The reason of a snapshot of the moment before a loss."""
SNAPSHOTS_LIMIT = 3
"""So many unnamed snapshots may be let go of within a day without a question."""
DAY_MS = 24 * 60 * 60 * 1000
EARLY_MS = 15 * DAY_MS
"""What another device purges from the trash before it lay there for so long, here, is a loss like
any other. The trash is emptied after twice that time: so two devices that see each other every two
weeks ask nothing about it."""


class How(IntEnum):
    """In which way a record was lost: into the trash; its words, of a record of the present; its
    words, of one that lay in the trash and would be there still; it is there, and nothing of it is
    shown; it is shown with other words."""

    DELETED = 1
    PURGED = 2
    EMPTIED = 3
    HIDDEN = 4
    CHANGED = 5


class Loss(NamedTuple):
    """A record that would be taken away: how, the life that its deletion began or through which its
    words are purged, the device that says so first and the seq of that commit, whether that says it
    was confirmed; `is_repeated` where all that is known of it stands in a compaction or the like,
    so that nobody can say who said it first."""

    record: bytes
    how: How
    life: int
    taker: bytes
    seq: int
    is_confirmed: bool = False
    is_repeated: bool = False


def losses(
    before: Mapping[bytes, State], after: Mapping[bytes, State], tellings: Iterable[Telling]
) -> list[Loss]:
    """What records lose. `before` has them as they are here, `after` as they would be with all that
    is told of them."""
    told: dict[bytes, list[Telling]] = {}
    for telling in tellings:
        told.setdefault(telling.record, []).append(telling)
    found = []
    for record, state in before.items():
        how = _how(state, after[record]) if record in told else None
        if how is not None:
            found.append(_loss(record, how, state, after[record], told[record]))
    return found


def _how(before: State, after: State) -> How | None:
    if not before.has_content():
        return None
    if before.is_live:
        if words_gone(before, after):
            return How.PURGED
        return None if after.is_live else How.DELETED
    return How.EMPTIED if words_gone(before, after) else None


def _loss(record: bytes, how: How, before: State, after: State, told: list[Telling]) -> Loss:
    """Who took it is who first told what it has come to. A person is shown the moment before
    anybody told anything of it."""
    life = after.life if how == How.DELETED else after.purged
    first = min((one for one in told if _takes(one, before)), key=lambda one: one.teller.seq)
    takers = [one for one in told if life in (one.life, one.purged)] or [first]
    taker = min(takers, key=lambda one: (one.teller.is_repeated, one.teller.seq)).teller
    seq = first.teller.seq
    return Loss(record, how, life, taker.device, seq, taker.is_confirmed, taker.is_repeated)


def _takes(telling: Telling, before: State) -> bool:
    return (telling.life % 2 == 1 and telling.life > before.life) or telling.purged > before.purged


def is_answered(loss: Loss, tellings: Iterable[Telling]) -> bool:
    """Whether another device than the taker says the same: a person confirmed there that the record
    goes, or answered that it was meant."""
    says = {
        one.teller.device
        for one in tellings
        if one.record == loss.record
        and one.teller.is_confirmed
        and not one.teller.is_repeated
        and loss.life in (one.life, one.purged, *one.answered)
    }
    return len(says) > 1 if loss.is_repeated else bool(says - {loss.taker})


def is_too_much(
    lost: Collection[bytes], conversations: Mapping[bytes, str], all_records: int
) -> bool:
    """Whether a person is asked about these records; `conversations` has that of each
    message."""
    hit = {conversations[record] for record in lost if record in conversations}
    return is_braked(len(hit), len(lost), all_records)


class Shot(NamedTuple):
    """A snapshot, told apart by what stays the same when it is made again."""

    pinned_seq: int
    made_ms: int
    name: str
    reason: str


def held_snapshots(
    going: Collection[Shot], needed: Collection[Shot], lately: Collection[Shot]
) -> set[Shot]:
    """Those of the snapshots that go which are made again until a person answers. `going` are those
    that the calendar here would keep; `needed` of them alone hold what a device took away not long
    ago, or are asked about already; `lately` others went within a day before."""
    if going and len(going) + len(lately) > SNAPSHOTS_LIMIT:
        return {*going, *lately}
    return {shot for shot in going if shot.name or shot in needed}
