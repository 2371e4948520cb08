"""No snapshot, or none for too long."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.wording import count

OLD_DAYS, TOO_OLD_DAYS = 3, 14


def check_snapshots(facts: Facts) -> Iterator[Finding]:
    """The newest snapshot is to be no older than three days: one is made every day."""
    newest_ms = facts.history.newest_snapshot_ms
    if not facts.history.messages or not facts.is_backup_on:
        return
    if newest_ms is None:
        yield Finding(
            "no-snapshot",
            "warn",
            "There is no snapshot yet: what is purged, or has been in the trash for 30 days, cannot"
            " be taken back.",
            "`sealwax snapshot create`",
            "backup-now",
        )
        return
    days = (facts.now_ms - newest_ms) // DAY_MS
    if days >= OLD_DAYS and not facts.clock_doubt_ms:
        running = "" if facts.is_agent_running else ", and `sealwax agent install` for every day"
        yield Finding(
            "old-snapshot",
            "danger" if days >= TOO_OLD_DAYS else "warn",
            f"The last snapshot is {count(days, 'day')} old.",
            f"`sealwax snapshot create`{running}",
            "backup-now",
        )
