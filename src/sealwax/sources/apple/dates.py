"""Apple's dates: since 2001-01-01 UTC, in seconds before macOS 10.13 and iOS 11, in ns since."""

import math

EPOCH_SECONDS = 978_307_200
_NANOSECONDS_FROM = 1_000_000_000_000
_LIMIT_NS = 2**63 - 1
SECOND_NS = 1_000_000_000
MS_NS = 1_000_000


def unix_ns(apple: object) -> int | None:
    """Nanoseconds since 1970 of an Apple date; None for 0 (never), for what is no number and for
    what no clock can mean."""
    if isinstance(apple, float):
        apple = int(apple) if math.isfinite(apple) else 0
    if not isinstance(apple, int) or apple == 0:
        return None
    elapsed_ns = apple if abs(apple) >= _NANOSECONDS_FROM else apple * SECOND_NS
    found = elapsed_ns + EPOCH_SECONDS * SECOND_NS
    return found if abs(found) <= _LIMIT_NS else None


def unix_ns_of_seconds(seconds: object) -> int | None:
    """Nanoseconds since 1970 of a number of seconds since 2001, whole or not."""
    if not isinstance(seconds, int | float) or not abs(seconds) < 1e12:
        return None
    return round(seconds * 1_000_000) * 1_000 + EPOCH_SECONDS * SECOND_NS


def to_ms(time_ns: int) -> int:
    """Milliseconds of nanoseconds."""
    return time_ns // MS_NS
