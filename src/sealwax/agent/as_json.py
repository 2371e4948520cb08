"""Frozen values of the agent as what JSON can say."""

from pathlib import Path
from typing import Any

import msgspec


def as_json(value: Any) -> Any:
    """A frozen value of this API as what JSON can say: maps by field name, paths and hashes as
    text, and texts without what is no character: names of files may be any bytes."""
    if isinstance(value, str):
        return value if value.isascii() else _characters(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_json(item) for name, item in value._asdict().items()}
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return _characters(str(value))
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def _characters(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
