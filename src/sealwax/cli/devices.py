"""Commands about the account's devices; and what a new machine shows when it joins."""

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sealwax.agent.api import Agent
from sealwax.agent.as_json import as_json
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.joining import join_home
from sealwax.agent.linking import Asking, Offered
from sealwax.agent.wording import count
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.session import Session, can_ask
from sealwax.cli.terminal import ask, of_others, say, say_json
from sealwax.stores.base import StoreError
from sealwax.sync.adopting import Adoption
from sealwax.trust.roster import KnownDevice


@click.group("device")
def device_group() -> None:
    """The account's devices."""


@device_group.command("link")
@yes_option
@with_session
def device_link(session: Session, is_yes: bool) -> None:
    """Let a new device in: shows a code to type there, and waits up to ten minutes.

    Compare the six digits on both screens before you say yes. With --yes the device that proves the
    code is let in without being asked for: then whoever sees the code first is in.
    """

    def tell(offered: Offered) -> None:
        if session.is_json:
            _line({"code": offered.code, "expires": _moment(offered.expires_ms)})
        else:
            _show_code(offered)

    def confirm(asking: Asking) -> bool:
        if is_yes:
            return True
        if not can_ask():
            return False
        say(f"“{of_others(asking.name)}” wants in. Its screen must show", err=True)
        say(f"    {spaced(asking.digits)}", bold=True, err=True)
        return ask("Does it?")

    with session.agent() as agent:
        linked = agent.devices.link(tell, confirm)
    if session.is_json:
        _line(as_json(linked))
    else:
        say(f"“{of_others(linked.name)}” is one of the account's devices now.")


@device_group.command("list")
@click.option("--all", "is_all", is_flag=True, help="Those that were removed, too.")
@with_session
def device_list(session: Session, is_all: bool) -> None:
    """The devices: when each was added, by whom, and when it was last seen."""
    with session.reading() as agent:
        devices = agent.devices.list(is_all, agent.devices.asked_ms())
    session.give(devices, lambda: show_devices(devices))


@device_group.command("revoke")
@click.argument("device", metavar="NAME|ID")
@yes_option
@with_session
def device_revoke(session: Session, device: str, is_yes: bool) -> None:
    """Put a device out: it opens nothing that is written from now on, and writes nothing that
    counts. What it has already stays with it.

    What it had kept for itself and backed up, with sync off, is offered to be adopted then.
    """
    with session.agent() as agent:
        found = agent.devices.find(device)
        session.confirm(f"Remove “{of_others(found.name)}” from the account?", is_yes)
        agent.devices.revoke(found.id.hex())
        if not session.is_json:
            _show_revoked(found)
        adopted = _offer_adoption(session, agent, found, is_yes)
    session.give({**as_json(found), "adopted": as_json(adopted)}, lambda: None)


@device_group.command("adopt")
@click.argument("device", metavar="NAME|ID")
@dry_run_option
@yes_option
@with_session
def device_adopt(session: Session, device: str, is_dry_run: bool, is_yes: bool) -> None:
    """Take over what a lost or removed device kept for itself while its sync was off.

    It waits here then, and is shared with the next sync. Snapshots that the device made for itself
    stay where they are. Doing it again adds nothing.
    """
    with session.agent() as agent:
        found = agent.devices.find(device, True)
        plan = agent.devices.plan_adoption(found.id.hex())
        is_done = not is_dry_run and not plan.is_nothing
        if not session.is_json:
            _show_adoption(found, plan)
        if is_done:
            session.confirm("Take it over?", is_yes)
            plan = agent.devices.adopt(found.id.hex())
    told = {"device": as_json(found), "plan": as_json(plan), "done": is_done}
    session.give(told, lambda: _show_adopted() if is_done else None)


@device_group.command("rename")
@click.argument("device", metavar="NAME|ID")
@click.argument("name")
@with_session
def device_rename(session: Session, device: str, name: str) -> None:
    """Give a device another name."""
    with session.agent() as agent:
        found = agent.devices.rename(device, name)
    session.give(found, lambda: say(f"It is called “{of_others(found.name)}” now."))


def show_joining(
    session: Session, address: str, code: str, name: str, environment: Environment
) -> None:
    """Joins an account with a code, and says what happens."""
    if code == "-":
        code = click.prompt("Code", err=True)

    def tell(digits: str) -> None:
        say("Compare on the other device:", err=True)
        say(f"    {spaced(digits)}", bold=True, err=True)
        say("Waiting until it says yes.", err=True)

    join_home(session.home, address, code, name, environment, tell)
    session.give({"home": session.home}, lambda: _show_joined(session.home))
    tell_history(session, environment)


def tell_history(session: Session, environment: Environment) -> None:
    """Opens a home that was just made: what could not be fetched is told at once."""
    with open_agent(session.home, environment, is_lenient=True) as agent:
        session.warn(agent.warnings())
        count = agent.status().counts.messages
    say(f"{show.count(count, 'message')} here.", err=True)


def spaced(digits: str) -> str:
    """Six digits as two groups."""
    return f"{digits[:3]} {digits[3:]}"


def show_devices(devices: Sequence[KnownDevice]) -> None:
    """Prints a table of devices."""
    show.table(
        ("device", "id", "added", "by", "last seen", ""),
        [
            (
                of_others(device.name),
                device.id.hex()[:8],
                show.day_and_time(device.added_ms * 1_000_000),
                of_others(device.added_by or "-"),
                show.day_and_time(device.seen_ms * 1_000_000) if device.seen_ms else "-",
                _mark(device),
            )
            for device in devices
        ],
    )


def _mark(device: KnownDevice) -> str:
    if device.revoked_ms is not None:
        day = show.day_and_time(device.revoked_ms * 1_000_000)
        return f"removed {day} by {of_others(device.revoked_by or '-')}"
    return "this device" if device.is_this else ""


def _show_revoked(device: KnownDevice) -> None:
    say(f"“{of_others(device.name)}” is out. What is written from now on, it cannot open.")
    say("What it had already stays with it. docs/devices.md says what else to do.")


def _offer_adoption(
    session: Session, agent: Agent, device: KnownDevice, is_yes: bool
) -> Adoption | None:
    """After a revocation: what the device kept for itself, taken over if a person wants it. That
    the revocation is done must not depend on any of it."""
    try:
        plan = agent.devices.plan_adoption(device.id.hex())
        if plan.is_nothing:
            return None
        if not session.is_json:
            _show_adoption(device, plan)
        if not is_yes and not (can_ask() and ask("Take it over?")):
            say(f"Later: sealwax device adopt {device.id.hex()[:8]}", err=True)
            return None
        adopted = agent.devices.adopt(device.id.hex())
    except StoreError as error:
        say(
            f"What it kept for itself could not be looked at: {of_others(error.sentence)}", err=True
        )
        say(f"Later: sealwax device adopt {device.id.hex()[:8]}", err=True)
        return None
    if not session.is_json:
        _show_adopted()
    return adopted


def _show_adoption(device: KnownDevice, plan: Adoption) -> None:
    name = of_others(device.name)
    if plan.is_nothing:
        say(f"“{name}” kept nothing for itself that is not here.")
    else:
        since = show.day_and_time(plan.since_ms * 1_000_000)
        say(
            f"“{name}” kept for itself, since {since}: {count(plan.messages, 'message')},"
            f" {count(plan.attachments, 'attachment')}, {show.size(plan.size_bytes)}."
        )
    if plan.deletions:
        say(f"It also put {count(plan.deletions, 'record')} into the trash.")
    if plan.unreadable:
        say(f"{count(plan.unreadable, 'object')} of it cannot be read.")


def _show_adopted() -> None:
    say("It is here now. The next sync shares it.")


def _show_code(offered: Offered) -> None:
    say("On the new machine, within ten minutes:")
    say()
    say(f"    sealwax init --store PLACE --join {offered.code}", bold=True, fg="green")
    say()
    say("PLACE is the address of your server, or the folder that the devices share.")


def _show_joined(home: Path) -> None:
    say(f"Linked: {home}")
    say("This device is one of the account's now.")


def _line(value: object) -> None:
    """One JSON value on a line of its own, at once."""
    say_json(value, is_indented=False)
    sys.stdout.flush()


def _moment(time_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(time_ms // 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
