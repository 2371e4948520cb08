"""The one place where anything reaches a terminal: everything that is said here is cleaned.

Words come from messages, from databases, from a server and whoever runs it. Some characters are no
words but orders: they clear the screen, set its title, turn the line around. None of them is let
through. What others say is cut as well: a sentence of theirs is one line, and not a screen of ours.
"""

import re
from typing import Any

import click
import msgspec

from sealwax.agent.as_json import as_json

OTHERS_LIMIT_CHARACTERS = 300
_KEPT = frozenset("\n\u200d\ufe0f")
"""Line ends; and what joins emoji, and asks for their colours."""
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON lets through as it is: the second row of control characters, and what turns lines."""


def say(text: object = "", nl: bool = True, err: bool = False, **style: Any) -> None:
    """Prints a text, cleaned; on standard error with `err`. `style` is that of `click.style`."""
    cleaned = clean(str(text))
    click.echo(click.style(cleaned, **style) if style else cleaned, nl=nl, err=err)


def say_json(value: Any, is_indented: bool = True, err: bool = False) -> None:
    """Prints a value as JSON; what could steer a terminal is escaped."""
    click.echo(json_text(value, is_indented), err=err)


def ask(question: str, default: bool = False) -> bool:
    """Whether a person says yes to a question, cleaned; asked on standard error."""
    return click.confirm(clean(question), default=default, err=True)


def clear() -> None:
    """Empties the screen."""
    click.clear()


def clean(text: str) -> str:
    """Text for a terminal: control characters, which could steer it, become spaces."""
    return "".join(letter if letter.isprintable() or letter in _KEPT else " " for letter in text)


def one_line(text: str, width: int) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def of_others(text: str) -> str:
    """What a server, a source or a system says: one line, and not a long one."""
    return one_line(text, OTHERS_LIMIT_CHARACTERS)


def json_text(value: Any, is_indented: bool = True) -> str:
    """A value as JSON. What could steer a terminal is escaped: it can stand in texts alone, where
    an escape means the same."""
    encoded = msgspec.json.encode(as_json(value))
    text = msgspec.json.format(encoded, indent=2 if is_indented else 0).decode()
    return _STEERING.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
