"""Where a running agent can be reached: two files in its home, for the person's other programs.

`agent.json` says which process and which port; `agent.token` holds a secret of this run, readable
by the owner alone. Whoever has the home's lock and is no running agent removes them, so what a
killed agent left behind is never believed.
"""

import hmac
import os
from pathlib import Path

import msgspec

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import write_durably

AGENT_FILE = "agent.json"
TOKEN_FILE = "agent.token"  # noqa: S105
TOKEN_BYTES = 32
_LIMIT_BYTES = 4096


class AgentRuns(SealwaxError):
    """There is a running agent on this home."""

    code = "agent-runs"
    hint = "Use it, or end it first; `sealwax status` says what it does."


class Presence(msgspec.Struct, frozen=True):
    """A running agent: its process, its port on 127.0.0.1, since when it runs."""

    pid: int
    port: int
    started_ms: int


def new_token(entropy: Entropy) -> str:
    """A secret for one run."""
    return entropy.bytes(TOKEN_BYTES).hex()


def announce(home: Path, port: int, started_ms: int, token: str) -> Presence:
    """Says where this process can be reached; the token first. Only for who has the home's lock."""
    presence = Presence(os.getpid(), port, started_ms)
    write_durably(home / TOKEN_FILE, token.encode())
    write_durably(home / AGENT_FILE, msgspec.json.encode(presence))
    return presence


def withdraw(home: Path) -> None:
    """Removes both files. Only for who has the home's lock."""
    for name in (AGENT_FILE, TOKEN_FILE):
        (home / name).unlink(missing_ok=True)


def find_presence(home: Path) -> Presence | None:
    """What the files say; the agent may be gone all the same."""
    try:
        with (home / AGENT_FILE).open("rb") as file:
            return msgspec.json.decode(file.read(_LIMIT_BYTES), type=Presence)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read_token(home: Path) -> str:
    """The secret of the running agent; empty where there is none."""
    try:
        with (home / TOKEN_FILE).open("rb") as file:
            return file.read(_LIMIT_BYTES).decode("ascii", "replace")
    except OSError:
        return ""


def is_token(told: str, token: str) -> bool:
    """Whether a secret is the right one; takes the same time for all that are not."""
    return hmac.compare_digest(told.encode(), token.encode())
