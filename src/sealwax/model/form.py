"""The forms that values of known fields have: what is read of a value, and how much of it.

Values come from other devices, from exports, from versions to come. One of another form is kept and
merged like any other, so that all devices agree on what a history holds; it is not shown. A form is
a function that says whether a value, or the key of one, can be shown. Every length and count in it
is bounded, so whoever shows a value need not look again.
"""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

Form: TypeAlias = Callable[[Any], bool]

WORDS_LIMIT_CHARACTERS = 16 * 1024 * 1024
NAME_LIMIT_CHARACTERS = 64 * 1024
"""Of everything that is no text of a message: addresses, ids, names, paths."""
ITEMS_LIMIT = 65_536
NAMESPACE_END = "\x1f"
INTEGER_LIMIT = 2**63
SIZE_LIMIT_BYTES = 2**53
LIFE_LIMIT = 2**31
DEPTH_LIMIT = 64
COLUMNS_LIMIT = 256
"""Columns of one row of a source."""
FINAL, SCHEDULED, SENDING, FAILED = "final", "scheduled", "sending", "failed"
"""How a message stands: as it stays, or not yet."""
_HASH_BYTES = 32
_INDEX = "[0-9]{1,9}"
_DIGITS = re.compile("[0-9]{1,10}")
_PART = re.compile(_INDEX)
_WORDING = re.compile(f"{_INDEX}:{_INDEX}:[0-9a-f]{{1,64}}")
_ON_PART = re.compile(f"{_INDEX}:.*", re.DOTALL)
_DELETION = re.compile("recoverable:-?[0-9]{0,16}|tombstone:")


def is_mark(_: Any) -> bool:
    """Of a field whose being there is all that counts: the first stamp of it hides all later ones,
    so a strange value in it must not hide the fact."""
    return True


def is_words(value: Any) -> bool:
    """The words of a message."""
    return type(value) is str and len(value) <= WORDS_LIMIT_CHARACTERS


def is_name(value: Any) -> bool:
    """A short text: an address, an id, a name, a path."""
    return type(value) is str and len(value) <= NAME_LIMIT_CHARACTERS


def is_id(value: Any) -> bool:
    """A name that names something."""
    return is_name(value) and value != ""


def is_name_or_nothing(value: Any) -> bool:
    return value is None or is_name(value)


def is_integer(value: Any) -> bool:
    """A number that 64 bits hold; a time, say."""
    return type(value) is int and -INTEGER_LIMIT < value < INTEGER_LIMIT


def is_size(value: Any) -> bool:
    """So many bytes."""
    return type(value) is int and 0 <= value <= SIZE_LIMIT_BYTES


def is_life(value: Any) -> bool:
    """A life that changes can be written under."""
    return type(value) is int and 0 <= value <= LIFE_LIMIT


def is_purge(value: Any) -> bool:
    """Any number: a purge takes effect where states are joined, whatever it is."""
    return type(value) is int


def is_flag(value: Any) -> bool:
    return type(value) is bool


def is_bytes(value: Any) -> bool:
    return type(value) is bytes


def is_raw(value: Any) -> bool:
    """A value of a source's column."""
    return type(value) in (bytes, str) or is_integer(value)


def is_row(value: Any) -> bool:
    """A map of columns to what they hold."""
    return (
        type(value) is dict
        and len(value) <= COLUMNS_LIMIT
        and all(map(is_id, value))
        and all(map(is_raw, value.values()))
    )


def is_standing(value: Any) -> bool:
    """How a message stands."""
    return type(value) is str and value in (FINAL, SCHEDULED, SENDING, FAILED)


def is_origin(value: Any) -> bool:
    """[namespace, canonical source id]."""
    return _is_list(value, 2) and is_namespace(value[0]) and is_id(value[1])


def is_namespace(value: Any) -> bool:
    """The name of a namespace; references have a separator behind it."""
    return is_id(value) and NAMESPACE_END not in value


def is_split(value: Any) -> bool:
    """Whether a conversation is split, or the one that it is a part of."""
    return is_flag(value) or is_id(value)


def is_placed(value: Any) -> bool:
    """A conversation, or none."""
    return value is None or is_id(value)


def is_parts(value: Any) -> bool:
    """[decoder version, [part, ...]]."""
    return _is_decoded(value) and _are_all(value[1], _is_part)


def is_wording(value: Any) -> bool:
    """[time in ns, text]."""
    return _is_list(value, 2) and is_integer(value[0]) and is_words(value[1])


def is_reaction(value: Any) -> bool:
    """[kind, emoji or None, source guid]; taken back: [None, None, guid]."""
    return _is_list(value, 3) and all(map(is_name_or_nothing, value))


def is_sticker(value: Any) -> bool:
    """[attachment id or None, was taken back]."""
    return _is_list(value, 2) and is_name_or_nothing(value[0]) and is_flag(value[1])


def is_reply(value: Any) -> bool:
    """[id of the message replied to, the source's text of the part or None]."""
    return _is_list(value, 2) and is_id(value[0]) and is_name_or_nothing(value[1])


def is_event(value: Any) -> bool:
    """A map of short texts and numbers; it says at least its `kind`."""
    return (
        type(value) is dict
        and len(value) <= DEPTH_LIMIT
        and is_name(value.get("kind"))
        and all(is_name(key) for key in value)
        and all(item is None or is_name(item) or is_integer(item) for item in value.values())
    )


def is_undecoded(value: Any) -> bool:
    """[decoder version, [source column, ...]]."""
    return _is_decoded(value) and _are_all(value[1], is_name)


def is_content(value: Any) -> bool:
    """[keyed hash of the file, size in bytes, [[chunk name, size in bytes], ...]]."""
    return (
        _is_list(value, 3)
        and _is_hash(value[0])
        and is_size(value[1])
        and _are_all(value[2], _is_piece)
        and sum(size_bytes for _, size_bytes in value[2]) == value[1]
    )


def is_thumbnail(value: Any) -> bool:
    """[decoder version, [chunk name, size in bytes]]."""
    return _is_decoded(value) and _is_piece(value[1])


def is_life_key(key: Any) -> bool:
    """A life, in decimal."""
    return _DIGITS.fullmatch(key) is not None


def is_part_key(key: Any) -> bool:
    """The index of a part, in decimal."""
    return _PART.fullmatch(key) is not None


def is_wording_key(key: Any) -> bool:
    """`part:number:hash`."""
    return _WORDING.fullmatch(key) is not None


def is_key_on_part(key: Any) -> bool:
    """`part:` and who or what is on it."""
    return is_id(key) and _ON_PART.fullmatch(key) is not None


def is_deletion_key(key: Any) -> bool:
    """How something was deleted in a source, and when."""
    return _DELETION.fullmatch(key) is not None


def is_no_key(key: Any) -> bool:
    """Of a field that has one value."""
    return bool(key == "")


def _is_list(value: Any, items: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == items


def _are_all(value: Any, form: Form) -> bool:
    return isinstance(value, list | tuple) and len(value) <= ITEMS_LIMIT and all(map(form, value))


def _is_decoded(value: Any) -> bool:
    """What stands behind the version of its decoder."""
    return _is_list(value, 2) and is_integer(value[0])


def _is_hash(value: Any) -> bool:
    return type(value) is bytes and len(value) == _HASH_BYTES


def _is_piece(value: Any) -> bool:
    return _is_list(value, 2) and _is_hash(value[0]) and is_size(value[1])


def _is_part(value: Any) -> bool:
    """A part of a message; runs and what a later version adds are not shown."""
    return (
        type(value) is dict
        and is_integer(value.get("index", 0))
        and is_name(value.get("kind"))
        and is_words(value.get("text", ""))
        and is_name_or_nothing(value.get("attachment"))
    )
