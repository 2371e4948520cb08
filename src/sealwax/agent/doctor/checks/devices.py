"""Other devices of the account that were not seen for long."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import DAY_MS, Facts
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.wording import count

UNSEEN_DAYS = 30


def check_devices(facts: Facts) -> Iterator[Finding]:
    """What a device has for itself is nowhere else until it is seen again."""
    for device in facts.devices:
        if device.is_this or device.seen_ms is None:
            continue
        days = (facts.now_ms - device.seen_ms) // DAY_MS
        if days >= UNSEEN_DAYS:
            yield Finding(
                "device-not-seen",
                "warn",
                f"{device.name} was not seen for {count(days, 'day')}.",
                f"switch it on; if it is lost: `sealwax device revoke {device.name}`",
            )
