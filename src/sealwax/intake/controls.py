"""What an export says of records besides their content: of deletions and purges. Pure.

An export comes from anywhere, and ids of messages are no secret: whoever wrote with a person knows
them. So nothing of this counts before a person said yes to a number; and then it is held like any
other deletion where it is too much at once.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sealwax.intake.match import told_anew
from sealwax.model.brake import holds
from sealwax.model.change import Change, entry
from sealwax.model.field import DELETION, HELD, LIFE, PURGED
from sealwax.model.loss import takes_away
from sealwax.model.state import State, empty, join_changes

_TAKEN = frozenset((LIFE.name, PURGED.name, DELETION.name))
"""What counts of a record that is here. Whether its deletion is held is answered here alone."""
_TAKEN_OF_NEW = _TAKEN | {HELD.name}


class Taking(NamedTuple):
    """How many records something puts into the trash, and how many it purges."""

    trashed: int = 0
    purged: int = 0

    def __add__(self, other: "Taking") -> "Taking":  # type: ignore[override]
        return Taking(self.trashed + other.trashed, self.purged + other.purged)


NOTHING = Taking()


class ControlPlan(NamedTuple):
    """What an export's word on known records comes to: the changes, which records they take from
    and how, from how many conversations, and whether the brake holds it: then all of it goes into
    the trash, where it waits for an answer, and nothing is purged."""

    changes: tuple[Change, ...]
    lost: tuple[bytes, ...]
    taking: Taking
    conversations: int
    is_held: bool


def under(life: int, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes of content, none of them under a later life than this one."""
    return tuple(
        change if change.life is None else change._replace(life=min(change.life, life))
        for change in changes
    )


def of_new(record: bytes, controls: Iterable[Change]) -> list[Change]:
    """What counts of a record that nobody had: nobody loses it."""
    return _only(record, controls, _TAKEN_OF_NEW)


def taken_by(state: State, controls: Iterable[Change]) -> Taking:
    """What a record's controls take away of it."""
    after = join_changes(state, _only(b"", controls, _TAKEN))
    if not takes_away(state, after):
        return Taking()
    is_trashed = after.has_content() and not after.is_live
    return Taking(is_trashed, not is_trashed)


def news_of(record: bytes, state: State, controls: Iterable[Change]) -> list[Change]:
    """What controls say of a record that is here that is not known."""
    told = _only(record, controls, _TAKEN)
    return told_anew(state, join_changes(state, told), told)


def plan_controls(
    told: Mapping[bytes, Iterable[Change]],
    states: Mapping[bytes, State],
    conversations: Mapping[bytes, str],
    records: int,
    now_ms: int,
    device: bytes,
    arrived: Collection[bytes] = (),
    lately: Collection[bytes] = (),
) -> ControlPlan:
    """What the controls of records come to that are here already.

    `states` has the states of all records named, `conversations` the conversation of each message,
    `records` the number of all records in the present, `arrived` the records that came with this
    import: nobody loses them, so the brake does not count them. It does count those that fell
    `lately`, at other imports.
    """
    news: dict[bytes, list[Change]] = {}
    taking, losing = Taking(), set()
    for record, controls in told.items():
        state = states.get(record) or empty(0)
        said = list(controls)
        taken = taken_by(state, said)
        taking += taken
        if any(taken):
            losing.add(record)
            said = [one for change in said for one in _from_now(change, now_ms)]
        news[record] = news_of(record, state, said)
    lost = losing.difference(arrived)
    hit = {conversations[record] for record in lost if record in conversations}
    is_held = holds(lost, lately, conversations, records)
    if is_held:
        for record in losing:
            news[record] = [_held(record, states[record], now_ms, device)]
        taking = Taking(len(losing))
    changes = tuple(change for of_record in news.values() for change in of_record)
    return ControlPlan(changes, tuple(losing), taking, len(hit), is_held)


def _from_now(change: Change, now_ms: int) -> list[Change]:
    """A change, the life in it as of now: what goes into the trash stays there for its time,
    whatever an export says of when it fell."""
    lives = tuple(item for item in change.entries if item.name == LIFE.name)
    others = tuple(item for item in change.entries if item.name != LIFE.name)
    later_ms = max(change.time_ms, now_ms)
    cut = [change._replace(entries=others), change._replace(time_ms=later_ms, entries=lives)]
    return [one for one in cut if one.entries]


def _held(record: bytes, state: State, now_ms: int, device: bytes) -> Change:
    life = state.next_life(is_live=False)
    entries = (entry(LIFE, life), entry(HELD, True, str(life)))
    return Change(state.kind, record, None, now_ms, device, entries)


def _only(record: bytes, controls: Iterable[Change], names: Collection[str]) -> list[Change]:
    kept: list[Change] = []
    for change in controls:
        entries = tuple(item for item in change.entries if item.name in names)
        if entries:
            kept.append(change._replace(record=record, entries=entries))
    return kept
