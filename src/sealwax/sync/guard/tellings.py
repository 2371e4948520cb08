"""What commits of other devices tell of the fate of records: deleted, purged, brought back. Pure.

A change says which life a record is in, through which life its words were purged, and whether a
deletion is held. Who says it counts here, and that is the author of the commit: a change carries
the name of a device as well, but anybody can write any name into it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.model.change import Change, Entry
from sealwax.model.field import HELD, LIFE, PURGED, Field
from sealwax.model.form import LIFE_LIMIT
from sealwax.model.state import PURGE_LIMIT


class Teller(NamedTuple):
    """A commit that tells something: by which device, at which seq, whether it says that a person
    there confirmed it, and whether it only repeats what was said before, as a compaction does. What
    is repeated was not said by the one who repeats it."""

    device: bytes
    seq: int
    is_confirmed: bool = False
    is_repeated: bool = False


class Telling(NamedTuple):
    """What a commit tells of a record: the life that it begins and the life through which its words
    are purged (−1 where it tells of none), and the lives of which it says that their end was meant.
    """

    record: bytes
    teller: Teller
    life: int = -1
    purged: int = -1
    answered: tuple[int, ...] = ()


def tellings_in(teller: Teller, changes: Iterable[Change]) -> Iterator[Telling]:
    """What changes tell of the fate of their records; those that tell nothing of it are left
    out."""
    for change in changes:
        told = Telling(
            change.record,
            teller,
            max((_life(one.value) for one in _of(LIFE, change)), default=-1),
            max((_purged(one.value) for one in _of(PURGED, change)), default=-1),
            tuple(int(one.key) for one in _of(HELD, change) if _is_answer(one)),
        )
        if told[2:] != (-1, -1, ()):
            yield told


def _of(field: Field, change: Change) -> Iterator[Entry]:
    """The entries of a field as this version knows it; of another class, it is another field."""
    for one in change.entries:
        if (
            one.name == field.name
            and one.merge == field.merge
            and (one.key == "" or field.is_keyed)
        ):
            yield one


def _life(value: int) -> int:
    """A life as the state of a record shows it."""
    return min(max(value, 0), LIFE_LIMIT)


def _purged(value: int) -> int:
    return min(max(value, -1), PURGE_LIMIT)


def _is_answer(held: Entry) -> bool:
    return held.value is False and held.key.isascii() and held.key.isdigit() and len(held.key) < 11
