"""Commands of whoever runs a server: serve, admin. They need no home."""

import datetime
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from sealwax.agent.wording import count
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.session import Session, clean, one_line

if TYPE_CHECKING:
    from sealwax.ledger.wire import Usage
    from sealwax.server.accounts import Accounts
    from sealwax.server.deleting import Deletion

SERVER_VARIABLE = "SEALWAX_SERVER"
DEFAULT_SERVER = "~/.local/share/sealwax-server"
DEFAULT_PORT = 8420
REASON_WIDTH = 200
PLAN_LIMIT_BYTES = 2**50
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(MB|GB|TB)", re.IGNORECASE)
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}

Command = TypeVar("Command", bound=Callable[..., Any])


class AdminRefused(SealwaxError):
    """The server's accounts cannot be changed in this way."""

    code = "admin-refused"
    hint = "`sealwax admin account list` shows every account and its name."


class PlanBad(SealwaxError):
    """The size of a plan is none."""

    code = "plan-bad"
    hint = "Write a number and MB, GB or TB: 50GB."


class LineOpen(SealwaxError):
    """Other computers could reach the server over a line that is not encrypted."""

    code = "server-line-open"
    hint = (
        "Give --certificate and --key, or put a program that does TLS before it and say"
        " --behind-proxy; docs/server.md shows both."
    )


def _with_folder(command: Command) -> Command:
    """Hands a command the folder of the server, as `folder`."""

    @click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=lambda: os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER,
        help=f"Where the server keeps everything ({SERVER_VARIABLE}; {DEFAULT_SERVER}).",
    )
    @wraps(command)
    def run(*arguments: Any, folder: Path, **options: Any) -> Any:
        return command(*arguments, folder=folder.expanduser(), **options)

    return run  # type: ignore[return-value]


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@_with_folder
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A certificate and its chain (PEM), for TLS.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The certificate's key (PEM).",
)
@click.option("--behind-proxy", "is_proxied", is_flag=True, help="Another program does TLS.")
@with_session
def serve_command(
    session: Session,
    port: int,
    host: str,
    folder: Path,
    certificate: Path | None,
    key: Path | None,
    is_proxied: bool,
) -> None:
    """Keep the sealed histories of accounts, for their devices. Prints its address, and stops on
    SIGTERM or Ctrl-C when what was asked is answered.

    It sees sizes, times and public keys, and can read no word.
    """
    from sealwax.base.loopback import is_loopback
    from sealwax.server.readiness import tell_ready
    from sealwax.server.serve import Listening, opened_parts, serve

    if (certificate is None) is not (key is None):
        raise click.UsageError("--certificate and --key belong together.")
    if certificate is None and not is_proxied and not is_loopback(host):
        raise LineOpen(f"Whoever is on the way to {host} could see who asks for what.")

    def told(url: str) -> None:
        click.echo(msgspec.json.encode({"url": url}).decode() if session.is_json else url)
        sys.stdout.flush()
        tell_ready(os.environ)

    # Both mean a graceful stop, which is no failure, also while it begins.
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked_to_stop.append(number))
    clock, where = SystemClock(), Listening(host, port, certificate, key, is_proxied)
    with opened_parts(folder, clock, SystemEntropy()) as parts:
        serve(parts, where, clock, told, lambda: bool(asked_to_stop))


@click.group("admin")
def admin_group() -> None:
    """The accounts of a server, whether it runs or not; on the server's own computer."""


@admin_group.group("account")
def account_group() -> None:
    """Make, list, lock, unlock and delete accounts."""


@account_group.command("create")
@click.argument("name")
@click.option("--plan", default="5GB", show_default=True, help="How much it may keep.")
@_with_folder
@with_session
def account_create(session: Session, name: str, plan: str, folder: Path) -> None:
    """Invite a person: prints what `sealwax init --invitation` needs, once."""
    with _accounts(folder) as accounts:
        invitation = accounts.invite(name, plan_bytes(plan))
    session.give({"invitation": invitation}, lambda: _show_invitation(name, invitation))


@account_group.command("list")
@_with_folder
@with_session
def account_list(session: Session, folder: Path) -> None:
    """Every account: how full it is, what it asks for, whether it is locked."""
    with _accounts(folder) as accounts:
        found = accounts.all()
        invited = accounts.invited_plans()
    told = [{"account": account, **msgspec.to_builtins(usage)} for account, usage in found]
    session.give(
        {"accounts": told, "invited": list(invited), "invited_plan_bytes": invited},
        lambda: _show_accounts([usage for _, usage in found], invited),
    )


@account_group.command("lock")
@click.argument("name")
@click.option("--reason", default="", help="Shown on the account's devices.")
@_with_folder
@with_session
def account_lock(session: Session, name: str, reason: str, folder: Path) -> None:
    """Take and hand out nothing of an account until it is unlocked; nothing is deleted."""
    with _accounts(folder) as accounts:
        accounts.lock(name, reason)
    session.give({"locked": name}, lambda: click.echo(f"{clean(name)} is locked."))


@account_group.command("unlock")
@click.argument("name")
@_with_folder
@with_session
def account_unlock(session: Session, name: str, folder: Path) -> None:
    """Serve an account again."""
    with _accounts(folder) as accounts:
        accounts.unlock(name)
    session.give({"unlocked": name}, lambda: click.echo(f"{clean(name)} is unlocked."))


@account_group.command("delete")
@click.argument("name")
@dry_run_option
@yes_option
@_with_folder
@with_session
def account_delete(
    session: Session, name: str, is_dry_run: bool, is_yes: bool, folder: Path
) -> None:
    """Delete an account from this server, for good. What its devices have stays on them.

    When it is cut off, the account is locked, and the same command goes on.
    """
    from sealwax.server.refusal import Refusal
    from sealwax.server.serve import opened_deleting

    with opened_deleting(folder, SystemClock(), SystemEntropy()) as deleting:
        try:
            plan = deleting.plan(name)
            if not session.is_json:
                _show_deletion(plan)
            if not is_dry_run:
                session.confirm(f"Delete {clean(name)} from this server for good?", is_yes)
                deleting.delete(name)
        except Refusal as refusal:
            raise AdminRefused(refusal.trouble.detail) from refusal
    told = {**plan._asdict(), "done": not is_dry_run}
    session.give(told, lambda: None if is_dry_run else click.echo(f"{clean(name)} is deleted."))


@admin_group.command("verify")
@click.option("--repair", "is_repair", is_flag=True, help="Ask devices for what is lost.")
@_with_folder
@with_session
def verify_command(session: Session, is_repair: bool, folder: Path) -> None:
    """Read every object that is held, and name those that are missing or damaged.

    With --repair damaged ones are put aside, and each device that has one whole sends it again at
    its next sync. No word is read: an object is named by the hash of its sealed bytes.
    """
    from sealwax.server.serve import opened_beside

    seen, lost = 0, dict[str, list[str]]()
    with opened_beside(folder, SystemClock(), SystemEntropy()) as parts:
        for account, usage in parts.accounts.all():
            looked = parts.objects.examine(bytes.fromhex(account), is_repair)
            seen += looked.seen
            if looked.lost:
                lost[usage.name] = [name.hex() for name in looked.lost]
    session.give({"objects": seen, "lost": lost}, lambda: _show_examined(seen, lost, is_repair))
    if lost:
        raise SystemExit(1)


@admin_group.command("plan")
@click.argument("name")
@click.argument("size")
@_with_folder
@with_session
def plan_command(session: Session, name: str, size: str, folder: Path) -> None:
    """Grant an account a plan: 50GB."""
    granted_bytes = plan_bytes(size)
    with _accounts(folder) as accounts:
        accounts.grant_plan(name, granted_bytes)
    session.give(
        {"name": name, "plan_bytes": granted_bytes},
        lambda: click.echo(f"{clean(name)} may keep {show.size(granted_bytes)} now."),
    )


def plan_bytes(text: str) -> int:
    """The bytes of a size that a person wrote; raises PlanBad."""
    found = _SIZE.fullmatch(text.strip())
    size_bytes = round(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not 0 < size_bytes <= PLAN_LIMIT_BYTES:
        raise PlanBad(f"“{clean(text)[:40]}” is no size of a plan.")
    return size_bytes


@contextmanager
def _accounts(folder: Path) -> "Iterator[Accounts]":
    """The accounts of the server in a folder, as its operator changes them."""
    from sealwax.server.refusal import Refusal
    from sealwax.server.serve import opened_accounts

    with opened_accounts(folder, SystemClock(), SystemEntropy()) as accounts:
        try:
            yield accounts
        except Refusal as refusal:
            raise AdminRefused(refusal.trouble.detail) from refusal


def _show_invitation(name: str, invitation: str) -> None:
    click.echo(f"{clean(name)} is invited. On their computer:")
    click.echo()
    click.echo("    sealwax init --store https://YOUR-SERVER --invitation -")
    click.echo()
    click.echo("It asks for the invitation:")
    click.secho(f"    {invitation}", bold=True, fg="green")
    click.echo()
    click.echo("It is good once, and kept nowhere.")


def _show_deletion(plan: "Deletion") -> None:
    if not plan.account:
        click.echo(f"{clean(plan.name)} was invited and has kept nothing here.")
        return
    click.echo(
        f"{clean(plan.name)} keeps {show.size(plan.head_bytes + plan.snapshot_bytes)} here,"
        f" {show.size(plan.snapshot_bytes)} of it only in snapshots:"
        f" {count(plan.objects, 'file')} of {show.size(plan.disk_bytes)},"
        f" {count(plan.commits, 'step')} of history ({show.size(plan.history_bytes)}),"
        f" {count(plan.devices, 'device')}."
    )


def _show_examined(seen: int, lost: dict[str, list[str]], is_repair: bool) -> None:
    click.echo(f"{count(seen, 'object')} read.")
    for name, names in lost.items():
        click.secho(f"{clean(name)}: {count(len(names), 'object')} missing or damaged:", fg="red")
        for one in names:
            click.echo(f"    {one}")
    if not lost:
        click.secho("All are what their names say.", fg="green")
    elif is_repair:
        click.echo("Devices that have them send them again at their next sync.")
    else:
        click.echo("`sealwax admin verify --repair` asks the devices for them.")


def _show_accounts(accounts: "list[Usage]", invited: dict[str, int]) -> None:
    if not accounts and not invited:
        click.echo("There is no account yet: `sealwax admin account create NAME` invites one.")
        return
    rows = [
        (
            clean(one.name),
            show.size(one.head_bytes + one.snapshot_bytes),
            show.size(one.plan_bytes),
            show.size(one.history_bytes),
            show.size(one.asked_bytes) if one.asked_bytes else "",
            f"locked since {_day(one.locked_ms)}: {one_line(one.lock_reason, REASON_WIDTH)}"
            if one.locked_ms is not None
            else "",
        )
        for one in accounts
    ]
    rows += [
        (clean(name), "", show.size(plan_bytes), "", "", "invited, not begun yet")
        for name, plan_bytes in invited.items()
    ]
    show.table(("Name", "Used", "Plan", "History", "Asks for", ""), rows)


def _day(time_ms: int) -> str:
    return datetime.datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
