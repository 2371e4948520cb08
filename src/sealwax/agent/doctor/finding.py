"""One sentence of the doctor: what is so, how bad it is, what to do."""

import datetime
import shlex
from typing import Literal, NamedTuple, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warn", "danger"]
ORDER: dict[Level, int] = {"danger": 0, "warn": 1, "note": 2, "ok": 3}


class Finding(NamedTuple):
    """`key` names the kind of finding and is stable; `remedy` says what to do; `action` is what a
    button may do about it (see `agent.port.Line`), or empty, and `subject` what it does it to.
    `is_elsewhere` says that the commands of the remedy are for another device."""

    key: str
    level: Level
    text: str
    remedy: str = ""
    action: str = ""
    subject: str = ""
    is_elsewhere: bool = False

    @property
    def needs_a_person(self) -> bool:
        return self.level in ("danger", "warn")


def command(*words: str) -> str:
    """A command of Sealwax as a remedy names it, ready to be typed."""
    return f"`sealwax {shlex.join(words)}`"


def moment(time_ms: int, now_ms: int, zone: datetime.tzinfo | None) -> str:
    """14:02 of today, else 3 May 14:02, with the year where it is another."""
    try:
        at = datetime.datetime.fromtimestamp(time_ms / 1000, zone)
        now = datetime.datetime.fromtimestamp(now_ms / 1000, zone)
    except (OverflowError, OSError, ValueError):
        return "an unknown time"
    if at.date() == now.date():
        return f"{at:%H:%M}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {at:%B}{year} {at:%H:%M}"


def day(time_ms: int, zone: datetime.tzinfo | None) -> str:
    """3 June 2027."""
    try:
        at = datetime.datetime.fromtimestamp(time_ms / 1000, zone)
    except (OverflowError, OSError, ValueError):
        return "an unknown day"
    return f"{at.day} {at:%B} {at.year}"
