"""Commands about how messages are grouped: conversation split, join and apart."""

import click

from sealwax.cli import show
from sealwax.cli.options import with_session
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, say


@click.group("conversation")
def conversation_group() -> None:
    """How messages are grouped into conversations."""


@conversation_group.command("split")
@click.argument("chat")
@with_session
def conversation_split(session: Session, chat: str) -> None:
    """Show CHAT apart by service: iMessage, SMS, RCS. `join` takes it back."""
    with session.agent() as agent:
        done = agent.split_conversation(chat)
    parts = ", ".join(of_others(part.rpartition("/")[2]) for part in done.parts)
    session.give(done, lambda: say(f"Split {show.count(done.messages, 'message')}: {parts}."))


@conversation_group.command("join")
@click.argument("chat")
@with_session
def conversation_join(session: Session, chat: str) -> None:
    """Show the parts of a split conversation together again; CHAT is any of them."""
    with session.agent() as agent:
        done = agent.join_conversation(chat)
    session.give(done, lambda: say(f"Joined {show.count(done.messages, 'message')}."))


@conversation_group.command("apart")
@click.argument("chat")
@with_session
def conversation_apart(session: Session, chat: str) -> None:
    """Show conversations that Sealwax took for one each for itself. No import joins them again."""
    with session.agent() as agent:
        done = agent.set_apart(chat)
    told = show.count(done, "conversation")
    session.give({"conversations": done}, lambda: say(f"Set apart: {told}."))
