"""Apple's calendar: since 2001-01-01 UTC, nanoseconds in columns and seconds inside plists."""

APPLE_EPOCH_MS = 978_307_200_000
"""2001-01-01 UTC in milliseconds since 1970."""


def nanoseconds(time_ms: int) -> int:
    """A column's date (macOS 10.13 and later)."""
    return (time_ms - APPLE_EPOCH_MS) * 1_000_000


def seconds(time_ms: int) -> float:
    """A date inside a property list."""
    return (time_ms - APPLE_EPOCH_MS) / 1000


def from_nanoseconds(date: int) -> int:
    """A column's date in milliseconds since 1970."""
    return date // 1_000_000 + APPLE_EPOCH_MS
