"""Commands that bring messages in or take them out: init, import, source, export."""

import getpass
import platform
from pathlib import Path

import click

from sealwax.agent.api import EXPORTERS, Agent
from sealwax.agent.bootstrap import (
    create_home,
    system_environment,
)
from sealwax.agent.importing import damage_of
from sealwax.agent.noting import HISTORY
from sealwax.agent.recovery import note_confirmed_at_beginning
from sealwax.agent.selecting import Select
from sealwax.base.environment import INVITATION_VARIABLE, RECOVERY_VARIABLE
from sealwax.cli import show
from sealwax.cli.devices import show_joining
from sealwax.cli.options import (
    at_option,
    dry_run_option,
    select_options,
    with_session,
    yes_option,
)
from sealwax.cli.recovering import show_recovering
from sealwax.cli.session import EXIT_FAILED, Session, can_ask
from sealwax.cli.terminal import ask, of_others, say
from sealwax.crypto.passphrase_strength import PassphraseWeak, need_strong, weakness
from sealwax.intake.imported import Imported, Progress
from sealwax.trust.system_keyring import find_keyring

PROBLEMS_SHOWN = 10
GROUPS_ASKED = (2, 6)


@click.command("init")
@click.option("--store", help="Where the vault shall be: a folder, or a server's address.")
@click.option(
    "--invitation",
    default="",
    help=f"The invitation that a server wants (- asks, or {INVITATION_VARIABLE}): what is typed"
    " here is for everybody on this computer to see.",
)
@click.option(
    "--name", default=lambda: platform.node() or "this device", help="What to call this device."
)
@click.option(
    "--recover",
    "is_recovery",
    is_flag=True,
    help=f"Open a vault that exists with its recovery key ({RECOVERY_VARIABLE}, or asked for).",
)
@click.option(
    "--join",
    "code",
    metavar="CODE",
    help="Become a device of an account, by the code that one of its devices shows (- asks).",
)
@click.option(
    "--account", default="", help="With --recover: which account, by the beginning of its name."
)
@click.option(
    "--remove-device",
    "removed_devices",
    metavar="NAME|ID",
    multiple=True,
    help="With --recover: a device of the account that is not yours any more.",
)
@yes_option
@with_session
def init_command(
    session: Session,
    store: str | None,
    invitation: str,
    name: str,
    is_recovery: bool,
    code: str | None,
    account: str,
    removed_devices: tuple[str, ...],
    is_yes: bool,
) -> None:
    """Make a home: keys, an empty library, and a vault.

    With --recover you see the account's devices and how much it holds before you say yes. Without a
    terminal, --yes goes on, and keeps all devices but those named by --remove-device.
    """
    if (account or removed_devices) and not is_recovery:
        raise click.UsageError("--account and --remove-device belong to --recover.")
    environment = system_environment(_new_passphrase(session))
    if code is not None:
        if store is None:
            raise click.UsageError("Name the place of the account with --store.")
        show_joining(session, store, code, name, environment)
        return
    if is_recovery:
        show_recovering(session, store, name, account, removed_devices, is_yes, environment)
        return
    recovery = create_home(session.home, store, name, environment, _invitation(session, invitation))
    session.give(
        {"home": session.home, "recovery_key": recovery},
        lambda: _show_recovery_key(session, recovery),
    )
    if not is_yes and can_ask() and not session.is_json:
        _ask_groups_back(recovery)
        note_confirmed_at_beginning(session.home, recovery)


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--full", "is_full", is_flag=True, help="Compare all of it, not only what changed.")
@dry_run_option
@yes_option
@with_session
def import_command(
    session: Session, paths: tuple[Path, ...], is_full: bool, is_dry_run: bool, is_yes: bool
) -> None:
    """Read messages from PATHS, else from the remembered sources, else from this computer.

    Of an export, content is read. What it says of deletions takes a yes, here or by --yes.
    """
    read: list[Path] = []
    done: list[Imported] = []
    with session.agent() as agent:
        for path in agent.sources_to_import(paths):
            read.append(path)
            done.append(_import(session, agent, path, is_yes, is_dry_run, is_full))
            if not is_dry_run and _wants_the_rest(session, path, done[-1]):
                read.append(path)
                done.append(_import(session, agent, path, True, False, True))
    session.give(done, lambda: _show_all_imported(done))
    damaged = [error for error in map(damage_of, read, done) if error is not None]
    for error in damaged:
        say(f"! {of_others(error.sentence)}", fg="red", err=True)
        say(f"  {error.hint}", dim=True, err=True)
    held = sum(imported.trashed for imported in done if imported.is_held)
    if held and not is_dry_run:
        session.hold(
            f"{held:,} messages were deleted in the source, more than usual at once. They are in"
            " the trash and held until you answer; a snapshot was made before.",
            "sealwax held accept --yes   (or: sealwax held undo --yes)",
        )
    if damaged:
        raise SystemExit(EXIT_FAILED)


def _import(
    session: Session, agent: Agent, path: Path, is_yes: bool, is_dry_run: bool, is_full: bool
) -> Imported:
    with session.progress(f"Reading {path.name}") as tell:

        def report(progress: Progress) -> None:
            tell(f"{progress.phase} messages", progress.messages, progress.total)

        return agent.import_source(path, report, is_yes, is_dry_run, is_full)


def _wants_the_rest(session: Session, path: Path, imported: Imported) -> bool:
    """Whether a person says yes to what an export says besides content, by its numbers."""
    if not (imported.left_trashed or imported.left_purged) or session.is_json or not can_ask():
        return False
    question = f"The export {of_others(path.name)} would also {_left_out(imported)}. Do that, too?"
    return ask(question)


def _left_out(imported: Imported) -> str:
    parts = []
    if imported.left_trashed:
        parts.append(f"put {show.count(imported.left_trashed, 'record')} into the trash")
    if imported.left_purged:
        parts.append(f"purge {show.count(imported.left_purged, 'record')}")
    return " and ".join(parts)


@click.group("source")
def source_group() -> None:
    """What `import` reads when no path is named."""


@source_group.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@with_session
def source_add(session: Session, path: Path) -> None:
    """Remember a source."""
    with session.agent() as agent:
        agent.add_source(path)
    session.give({"added": path}, lambda: say(f"Remembered: {path}"))


@source_group.command("list")
@with_session
def source_list(session: Session) -> None:
    """The remembered sources."""
    with session.agent() as agent:
        found = agent.sources()
    session.give(found, lambda: say("\n".join(found) or "No source is remembered."))


@source_group.command("remove")
@click.argument("path", type=click.Path(path_type=Path))
@with_session
def source_remove(session: Session, path: Path) -> None:
    """Forget a source; what was imported from it stays."""
    with session.agent() as agent:
        agent.remove_source(path)
    session.give({"removed": path}, lambda: say(f"Forgotten: {path}"))


@source_group.command("accept")
@click.argument("path", type=click.Path(path_type=Path))
@with_session
def source_accept(session: Session, path: Path) -> None:
    """Say that a source is right though it is of another account than before."""
    with session.agent() as agent:
        agent.accept_source(path)
    session.give({"accepted": path}, lambda: say(f"From the next import on: {path}"))


@click.command("export")
@click.argument("export_format", metavar="FORMAT", type=click.Choice(sorted(EXPORTERS)))
@click.argument("out", type=click.Path(path_type=Path))
@at_option
@select_options
@with_session
def export_command(
    session: Session, export_format: str, out: Path, at: str | None, select: Select
) -> None:
    """Write the messages out, readable without Sealwax, attachments beside them."""
    with session.reading() as agent, session.progress("Exporting") as tell:
        done = agent.export(
            export_format, out, select, at, lambda records: tell("Exporting", records, 0)
        )
        session.tell_whole(done.unreadable_objects)
        is_part = any(note.kind == HISTORY for note in agent.warnings())

    def show_done() -> None:
        say(
            f"{show.count(done.messages, 'message')}, {show.count(done.files, 'file')}"
            f" ({show.size(done.file_bytes)}) in {done.path}"
        )

    session.give(done, show_done)
    if done.problems:
        show.lacking(done.problems)
    if is_part:
        say("This is not all: see above.", fg="red", err=True)
    if done.problems or done.unreadable_objects or is_part:
        raise SystemExit(EXIT_FAILED)


def _invitation(session: Session, given: str) -> str:
    if given == "-":
        asked: str = click.prompt("Invitation", err=True)
        return asked.strip()
    return given or session.secrets.invitation


def _new_passphrase(session: Session) -> str:
    passphrase = session.secrets.passphrase
    if passphrase and (why := weakness(passphrase)):
        told = f"! {why} Whoever gets at this device's disk can try them all. {PassphraseWeak.hint}"
        say(told, fg="red", err=True)
    if passphrase or not can_ask() or find_keyring() is not None:
        return passphrase
    first = getpass.getpass("A passphrase for this device's keys: ")
    need_strong(first)
    if first != getpass.getpass("The same again: "):
        raise click.UsageError("The two passphrases differ.")
    return first


def _show_recovery_key(session: Session, code: str) -> None:
    say(f"Your home is ready: {session.home}")
    say()
    say("Recovery key", bold=True)
    say(f"    {code}", bold=True, fg="green")
    say()
    say("Write it down and keep it away from this computer. It is kept nowhere else.")
    say("Lose every device and this key, and nobody, we included, can open the messages.")
    say()
    say("Next: sealwax import PATH")


def _ask_groups_back(code: str) -> None:
    """Makes sure that the recovery key was written down."""
    groups = code.split("-")
    for number in GROUPS_ASKED:
        while (
            click.prompt(f"Group {number} of the recovery key").strip().upper()
            != groups[number - 1]
        ):
            say("That is not it. Look at the key above.")


def _show_all_imported(done: list[Imported]) -> None:
    for imported in done:
        _show_imported(imported)


def _show_imported(imported: Imported) -> None:
    source, would = imported.source, "Would bring" if imported.is_dry_run else "Brought"
    say(f"{of_others(source.label)} ({of_others(source.schema)})", bold=True)
    for warning in source.warnings:
        say(f"  note: {of_others(warning)}")
    told = {kind.removesuffix("s"): number for kind, number in imported.new.items()}
    new = ", ".join(show.count(number, kind) for kind, number in told.items() if number)
    say(
        f"  {would} {new or 'nothing new'}; looked at"
        f" {show.count(imported.seen['messages'], 'message')}."
    )
    if imported.changed:
        say(f"  {show.count(imported.changed, 'record')} changed.")
    if imported.files:
        kept = f", {show.size(imported.file_bytes)}" if imported.file_bytes else ""
        say(f"  {show.count(imported.files, 'file')}{kept}.")
    if imported.trashed:
        where = "would go" if imported.is_dry_run else "now"
        held = ", and held until you answer" if imported.is_held else ""
        say(
            f"  {show.count(imported.trashed, 'message')} deleted in the source: {where} in the"
            f" trash{held} (sealwax list --trash; sealwax undelete --chat CHAT)."
        )
    if imported.purged:
        verb = "would be purged" if imported.is_dry_run else "purged; a snapshot has what they said"
        say(f"  {show.count(imported.purged, 'record')} {verb}.")
    if imported.left_trashed or imported.left_purged:
        say(f"  Left out: it would also {_left_out(imported)}. --yes does that, too.")
    if imported.returned:
        say(f"  {imported.returned:,} came back.")
    if imported.stay_purged:
        elsewhere = imported.purged_elsewhere
        where = f", {elsewhere:,} of them on another device," if elsewhere else ""
        say(
            f"  {show.count(imported.stay_purged, 'message')} of it purged before{where} and not"
            " brought back."
        )
    if imported.kept_raw:
        values, columns = sum(imported.kept_raw.values()), len(imported.kept_raw)
        say(
            f"  {show.count(values, 'value')} of {show.count(columns, 'column')} kept as"
            f" {'it is' if values == 1 else 'they are'}, for a later version to read."
        )
    if imported.problem_count:
        say(f"  {show.count(imported.problem_count, 'problem')}:")
        for problem in imported.problems[:PROBLEMS_SHOWN]:
            excerpt = f": {of_others(problem.excerpt)}" if problem.excerpt else ""
            say(f"    {of_others(problem.where)}: {of_others(problem.what)}{excerpt}")
