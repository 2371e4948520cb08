"""The brake: when so much goes into the trash at once that a person is asked first. Pure."""

BRAKE_CONVERSATIONS = 3
BRAKE_PERCENT = 10


def is_braked(conversations: int, records: int, all_records: int) -> bool:
    """Whether losing so many records, in so many conversations, of all that there are, is more than
    is done without asking."""
    return conversations > BRAKE_CONVERSATIONS or records * 100 > all_records * BRAKE_PERCENT
