"""Acts that change something: planned and shown first, then confirmed by the plan's number.

What is confirmed is what was shown: the plan keeps the selection, and a page that made up another
one would have to show that first.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Annotated, Any, Literal

import msgspec

from sealwax.agent.api import Agent
from sealwax.agent.port import Progress, Report
from sealwax.agent.selecting import BadSelection, Select
from sealwax.snapshot.plan import MERGE, RestoreCounts
from sealwax.web.refusals import NothingToDo, PlanGone

PLANS_KEPT = 32
RECORDS_LIMIT = 500
BEFORE_RESTORE = "before a restore"
BEFORE_DELETION = "before a deletion"

Records = Annotated[list[int], msgspec.Meta(max_length=RECORDS_LIMIT)]
Act = Callable[[Agent, Report], Any]


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Conversations and messages by their records; everything, where both are empty."""

    conversations: Records = []
    messages: Records = []

    def select(self) -> Select:
        return Select(
            chats=tuple(f"#{record}" for record in self.conversations),
            messages=tuple(str(record) for record in self.messages),
        )


class RestoreAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be brought back, from which snapshot, and how."""

    snapshot: int
    chosen: Chosen = Chosen()
    mode: Literal["merge", "replace"] = "merge"


class DeleteAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to go into the trash; never everything."""

    chosen: Chosen


class Plan(msgspec.Struct, frozen=True):
    """An act as it is shown: what it would do, in numbers, with a few first words."""

    id: str
    kind: str
    messages_back: int = 0
    messages_gone: int = 0
    conversations_back: int = 0
    conversations_gone: int = 0
    attachments_back: int = 0
    facts_back: int = 0
    samples: list[str] = []


class Undo(msgspec.Struct, frozen=True):
    """How an act is taken back: by planning a restore, or at once by taking out of the trash."""

    restore: RestoreAsked | None = None
    undelete: Chosen | None = None


class Done(msgspec.Struct, frozen=True):
    """What an act did, in one sentence, and how it is taken back."""

    sentence: str
    undo: Undo | None = None


class Plans:
    """The plans that were shown lately, by number."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, Act]] = OrderedDict()
        self._next = 1
        self._lock = Lock()

    def keep(self, kind: str, act: Act) -> str:
        """Keeps what a plan will do, and gives its number."""
        with self._lock:
            number = str(self._next)
            self._next += 1
            self._kept[number] = (kind, act)
            while len(self._kept) > PLANS_KEPT:
                self._kept.popitem(last=False)
        return number

    def take(self, number: str) -> tuple[str, Act]:
        """The kind and the act of a plan, once; raises PlanGone."""
        with self._lock:
            found = self._kept.pop(number, None)
        if found is None:
            raise PlanGone("This plan is not known any more.")
        return found


def plan_restore(plans: Plans, agent: Agent, asked: RestoreAsked) -> Plan:
    """What a restore would do; raises SnapshotMissing or NothingMatches."""
    counts = agent.plan_restore(str(asked.snapshot), asked.chosen.select(), asked.mode)
    number = plans.keep("restore", _restoring(asked, counts))
    return Plan(
        number,
        asked.mode,
        counts.messages_back,
        counts.messages_gone,
        counts.conversations_back,
        counts.conversations_gone,
        counts.attachments_back,
        counts.facts_back,
        [sample[:200] for sample in counts.samples],
    )


def plan_delete(plans: Plans, agent: Agent, asked: DeleteAsked) -> Plan:
    """What a deletion would do; raises NothingMatches or BadSelection."""
    select = asked.chosen.select()
    if select.is_everything:
        raise BadSelection("Say what is to be deleted.", "Choose a conversation or a message.")
    found = agent.affected(select)
    number = plans.keep("delete", _deleting(asked.chosen))
    gone = len(asked.chosen.conversations)
    return Plan(number, "delete", messages_gone=found.messages, conversations_gone=gone)


def undeleting(chosen: Chosen) -> Act:
    """Takes messages and conversations out of the trash."""
    if chosen.select().is_everything:
        raise NothingToDo("Nothing was chosen.")

    def act(agent: Agent, _: Report) -> Done:
        found = agent.affected(chosen.select(), in_trash=True)
        agent.undelete(chosen.select())
        return Done(f"{_messages(found.messages)} came back from the trash.")

    return act


def answering(is_accepted: bool, number: int | None) -> Act:
    """Answers what is held: one question, or all."""

    def act(agent: Agent, _: Report) -> Done:
        done = agent.answer_held(is_accepted, number)
        if is_accepted:
            return Done(f"Answered: {done:,} were meant, and stay as they are.")
        return Done(f"Answered: {done:,} are back.")

    return act


def _restoring(asked: RestoreAsked, planned: RestoreCounts) -> Act:
    def act(agent: Agent, report: Report) -> Done:
        if asked.mode == MERGE:
            # So that a restore can be taken back; to replace takes one itself.
            agent.create_snapshot("", BEFORE_RESTORE)
        total = planned.messages_back + planned.messages_gone
        report(Progress("Restoring", 0, total))
        done = agent.restore(
            str(asked.snapshot),
            asked.chosen.select(),
            asked.mode,
            lambda records: report(Progress("Restoring", min(records, total), total)),
        )
        before = [one for one in agent.snapshots() if one.reason == BEFORE_RESTORE][-1]
        back = RestoreAsked(before.number, asked.chosen, "replace")
        return Done(_restored(done.counts), Undo(restore=back))

    return act


def _deleting(chosen: Chosen) -> Act:
    def act(agent: Agent, _: Report) -> Done:
        found = agent.affected(chosen.select())
        undo = Undo(undelete=chosen)
        if chosen.conversations:
            # Of a conversation some may lie in the trash already; the snapshot knows which do not.
            agent.create_snapshot("", BEFORE_DELETION)
            before = agent.snapshots()[-1]
            undo = Undo(restore=RestoreAsked(before.number, chosen))
        agent.delete(chosen.select())
        return Done(f"{_messages(found.messages)} went to the trash.", undo)

    return act


def _restored(counts: RestoreCounts) -> str:
    parts = []
    if counts.messages_back:
        parts.append(f"{_messages(counts.messages_back)} came back")
    if counts.messages_gone:
        parts.append(f"{_messages(counts.messages_gone)} went to the trash")
    if counts.facts_back:
        parts.append(f"{counts.facts_back:,} facts are as they were")
    return f"Restored: {', '.join(parts) or 'nothing was otherwise'}."


def _messages(number: int) -> str:
    return "1 message" if number == 1 else f"{number:,} messages"
