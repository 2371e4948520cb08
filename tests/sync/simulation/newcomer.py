"""A new device at the end of a simulated world: what it reads of the place alone is all."""

from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.library import Library
from tests.sync.simulation.account import let_in
from tests.sync.simulation.world import World


def check_newcomer(world: World) -> None:
    """A home that begins with nothing shows the same as the others, snapshots included."""
    first = world.homes[0]
    member = let_in(world.place, world.begun, "newcomer", world.time.now_ms, world.entropy)
    newcomer = world.new_home("newcomer", "newcomer", member, 0)
    newcomer.open()
    try:
        assert newcomer.sync().is_verified
        assert newcomer.library.holdings.damage() == []
        assert newcomer.library.digest() == first.library.digest()
        assert newcomer.contents() == first.contents()
        # A library that has gone on cannot show every moment that was pinned afterwards.
        shown, there = _shown(first.library), _shown(newcomer.library)
        assert shown.items() <= there.items() if world.is_exact else shown.keys() <= there.keys()
    finally:
        newcomer.close()


def _shown(library: Library) -> dict[int, int]:
    """What each snapshot of the shared history shows."""
    pins = library.holdings.pins()
    moments = {pin.commit_seq: pin.moment for pin in pins if pin.zone == MESSAGES_ZONE}
    digests = {moment: library.applier.digest_at(moment) for moment in set(moments.values())}
    return {seq: digests[moment] for seq, moment in moments.items()}
