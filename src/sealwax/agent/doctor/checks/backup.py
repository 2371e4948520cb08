"""What was read back of this device's backup."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_backup(facts: Facts) -> Iterator[Finding]:
    """What cannot be read back is no backup, whatever the place says."""
    if facts.is_backup_on and facts.history.unproved:
        yield Finding(
            "not-backed-up",
            "danger",
            facts.history.unproved,
            "`sealwax backup now`",
            "backup-now",
        )
