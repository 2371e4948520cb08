"""What the environment hands in, and what is handed on to the programs that are started from here.

Secrets are taken out as soon as they are read, and settings of ours go to no other program. The
system keeps the block that a process began with; see `private_process` for who can read it.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field

OWN_SETTINGS = "SEALWAX_"
PASSPHRASE_VARIABLE = "SEALWAX_PASSPHRASE"  # noqa: S105
RECOVERY_VARIABLE = "SEALWAX_RECOVERY_KEY"
INVITATION_VARIABLE = "SEALWAX_INVITATION"


@dataclass(frozen=True)
class Secrets:
    """The secrets that a command was given in its environment; empty where there was none."""

    passphrase: str = field(default="", repr=False)
    recovery_key: str = field(default="", repr=False)
    invitation: str = field(default="", repr=False)


NO_SECRETS = Secrets()


def take_secrets(environment: MutableMapping[str, str]) -> Secrets:
    """The secrets of the environment, which has none of them afterwards."""
    return Secrets(
        environment.pop(PASSPHRASE_VARIABLE, ""),
        environment.pop(RECOVERY_VARIABLE, ""),
        environment.pop(INVITATION_VARIABLE, ""),
    )


def for_children(environment: Mapping[str, str]) -> dict[str, str]:
    """What a program that is started from here gets: all but settings of ours."""
    return {name: value for name, value in environment.items() if not name.startswith(OWN_SETTINGS)}
