"""What has to hold, whatever happened."""

from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.library.holdings import PinRow
from sealwax.vault.commit_part import open_part
from sealwax.vault.digest import digest_bytes
from tests.sync.simulation.forgeries import FORGED
from tests.sync.simulation.home import Home, Promised
from tests.sync.simulation.world import World

SOME = 4
"""So many snapshots of a device are added up at a time."""


def check_some(world: World, home: Home) -> None:
    """What holds for one device at any time; some of its snapshots are added up."""
    assert world.was_removal_forgotten or not forged(home)
    if not home.is_behind:
        promises = _promises(world, home)
        some = world.rng.sample(promises, min(SOME, len(promises)))
        # What harms the others takes away from its own device, too, until they put it back.
        said = set[str]() if home is world.infected else home.known.said
        _check(world, home, said - world.purged - world.attacked - world.alone, some)


def forged(home: Home) -> list[str]:
    """The messages that it shows and nobody sent."""
    return [name for name in home.origins() if name.startswith(FORGED)]


def check_verified(world: World, home: Home) -> None:
    """What is called verified is at the place, and its newest commit that counts says so."""
    disk, holdings, head = world.place.disk, home.library.holdings, home.device.history.head()
    if not world.is_lied_to:
        assert head.seq == disk.head_seq(MESSAGES_ZONE)
    assert commit_hash(disk.get_commit(MESSAGES_ZONE, head.seq)) == head.hash
    _, newest = next(holdings.commits_backwards(MESSAGES_ZONE))
    part = open_part(home.device.history.keys, parse_commit(newest))
    assert part.digest == digest_bytes(home.library.digest())


def check_end(world: World) -> None:
    """All devices say the same; nothing that was said is missing; snapshots are as promised."""
    first = world.homes[0]
    for home in world.homes:
        assert home.library.digest() == first.library.digest()
        assert home.library.applier.computed_digest() == home.library.digest()
        assert home.contents() == first.contents()
        assert home.library.counts() == first.library.counts()
        said = home.known.said - world.purged - world.alone
        _check(world, home, said, _promises(world, home))
        assert home.library.check() == []
    assert world.may_be_forged or not forged(first)
    safe = world.place.safe.of(home.name for home in world.homes)
    said = safe.union(*(home.known.said for home in world.homes))
    missing = said - world.purged - world.alone - first.origins()
    assert not missing, sorted(missing)[:5]


def _promises(world: World, home: Home) -> list[Promised]:
    """What has to be shown. A device that means harm may let go of its own snapshots before
    anybody else has seen them."""
    return [] if home is world.infected else home.known.promises


def _check(world: World, home: Home, said: set[str], promises: list[Promised]) -> None:
    missing = said - home.origins()
    assert not missing, sorted(missing)[:5]
    shown = {(pin.zone, pin.name): pin for pin in home.library.holdings.pins()}
    wanted = {one.name for one in home.library.guarded.let_go.wanted()}
    for promise in promises:
        pin = shown.get((promise.zone, promise.name))
        if pin is None:
            # A history that parted moves it into the device's own zone; what stands there and the
            # shared history passes by moves into that.
            named = (kept for (_, name), kept in shown.items() if name == promise.name)
            pin = next(named, None)
        if pin is None and promise.name in wanted:
            # Another device let go of it, and it is about to be made again.
            continue
        assert pin is not None, promise
        shown_digest = home.library.applier.digest_at(pin.moment)
        is_as_promised = promise.digest in (None, shown_digest)
        assert is_as_promised or _is_disowned_in(home, pin) or not world.is_exact, promise


def _is_disowned_in(home: Home, pin: PinRow) -> bool:
    """Whether a snapshot of the shared history held what was disowned since: it is shown without
    that."""
    if pin.zone != MESSAGES_ZONE:
        return False
    disowned = home.library.holdings.disowned()
    return any(seq <= pin.pinned_seq < merge_seq for seq, merge_seq in disowned.items())
