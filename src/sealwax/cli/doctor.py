"""Commands about how things stand: doctor, status."""

import sys
import time

import click

from sealwax.agent.api import Agent
from sealwax.agent.doctor.examine import Examined, examine
from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.doctor.missing import Way
from sealwax.agent.status import Status, kept
from sealwax.cli import show
from sealwax.cli.options import with_session
from sealwax.cli.session import EXIT_HELD, Session
from sealwax.cli.terminal import clear, of_others, one_line, say

COLOURS = {"danger": "red", "warn": "yellow", "note": "cyan", "ok": "green"}
WATCH_SECONDS = 1.0
FINDING_CHARACTERS = 600
"""A sentence of ours with one of others in it."""
ALL_CHATS = "all"


@click.command("doctor")
@click.option(
    "--missing",
    metavar="CHAT",
    is_flag=False,
    flag_value=ALL_CHATS,
    help="Follow one conversation (or all) from its sources on, and name the first gap.",
)
@with_session
def doctor_command(session: Session, missing: str | None) -> None:
    """What is not as it should be, worst first, each with what to do.

    Exit code 3 says that something needs you.
    """
    with session.reading() as agent:
        facts = _facts(agent, session)
        if missing is not None:
            _follow(session, agent, facts, None if missing == ALL_CHATS else missing)
            return
    examined = examine(facts)
    session.give(
        {
            "findings": examined.findings,
            "sentence": examined.sentence,
            "level": examined.level,
            "needs_a_person": examined.needs_a_person,
        },
        lambda: _show(examined),
    )
    if examined.needs_a_person:
        sys.exit(EXIT_HELD)


@click.command("status")
@click.option("--watch", "is_watched", is_flag=True, help="Show it anew every second (Ctrl-C).")
@with_session
def status_command(session: Session, is_watched: bool) -> None:
    """What is safe, where, since when, and the next step."""
    if is_watched and not session.is_json:
        _watch(session)
        return
    with session.reading() as agent:
        status = agent.status()
        findings = _findings(examine(_facts(agent, session)), status)

    def tell() -> None:
        show_status(status, findings)
        if session.is_verbose:
            show_details(status)

    session.give({"status": status, "lines": findings}, tell)


def show_details(status: Status) -> None:
    """Prints what only the documents speak of: account, epoch, head."""
    devices = show.count(status.devices, "device")
    say(f"  account {status.account}", dim=True)
    say(f"  epoch {status.epoch}, head {status.head}, {devices}", dim=True)


def show_status(status: Status, findings: list[Finding]) -> None:
    """Prints the status: worst first, one sentence a line, each with what to do."""
    for finding in findings:
        show_finding(finding)
    snapshots = show.count(status.snapshots, "snapshot")
    say(
        f"  {show.size(status.sealed_bytes)} sealed,"
        f" {show.size(status.snapshot_only_bytes)} more only in snapshots; {snapshots};"
        f" {show.count(status.counts.trashed, 'message')} in the trash.",
        dim=True,
    )


def show_finding(finding: Finding) -> None:
    """Prints one sentence, and what to do."""
    say("● ", fg=COLOURS[finding.level], nl=False)
    say(one_line(finding.text, FINDING_CHARACTERS))
    if finding.remedy:
        say(f"    → {one_line(finding.remedy, FINDING_CHARACTERS)}", dim=True)


def _facts(agent: Agent, session: Session) -> Facts:
    # Only here: most commands judge nothing.
    from sealwax.agent.examining import facts_of
    from sealwax.base.clock import SystemClock
    from sealwax.base.system_conditions import SystemConditions

    clock = SystemClock()
    return facts_of(agent, SystemConditions(session.home, clock), clock)


def _findings(examined: Examined, status: Status) -> list[Finding]:
    return [*examined.findings, Finding("kept", "ok", kept(status))]


def _show(examined: Examined) -> None:
    for finding in examined.findings:
        show_finding(finding)
    if not examined.findings:
        show_finding(Finding("well", "ok", examined.sentence))


def _follow(session: Session, agent: Agent, facts: Facts, chat: str | None) -> None:
    from sealwax.agent.examining import follow_chat

    with session.progress("Reading the sources") as tell:
        way = follow_chat(agent, facts, chat, lambda seen: tell("Looking at messages", seen, 0))
    session.give({"stops": way.stops, "gap": way.gap}, lambda: _show_way(way))
    if way.gap is not None:
        sys.exit(EXIT_HELD)


def _show_way(way: Way) -> None:
    for stop in way.stops:
        mark, colour = ("✗", "red") if stop.is_gap else ("✓", "green")
        say(f"{mark} ", fg=colour, nl=False)
        say(f"{stop.place}: {of_others(stop.text)}")
        if stop.is_gap and stop.remedy:
            say(f"    → {of_others(stop.remedy)}", dim=True)
    if way.gap is None:
        say("Nothing is missing on the way.")
    else:
        say(f"The first gap: {way.gap.place}.")


def _watch(session: Session) -> None:
    """Until Ctrl-C; through the agent that runs, else with the home held by this command."""
    with session.reading() as agent:
        while True:
            status = agent.status()
            findings = _findings(examine(_facts(agent, session)), status)
            running = session.running_agent()
            jobs = [] if running is None else _jobs(running)
            clear()
            show_status(status, findings)
            for line in jobs:
                say(f"  {line}")
            time.sleep(WATCH_SECONDS)


def _jobs(running: Agent) -> list[str]:
    """What the agent does just now."""
    from sealwax.agent.remote.client import told_by

    lines = []
    for told in told_by(running).jobs:
        if told.ended_ms is None and told.step is not None:
            step = told.step
            of = f" {step.done:,} of {step.total:,} {step.unit}".rstrip() if step.total else ""
            left = f", about {step.left_ms // 60_000 + 1} min left" if step.left_ms else ""
            lines.append(f"{told.kind}: {step.phase}{of}{left}")
    return lines
