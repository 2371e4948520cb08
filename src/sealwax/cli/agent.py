"""The agent as a command: run, install, uninstall."""

import datetime
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from sealwax.agent.home import HomeLocked
from sealwax.agent.installing import install, run_command, uninstall
from sealwax.agent.jobs import JobState, JobTold
from sealwax.agent.presence import Presence
from sealwax.base.clock import Clock, SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.cli.options import with_session
from sealwax.cli.session import Session
from sealwax.cli.terminal import say, say_json


@click.group("agent")
def agent_group() -> None:
    """The program that looks after this home by itself."""


@agent_group.command("run")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="The port on this computer alone; any free one by default.",
)
@with_session
def agent_run(session: Session, port: int) -> None:
    """Watch the sources, import, sync and make snapshots until it is ended (Ctrl-C).

    Other commands work through it while it runs.
    """
    # Only here: no other command needs a server.
    from sealwax.agent.hosting import LOOPBACK, Host, refuse_second
    from sealwax.agent.ported import Listeners, RunningPort
    from sealwax.agent.running import RunningAgent
    from sealwax.base.system_conditions import SystemConditions
    from sealwax.web.app import create_app
    from sealwax.web.gate import Gate, Keys
    from sealwax.web.serving import Served

    refuse_second(session.home)
    clock = SystemClock()
    log = Log(clock, session.is_json or not sys.stderr.isatty())
    with ExitStack() as stack:
        try:
            agent = stack.enter_context(session.own_agent(is_lenient=True, is_waiting=False))
        except HomeLocked:
            # Another agent may have begun while this one waited for the home.
            refuse_second(session.home)
            raise
        for note in agent.notes:
            log.tell("note", f"{note.name}: {note.what}")
        listeners = Listeners()

        def changed(told: JobTold) -> None:
            log.job(told)
            listeners.job_changed(told)

        conditions = SystemConditions(session.home, clock)
        running = RunningAgent(agent, clock, conditions, changed=changed, log=log.tell)

        def make_page(number: int) -> Gate:
            keys = Keys(SystemEntropy())
            running.page = Served(f"http://{LOOPBACK}:{number}", keys)
            hosts = [f"{LOOPBACK}:{number}", f"localhost:{number}"]
            return create_app(RunningPort(running, listeners, clock), keys, hosts)

        host = Host(running, clock, SystemEntropy(), make_page, listeners.close)
        host.serve(port, log.began)
    log.tell("ended", "")


@agent_group.command("install")
@with_session
def agent_install(session: Session) -> None:
    """Have the system start the agent now and at each login."""
    path = install(session.home, Path.home(), session.is_default_home, run_command)
    session.give({"installed": path}, lambda: say(f"The agent runs from now on: {path}"))


@agent_group.command("uninstall")
@with_session
def agent_uninstall(session: Session) -> None:
    """End the agent, and have it started no more."""
    path = uninstall(session.home, Path.home(), session.is_default_home, run_command)
    told = f"Removed: {path}" if path else "It was not installed."
    session.give({"removed": path}, lambda: say(told))


class Log:
    """Lines on standard error: what happens, without a word of a message and without secrets."""

    def __init__(self, clock: Clock, is_json: bool) -> None:
        self._clock = clock
        self._is_json = is_json

    def began(self, presence: Presence) -> None:
        self.tell("began", f"process {presence.pid}, port {presence.port}")

    def job(self, told: JobTold) -> None:
        """A job that has ended."""
        if told.ended_ms is None:
            return
        took = f", {told.ended_ms - told.began_ms} ms" if told.began_ms is not None else ""
        why = f": {told.failure.code}" if told.failure and told.state == JobState.FAILED else ""
        self.tell("job", f"{told.kind} {told.state}{took}{why}")

    def tell(self, what: str, more: str) -> None:
        at = datetime.datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone()
        if self._is_json:
            told = {"time": at.isoformat(timespec="milliseconds"), "what": what, "more": more}
            say_json(told, is_indented=False, err=True)
        else:
            say(f"{at:%H:%M:%S}  {what}  {more}".rstrip(), err=True)
