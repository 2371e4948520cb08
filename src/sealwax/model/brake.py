"""The brake: when so much goes into the trash at once that a person is asked first. Pure."""

from collections.abc import Collection, Mapping

BRAKE_CONVERSATIONS = 3
BRAKE_PERCENT = 10


def is_braked(conversations: int, records: int, all_records: int) -> bool:
    """Whether losing so many records, in so many conversations, of all that there are, is more than
    is done without asking."""
    return conversations > BRAKE_CONVERSATIONS or records * 100 > all_records * BRAKE_PERCENT


def holds(
    lost: Collection[bytes],
    lately: Collection[bytes],
    conversations: Mapping[bytes, str],
    live_records: int,
) -> bool:
    """Whether the records that would be lost are too many, together with those that were lost
    `lately`; `conversations` has the conversation of each message, `live_records` is the number of
    all that are there now."""
    both = {*lost, *lately}
    hit = {conversations[record] for record in both if record in conversations}
    before = live_records + len(both) - len(lost)
    return bool(lost) and is_braked(len(hit), len(both), before)
