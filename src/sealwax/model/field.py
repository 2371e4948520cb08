"""The fields of each kind of record: their names, how they merge, what their values are.

A field is known by its name and carries its merge class in every change, so that a device that has
never heard of it keeps and merges it all the same. Some fields hold one value; keyed fields hold
one value for each key, a short text. Control fields (`is_control`) are not content: no purge
removes them.

Every value is made of msgpack's int, str, bytes, bool, None, lists and maps with str keys. There
are no floats. Times are integer nanoseconds since 1970-01-01 UTC where the name ends in `_ns`.
What names another record is a *reference* (`model.reference`), in a key or in a value.
"""

from typing import Any, NamedTuple

from sealwax.model import form
from sealwax.model.form import Form
from sealwax.model.merge import Merge


class Field(NamedTuple):
    """A field's name and class, the form of its values and, where it is keyed, of their keys."""

    name: str
    merge: Merge
    form: Form
    key_form: Form | None = None
    is_control: bool = False

    @property
    def is_keyed(self) -> bool:
        """Whether it holds a value for each key."""
        return self.key_form is not None

    def fits(self, value: Any, key: str = "") -> bool:
        """Whether a value has the form that values of this field have, so that it can be shown.
        One that has not is kept and merged all the same."""
        return self.form(value) and (self.key_form is None or self.key_form(key))


# Every record.
ORIGIN = Field("origin", Merge.FIRST, form.is_origin)
"""[namespace, canonical source id]: lets an export be read into another account."""
LIFE = Field("life", Merge.GREATEST, form.is_life, is_control=True)
"""int: even live, odd in the trash. Absent means 0."""
PURGED = Field("purged", Merge.GREATEST, form.is_purge, is_control=True)
"""int: content written under a life at or below it does not exist."""
DELETION = Field("deletion", Merge.ONCE, form.is_mark, form.is_deletion_key, is_control=True)
"""True; key `<how>:<time in ms or empty>`: a deliberate deletion in a source, applied once."""
HELD = Field("held", Merge.LAST, form.is_flag, form.is_life_key, is_control=True)
"""bool; key is the life: whether the deletion that began this life waits for an answer."""
RAW = Field("raw", Merge.FIRST, form.is_raw, form.is_id)
"""bytes, str or int; key is a source column: kept as it was, not decoded (yet)."""
ROW = Field("row", Merge.FIRST, form.is_row, form.is_id)
"""map of columns to bytes, str or int; key is a source's table: what a row of it holds besides,
as it was. Columns that hold what they usually hold are left out."""

# Conversations.
IS_GROUP = Field("is_group", Merge.FIRST, form.is_flag)
"""bool."""
NAME = Field("name", Merge.LAST, form.is_name)
"""str: the name people gave a group; also the name of a contact."""
PARTICIPANT = Field("participant", Merge.LAST, form.is_flag, form.is_id)
"""bool, whether they are in it; key is an address as the source has it."""
SOURCE_GUID = Field("source_guid", Merge.ONCE, form.is_mark, form.is_id)
"""True; key is a source's own id of a thread that belongs to this conversation."""
CHAT_SERVICE = Field("chat_service", Merge.LAST, form.is_name)
"""str: iMessage, SMS, RCS."""
ARCHIVED = Field("archived", Merge.LAST, form.is_flag)
"""bool."""
SPLIT = Field("split", Merge.LAST, form.is_split)
"""bool: whether its messages are shown apart by service; in such a part, a reference to the
conversation that it is a part of."""
ALIAS = Field("alias", Merge.LAST, form.is_flag, form.is_id)
"""bool; key is a reference to a record of the same kind, a conversation or a message: whether that
and this one are one."""
READ_THROUGH_NS = Field("read_through_ns", Merge.GREATEST, form.is_integer)
"""int."""

# Messages.
CONVERSATION = Field("conversation", Merge.ONCE, form.is_mark, form.is_id)
"""True; key is a reference to a conversation that this message is in."""
PLACED = Field("placed", Merge.LAST, form.is_placed)
"""str: a reference to the conversation in which a person placed this message, instead of those
that its source says; or None."""
TIME_NS = Field("time_ns", Merge.FIRST, form.is_integer)
"""int: when it was sent."""
ORDER = Field("order", Merge.ONCE, form.is_integer)
"""int: its place among the rows of the source that told it first."""
STATE = Field("state", Merge.LAST, form.is_standing)
"""str: `scheduled`, `sending`, `failed`, or `final` after one of these. Absent: final."""
DRAFT = Field("draft", Merge.LAST, form.is_wording)
"""[time_ns, text] of a message that is not final: they count until it is."""
FROM_ME = Field("from_me", Merge.FIRST, form.is_flag)
"""bool."""
SENDER = Field("sender", Merge.FIRST, form.is_name)
"""str: the sender's address as the source has it; absent for messages of one's own."""
SERVICE = Field("service", Merge.FIRST, form.is_name)
"""str: iMessage, SMS, RCS."""
TEXT = Field("text", Merge.FIRST, form.is_words)
"""str: the words as first sent. Absent when there are none or they are not decoded."""
BODY = Field("body", Merge.FIRST, form.is_bytes)
"""bytes: the source's styled body, kept when it says more than its text."""
PARTS = Field("parts", Merge.DECODED, form.is_parts)
"""[version, [part, ...]]: the decoded bubbles of `body`; a part is a map, see docs/format.md."""
SUBJECT = Field("subject", Merge.FIRST, form.is_words)
"""str."""
EDIT = Field("edit", Merge.ONCE, form.is_wording, form.is_wording_key)
"""[time_ns, text]; key `<part>:<number>:<first 16 hex digits of the text's SHA-256>`.

Number 0 is the first wording; the highest number of a part is the one that is shown.
"""
UNSENT = Field("unsent", Merge.ONCE, form.is_mark, form.is_part_key)
"""True; key is a part's number."""
REACTION = Field("reaction", Merge.LAST, form.is_reaction, form.is_key_on_part)
"""[kind, emoji or None, reference to its own record], or [None, None, reference] when taken back.

Key `<part>:<actor>`, the actor's canonical address or `me`.
"""
STICKER = Field("sticker", Merge.LAST, form.is_sticker, form.is_key_on_part)
"""[reference to an attachment or None, was taken back]: a placed sticker; key
`<part>:<actor>:<reference to its own record>`."""
REPLY = Field("reply", Merge.FIRST, form.is_reply)
"""[reference to the message replied to, source's part text or None]."""
EFFECT = Field("effect", Merge.FIRST, form.is_name)
"""str: slam, loud, gentle, invisible-ink, confetti, ... or the source's own id."""
EVENT = Field("event", Merge.FIRST, form.is_event)
"""map: a group event instead of words: `kind`, and where known `other`, `title`, `code`."""
APP = Field("app", Merge.FIRST, form.is_name)
"""str: the id of the app whose balloon this is."""
ATTACHMENT = Field("attachment", Merge.ONCE, form.is_mark, form.is_id)
"""int, its place among the message's attachments; key is a reference to the attachment."""
READ_NS = Field("read_ns", Merge.LEAST, form.is_integer)
"""int: when it was read."""
DELIVERED_NS = Field("delivered_ns", Merge.LEAST, form.is_integer)
"""int: when it was delivered."""
PLAYED_NS = Field("played_ns", Merge.LEAST, form.is_integer)
"""int: when an audio message was played."""
RECEIPTS = frozenset(field.name for field in (READ_THROUGH_NS, READ_NS, DELIVERED_NS, PLAYED_NS))
"""What says nothing but that something was delivered, read or played."""
UNDECODED = Field("undecoded", Merge.DECODED, form.is_undecoded)
"""[version, [source column, ...]]: what was kept raw because it could not be read."""

# Contacts.
ADDRESS = Field("address", Merge.FIRST, form.is_name)
"""str: the address as the source has it."""
COUNTRY = Field("country", Merge.LAST, form.is_name)
"""str: a country code."""

# Attachments.
FILE_NAME = Field("file_name", Merge.FIRST, form.is_name)
"""str: the name a person saw."""
SOURCE_PATH = Field("source_path", Merge.FIRST, form.is_name)
"""str: where the source said that the file was."""
MIME_TYPE = Field("mime_type", Merge.FIRST, form.is_name)
"""str."""
UTI = Field("uti", Merge.FIRST, form.is_name)
"""str: Apple's type of the file."""
STATED_BYTES = Field("stated_bytes", Merge.LAST, form.is_size)
"""int: the size that the source states; the real one is in `content`."""
CREATED_NS = Field("created_ns", Merge.FIRST, form.is_integer)
"""int."""
IS_STICKER = Field("is_sticker", Merge.FIRST, form.is_flag)
"""bool."""
CONTENT = Field("content", Merge.FIRST, form.is_content)
"""[keyed hash of the file, size in bytes, [[chunk name, size in bytes], ...]]."""
THUMBNAIL = Field("thumbnail", Merge.DECODED, form.is_thumbnail)
"""[version, [chunk name, size in bytes]]: a small JPEG of the picture in `content`."""


FIELDS: dict[str, Field] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Field)
}
"""Every field this version knows, by name."""


def has_its_form(name: str, merge: int, key: str, value: Any) -> bool:
    """Whether a value has the class and the form that its field has; one of a field that is not
    known may have any."""
    field = FIELDS.get(name)
    if field is None:
        return True
    return merge == field.merge and (field.is_keyed or not key) and field.fits(value, key)
