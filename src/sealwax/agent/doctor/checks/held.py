"""What other devices took away: questions that wait for an answer, and what was mended."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import Finding, command, moment
from sealwax.agent.questions import Alarm, question
from sealwax.agent.wording import count
from sealwax.sync.guard.pieces_back import DROPPED_IN_USE
from sealwax.sync.guard.proof import TOLD_LESS

_MENDED = {
    TOLD_LESS: "replaced parts of the history with less than was in them; {number} were added again"
    " from this device",
    DROPPED_IN_USE: "took pieces of files out of the history that are in use; {number} were added"
    " again from this device",
}
_THINGS = {TOLD_LESS: "change", DROPPED_IN_USE: "file"}


def check_held(facts: Facts) -> Iterator[Finding]:
    """One sentence a question: who did what, how much, when."""
    for asked in facts.history.asked:
        seen = moment(asked.seen_ms, facts.now_ms, facts.zone)
        accept = command("held", "accept", str(asked.number))
        undo = command("held", "undo", str(asked.number))
        yield Finding(
            "held",
            "warn",
            question(asked, seen),
            f"{undo}, or {accept} if it was meant",
            "answer-held",
            str(asked.number),
        )
    if facts.history.asked_elsewhere:
        records = count(facts.history.asked_elsewhere, "record")
        yield Finding(
            "held-elsewhere",
            "note",
            f"{records} that were deleted here wait for an answer on another device, and stay in"
            " the trash until then.",
            "there: `sealwax held accept`, or `sealwax held undo`",
            is_elsewhere=True,
        )
    for alarm in facts.history.alarms:
        yield _mended(alarm, facts)


def _mended(alarm: Alarm, facts: Facts) -> Finding:
    number = count(alarm.number, _THINGS[alarm.what])
    told = _MENDED[alarm.what].format(number=number)
    seen = moment(alarm.seen_ms, facts.now_ms, facts.zone)
    return Finding(
        "history-mended",
        "danger",
        f"{alarm.device} {told} ({seen}). Nothing is lost.",
        "if that device may be in other hands: " + command("device", "revoke", alarm.device),
    )
