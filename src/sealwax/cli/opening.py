"""The command that opens the app in a browser."""

import click

from sealwax.cli.options import with_session
from sealwax.cli.session import Session, can_ask
from sealwax.cli.terminal import say
from sealwax.web.opening import DOORS_FILE, door_to, serve_page, wait_for_use


@click.command("open")
@click.option("--no-browser", "is_quiet", is_flag=True, help="Only print the address.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="0: any that is free.")
@with_session
def open_command(session: Session, is_quiet: bool, port: int) -> None:
    """Open the app in a browser. It is served to this computer alone.

    Where an agent runs, it serves the app; else this command does, until Enter or Ctrl-C.
    """
    running = session.running_agent()
    if running is not None:
        from sealwax.agent.remote.client import is_link_open, link_of

        say(f"Sealwax is open at {link_of(running)}")
        say("The link works once, on this computer.", err=True)
        if not is_quiet:
            link = link_of(running)
            with door_to(session.home / DOORS_FILE, link) as is_started:
                wait_for_use(lambda: is_started and is_link_open(running, link))
        return
    with session.reading() as agent:
        serve_page(agent, port, is_quiet, is_person_there=can_ask())
