"""The `sealwax` command: its grammar, and the one place where errors become sentences."""

import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealwax import __version__
from sealwax.agent.home import DEFAULT_HOME
from sealwax.base.environment import take_secrets
from sealwax.base.errors import SealwaxError
from sealwax.base.garbage import rarely_collect
from sealwax.base.private_process import keep_to_itself
from sealwax.cli.admin import admin_group
from sealwax.cli.agent import agent_group
from sealwax.cli.devices import device_group
from sealwax.cli.doctor import doctor_command, status_command
from sealwax.cli.grouping import conversation_group, message_group
from sealwax.cli.held import held_group
from sealwax.cli.keeping import (
    export_command,
    import_command,
    init_command,
    source_group,
)
from sealwax.cli.opening import open_command
from sealwax.cli.past import (
    delete_command,
    restore_command,
    snapshot_group,
    undelete_command,
)
from sealwax.cli.reading import (
    list_command,
    media_command,
    read_command,
    search_command,
)
from sealwax.cli.security import security_group
from sealwax.cli.serving import serve_command
from sealwax.cli.session import EXIT_FAILED, HOME_VARIABLE, Session, fail
from sealwax.cli.storing import storage_group
from sealwax.cli.syncing import backup_group, sync_group
from sealwax.cli.terminal import say
from sealwax.cli.tidying import tidy_command
from sealwax.cli.verifying import verify_command
from sealwax.library.database import LibraryFull

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

INTERRUPTED = 130
COMMANDS = "sealwax.commands"
"""Entry points under this name are commands that other packages bring: the demo is one."""


class SystemTrouble(SealwaxError):
    """The operating system refused something: missing rights, a folder in the way."""

    code = "system-trouble"
    hint = "Nothing is lost. Mend what it names, then run the command again."


class _Commands(click.Group):
    """The commands of this package, and those that entry points name, loaded when asked for."""

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        known = super().get_command(context, name)
        if known is not None:
            return known
        for point in _entry_points().select(name=name):
            loaded: click.Command = point.load()
            return loaded
        return None

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *_entry_points().names})


def _entry_points() -> "EntryPoints":
    # Most commands are our own, and finding those of others takes a twentieth of a second.
    from importlib.metadata import entry_points

    return entry_points(group=COMMANDS)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=lambda: os.environ.get(HOME_VARIABLE) or DEFAULT_HOME,
    help=f"Where keys, library and vault are ({HOME_VARIABLE}; {DEFAULT_HOME}).",
)
@click.option("--json", "is_json", is_flag=True, help="Print one JSON value.")
@click.option("--verbose", "is_verbose", is_flag=True, help="Say more: codes of errors, the head.")
@click.version_option(__version__, prog_name="sealwax")
@click.pass_context
def cli(context: click.Context, home: Path, is_json: bool, is_verbose: bool) -> None:
    """Keeps your text messages: sealed, searchable, and safe from deletion.

    Sealwax reads phones and backups and never writes to them: deleting here does not delete there.
    Without a command it says what is safe, where, and the next step.
    """
    context.obj = Session(home.expanduser(), is_json, is_verbose, take_secrets(os.environ))
    if context.invoked_subcommand is None:
        context.invoke(status_command)


for command in (
    init_command,
    import_command,
    source_group,
    list_command,
    read_command,
    search_command,
    media_command,
    snapshot_group,
    restore_command,
    export_command,
    delete_command,
    undelete_command,
    conversation_group,
    message_group,
    held_group,
    storage_group,
    device_group,
    sync_group,
    backup_group,
    verify_command,
    status_command,
    serve_command,
    admin_group,
    open_command,
    doctor_command,
    agent_group,
    security_group,
):
    cli.add_command(command)
snapshot_group.add_command(tidy_command)


def main() -> None:
    """Runs the command line: 0 done, 1 failed, 2 usage, 3 something waits for a person."""
    keep_to_itself()
    rarely_collect()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        say(told.getvalue(), nl=False, err=True)
        sys.exit(error.exit_code)
    except SealwaxError as error:
        fail(error, "--json" in sys.argv, "--verbose" in sys.argv)
    except BrokenPipeError:
        # Whoever read the output has read enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    except OSError as error:
        fail(_refused(error), "--json" in sys.argv, "--verbose" in sys.argv)


def _refused(error: OSError) -> SealwaxError:
    """What the operating system refused, with a name wherever one is known."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = error.filename or "the home, or of what is written or copied,"
        return LibraryFull(f"The disk of {place} is full.")
    where = f"{error.filename}: " if error.filename else ""
    return SystemTrouble(f"{where}{error.strerror or error}.")
