"""Serving the page of an open home until a person ends it, and opening it in a browser."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import click

from sealwax.agent.api import Agent
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.environment import for_children
from sealwax.base.paths import write_durably

DOORS_FILE = "open.html"
"""A file that only its owner can read holds the link: the arguments of a browser's process are for
everybody on the computer to see."""
USE_SECONDS = 60.0
"""How long a browser may take to follow the link, at most."""
_LOOK_SECONDS = 0.2
_START = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


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
    with (
        port_of(agent, clock, SystemConditions(agent.home, clock)) as local,
        served(local, SystemEntropy(), clock, port) as page,
    ):
        told = "The link works once, on this computer. Enter or Ctrl-C ends it."
        click.echo(f"Sealwax is open at {page.new_link()}")
        click.echo(told, err=True)
        sys.stdout.flush()
        with contextlib.nullcontext() if is_quiet else door_to(door, page.new_link()):
            _wait(is_person_there)
        # The page's open ends of the line go first, so that the server can end.
        local.end_events()


@contextlib.contextmanager
def door_to(door: Path, link: str) -> Iterator[bool]:
    """Opens a link in a browser without naming it in the arguments of a program. The file that
    names it instead is there while the `with` block runs. Gives whether there is a browser."""
    text = f'<!doctype html><meta http-equiv="refresh" content="0;url={link}">Opening Sealwax …'
    try:
        write_durably(door, text.encode())
        yield _start_browser(door.as_uri())
    finally:
        door.unlink(missing_ok=True)


def wait_for_use(is_open: Callable[[], bool], pause: Callable[[float], None] = time.sleep) -> None:
    """Returns when a link was used, or is not likely to be any more."""
    for _ in range(round(USE_SECONDS / _LOOK_SECONDS)):
        if not is_open():
            return
        pause(_LOOK_SECONDS)


def _start_browser(address: str) -> bool:
    """By a process of its own, for a browser gets the environment of whoever starts it."""
    if not sys.executable:
        return False
    command = [sys.executable, "-P", "-c", _START, address]
    done = subprocess.run(command, env=for_children(os.environ), check=False)  # noqa: S603
    return done.returncode == 0


def _wait(is_person_there: bool) -> None:
    """Until Enter, where a person sits there; else until a signal ends it."""
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        if is_person_there:
            sys.stdin.readline()
        else:
            ended.wait()
