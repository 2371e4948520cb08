"""What each kind of job does, in words of the agent. All may be done again from the beginning."""

import datetime
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.api import Agent
from sealwax.agent.backing_up import backed_up_sentence
from sealwax.agent.importing import damage_of
from sealwax.agent.jobs import Report, Step
from sealwax.agent.journal import Journal
from sealwax.agent.owners import SourceOfAnother
from sealwax.agent.remembered_sources import NoSources
from sealwax.agent.schedule import JobKind, is_daily_wanted
from sealwax.agent.sync_state import SyncPort
from sealwax.agent.thumbnails import ThumbnailProgress
from sealwax.agent.time_trust import ClockInDoubt
from sealwax.agent.watching import SourceWatch
from sealwax.agent.wording import count
from sealwax.base.clock import Clock
from sealwax.base.errors import SealwaxError
from sealwax.intake.imported import Progress
from sealwax.snapshot.verify import Step as VerifyStep
from sealwax.snapshot.verify import Verified
from sealwax.sources.base import SourceError
from sealwax.sources.registry import source_marks
from sealwax.stores.base import StoreError
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.reading_back import SAMPLE


class DamageFound(SealwaxError):
    """The monthly check found something that is not as it was written."""

    code = "damage-found"
    hint = "`sealwax verify` names all of it, and what it costs."


class BackupUnread(SealwaxError):
    """The place that keeps the backup could not be asked."""

    code = "backup-unread"
    hint = "Nothing is lost: it is tried again by itself."


class Outcome(NamedTuple):
    """What came of a job, in one sentence."""

    sentence: str


class Chores:
    """The jobs of one home. Used by the one thread that writes."""

    def __init__(
        self,
        agent: Agent,
        watch: SourceWatch,
        journal: Journal,
        clock: Clock,
        sync: Callable[[], SyncPort],
        zone: datetime.tzinfo | None = None,
    ) -> None:
        """`zone` says when a day begins, None that of this computer."""
        self._agent = agent
        self._watch = watch
        self._journal = journal
        self._clock = clock
        self._sync = sync
        self._zone = zone
        self._acts: dict[JobKind, Callable[[Report], Outcome | None]] = {
            JobKind.IMPORT: self._import_live,
            JobKind.SYNC: self._bring_together,
            JobKind.SNAPSHOT: self._snapshot_of_the_day,
            JobKind.PROOF: self._prove,
            JobKind.RETENTION: self._retention,
            JobKind.THUMBNAILS: self._thumbnails,
            JobKind.COMPACTION: self._compaction,
            JobKind.VERIFY: self._verify,
        }
        self.is_awaited: Callable[[], bool] = lambda: False
        """Whether something waits for a job that can stop and go on later."""

    def do(self, kind: JobKind, report: Report, is_asked: bool = True) -> Outcome | None:
        """Does a job that a person asked for or that is due, and says what came of it where that is
        worth saying; raises SealwaxError."""
        asked = {JobKind.SNAPSHOT: self._snapshot, JobKind.IMPORT: self._import}
        act = asked[kind] if is_asked and kind in asked else self._acts[kind]
        return act(report)

    def sources(self) -> list[Path]:
        """What is imported without being named."""
        try:
            return self._agent.sources_to_import(())
        except NoSources:
            return []

    def _import_live(self, report: Report) -> Outcome:
        """What changed, by itself: receipts alone wait for company."""
        return self._import(report, is_asked=False)

    def _import(self, report: Report, is_asked: bool = True) -> Outcome:
        """All sources; one that cannot be read does not stop the others, and is told at the end."""
        first: SealwaxError | None = None
        new, damaged = 0, ""
        for path in self._agent.sources_to_import(()):
            marks = source_marks(path)
            may_wait = not is_asked and self._watch.may_wait(path, self._clock.monotonic())
            try:
                done = self._agent.import_source(
                    path, lambda told: report(import_step(told)), may_wait=may_wait
                )
            except (SourceError, SourceOfAnother) as error:
                self._watch.failed(path, marks, self._clock.monotonic())
                self._journal.source_failed(str(path), self._clock.now_ms(), error)
                first = first or error
            else:
                if done.waiting:
                    self._watch.waits(path, marks, self._clock.monotonic())
                else:
                    self._watch.imported(path, marks)
                self._journal.source_read(str(path))
                new += done.new.get("messages", 0)
                damage = damage_of(path, done)
                damaged += f" {damage.sentence}" if damage is not None else ""
        if first is not None:
            raise first
        return Outcome(f"Imported: {count(new, 'message')} that were not here before.{damaged}")

    def _bring_together(self, report: Report) -> Outcome:
        done = self._sync().now(report)
        if not isinstance(done, SyncOutcome) or done.is_verified:
            return Outcome("Everything is shared.")
        if done.why:
            return Outcome(f"Not all is shared: {done.why}")
        return Outcome(f"Not verified: {done.doubt}" if done.doubt else "Everything is shared.")

    def _snapshot(self, report: Report) -> Outcome:
        report(Step("Making a snapshot"))
        self._agent.upkeep.create_daily_snapshot()
        report(Step("Reading the backup back"))
        done = self._agent.sync.back_up_now()
        now_ms = self._clock.now_ms()
        return Outcome(f"A snapshot was made. {backed_up_sentence(done, now_ms, self._zone)}")

    def _prove(self, report: Report) -> Outcome:
        """What could not be read back is told by the doctor, day after day."""
        report(Step("Reading the backup back"))
        done = self._agent.sync.back_up_now(is_asked=False)
        if done.why:
            raise BackupUnread(done.why)
        return Outcome(backed_up_sentence(done, self._clock.now_ms(), self._zone))

    def _snapshot_of_the_day(self, report: Report) -> None:
        """None where another device has made it, since this one last heard of the others."""
        report(Step("Making a snapshot"))
        self._agent.upkeep.create_daily_snapshot(
            lambda newest_ms: is_daily_wanted(newest_ms, self._clock.now_ms(), self._zone)
        )

    def _retention(self, report: Report) -> None:
        # What the calendar would remove waits while the clock is in doubt; the doctor names it.
        with suppress(ClockInDoubt):
            report(Step("Looking at old snapshots"))
            self._agent.upkeep.apply_retention()
            report(Step("Looking at the trash"))
            self._agent.storage.empty_trash()

    def _thumbnails(self, report: Report) -> None:
        """One batch: where more are to be made, it is due again."""

        def told(progress: ThumbnailProgress) -> None:
            report(Step("Making small pictures", progress.done, progress.total, "pictures"))

        self._agent.thumbnails.make_batch(told, self.is_awaited)

    def _compaction(self, report: Report) -> None:
        self._agent.compact(lambda phase: report(Step(phase)))

    def _verify(self, report: Report) -> Outcome:
        def look() -> Verified:
            return self._agent.verify(lambda told: report(verify_step(told)), reading=SAMPLE)

        found = look()
        if not found.is_sound:
            # What is whole here or at the sync store is put back before anybody is alarmed.
            with suppress(StoreError):
                self._agent.mend(found)
                found = look()
        if not found.is_sound:
            raise DamageFound(f"{len(found.damage):,} things are not as they were written.")
        there = found.there
        if not there.is_another:
            return Outcome("Everything that is kept was checked, and is as it was written.")
        told = "Everything on this device was checked, and is as it was written."
        if there.read:
            told += f" Read back whole from {there.name}: {count(there.read, 'sealed object')}."
        return Outcome(told)


def import_step(told: Progress) -> Step:
    """How far an import is."""
    return Step(f"{told.phase} messages", told.messages, told.total, "messages")


def verify_step(told: VerifyStep) -> Step:
    """How far a check is."""
    return Step(told.phase, told.done, told.total)
