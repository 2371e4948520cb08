"""The recovery key: whether somebody has shown that it was written down."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_keys(facts: Facts) -> Iterator[Finding]:
    """Without it, and with every device lost, nobody can open the messages."""
    if not facts.is_recovery_confirmed:
        yield Finding(
            "recovery-unconfirmed",
            "warn",
            "Nobody has confirmed that the recovery key was written down.",
            "`sealwax security confirm-recovery`; it is typed in a terminal, never into a page",
        )
