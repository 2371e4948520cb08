"""Which deletions of a pull are held until a person answers. Pure.

What a pull brings counts together with what fell within a day before, so that many small pulls are
held as one large one is. A deletion that a person confirmed says so in its commit, and counts for
nothing here; nor does one that another device holds already, or one of what nobody here has.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sealwax.model.brake import is_braked
from sealwax.model.change import Change
from sealwax.model.field import HELD, LIFE
from sealwax.model.state import State


class Fall(NamedTuple):
    """A record that goes into the trash, with the life that its deletion begins."""

    record: bytes
    life: int


def falls_in(changes: Iterable[Change]) -> Iterable[Fall]:
    """The deletions that changes tell of and that are not held already."""
    for change in changes:
        held = {told.key for told in change.entries if told.name == HELD.name and told.value}
        for told in change.entries:
            if told.name == LIFE.name and told.value % 2 == 1 and str(told.value) not in held:
                yield Fall(change.record, told.value)


def lives_in(changes: Iterable[Change]) -> Iterable[Fall]:
    """Every life that changes begin, in the trash or out of it."""
    for change in changes:
        for told in change.entries:
            if told.name == LIFE.name:
                yield Fall(change.record, told.value)


def newly_lost(falls: Iterable[Fall], states: Mapping[bytes, State]) -> dict[bytes, int]:
    """The life of each record that is here, and would be in the trash."""
    lost: dict[bytes, int] = {}
    for fall in falls:
        state = states.get(fall.record)
        if state is None or not state.is_live or not state.has_content():
            continue
        if fall.life > max(state.life, lost.get(fall.record, 0)):
            lost[fall.record] = fall.life
    return lost


def still_fallen(falls: Iterable[Fall], states: Mapping[bytes, State]) -> dict[bytes, int]:
    """The life of each record that lies in the trash by one of these deletions, has anything left,
    and of which no person said that it stays there."""
    lying: dict[bytes, int] = {}
    for fall in falls:
        state = states.get(fall.record)
        if state is None or state.life != fall.life or not state.has_content():
            continue
        if state.keyed(HELD).get(str(fall.life), True):
            lying[fall.record] = fall.life
    return lying


def without_answered(lost: Mapping[bytes, int], confirmed: Iterable[Fall]) -> dict[bytes, int]:
    """Without what a person said in the same pull: that it is deleted, or that it came back."""
    said: dict[bytes, int] = {}
    for fall in confirmed:
        said[fall.record] = max(fall.life, said.get(fall.record, 0))
    return {record: life for record, life in lost.items() if said.get(record, 0) < life}


def is_held(
    lost: Mapping[bytes, int], conversations: Mapping[bytes, str], all_records: int
) -> bool:
    """Whether the brake holds these; `conversations` has the conversation of each message."""
    hit = {conversations[record] for record in lost if record in conversations}
    return is_braked(len(hit), len(lost), all_records)
