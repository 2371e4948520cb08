"""Another copy of this home, and what was taken back of what this device had."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding


def check_copies(facts: Facts) -> Iterator[Finding]:
    """Told for some days; nothing is lost by either."""
    if facts.history.is_other_copy:
        yield Finding(
            "other-copy",
            "warn",
            "Another copy of this home is writing as this device, or this home was put back from an"
            " earlier copy of it. Nothing is lost of either.",
            "where there are two, use one, and link the other computer anew with a fresh home:"
            " `sealwax device link`",
        )
    if facts.history.taken_back:
        yield Finding("taken-back", "warn", facts.history.taken_back, "`sealwax snapshot list`")
