"""A piece of foreign data that could not be read as it should have been."""

from dataclasses import dataclass

EXCERPT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad piece of a source: counted and shown, never a reason to stop an import.

    `where` names the place (a table and row, a file), `what` is a short sentence that is the same
    for every problem of its kind, `excerpt` at most 200 characters that help to find it.
    `is_damage` says that a part of the source itself could not be read: what it holds is not known.
    """

    where: str
    what: str
    excerpt: str = ""
    is_damage: bool = False

    def __post_init__(self) -> None:
        if len(self.excerpt) > EXCERPT_LIMIT:
            object.__setattr__(self, "excerpt", self.excerpt[: EXCERPT_LIMIT - 1] + "…")
