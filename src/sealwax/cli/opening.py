"""The command that opens the app in a browser."""

import contextlib
import signal
import sys
import webbrowser
from pathlib import Path
from threading import Event

import click

from sealwax.agent.api import Agent
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.paths import write_durably
from sealwax.cli.options import with_session
from sealwax.cli.session import Session, can_ask

DOORS_FILE = "open.html"
"""A file that only its owner can read holds the link: the arguments of a browser's process are for
everybody on the computer to see."""


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
        from sealwax.agent.remote.client import link_of

        click.echo(f"Sealwax is open at {link_of(running)}")
        click.echo("The link works once, on this computer.", err=True)
        if not is_quiet:
            _open_browser(session.home / DOORS_FILE, link_of(running))
        return
    with session.reading() as agent:
        serve_page(agent, port, is_quiet)


def serve_page(agent: Agent, port: int = 0, is_quiet: bool = False) -> None:
    """Serves the page of an open home until Enter, Ctrl-C or SIGTERM."""
    # The server takes a while to load, and no other command needs it.
    from sealwax.agent.ported import port_of
    from sealwax.base.system_conditions import SystemConditions
    from sealwax.web.serving import served

    clock = SystemClock()
    door = agent.home / DOORS_FILE
    try:
        with (
            port_of(agent, clock, SystemConditions(agent.home, clock)) as local,
            served(local, SystemEntropy(), clock, port) as page,
        ):
            told = "The link works once, on this computer. Enter or Ctrl-C ends it."
            click.echo(f"Sealwax is open at {page.new_link()}")
            click.echo(told, err=True)
            sys.stdout.flush()
            if not is_quiet:
                _open_browser(door, page.new_link())
            _wait()
            # The page's open ends of the line go first, so that the server can end.
            local.end_events()
    finally:
        door.unlink(missing_ok=True)


def _open_browser(door: Path, link: str) -> None:
    text = f'<!doctype html><meta http-equiv="refresh" content="0;url={link}">Opening Sealwax …'
    write_durably(door, text.encode())
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(door.as_uri())


def _wait() -> None:
    """Until Enter, where a person sits there; else until a signal ends it."""
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        if can_ask():
            sys.stdin.readline()
        else:
            ended.wait()
