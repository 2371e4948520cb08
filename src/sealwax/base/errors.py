"""What can go wrong in the world, as exceptions a person can act on.

Every error carries a stable `code`, one plain sentence and a hint that says what to do. Bad rows in
a source are not errors but `Problem` values; mistakes of our own are assertions. Modules define
their errors as subclasses, next to the code that raises them; a message never holds a secret or a
word of a message.
"""

from typing import ClassVar


class SealwaxError(Exception):
    """The world is not as it must be; `code` is stable, `hint` says what to do about it."""

    code: ClassVar[str] = "error"
    hint: str = ""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return self.sentence


def codes() -> dict[str, type[SealwaxError]]:
    """Every error code that is loaded, with its class: the list in `docs/errors.md`."""
    found: dict[str, type[SealwaxError]] = {}
    pending = [SealwaxError]
    while pending:
        for kind in pending.pop().__subclasses__():
            found[kind.code] = kind
            pending.append(kind)
    return found
