"""Everything in one place only."""

import shlex
from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_media(facts: Facts) -> Iterator[Finding]:
    """One medium is never called safe."""
    if facts.media < 2:
        copy = f"`cp -a {shlex.quote(facts.vault)} OTHER_DISK`"
        remedy = (
            f"copy the vault to another disk: {copy}; or keep it with a server:"
            " docs/sync-versus-backup.md"
        )
        if facts.store is not None and facts.store.is_server:
            remedy = "`sealwax sync now`" if facts.is_sync_on else "`sealwax sync on`"
        text = "Protected from deletion. Not from losing this disk."
        yield Finding("one-medium", "warn", text, remedy)
