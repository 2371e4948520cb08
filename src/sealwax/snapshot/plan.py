"""Planning a restore: which records return, which leave, as changes to be written.

Pure. *Merge* brings back what a snapshot showed and the present does not, and cannot lose newer
data. *Replace* also puts into the trash what the snapshot did not know, and sets names and the like
back; wordings only grow, so an edit that came later stays in a message's history.

A record returns under a new life with a full copy of its content, the snapshot's and the present's:
so a later purge of the old life does not take it along.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import ATTACHMENT, FIELDS, HELD, LIFE, PARTICIPANT, PURGED, REACTION, TEXT
from sealwax.model.form import LIFE_LIMIT
from sealwax.model.merge import Merge, winner
from sealwax.model.record import Kind
from sealwax.model.state import PURGE_LIMIT, Slot, State, content_under

SAMPLES = 5
MERGE, REPLACE = "merge", "replace"


class Then(NamedTuple):
    """A record as a snapshot shows it and as the present has it. None: not known."""

    record: bytes
    kind: int
    then: State | None
    now: State | None


class RestoreCounts(NamedTuple):
    """What a restore does, in numbers; `samples` are first words of messages that return."""

    messages_back: int = 0
    messages_gone: int = 0
    conversations_back: int = 0
    conversations_gone: int = 0
    attachments_back: int = 0
    facts_back: int = 0
    samples: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return self._replace(samples=()) == RestoreCounts()


class Step(NamedTuple):
    """What happens to one record: "return", "leave" or "reset", and the changes that do it."""

    act: str
    record: Then
    changes: tuple[Change, ...]


def plan_restore(records: Iterable[Then], mode: str, now_ms: int, device: bytes) -> Iterator[Step]:
    """The steps of a restore, lazily: nothing for records that need none."""
    for record in records:
        if _is_shown(record.then):
            step = _return_or_reset(record, mode, now_ms, device)
        elif mode == REPLACE and _is_shown(record.now):
            step = Step("leave", record, (trash(record.record, record.now, now_ms, device),))
        else:
            step = None
        if step is not None:
            yield step


def count(steps: Iterable[Step]) -> RestoreCounts:
    """The numbers of a plan. Consumes the steps."""
    total = RestoreCounts()
    for step in steps:
        total = add_step(total, step)
    return total


def add_step(total: RestoreCounts, step: Step) -> RestoreCounts:
    """The numbers with one more step."""
    kind, back = step.record.kind, step.act == "return"
    if step.act == "reset":
        return total._replace(facts_back=total.facts_back + 1)
    if kind == Kind.CONVERSATION:
        return total._replace(
            conversations_back=total.conversations_back + back,
            conversations_gone=total.conversations_gone + (not back),
        )
    if kind != Kind.MESSAGE:
        return total
    if not back:
        return total._replace(messages_gone=total.messages_gone + 1)
    state = step.record.then
    assert state is not None
    text = state.get(TEXT)
    samples = total.samples
    if len(samples) < SAMPLES and isinstance(text, str):
        samples = (*samples, text)
    return total._replace(
        messages_back=total.messages_back + 1,
        attachments_back=total.attachments_back + len(state.keyed(ATTACHMENT)),
        samples=samples,
    )


def trash(record: bytes, state: State | None, now_ms: int, device: bytes) -> Change:
    """The change that puts a live record into the trash."""
    assert state is not None
    return Change(
        state.kind, record, None, now_ms, device, (entry(LIFE, state.next_life(is_live=False)),)
    )


def bring_back(
    record: bytes,
    states: Iterable[State],
    now: State,
    now_ms: int,
    device: bytes,
    is_live: bool = True,
) -> list[Change]:
    """The changes that bring a record back under a new life, with a full copy of its content; into
    the trash, where it is not to be live."""
    life = now.next_life(is_live)
    raised: list[Entry] = [entry(LIFE, life)]
    held = now.keyed(HELD)
    raised += [entry(HELD, False, key) for key, is_held in held.items() if is_held]
    control = Change(now.kind, record, None, now_ms, device, tuple(raised))
    return [control, *content_under(life, record, states)]


def say_instead(
    record: bytes,
    states: Iterable[State],
    now: State,
    now_ms: int,
    device: bytes,
    is_live: bool = True,
) -> list[Change]:
    """The changes that have a record say what `states` of it say, and nothing that was said of it
    since: the content of its lives so far goes, and a copy of theirs comes under a new one; in the
    trash, where it is not to be live."""
    lives = [stamp.life or 0 for stamps in now.slots.values() for stamp in stamps]
    top = min(max(now.life, now.purged, *lives), PURGE_LIMIT)
    life = min(top + 2 - (top + (not is_live)) % 2, LIFE_LIMIT - (not is_live))
    raised = (entry(LIFE, life), entry(PURGED, top))
    control = Change(now.kind, record, None, now_ms, device, raised)
    return [control, *content_under(life, record, states)]


def _return_or_reset(record: Then, mode: str, now_ms: int, device: bytes) -> Step | None:
    then, now = record.then, record.now
    assert then is not None
    if now is None or not _is_shown(now):
        states = [then] if now is None else [then, now]
        base = now if now is not None else then
        changes = bring_back(record.record, states, base, now_ms, device)
        return Step("return", record, tuple(changes))
    if mode == REPLACE:
        facts = _facts_to_reset(then, now)
        if facts:
            change = Change(now.kind, record.record, now.life, now_ms, device, facts)
            return Step("reset", record, (change,))
    return None


def _facts_to_reset(then: State, now: State) -> tuple[Entry, ...]:
    """Values of class LAST that the present shows otherwise than the snapshot did."""
    facts: list[Entry] = []
    for slot in now.slots:
        name, merge, key = slot
        if merge != Merge.LAST or name == HELD.name:
            continue
        shown = _value(now, slot)
        if shown is None:
            continue
        value = _value(then, slot) if slot in then.slots else _absent(name, shown)
        if value is not None and value != shown:
            facts.append(Entry(name, merge, key, value))
    return tuple(facts)


def _value(state: State, slot: Slot) -> Any:
    """What a state shows in a slot; the value itself where the field is not known."""
    name, merge, key = slot
    field = FIELDS.get(name)
    if field is not None and field.merge == merge:
        return state.get(field, key)
    stamps = state.slots.get(slot)
    return winner(merge, stamps).value if stamps else None


def _absent(name: str, shown: Any) -> object:
    """What stands for a value that the snapshot did not have, where something can."""
    if name == REACTION.name:
        return [None, None, shown[2]]
    if name == PARTICIPANT.name:
        return False
    return None


def _is_shown(state: State | None) -> bool:
    return state is not None and state.is_live and state.has_content()
