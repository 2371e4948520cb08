"""What this device holds: damage, and jobs that do not end well."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding, moment
from sealwax.agent.wording import count

TOLD_ELSEWHERE = ("sync", "import", "proof")
"""The troubles of these jobs have findings of their own."""
NOT_FOR_SAFETY = ("thumbnails",)
"""What these jobs make is pleasant to have; nothing is less safe without it."""


def check_history(facts: Facts) -> Iterator[Finding]:
    """Damage first."""
    history = facts.history
    for note in history.notes:
        yield Finding("note", "danger", note, "`sealwax verify`", "verify")
    if history.damaged_objects:
        yield Finding(
            "damage",
            "danger",
            f"{count(history.damaged_objects, 'sealed object')} could not be read.",
            "`sealwax verify`",
            "verify",
        )
    if history.is_lacking:
        yield Finding(
            "objects-missing",
            "danger",
            "Sealed objects are missing in the vault of this device.",
            "`sealwax verify` names them; with a server, `sealwax verify --repair` fetches them",
            "verify",
        )
    if history.doubt:
        yield Finding(
            "not-verified", "danger", f"Not verified: {history.doubt}", "`sealwax verify`"
        )
    if history.void_commits:
        yield Finding(
            "void-commits",
            "warn",
            f"{history.void_commits:,} entries in the history do not count: someone without the"
            " right to write, or damage.",
            "`sealwax verify`",
            "verify",
        )
    yield from _jobs(facts)


def _jobs(facts: Facts) -> Iterator[Finding]:
    for kind, trouble in facts.troubles.items():
        if kind not in TOLD_ELSEWHERE:
            since = moment(trouble.since_ms, facts.now_ms, facts.zone)
            yield Finding(
                f"{kind}-fails",
                "warn" if kind in NOT_FOR_SAFETY else "danger",
                f"The job “{kind}” fails since {since}: {trouble.sentence}",
                trouble.hint,
                "again",
                kind,
            )
