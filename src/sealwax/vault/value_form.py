"""What a value of a change may be: nil, bool, int, text, bytes, lists, and maps with texts as keys.

There are no floats, and nothing stands too deep in something else. Whether a value has the form of
its field is asked later, and by nobody who stores it: see `model.form`.
"""

from collections.abc import Iterable
from typing import Any

DEPTH_LIMIT = 64
"""A value stands in fewer lists and maps than this."""
ONLY_INTEGERS = frozenset((int,))
ONLY_TEXTS = frozenset((str,))
_SCALARS = frozenset((int, str, bytes, bool, type(None)))


def check_values(values: Iterable[Any], depth: int = DEPTH_LIMIT) -> None:
    """Raises ValueError where one of many values has not the form of one."""
    if _SCALARS.issuperset(map(type, values)):
        return
    for value in values:
        kind = type(value)
        if kind in _SCALARS or (kind is list and _SCALARS.issuperset(map(type, value))):
            continue
        _check_value(value, depth)


def check_decoded(value: Any) -> None:
    """Raises ValueError unless a decoded value stands behind the version of its decoder."""
    if type(value) is not list or len(value) != 2 or type(value[0]) is not int:
        raise ValueError


def _check_value(value: Any, depth: int) -> None:
    if depth == 0 or isinstance(value, float):
        raise ValueError
    if isinstance(value, list):
        for item in value:
            _check_value(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                raise ValueError
            _check_value(item, depth - 1)
    elif value is not None and not isinstance(value, str | int | bytes):
        raise ValueError
