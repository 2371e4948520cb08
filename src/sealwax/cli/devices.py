"""Commands about the account's devices; and what a new machine shows when it joins."""

import datetime
import sys
from pathlib import Path

import click
import msgspec

from sealwax.agent.as_json import as_json
from sealwax.agent.device import Environment
from sealwax.agent.joining import join_home
from sealwax.agent.linking import Offered
from sealwax.cli import show
from sealwax.cli.options import with_session, yes_option
from sealwax.cli.session import Session, can_ask, clean
from sealwax.trust.linking import Candidate
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

    def confirm(candidate: Candidate) -> bool:
        if is_yes:
            return True
        if not can_ask():
            return False
        click.echo(f"“{clean(candidate.name)}” wants in. Its screen must show", err=True)
        click.secho(f"    {spaced(candidate.digits)}", bold=True, err=True)
        return click.confirm("Does it?", err=True)

    with session.agent() as agent:
        linked = agent.devices.link(tell, confirm)
    if session.is_json:
        _line(as_json(linked))
    else:
        click.echo(f"“{clean(linked.name)}” is one of the account's devices now.")


@device_group.command("list")
@click.option("--all", "is_all", is_flag=True, help="Those that were removed, too.")
@with_session
def device_list(session: Session, is_all: bool) -> None:
    """The devices: when each was added, by whom, and when it was last seen."""
    with session.reading() as agent:
        devices = agent.devices.list(is_all, agent.devices.asked_ms())
    session.give(devices, lambda: _show_devices(devices))


@device_group.command("revoke")
@click.argument("device", metavar="NAME|ID")
@yes_option
@with_session
def device_revoke(session: Session, device: str, is_yes: bool) -> None:
    """Put a device out: it opens nothing that is written from now on, and writes nothing that
    counts. What it has already stays with it."""
    with session.agent() as agent:
        found = agent.devices.find(device)
        session.confirm(f"Remove “{clean(found.name)}” from the account?", is_yes)
        agent.devices.revoke(found.id.hex())
    session.give(found, lambda: _show_revoked(found))


@device_group.command("rename")
@click.argument("device", metavar="NAME|ID")
@click.argument("name")
@with_session
def device_rename(session: Session, device: str, name: str) -> None:
    """Give a device another name."""
    with session.agent() as agent:
        found = agent.devices.rename(device, name)
    session.give(found, lambda: click.echo(f"It is called “{clean(found.name)}” now."))


def show_joining(
    session: Session, address: str, code: str, name: str, environment: Environment
) -> None:
    """Joins an account with a code, and says what happens."""
    if code == "-":
        code = click.prompt("Code", err=True)

    def tell(digits: str) -> None:
        click.echo("Compare on the other device:", err=True)
        click.secho(f"    {spaced(digits)}", bold=True, err=True)
        click.echo("Waiting until it says yes.", err=True)

    join_home(session.home, address, code, name, environment, tell)
    session.give({"home": session.home}, lambda: _show_joined(session.home))


def spaced(digits: str) -> str:
    """Six digits as two groups."""
    return f"{digits[:3]} {digits[3:]}"


def _show_devices(devices: list[KnownDevice]) -> None:
    show.table(
        ("device", "id", "added", "by", "last seen", ""),
        [
            (
                clean(device.name),
                device.id.hex()[:8],
                show.day_and_time(device.added_ms * 1_000_000),
                clean(device.added_by or "-"),
                show.day_and_time(device.seen_ms * 1_000_000) if device.seen_ms else "-",
                _mark(device),
            )
            for device in devices
        ],
    )


def _mark(device: KnownDevice) -> str:
    if device.revoked_ms is not None:
        day = show.day_and_time(device.revoked_ms * 1_000_000)
        return f"removed {day} by {clean(device.revoked_by or '-')}"
    return "this device" if device.is_this else ""


def _show_revoked(device: KnownDevice) -> None:
    click.echo(f"“{clean(device.name)}” is out. What is written from now on, it cannot open.")
    click.echo("What it had already stays with it. docs/devices.md says what else to do.")


def _show_code(offered: Offered) -> None:
    click.echo("On the new machine, within ten minutes:")
    click.echo()
    click.secho(f"    sealwax init --store PLACE --join {offered.code}", bold=True, fg="green")
    click.echo()
    click.echo("PLACE is the address of your server, or the folder that the devices share.")


def _show_joined(home: Path) -> None:
    click.echo(f"Linked: {home}")
    click.echo("This device is one of the account's now.")


def _line(value: object) -> None:
    """One JSON value on a line of its own, at once."""
    click.echo(msgspec.json.encode(value).decode())
    sys.stdout.flush()


def _moment(time_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(time_ms // 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
