"""How a message stands: sent or received for good, or not yet.

A message that waits to be sent, is being sent or failed has a date and words that may change. They
are told as a draft, as of the source's newest date, and give way to the final ones. A received
message is final. Where a database does not say (old ones have no such columns), a message is final.
"""

from sealwax.model.form import FAILED, SCHEDULED, SENDING
from sealwax.sources.apple.chatdb.row import Row
from sealwax.sources.apple.chatdb.rows import whole


def standing(row: Row) -> str | None:
    """How a message of one's own stands that is not final, else None."""
    if not whole(row.is_from_me) or _arrived(row):
        return None
    if whole(row.error):
        return FAILED
    if whole(row.is_sent) != 0:
        return None
    if whole(row.schedule_type):
        return SCHEDULED
    return SENDING if whole(row.is_finished) == 0 else None


def _arrived(row: Row) -> bool:
    return bool(whole(row.date_delivered) or whole(row.date_read))
