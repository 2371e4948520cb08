"""Commands of whoever runs a server, about its accounts. They need no home."""

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from sealwax.agent.wording import count
from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.serving import with_folder
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, one_line, say

if TYPE_CHECKING:
    from sealwax.ledger.wire import Usage
    from sealwax.server.accounts import Accounts
    from sealwax.server.deleting import Deletion

REASON_WIDTH = 200
PLAN_LIMIT_BYTES = 2**50
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(MB|GB|TB)", re.IGNORECASE)
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


class AdminRefused(SealwaxError):
    """The server's accounts cannot be changed in this way."""

    code = "admin-refused"
    hint = "`sealwax admin account list` shows every account and its name."


class PlanBad(SealwaxError):
    """The size of a plan is none."""

    code = "plan-bad"
    hint = "Write a number and MB, GB or TB: 50GB."


@click.group("admin")
def admin_group() -> None:
    """The accounts of a server, whether it runs or not; on the server's own computer."""


@admin_group.group("account")
def account_group() -> None:
    """Make, list, lock, unlock and delete accounts."""


@account_group.command("create")
@click.argument("name")
@click.option("--plan", default="5GB", show_default=True, help="How much it may keep.")
@with_folder
@with_session
def account_create(session: Session, name: str, plan: str, folder: Path) -> None:
    """Invite a person: prints what `sealwax init --invitation` needs, once."""
    with _accounts(folder) as accounts:
        invitation = accounts.invite(name, plan_bytes(plan))
    session.give({"invitation": invitation}, lambda: _show_invitation(name, invitation))


@account_group.command("list")
@with_folder
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
@with_folder
@with_session
def account_lock(session: Session, name: str, reason: str, folder: Path) -> None:
    """Take and hand out nothing of an account until it is unlocked; nothing is deleted."""
    with _accounts(folder) as accounts:
        accounts.lock(name, reason)
    session.give({"locked": name}, lambda: say(f"{of_others(name)} is locked."))


@account_group.command("unlock")
@click.argument("name")
@with_folder
@with_session
def account_unlock(session: Session, name: str, folder: Path) -> None:
    """Serve an account again."""
    with _accounts(folder) as accounts:
        accounts.unlock(name)
    session.give({"unlocked": name}, lambda: say(f"{of_others(name)} is unlocked."))


@account_group.command("delete")
@click.argument("name")
@dry_run_option
@yes_option
@with_folder
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
                session.confirm(f"Delete {of_others(name)} from this server for good?", is_yes)
                deleting.delete(name)
        except Refusal as refusal:
            raise AdminRefused(refusal.trouble.detail) from refusal
    told = {**plan._asdict(), "done": not is_dry_run}
    session.give(told, lambda: None if is_dry_run else say(f"{of_others(name)} is deleted."))


@account_group.command("clear")
@click.argument("name")
@dry_run_option
@yes_option
@with_folder
@with_session
def account_clear(
    session: Session, name: str, is_dry_run: bool, is_yes: bool, folder: Path
) -> None:
    """Delete now what no snapshot and not the present of an account holds.

    Without this it stays for 30 days at least, so that what was taken away by mistake, or by
    somebody else, can be had again. It is charged to no plan. Ask the owner first.
    """
    from sealwax.server.alone import ServerRuns, alone_in
    from sealwax.server.refusal import Refusal
    from sealwax.server.serve import opened_beside

    with opened_beside(folder, SystemClock(), SystemEntropy()) as parts:
        try:
            account = parts.accounts.named(name)
        except Refusal as refusal:
            raise AdminRefused(refusal.trouble.detail) from refusal
        going = parts.freeing.unheld(account)
        told = {"objects": len(going), "size_bytes": sum(going.values()), "done": not is_dry_run}
        if not session.is_json:
            say(
                f"Nothing of {of_others(name)} holds {count(len(going), 'object')}"
                f" ({show.size(told['size_bytes'])})."
            )
        is_running = False
        if not is_dry_run and going:
            session.confirm("Delete them now, for good?", is_yes)
            parts.freeing.let_go(account)
            try:
                with alone_in(folder):
                    parts.freeing.delete_let_go()
            except ServerRuns:
                is_running = True
    session.give(told, lambda: _show_cleared(bool(told["done"] and going), is_running))


@admin_group.command("verify")
@click.option("--repair", "is_repair", is_flag=True, help="Ask devices for what is lost.")
@with_folder
@with_session
def verify_command(session: Session, is_repair: bool, folder: Path) -> None:
    """Read every object that is held, and every commit; name what is missing or damaged.

    With --repair damaged ones are put aside, and each device that has one whole sends it again at
    its next sync. No word is read: an object is named by the hash of its sealed bytes.
    """
    from sealwax.server.serve import opened_beside

    seen, lost, broken = 0, dict[str, list[str]](), dict[str, list[str]]()
    with opened_beside(folder, SystemClock(), SystemEntropy()) as parts:
        for account, usage in parts.accounts.all():
            looked = parts.objects.examine(bytes.fromhex(account), is_repair)
            seen += looked.seen
            if looked.lost:
                lost[usage.name] = [name.hex() for name in looked.lost]
            if commits := parts.packs.broken(bytes.fromhex(account)):
                broken[usage.name] = [f"{zone}/{seq}" for zone, seq in commits]
    told = {"objects": seen, "lost": lost, "broken": broken}
    session.give(told, lambda: _show_examined(seen, lost, broken, is_repair))
    if lost or broken:
        raise SystemExit(1)


@admin_group.command("plan")
@click.argument("name")
@click.argument("size")
@with_folder
@with_session
def plan_command(session: Session, name: str, size: str, folder: Path) -> None:
    """Grant an account a plan: 50GB."""
    granted_bytes = plan_bytes(size)
    with _accounts(folder) as accounts:
        accounts.grant_plan(name, granted_bytes)
    session.give(
        {"name": name, "plan_bytes": granted_bytes},
        lambda: say(f"{of_others(name)} may keep {show.size(granted_bytes)} now."),
    )


def plan_bytes(text: str) -> int:
    """The bytes of a size that a person wrote; raises PlanBad."""
    found = _SIZE.fullmatch(text.strip())
    size_bytes = round(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not 0 < size_bytes <= PLAN_LIMIT_BYTES:
        raise PlanBad(f"“{of_others(text)[:40]}” is no size of a plan.")
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
    say(f"{of_others(name)} is invited. On their computer:")
    say()
    say("    sealwax init --store https://YOUR-SERVER --invitation -")
    say()
    say("It asks for the invitation:")
    say(f"    {invitation}", bold=True, fg="green")
    say()
    say("It is good once, and kept nowhere.")


def _show_deletion(plan: "Deletion") -> None:
    if not plan.account:
        say(f"{of_others(plan.name)} was invited and has kept nothing here.")
        return
    say(
        f"{of_others(plan.name)} keeps {show.size(plan.head_bytes + plan.snapshot_bytes)} here,"
        f" {show.size(plan.snapshot_bytes)} of it only in snapshots:"
        f" {count(plan.objects, 'file')} of {show.size(plan.disk_bytes)},"
        f" {count(plan.commits, 'step')} of history ({show.size(plan.history_bytes)}),"
        f" {count(plan.devices, 'device')}."
    )


def _show_cleared(is_done: bool, is_running: bool) -> None:
    if is_done:
        say("The server deletes them within a minute." if is_running else "Deleted.")


def _show_examined(
    seen: int, lost: dict[str, list[str]], broken: dict[str, list[str]], is_repair: bool
) -> None:
    say(f"{count(seen, 'object')} read.")
    for name, names in lost.items():
        say(f"{of_others(name)}: {count(len(names), 'object')} missing or damaged:", fg="red")
        for one in names:
            say(f"    {one}")
    for name, commits in broken.items():
        say(f"{of_others(name)}: {count(len(commits), 'commit')} damaged:", fg="red")
        for one in commits:
            say(f"    {one}")
        say("Put the database back from a backup; devices bring what is newer.")
    if not lost:
        say("All are what their names say.", fg="green")
    elif is_repair:
        say("Devices that have them send them again at their next sync.")
    else:
        say("`sealwax admin verify --repair` asks the devices for them.")


def _show_accounts(accounts: "list[Usage]", invited: dict[str, int]) -> None:
    if not accounts and not invited:
        say("There is no account yet: `sealwax admin account create NAME` invites one.")
        return
    rows = [
        (
            of_others(one.name),
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
        (of_others(name), "", show.size(plan_bytes), "", "", "invited, not begun yet")
        for name, plan_bytes in invited.items()
    ]
    show.table(("Name", "Used", "Plan", "History", "Asks for", ""), rows)


def _day(time_ms: int) -> str:
    return datetime.datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
