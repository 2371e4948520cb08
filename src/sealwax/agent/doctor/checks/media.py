"""Everything in one place only."""

import shlex
from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_media(facts: Facts) -> Iterator[Finding]:
    """One medium is never called safe."""
    if facts.media < 2:
        copy = f"`cp -a {shlex.quote(facts.vault)} OTHER_DISK`"
        yield Finding(
            "one-medium",
            "warn",
            "Protected from deletion. Not from losing this disk.",
            f"copy the vault to another disk: {copy}; or keep it with a server:"
            " docs/sync-versus-backup.md",
        )
