"""The acts of a theme, and the trial that each of them gets."""

from collections.abc import Callable
from typing import NamedTuple

from tests.tribunal.court import HONEST, OWNER, Court


class Act(NamedTuple):
    """One act: what is done, and, where it is to be detected, a pattern that finds the sentence
    that `status` and `doctor` say of it; or the command itself, where that mended it."""

    do: Callable[[Court], object]
    told: str = ""
    said: str = ""

    @property
    def name(self) -> str:
        return self.do.__name__.replace("_", " ")


class Acts:
    """The acts of one theme, in their order."""

    def __init__(self) -> None:
        self.all: list[Act] = []

    def detected(self, told: str) -> Callable[[Callable[[Court], object]], object]:
        """An act that the owner hears of, in a sentence that has this pattern."""
        return lambda do: self.all.append(Act(do, told))

    def mended(self, said: str) -> Callable[[Callable[[Court], object]], object]:
        """An act that is undone by the next sync, which says so in a sentence that has this."""
        return lambda do: self.all.append(Act(do, said=said))

    def harmless(self, do: Callable[[Court], object]) -> None:
        """An act that comes to nothing."""
        self.all.append(Act(do))


def try_act(court: Court, act: Act) -> None:
    """The whole trial of an act that needs nothing of its own."""
    act.do(court)
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()
    if act.told:
        court.need_told(act.told)
    elif act.said:
        court.need_said(act.said)
    else:
        court.need_calm(OWNER)
