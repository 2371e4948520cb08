"""Serving the page of an open home until a person ends it, and opening it in a browser."""

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

DOORS_FILE = "open.html"
"""A file that only its owner can read holds the link: the arguments of a browser's process are for
everybody on the computer to see."""


def serve_page(
    agent: Agent, port: int = 0, is_quiet: bool = False, is_person_there: bool = True
) -> None:
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
                open_browser(door, page.new_link())
            _wait(is_person_there)
            # The page's open ends of the line go first, so that the server can end.
            local.end_events()
    finally:
        door.unlink(missing_ok=True)


def open_browser(door: Path, link: str) -> None:
    """Opens a link without naming it in the arguments of a program."""
    text = f'<!doctype html><meta http-equiv="refresh" content="0;url={link}">Opening Sealwax …'
    write_durably(door, text.encode())
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(door.as_uri())


def _wait(is_person_there: bool) -> None:
    """Until Enter, where a person sits there; else until a signal ends it."""
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        if is_person_there:
            sys.stdin.readline()
        else:
            ended.wait()
