"""What there is a record of, and how records are named.

A record id is 16 bytes of `HMAC-SHA256(K_id, ...)` over the kind, the namespace and the canonical
source id, so two devices that import the same message make the same record without asking each
other. This module holds the framing; the keyed hash itself is made in `crypto`.
"""

from enum import IntEnum

RECORD_ID_BYTES = 16
NAMESPACE_APPLE = "imessage"
"""The namespace of every Apple database, whatever file it came from."""
CANONICAL_VERSION = 1
"""The frozen version of the canonical source ids of `canonical_*` below."""


class Kind(IntEnum):
    """The kinds of record. The numbers are part of the format."""

    CONVERSATION = 1
    MESSAGE = 2
    CONTACT = 3
    ATTACHMENT = 4


def canonical_address(address: str) -> str:
    """One spelling for one address: an e-mail in lower case, a number without punctuation.

    A number keeps its leading plus. What is neither (a business id, a short code with letters) is
    only stripped and lowered.
    """
    text = address.strip()
    for prefix in ("tel:", "mailto:", "sip:"):
        text = text.removeprefix(prefix)
    if "@" in text:
        return text.lower()
    bare = "".join(letter for letter in text if letter not in " -().\u00a0\u2011/")
    digits = bare.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return bare
    return text.lower()


def canonical_direct(address: str) -> str:
    """The canonical source id of the conversation with one other person."""
    return direct(canonical_address(address))


def direct(canonical: str) -> str:
    """The canonical source id of the conversation with the person of a canonical address."""
    return "direct:" + canonical


def canonical_group(group: str) -> str:
    """The canonical source id of a conversation with several people."""
    return "group:" + group.strip().lower()
