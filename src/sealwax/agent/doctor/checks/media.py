"""Everything in one place only."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_media(facts: Facts) -> Iterator[Finding]:
    """One medium is never called safe."""
    if facts.media < 2:
        yield Finding(
            "one-medium",
            "warn",
            "Protected from deletion. Not from losing this disk.",
            "copy the vault to another disk, or keep it with a server: docs/sync-versus-backup.md",
        )
