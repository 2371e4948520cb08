"""The fields of each kind of record: their names, how they merge, what their values are.

A field is known by its name and carries its merge class in every change, so that a device that has
never heard of it keeps and merges it all the same. Some fields hold one value; keyed fields hold
one value for each key, a short text. Control fields (`is_control`) are not content: no purge
removes them.

Every value is made of msgpack's int, str, bytes, bool, None, lists and maps with str keys. There
are no floats. Times are integer nanoseconds since 1970-01-01 UTC where the name ends in `_ns`.
References to other records are canonical source ids of the same namespace.
"""

from typing import NamedTuple

from sealwax.model.merge import Merge


class Field(NamedTuple):
    """A field's name and class; `is_keyed` fields hold a value for each key."""

    name: str
    merge: Merge
    is_keyed: bool = False
    is_control: bool = False


# Every record.
ORIGIN = Field("origin", Merge.FIRST)
"""[namespace, canonical source id]: lets an export be read into another account."""
LIFE = Field("life", Merge.GREATEST, is_control=True)
"""int: even live, odd in the trash. Absent means 0."""
PURGED = Field("purged", Merge.GREATEST, is_control=True)
"""int: content written under a life at or below it does not exist."""
DELETION = Field("deletion", Merge.ONCE, is_keyed=True, is_control=True)
"""True; key `<how>:<time in ms or empty>`: a deliberate deletion in a source, applied once."""
HELD = Field("held", Merge.LAST, is_keyed=True, is_control=True)
"""bool; key is the life: whether the deletion that began this life waits for an answer."""
RAW = Field("raw", Merge.FIRST, is_keyed=True)
"""bytes, str or int; key is a source column: kept as it was, not decoded (yet)."""

# Conversations.
IS_GROUP = Field("is_group", Merge.FIRST)
"""bool."""
NAME = Field("name", Merge.LAST)
"""str: the name people gave a group; also the name of a contact."""
PARTICIPANT = Field("participant", Merge.LAST, is_keyed=True)
"""bool, whether they are in it; key is an address as the source has it."""
SOURCE_GUID = Field("source_guid", Merge.ONCE, is_keyed=True)
"""True; key is a source's own id of a thread that belongs to this conversation."""
CHAT_SERVICE = Field("chat_service", Merge.LAST)
"""str: iMessage, SMS, RCS."""
ARCHIVED = Field("archived", Merge.LAST)
"""bool."""
SPLIT = Field("split", Merge.LAST)
"""bool: whether its messages are shown apart by service; in such a part, the canonical id of the
conversation that it is a part of."""
READ_THROUGH_NS = Field("read_through_ns", Merge.GREATEST)
"""int."""

# Messages.
CONVERSATION = Field("conversation", Merge.ONCE, is_keyed=True)
"""True; key is the canonical source id of a conversation that this message is in."""
PLACED = Field("placed", Merge.LAST)
"""str: the canonical id of the conversation in which a person placed this message, instead of those
that its source says; or None."""
TIME_NS = Field("time_ns", Merge.FIRST)
"""int: when it was sent."""
FROM_ME = Field("from_me", Merge.FIRST)
"""bool."""
SENDER = Field("sender", Merge.FIRST)
"""str: the sender's address as the source has it; absent for messages of one's own."""
SERVICE = Field("service", Merge.FIRST)
"""str: iMessage, SMS, RCS."""
TEXT = Field("text", Merge.FIRST)
"""str: the words as first sent. Absent when there are none or they are not decoded."""
BODY = Field("body", Merge.FIRST)
"""bytes: the source's styled body, kept when it says more than its text."""
PARTS = Field("parts", Merge.DECODED)
"""[version, [part, ...]]: the decoded bubbles of `body`; a part is a map, see docs/format.md."""
SUBJECT = Field("subject", Merge.FIRST)
"""str."""
EDIT = Field("edit", Merge.ONCE, is_keyed=True)
"""[time_ns, text]; key `<part>:<number>:<first 16 hex digits of the text's SHA-256>`.

Number 0 is the first wording; the highest number of a part is the one that is shown.
"""
UNSENT = Field("unsent", Merge.ONCE, is_keyed=True)
"""True; key is a part's number."""
REACTION = Field("reaction", Merge.LAST, is_keyed=True)
"""[kind, emoji or None, source guid], or [None, None, guid] when taken back.

Key `<part>:<actor>`, the actor's canonical address or `me`.
"""
STICKER = Field("sticker", Merge.LAST, is_keyed=True)
"""[attachment id or None, was taken back]; key `<part>:<actor>:<source guid>`: a placed sticker."""
REPLY = Field("reply", Merge.FIRST)
"""[canonical id of the message replied to, source's part text or None]."""
EFFECT = Field("effect", Merge.FIRST)
"""str: slam, loud, gentle, invisible-ink, confetti, ... or the source's own id."""
EVENT = Field("event", Merge.FIRST)
"""map: a group event instead of words: `kind`, and where known `other`, `title`, `code`."""
APP = Field("app", Merge.FIRST)
"""str: the id of the app whose balloon this is."""
ATTACHMENT = Field("attachment", Merge.ONCE, is_keyed=True)
"""int, its place among the message's attachments; key is the attachment's canonical id."""
READ_NS = Field("read_ns", Merge.LEAST)
"""int: when it was read."""
DELIVERED_NS = Field("delivered_ns", Merge.LEAST)
"""int: when it was delivered."""
PLAYED_NS = Field("played_ns", Merge.LEAST)
"""int: when an audio message was played."""
UNDECODED = Field("undecoded", Merge.DECODED)
"""[version, [source column, ...]]: what was kept raw because it could not be read."""

# Contacts.
ADDRESS = Field("address", Merge.FIRST)
"""str: the address as the source has it."""
COUNTRY = Field("country", Merge.LAST)
"""str: a country code."""

# Attachments.
FILE_NAME = Field("file_name", Merge.FIRST)
"""str: the name a person saw."""
SOURCE_PATH = Field("source_path", Merge.FIRST)
"""str: where the source said that the file was."""
MIME_TYPE = Field("mime_type", Merge.FIRST)
"""str."""
UTI = Field("uti", Merge.FIRST)
"""str: Apple's type of the file."""
STATED_BYTES = Field("stated_bytes", Merge.LAST)
"""int: the size that the source states; the real one is in `content`."""
CREATED_NS = Field("created_ns", Merge.FIRST)
"""int."""
IS_STICKER = Field("is_sticker", Merge.FIRST)
"""bool."""
CONTENT = Field("content", Merge.FIRST)
"""[keyed hash of the file, size in bytes, [[chunk name, size in bytes], ...]]."""
THUMBNAIL = Field("thumbnail", Merge.DECODED)
"""[version, [chunk name, size in bytes]]: a small JPEG of the picture in `content`."""


FIELDS: dict[str, Field] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Field)
}
"""Every field this version knows, by name."""
