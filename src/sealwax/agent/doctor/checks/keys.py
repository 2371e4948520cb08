"""The account's keys: whether all devices can use them, and whose recovery key it is."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding, day

CONFIRM = "`sealwax security confirm-recovery`"


def check_keys(facts: Facts) -> Iterator[Finding]:
    """What another device did to the keys, then the recovery key."""
    for trouble in facts.key_troubles:
        key = "account-keys-closed" if trouble.is_closed else "account-keys-other-roots"
        remedy = f"`{trouble.remedy}`"
        if trouble.is_closed:
            remedy += ", if you can on a device that does not say this"
        yield Finding(key, "danger", trouble.sentence, remedy)
    if not facts.are_keys_handed_on:
        yield Finding(
            "account-keys-not-handed-on",
            "warn",
            "A device that is linked from now on could not read all that this one can: some keys"
            " were not handed on.",
            "`sealwax security renew-keys`",
        )
    if facts.is_passphrase_weak:
        yield Finding(
            "passphrase-weak",
            "warn",
            "The passphrase of this device's keys can be guessed by whoever gets at its disk.",
            "`sealwax device link` lets a fresh home with a better one in; then remove this one",
        )
    yield from _recovery(facts)


def _recovery(facts: Facts) -> Iterator[Finding]:
    """Without it, and with every device lost, nobody can open the messages."""
    if facts.is_recovery_confirmed:
        return
    if facts.recovery_changed_ms is not None:
        changed = day(facts.recovery_changed_ms, facts.zone)
        yield Finding(
            "recovery-changed",
            "danger",
            f"The recovery key was changed on {changed}, by somebody who had the one before.",
            f"{CONFIRM} if you have the new one; if it was not you, begin a new account:"
            " docs/lost-phone.md",
        )
        return
    yield Finding(
        "recovery-unconfirmed",
        "warn",
        "Nobody has confirmed that the recovery key was written down.",
        f"{CONFIRM}; it is typed in a terminal, never into a page",
    )
