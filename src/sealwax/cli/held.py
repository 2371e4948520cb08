"""Commands that answer what was taken away in larger numbers than usual: held."""

import click

from sealwax.agent.api import Agent
from sealwax.agent.doctor.finding import moment
from sealwax.agent.questions import Asked, question
from sealwax.agent.wording import count
from sealwax.cli.options import with_session, yes_option
from sealwax.cli.session import Session
from sealwax.cli.terminal import say


@click.group("held")
def held_group() -> None:
    """What came to be deleted in larger numbers than usual, and waits for an answer."""


@held_group.command("list")
@with_session
def held_list(session: Session) -> None:
    """Show what waits for an answer."""
    with session.reading() as agent:
        found = agent.held.questions()
        now_ms = agent.status().now_ms
    session.give({"questions": found}, lambda: _show(found, now_ms))


@held_group.command("accept")
@click.argument("number", type=int, required=False)
@yes_option
@with_session
def held_accept(session: Session, number: int | None, is_yes: bool) -> None:
    """It was meant: what is in the trash stays there, what was purged or let go of goes.

    NUMBER is that of one question; without it, all are answered.
    """
    _answer(session, True, "Leave all that is held as it is?", number, is_yes)


@held_group.command("undo")
@click.argument("number", type=int, required=False)
@click.option(
    "--recent",
    "is_recent",
    is_flag=True,
    help="Bring back all that other devices took away in the last 15 days, asked about or not.",
)
@yes_option
@with_session
def held_undo(session: Session, number: int | None, is_recent: bool, is_yes: bool) -> None:
    """It was not meant: bring everything back.

    NUMBER is that of one question; without it, all are answered.
    """
    if is_recent and number is not None:
        raise click.UsageError("--recent is about all of it: it takes no number.")
    if not is_recent:
        _answer(session, False, "Bring back all that is held?", number, is_yes)
        return
    session.confirm("Bring back all that other devices took away in the last 15 days?", is_yes)
    with session.agent() as agent:
        done = agent.held.take_back()
    _tell(session, done, "are back")


def _answer(
    session: Session, is_accepted: bool, asking: str, number: int | None, is_yes: bool
) -> None:
    with session.agent() as agent:
        waiting = _waiting(agent, number)
        if waiting:
            session.confirm(f"{asking} {count(waiting, 'thing')} wait.", is_yes)
        done = agent.answer_held(is_accepted, number) if waiting or number is not None else 0
    _tell(session, done, "stay as they are" if is_accepted else "are back")


def _waiting(agent: Agent, number: int | None) -> int:
    """How many records and snapshots are answered about."""
    asked = [one for one in agent.held.questions() if number in (None, one.number)]
    return sum(one.records + len(one.snapshots) for one in asked)


def _tell(session: Session, done: int, act: str) -> None:
    told = f"{done:,} {act}." if done else "Nothing is held."
    session.give({"records": done}, lambda: say(told))


def told_questions(found: list[Asked], now_ms: int) -> list[str]:
    """One text a question."""
    return [question(one, moment(one.seen_ms, now_ms, None)) for one in found]


def _show(found: list[Asked], now_ms: int) -> None:
    for asked, told in zip(found, told_questions(found, now_ms), strict=True):
        say(f"{asked.number:>4}  {told}")
    if not found:
        say("Nothing is held.")
