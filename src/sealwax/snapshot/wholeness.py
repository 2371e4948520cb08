"""Whether a moment is whole: what of it could not be read is missing from what it shows."""

from math import floor

from sealwax.base.errors import SealwaxError
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.library.library import Library


class MomentNotWhole(SealwaxError):
    """What a moment does not show may be what could not be read: nothing is taken away by it."""

    code = "moment-not-whole"
    hint = (
        "Nothing was changed. `--mode merge` brings back what can be read;"
        " `sealwax verify` names what is missing."
    )


def unreadable_at(library: Library, moment: float | None) -> int:
    """How many sealed objects of a moment could not be read; None means all moments."""
    holdings = library.holdings
    damaged = len(holdings.damage())
    if not damaged or moment is None:
        return damaged
    zones = {(pin.zone, pin.pinned_seq) for pin in holdings.pins() if pin.moment == moment}
    if moment >= library.head_moment():
        zones.update(holdings.heads())
    own = {(zone, seq) for zone, seq in zones if zone not in (MESSAGES_ZONE, ACCOUNT_ZONE)}
    unread = holdings.unread_at(MESSAGES_ZONE, floor(moment))
    # What has no place in a chain was met while a moment of the own zone was made anew.
    unplaced = holdings.unread_nowhere() if own else 0
    return unread + unplaced + sum(holdings.unread_at(zone, seq) for zone, seq in own)


def need_whole(library: Library, moment: float) -> None:
    """Raises MomentNotWhole."""
    number = unreadable_at(library, moment)
    if number:
        objects = "1 sealed object" if number == 1 else f"{number:,} sealed objects"
        raise MomentNotWhole(f"This moment is not whole: {objects} of it could not be read.")
