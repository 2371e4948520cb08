"""What of the history could not be read, as it stands now."""

from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.library import Library


def unread(library: Library, zone: str = MESSAGES_ZONE) -> int:
    """How many objects that live at the head of a zone, or of the shared history beneath it, could
    not be read: what is in them is missing in the library."""
    heads = (library.holdings.head(one) for one in {MESSAGES_ZONE, zone})
    return sum(
        library.holdings.unread_at(head.zone, head.seq) for head in heads if head is not None
    )
