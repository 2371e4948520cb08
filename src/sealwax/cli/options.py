"""Options that many commands share: SELECT, --at, --yes, --dry-run, --json."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from sealwax.agent.selecting import Select
from sealwax.cli.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])

at_option = click.option(
    "--at", metavar="SNAPSHOT|DATE", help="The past: a snapshot's number or name, or a date."
)
yes_option = click.option("--yes", "is_yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Only say what would be done."
)


def with_session(command: Command) -> Command:
    """Hands the session to a command, and gives it --json of its own: `sealwax list --json`."""

    @click.option("--json", "wants_json", is_flag=True, help="Print one JSON value.")
    @click.pass_obj
    @wraps(command)
    def run(session: Session, /, *arguments: Any, wants_json: bool, **options: Any) -> Any:
        session.is_json = session.is_json or wants_json
        return command(session, *arguments, **options)

    return run  # type: ignore[return-value]


def select_options(command: Command) -> Command:
    """Adds SELECT to a command: it is called with one `select`."""

    @click.option("--chat", "chats", multiple=True, help="A conversation: number, title, address.")
    @click.option("--person", "people", multiple=True, help="Messages from this address.")
    @click.option("--message", "messages", multiple=True, help="A message: number or id.")
    @click.option("--since", metavar="DATE", help="From this moment on.")
    @click.option("--until", metavar="DATE", help="Before this moment.")
    @click.option("--larger-than", metavar="SIZE", help="With a file larger than this.")
    @wraps(command)
    def run(
        *arguments: Any,
        chats: tuple[str, ...],
        people: tuple[str, ...],
        messages: tuple[str, ...],
        since: str | None,
        until: str | None,
        larger_than: str | None,
        **options: Any,
    ) -> Any:
        select = Select(chats, people, messages, since, until, larger_than)
        return command(*arguments, select=select, **options)

    return run  # type: ignore[return-value]
