"""`chat.properties`: a property list of what a person set for a chat, and of what the app notes.

The notes (which message was seen last, how far a list was scrolled, a summary made of the newest
messages) change with every message. They are left out, and the rest is written in one order, so
that the same settings are the same bytes.
"""

import plistlib
from typing import Any

from sealwax.sources.apple.property_list import PropertyListError, read_property_list

NOTES = frozenset(
    """
    LSMD pv lastSeenMessageGuid CKChatWatermarkMessageID CKChatWatermarkTime
    numberOfTimesRespondedtoThread messageHandshakeState com.apple.iChat.LastArchivedMessageID
    chatSummaryDictionary refreshDate
    """.split()
)


def settled_properties(stored: Any) -> Any:
    """The properties without the notes; what cannot be read stays as it is."""
    if not isinstance(stored, bytes):
        return stored
    try:
        found = read_property_list(stored)
    except PropertyListError:
        return stored
    try:
        return plistlib.dumps(_settled(found), fmt=plistlib.FMT_BINARY, sort_keys=True)
    except (TypeError, ValueError, OverflowError, AttributeError):
        # What no list of this form can hold, keys that are no text for one.
        return stored


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items() if key not in NOTES}
    return value
