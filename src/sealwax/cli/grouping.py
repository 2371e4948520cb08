"""Commands about what belongs together: conversation split, join, apart; message join, apart."""

import click

from sealwax.cli import show
from sealwax.cli.options import with_session
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, say
from sealwax.intake.apart import NotApart


@click.group("conversation")
def conversation_group() -> None:
    """How messages are grouped into conversations."""


@conversation_group.command("split")
@click.argument("chat")
@with_session
def conversation_split(session: Session, chat: str) -> None:
    """Show CHAT apart by service: iMessage, SMS, RCS. `join` takes it back."""
    with session.agent() as agent:
        done = agent.grouping.split(chat)
    parts = ", ".join(of_others(part.rpartition("/")[2]) for part in done.parts)
    session.give(done, lambda: say(f"Split {show.count(done.messages, 'message')}: {parts}."))


@conversation_group.command("join")
@click.argument("chat")
@with_session
def conversation_join(session: Session, chat: str) -> None:
    """Take `split` or `apart` back: show what CHAT was a part of as one conversation again."""
    with session.agent() as agent:
        try:
            number = agent.grouping.put_together(chat)
        except NotApart:
            done = agent.grouping.join(chat)
            session.give(done, lambda: say(f"Joined {show.count(done.messages, 'message')}."))
            return
    told = show.count(number, "conversation")
    session.give({"conversations": number}, lambda: say(f"Joined {told}."))


@conversation_group.command("apart")
@click.argument("chat")
@with_session
def conversation_apart(session: Session, chat: str) -> None:
    """Show conversations that Sealwax took for one each for itself. No import joins them again;
    `join` takes it back."""
    with session.agent() as agent:
        done = agent.grouping.set_apart(chat)
    told = show.count(done, "conversation")
    session.give({"conversations": done}, lambda: say(f"Set apart: {told}."))


@click.group("message")
def message_group() -> None:
    """Which messages are one and the same."""


@message_group.command("apart")
@click.argument("message")
@with_session
def message_apart(session: Session, message: str) -> None:
    """Show messages that Sealwax took for one each for itself. MESSAGE is a number that `read`
    shows, or the id of the source. No import joins them again; `join` takes it back."""
    with session.agent() as agent:
        done = agent.grouping.set_message_apart(message)
    told = show.count(done, "message")
    session.give({"messages": done}, lambda: say(f"Set apart: {told}."))


@message_group.command("join")
@click.argument("message")
@with_session
def message_join(session: Session, message: str) -> None:
    """Take `apart` back: show messages as one again. MESSAGE is any of them."""
    with session.agent() as agent:
        done = agent.grouping.put_message_together(message)
    told = show.count(done, "message")
    session.give({"messages": done}, lambda: say(f"Joined {told}."))
