"""Having the system start the agent at each login: a systemd user unit, or a launchd agent.

The texts are made apart from the acts. Nothing secret is in them: the keys of the home have to be
in the system's keyring, because nobody types a passphrase at a start.
Linux is tested; macOS is written after Apple's documentation and untested.
"""

import hashlib
import os
import plistlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sealwax.base.environment import for_children
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import make_folder, write_durably
from sealwax.trust.home_keys import needs_passphrase

RESTART_SECONDS = 30
LABEL = "app.sealwax.agent"
_COMMAND_SECONDS = 60
_NAME_HEX = 8

Run: TypeAlias = Callable[[Sequence[str]], int]
"""Runs a command of the system and gives its exit code."""


class AgentNeedsKeyring(SealwaxError):
    """The keys of the home lie under a passphrase, which nobody types at a start."""

    code = "agent-needs-keyring"
    hint = (
        "Make the home where the desktop's keyring is unlocked, or run `sealwax agent run` in a"
        " terminal with SEALWAX_PASSPHRASE set."
    )


class InstallFailed(SealwaxError):
    """The system did not take the agent."""

    code = "agent-install-failed"
    hint = "Run `sealwax agent run` in a terminal instead, or start the file yourself."


class Place(NamedTuple):
    """Where a service's file lies, what is in it, and how the system is told of it."""

    path: Path
    content: bytes
    begin: tuple[tuple[str, ...], ...]
    end: tuple[tuple[str, ...], ...]


def install(home: Path, user: Path, is_default: bool, run: Run) -> Path:
    """Has the agent started now and at each login; gives the file that says so. Raises
    AgentNeedsKeyring or InstallFailed."""
    if needs_passphrase(home):
        raise AgentNeedsKeyring("The keys of this home lie under a passphrase.")
    place = service(home, user, is_default)
    make_folder(place.path.parent, 0o755)
    write_durably(place.path, place.content, 0o644)
    for command in place.begin:
        if run(command) != 0:
            raise InstallFailed(f"`{' '.join(command)}` failed; the file is {place.path}.")
    return place.path


def uninstall(home: Path, user: Path, is_default: bool, run: Run) -> Path | None:
    """Ends the agent and has it started no more; gives the file that is gone, or None where there
    was none. What the system says is no hindrance: the file is what counts."""
    place = service(home, user, is_default)
    if not place.path.exists():
        return None
    for command in place.end:
        run(command)
    place.path.unlink(missing_ok=True)
    if not _is_mac():
        run(("systemctl", "--user", "daemon-reload"))
    return place.path


def run_command(command: Sequence[str]) -> int:
    """Runs a command of the system in silence."""
    try:
        done = subprocess.run(  # noqa: S603
            list(command),
            check=False,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            env=for_children(os.environ),
        )
    except (OSError, subprocess.SubprocessError):
        return 1
    return done.returncode


def service(home: Path, user: Path, is_default: bool) -> Place:
    """The service of a home for this system; one that is not the default has a name of its own."""
    home = home.absolute()
    suffix = "" if is_default else "-" + hashlib.sha256(str(home).encode()).hexdigest()[:_NAME_HEX]
    command = (sys.executable, "-m", "sealwax", "--home", str(home), "agent", "run")
    return _launchd(command, user, suffix) if _is_mac() else _systemd(command, user, suffix)


def _systemd(command: Sequence[str], user: Path, suffix: str) -> Place:
    name = f"sealwax{suffix}.service"
    folder = os.environ.get("XDG_CONFIG_HOME") or str(user / ".config")
    return Place(
        Path(folder) / "systemd" / "user" / name,
        systemd_unit(command).encode(),
        (
            ("systemctl", "--user", "daemon-reload"),
            ("systemctl", "--user", "enable", "--now", name),
        ),
        (("systemctl", "--user", "disable", "--now", name),),
    )


def systemd_unit(command: Sequence[str]) -> str:
    """The text of a user unit; raises InstallFailed for what no unit can name."""
    return f"""[Unit]
Description=Sealwax keeps text messages
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={" ".join(_quoted(word) for word in command)}
Restart=on-failure
RestartSec={RESTART_SECONDS}
Nice=10
IOSchedulingClass=idle
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


def _quoted(word: str) -> str:
    """A word of ExecStart=: what systemd would read otherwise is doubled or escaped."""
    if not word.isprintable():
        raise InstallFailed("A path with line breaks cannot be installed.", "Move the home.")
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{word}"'


def _launchd(command: Sequence[str], user: Path, suffix: str) -> Place:
    label = LABEL + suffix
    path = user / "Library" / "LaunchAgents" / f"{label}.plist"
    domain = f"gui/{os.getuid()}"
    log = user / "Library" / "Logs" / f"sealwax-agent{suffix}.log"
    return Place(
        path,
        launchd_plist(label, command, log),
        (("launchctl", "bootstrap", domain, str(path)),),
        (("launchctl", "bootout", f"{domain}/{label}"),),
    )


def launchd_plist(label: str, command: Sequence[str], log: Path) -> bytes:
    """The property list of a launchd agent."""
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": RESTART_SECONDS,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Umask": 0o077,
            "StandardErrorPath": str(log),
        }
    )


def _is_mac() -> bool:
    return sys.platform == "darwin"
