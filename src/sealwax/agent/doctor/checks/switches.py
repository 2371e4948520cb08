"""Sync or backup switched off on this device; both off is a danger."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_switches(facts: Facts) -> Iterator[Finding]:
    """Sync off matters where there is a place to share with, backup off always."""
    is_sync_off = facts.store is not None and not facts.is_sync_on
    if is_sync_off and not facts.is_backup_on:
        yield Finding(
            "both-off",
            "danger",
            "Sync and backup are both off on this device: what comes in is kept nowhere else.",
            "`sealwax sync on`, `sealwax backup on`",
            "devices",
        )
    elif is_sync_off:
        yield Finding(
            "sync-off",
            "warn",
            "Sync is off on this device: its new messages are on no other one.",
            "`sealwax sync on`",
            "devices",
        )
    elif not facts.is_backup_on:
        yield Finding(
            "backup-off",
            "warn",
            "Backup is off on this device: no new snapshots are made, and a deletion now cannot be"
            " taken back later.",
            "`sealwax backup on`",
            "devices",
        )
