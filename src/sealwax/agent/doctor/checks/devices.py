"""Other devices of the account: not seen for long, or with switches off."""

from collections.abc import Iterator
from shlex import quote

from sealwax.agent.doctor.facts import DAY_MS, DeviceFact, Facts
from sealwax.agent.doctor.finding import Finding, moment
from sealwax.agent.wording import count

UNSEEN_DAYS = 30


def check_devices(facts: Facts) -> Iterator[Finding]:
    """What a device has for itself is nowhere else until it is seen again."""
    for device in facts.devices:
        if device.is_this:
            continue
        yield from _switches(device, facts)
        if device.seen_ms is None or facts.clock_doubt_ms:
            # How long ago that was can only be told by a clock that is right.
            continue
        days = (facts.now_ms - device.seen_ms) // DAY_MS
        if days >= UNSEEN_DAYS:
            yield Finding(
                "device-not-seen",
                "warn",
                f"{device.name} was not seen for {count(days, 'day')}.",
                f"switch it on; if it is lost: `sealwax device revoke {quote(device.name)}`",
            )


def _switches(device: DeviceFact, facts: Facts) -> Iterator[Finding]:
    """Its own doctor warns there; here it is told, and red where both are off."""
    since = ""
    if device.switched_ms is not None:
        since = f" since {moment(device.switched_ms, facts.now_ms, facts.zone)}"
    remedy = f"on {device.name}: "
    if not device.is_sync_on and not device.is_backup_on:
        yield Finding(
            "device-both-off",
            "danger",
            f"{device.name}: sync and backup are both off{since}; what comes in there is kept"
            " nowhere else.",
            f"{remedy}`sealwax sync on`, `sealwax backup on`",
        )
    elif not device.is_sync_on:
        text = f"{device.name}: sync is off{since}; its new messages are on no other device."
        yield Finding("device-sync-off", "note", text, f"{remedy}`sealwax sync on`")
    elif not device.is_backup_on:
        text = f"{device.name}: backup is off{since}; it makes no snapshots."
        yield Finding("device-backup-off", "note", text, f"{remedy}`sealwax backup on`")
