"""Running a server: `serve`. It needs no home."""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.cli.options import with_session
from sealwax.cli.session import Session
from sealwax.cli.terminal import say, say_json

if TYPE_CHECKING:
    pass

SERVER_VARIABLE = "SEALWAX_SERVER"
DEFAULT_SERVER = "~/.local/share/sealwax-server"
DEFAULT_PORT = 8420

Command = TypeVar("Command", bound=Callable[..., Any])


class LineOpen(SealwaxError):
    """Other computers could reach the server over a line that is not encrypted."""

    code = "server-line-open"
    hint = (
        "Give --certificate and --key, or put a program that does TLS before it and say"
        " --behind-proxy; docs/server.md shows both."
    )


def with_folder(command: Command) -> Command:
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
@with_folder
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
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="The address by which devices call it, like https://sealwax.example.org; as often as it"
    " has addresses. Without it, those of this computer.",
)
@with_session
def serve_command(
    session: Session,
    port: int,
    host: str,
    folder: Path,
    certificate: Path | None,
    key: Path | None,
    is_proxied: bool,
    origins: tuple[str, ...],
) -> None:
    """Keep the sealed histories of accounts, for their devices. Prints its address, and stops on
    SIGTERM or Ctrl-C when what was asked is answered.

    It sees sizes, times and public keys, and can read no word.
    """
    from sealwax.base.loopback import is_loopback
    from sealwax.ledger.origin import origin_of
    from sealwax.server.listening import Listening
    from sealwax.server.readiness import tell_ready
    from sealwax.server.serve import opened_parts, serve
    from sealwax.stores.server_address import checked_url

    if (certificate is None) is not (key is None):
        raise click.UsageError("--certificate and --key belong together.")
    if certificate is None and not is_proxied and not is_loopback(host):
        raise LineOpen(f"Whoever is on the way to {host} could see who asks for what.")

    def told(url: str, origins: list[str]) -> None:
        if session.is_json:
            say_json({"url": url, "origins": origins}, is_indented=False)
        else:
            say(url)
            if is_proxied or not is_loopback(host):
                say(f"Devices may call it {', '.join(origins)}.")
        sys.stdout.flush()
        tell_ready(os.environ)

    # Both mean a graceful stop, which is no failure, also while it begins.
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked_to_stop.append(number))
    known = tuple(origin_of(checked_url(origin)) for origin in origins)
    clock, where = SystemClock(), Listening(host, port, certificate, key, is_proxied, known)
    with opened_parts(folder, clock, SystemEntropy()) as parts:
        serve(parts, where, clock, told, lambda: bool(asked_to_stop))
