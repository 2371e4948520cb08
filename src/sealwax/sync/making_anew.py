"""Making a library anew: what it will read is fetched first, then it is emptied and filled again.

Once it is empty, nothing is needed that a line could break off. A library that stayed empty would show
nothing of what waits on this device alone, and a sync would say that nothing waits.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from sealwax.ledger.chain import beginning
from sealwax.ledger.disowning import Disowning
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.following import Ahead
from sealwax.sync.outbox import Outbox
from sealwax.sync.replica import Replica


def make_anew(
    history: Replica,
    outbox: Outbox,
    others: Sequence[str],
    mirror: MirrorStore | None,
    known_seq: int | None = None,
    before: Callable[[], object] = lambda: None,
) -> None:
    """Makes the library anew, with what waits here and the zones of `others`; calls `before` when
    nothing stands in the way any more. What comes beyond `known_seq` is looked at as if it came
    now. Raises FarAway before anything is done."""
    with mirror.current() if mirror is not None else nullcontext():
        if mirror is not None:
            mirror.fetch(_segments(history))
        before()
        history.library.clear()
        outbox.catch_up(history, others, known_seq)


def _segments(history: Replica) -> dict[bytes, int]:
    """The segments that a library reads which is made from the beginning, and their sizes."""
    ahead = Ahead(
        history.store,
        history.keys,
        history.heads,
        history.judged,
        lambda _: {},
        lambda: (),
        Disowning(history.log),
        history.clock,
        beginning(history.keys.account, history.zone),
    )
    ahead.look()
    return ahead.segments()
