"""What every command has at hand: the home, the passphrase, how to print, how to ask.

Rules of this surface: results go to standard output, everything else to standard error; with
`--json` standard output is one JSON value; nothing is asked when there is no terminal; what is said
is cleaned (`cli.terminal`).
"""

import getpass
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent, system_environment
from sealwax.agent.home import DEFAULT_HOME
from sealwax.agent.noting import Note
from sealwax.agent.presence import find_presence
from sealwax.agent.wording import count
from sealwax.base.environment import NO_SECRETS, Secrets
from sealwax.base.errors import SealwaxError
from sealwax.cli.terminal import ask, of_others, say, say_json
from sealwax.trust.home_keys import needs_passphrase

HOME_VARIABLE = "SEALWAX_HOME"
EXIT_FAILED, EXIT_USAGE, EXIT_HELD = 1, 2, 3


class Declined(SealwaxError):
    """A person did not say yes, or could not be asked."""

    code = "not-confirmed"
    hint = "Add --yes to go on without being asked."


class Session:
    """One run of the command line."""

    def __init__(
        self, home: Path, is_json: bool, is_verbose: bool, secrets: Secrets = NO_SECRETS
    ) -> None:
        """`secrets` are those that the environment held when the command began."""
        self.home = home
        self.is_json = is_json
        self.is_verbose = is_verbose
        self.secrets = secrets

    @property
    def is_default_home(self) -> bool:
        return self.home.absolute() == Path(DEFAULT_HOME).expanduser()

    @contextmanager
    def agent(self, is_lenient: bool = False, is_waiting: bool = True) -> Iterator[Agent]:
        """The home: through the agent that runs on it, else opened by this process. `is_lenient`
        opens it even where its store has trouble, `is_waiting` waits for what is on the server
        alone; see `open_agent`."""
        running = self.running_agent()
        if running is not None:
            yield running
            return
        with self.own_agent(is_lenient, is_waiting) as agent:
            yield agent

    def running_agent(self) -> Agent | None:
        """The agent that runs on the home in another process, if one does."""
        if find_presence(self.home) is None:
            return None
        # Only now: most commands need none of it.
        from sealwax.agent.remote.client import find_running

        return find_running(self.home)

    @contextmanager
    def own_agent(self, is_lenient: bool = False, is_waiting: bool = True) -> Iterator[Agent]:
        """The home, opened by this process and locked for it."""
        passphrase = self.secrets.passphrase
        if not passphrase and needs_passphrase(self.home) and can_ask():
            passphrase = getpass.getpass("Passphrase: ")
        env = system_environment(passphrase)
        with open_agent(self.home, env, is_lenient, is_waiting) as agent:
            yield agent

    @contextmanager
    def reading(self) -> Iterator[Agent]:
        """The home, opened to be read: even where its vault has trouble, which is then told."""
        with self.agent(is_lenient=True) as agent:
            self.warn(agent.warnings())
            yield agent

    def tell_whole(self, unreadable_objects: int) -> None:
        """Says so where what is shown may not be all of its moment."""
        if unreadable_objects:
            say(f"! Not whole: {unread(unreadable_objects)}", fg="red", err=True)

    def warn(self, notes: Sequence[Note]) -> None:
        """Tells what is wrong with the home as a whole."""
        for note in notes:
            say(f"! {of_others(note.name)}: {of_others(note.what)}", fg="red", err=True)
        if notes:
            say("  `sealwax verify` says more.", dim=True, err=True)

    def give(self, value: Any, show: Callable[[], None]) -> None:
        """Prints a result: as JSON when asked for, else the way `show` does."""
        if self.is_json:
            say_json(value)
        else:
            show()

    def confirm(self, question: str, is_yes: bool) -> None:
        """Goes on when a person says yes; raises Declined otherwise."""
        if is_yes:
            return
        if not can_ask():
            raise Declined(f"{question} Nobody can be asked here.")
        if not ask(question):
            raise Declined("Nothing was changed.")

    def hold(self, sentence: str, command: str) -> NoReturn:
        """Ends with exit code 3: something waits for a person; `command` continues."""
        say(sentence, err=True)
        say(f"To go on: {command}", err=True)
        sys.exit(EXIT_HELD)

    @contextmanager
    def progress(self, phase: str) -> Iterator[Callable[[str, int, int], None]]:
        """A progress bar on a terminal for anything that takes over a second; else silence.

        The function that it gives takes the phase, how much is done, and the total (0: unknown).
        """
        if self.is_json or not sys.stderr.isatty():
            yield lambda *_: None
            return
        from sealwax.cli.progress import progress_bar

        with progress_bar(phase) as told:
            yield told


def unread(objects: int) -> str:
    """What it means that some objects could not be read."""
    named = count(objects, "sealed object")
    return f"{named} could not be read, so messages may be missing. `sealwax verify` names them."


def can_ask() -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty() and "CI" not in os.environ


def fail(error: SealwaxError, is_json: bool, is_verbose: bool = False) -> NoReturn:
    """Says what is wrong and what to do, and ends."""
    if is_json:
        told = {"error": error.code, "message": error.sentence, "hint": error.hint}
        say_json(told, is_indented=False)
    code = f" [{error.code}]" if is_verbose else ""
    say(f"sealwax: {of_others(error.sentence)}{code}", err=True)
    if error.hint:
        say(f"  {error.hint}", err=True)
    sys.exit(EXIT_FAILED)
