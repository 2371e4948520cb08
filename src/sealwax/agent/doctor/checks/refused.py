"""What a device tried to take away and the rules of the history kept."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding, command
from sealwax.snapshot.refusals import told_refusal


def check_refused(facts: Facts) -> Iterator[Finding]:
    """No version of this program does that: the device is in other hands, or damaged."""
    for one in facts.refused:
        text = told_refusal(one.device, one.reason, one.number)
        if one.is_trusted:
            remedy = f"unless you know why: {command('device', 'revoke', one.device)}"
            yield Finding("refused-drop", "danger", text, remedy)
        else:
            yield Finding("refused-drop", "note", text, "it was removed since: nothing to do")
