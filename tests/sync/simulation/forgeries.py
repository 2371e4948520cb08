"""What a device may write that means harm: to break a rule, or to take away what it may."""

from collections.abc import Callable
from typing import TypeAlias

from sealwax.crypto.keyed_hash import record_ids
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.library import Library
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import CONVERSATION, LIFE, ORIGIN, PURGED, TEXT, TIME_NS
from sealwax.model.merge import Merge
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.vault.commit_part import Part
from tests.sync.simulation.forging import Forgery
from tests.sync.simulation.home import origins_of
from tests.sync.simulation.world import World

YEAR_142000_MS = 2**52
TOUCHED = 400
"""So many messages are touched at once."""
FORGED = "forged"
"""How the messages begin that nobody ever sent."""

Way: TypeAlias = Callable[[World, Library], Forgery]
"""Makes something to be written, against what is in an honest device's library."""


def junk(world: World, library: Library) -> Forgery:
    """A message that nobody sent."""
    name = f"{FORGED} {world.operations}"
    (record,) = record_ids(library.roots, NAMESPACE_APPLE, [(Kind.MESSAGE, name)])
    now_ms = world.time.now_ms
    entries = (
        entry(ORIGIN, ["imessage", name]),
        entry(CONVERSATION, True, "direct:0"),
        entry(TIME_NS, now_ms * 1_000_000),
        entry(TEXT, "nobody said this"),
    )
    change = Change(int(Kind.MESSAGE), record, 0, now_ms, bytes(16), entries)
    return Forgery(CommitKind.CHANGE, (change,))


# What the rules of the chain refuse.


def drop_everything(_: World, library: Library) -> Forgery:
    """An ordinary change that drops all messages."""
    return Forgery(CommitKind.CHANGE, dropped=_live(library))


def compact_to_nothing(_: World, library: Library) -> Forgery:
    """A compaction that holds none of what it drops."""
    return Forgery(CommitKind.COMPACT, dropped=_live(library))


def redact_everything(_: World, library: Library) -> Forgery:
    names = [[name, None] for name in _live(library)]
    return Forgery(CommitKind.REDACT, public=encode_facts([names]))


def erase(world: World, library: Library) -> Forgery:
    """A reserved field, for some messages."""
    erased = Entry("erased", int(Merge.ONCE), "", True)
    return Forgery(CommitKind.CHANGE, _told_of_some(world, library, erased))


def unlock(_: World, library: Library) -> Forgery:
    """Lets go of the snapshots that are locked, in a year in which no lock is left."""
    pins = library.holdings.pins()
    locked = [pin.commit_seq for pin in pins if pin.lock_until_ms and pin.zone == MESSAGES_ZONE]
    facts = encode_facts(UnpinFacts(locked[:1024]))
    return Forgery(CommitKind.UNPIN, public=facts, time_ms=YEAR_142000_MS)


def say_nothing(_: World, __: Library) -> Forgery:
    """A head that says nothing of the state that it comes to."""
    return Forgery(CommitKind.CHANGE, part=Part())


BREAKING: tuple[Way, ...] = (
    drop_everything,
    compact_to_nothing,
    redact_everything,
    erase,
    unlock,
    say_nothing,
)


# What the chain lets any device do, and the others hold and ask about, or put back.


def delete_much(world: World, library: Library) -> Forgery:
    """Puts messages of many conversations into the trash, and says that a person confirmed it."""
    life = world.rng.choice((1, 3, 99))
    return Forgery(CommitKind.CHANGE, _told_of_some(world, library, entry(LIFE, life)))


def purge_much(world: World, library: Library) -> Forgery:
    """Takes away the words of many messages."""
    return Forgery(CommitKind.CHANGE, _told_of_some(world, library, entry(PURGED, 1)))


def let_go_of_all(_: World, library: Library) -> Forgery:
    """Lets go of all snapshots."""
    pins = library.holdings.pins()
    seqs = [pin.commit_seq for pin in pins if pin.zone == MESSAGES_ZONE]
    return Forgery(CommitKind.UNPIN, public=encode_facts(UnpinFacts(seqs[:1024])))


def purge_segments(_: World, library: Library) -> Forgery:
    """Drops all messages as a purge would, and writes none of them anew."""
    return Forgery(CommitKind.PURGE, dropped=_live(library))


def reset_to_nothing(_: World, library: Library) -> Forgery:
    """Drops all messages as a reset would, and writes none of them anew."""
    return Forgery(CommitKind.RESET, dropped=_live(library))


TAKING: tuple[Way, ...] = (
    *BREAKING,
    delete_much,
    purge_much,
    let_go_of_all,
    purge_segments,
    reset_to_nothing,
)


def _live(library: Library) -> tuple[bytes, ...]:
    return tuple(name for name, *_ in library.holdings.live_segments())


def _told_of_some(world: World, library: Library, told: Entry) -> tuple[Change, ...]:
    """The same told of some messages that the library has."""
    there = sorted(origins_of(library))
    touched = world.rng.sample(there, min(TOUCHED, len(there)))
    world.attacked.update(touched)
    names = [(Kind.MESSAGE, name) for name in touched]
    records = record_ids(library.roots, NAMESPACE_APPLE, names)
    now_ms, kind = world.time.now_ms, int(Kind.MESSAGE)
    return tuple(Change(kind, record, None, now_ms, bytes(16), (told,)) for record in records)
