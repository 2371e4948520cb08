"""What each kind of job does, in words of the agent. All may be done again from the beginning."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sealwax.agent.api import Agent
from sealwax.agent.importing import NoSources
from sealwax.agent.jobs import Report, Step
from sealwax.agent.journal import Journal
from sealwax.agent.owners import SourceOfAnother
from sealwax.agent.schedule import JobKind
from sealwax.agent.sync_state import SyncPort
from sealwax.agent.time_trust import ClockInDoubt
from sealwax.agent.watching import SourceWatch
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.intake.apply import Progress
from sealwax.snapshot.verify import Step as VerifyStep
from sealwax.sources.base import SourceError
from sealwax.sources.registry import source_marks


class DamageFound(SealwaxError):
    """The monthly check found something that is not as it was written."""

    code = "damage-found"
    hint = "`sealwax verify` names all of it, and what it costs."


class Chores:
    """The jobs of one home. Used by the one thread that writes."""

    def __init__(
        self,
        agent: Agent,
        watch: SourceWatch,
        journal: Journal,
        clock: Clock,
        sync: Callable[[], SyncPort],
    ) -> None:
        self._agent = agent
        self._watch = watch
        self._journal = journal
        self._clock = clock
        self._sync = sync
        self._acts: dict[JobKind, Callable[[Report], None]] = {
            JobKind.IMPORT: self._import,
            JobKind.SYNC: self._bring_together,
            JobKind.SNAPSHOT: self._snapshot,
            JobKind.RETENTION: self._retention,
            JobKind.COMPACTION: self._compaction,
            JobKind.VERIFY: self._verify,
        }

    def do(self, kind: JobKind, report: Report) -> None:
        """Does a job; raises SealwaxError."""
        self._acts[kind](report)

    def sources(self) -> list[Path]:
        """What is imported without being named."""
        try:
            return self._agent.sources_to_import(())
        except NoSources:
            return []

    def _import(self, report: Report) -> None:
        """All sources; one that cannot be read does not stop the others, and is told at the end."""
        first: SealwaxError | None = None
        for path in self.sources():
            marks = source_marks(path)
            try:
                self._agent.import_source(path, lambda told: report(import_step(told)))
            except (SourceError, SourceOfAnother) as error:
                self._watch.failed(path, marks, self._clock.monotonic())
                self._journal.source_failed(str(path), self._clock.now_ms(), error)
                first = first or error
            else:
                self._watch.imported(path, marks)
                self._journal.source_read(str(path))
        if first is not None:
            raise first

    def _bring_together(self, report: Report) -> None:
        self._sync().now(report)

    def _snapshot(self, report: Report) -> None:
        report(Step("Making a snapshot"))
        self._agent.upkeep.create_daily_snapshot()

    def _retention(self, report: Report) -> None:
        # What the calendar would remove waits while the clock is in doubt; the doctor names it.
        with suppress(ClockInDoubt):
            report(Step("Looking at old snapshots"))
            self._agent.upkeep.apply_retention()
            report(Step("Looking at the trash"))
            self._agent.storage.empty_trash()

    def _compaction(self, report: Report) -> None:
        self._agent.compact(lambda phase: report(Step(phase)))

    def _verify(self, report: Report) -> None:
        found = self._agent.verify(lambda told: report(verify_step(told)))
        if not found.is_sound:
            raise DamageFound(f"{len(found.damage):,} things are not as they were written.")


def import_step(told: Progress) -> Step:
    """How far an import is."""
    return Step(f"{told.phase} messages", told.messages, told.total, "messages")


def verify_step(told: VerifyStep) -> Step:
    """How far a check is."""
    return Step(told.phase, told.done, told.total)
