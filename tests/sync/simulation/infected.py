"""A device of the account that breaks the rules of the chain: malware uses its keys beside it.

Nothing of what it does may take anything from anybody: the rules refuse it on every device.
"""

from collections.abc import Callable
from typing import TypeAlias

from sealwax.crypto.keyed_hash import record_ids
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.library import Library
from sealwax.model.change import Change, Entry
from sealwax.model.merge import Merge
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.trust.account import read_log
from sealwax.vault.commit_part import Part
from tests.sync.simulation.forging import Forger, Forgery, Standing
from tests.sync.simulation.home import Home
from tests.sync.simulation.words import origin
from tests.sync.simulation.world import World

YEAR_142000_MS = 2**52
TOUCHED = 200
"""So many messages are touched at once."""


def break_a_rule(world: World, home: Home) -> None:
    """Malware on the last device writes something by one of the ways that there are."""
    world.operations += 1
    infected = world.homes[-1]
    forger = Forger(
        infected.device.history.keys, infected.member, infected.clock, world.entropy
    )
    log = read_log(world.place.disk, infected.account)
    standing = Standing(log.head, log.newest.epoch)
    told = world.rng.choice(WAYS)(world, infected.library)
    zone = MESSAGES_ZONE
    if told.kind == CommitKind.UNPIN and world.rng.random() < 0.5:
        zone = device_zone(home.member.member().id)
    forger.append(world.place.disk, zone, told, standing)


def _drop_everything(_: World, library: Library) -> Forgery:
    """An ordinary change that drops all messages."""
    return Forgery(CommitKind.CHANGE, dropped=_live(library))


def _compact_to_nothing(_: World, library: Library) -> Forgery:
    """A compaction that holds none of what it drops."""
    return Forgery(CommitKind.COMPACT, dropped=_live(library))


def _redact_everything(_: World, library: Library) -> Forgery:
    names = [[name, None] for name in _live(library)]
    return Forgery(CommitKind.REDACT, public=encode_facts([names]))


def _erase(world: World, library: Library) -> Forgery:
    """A reserved field, for some messages."""
    erased = Entry("erased", int(Merge.ONCE), "", True)
    return Forgery(CommitKind.CHANGE, tuple(_changes(world, library, erased)))


def _unlock(_: World, library: Library) -> Forgery:
    """Lets go of the snapshots that are locked, in a year in which no lock is left."""
    pins = library.holdings.pins()
    locked = [pin.commit_seq for pin in pins if pin.lock_until_ms and pin.zone == MESSAGES_ZONE]
    return Forgery(
        CommitKind.UNPIN,
        public=encode_facts(UnpinFacts(locked)),
        time_ms=YEAR_142000_MS,
    )


def _say_nothing(_: World, __: Library) -> Forgery:
    """A head that says nothing of the state that it comes to."""
    return Forgery(CommitKind.CHANGE, part=Part())


WAYS: tuple[Callable[[World, Library], Forgery], ...] = (
    _drop_everything,
    _compact_to_nothing,
    _redact_everything,
    _erase,
    _unlock,
    _say_nothing,
)


def _live(library: Library) -> tuple[bytes, ...]:
    return tuple(name for name, *_ in library.holdings.live_segments())


def _changes(world: World, library: Library, told: Entry) -> list[Change]:
    """The same told of some messages, whether they are there or not."""
    numbers = world.rng.sample(range(world.size.messages), TOUCHED)
    names = [(Kind.MESSAGE, origin(number)) for number in numbers]
    records = record_ids(library._roots, NAMESPACE_APPLE, names)
    now_ms = world.time.now_ms
    return [
        Change(int(Kind.MESSAGE), record, None, now_ms, bytes(16), (told,)) for record in records
    ]
