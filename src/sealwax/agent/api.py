"""What can be asked of Sealwax: one plain class that every surface uses and nothing else.

Methods decide nothing themselves; they resolve what was typed, call the machine that does the work,
and give frozen values back. A plan is shown before it is applied: each act that changes or deletes
has a method that only says what it would do.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.browsing import Browsing
from sealwax.agent.compacting import Compaction, compact, plan_compaction, tidy
from sealwax.agent.device import Device
from sealwax.agent.devices import Devices
from sealwax.agent.grouping import Grouping
from sealwax.agent.held import Held
from sealwax.agent.home import SCRATCH_FOLDER
from sealwax.agent.importing import ImportAsked, import_source
from sealwax.agent.noting import Note, notes_of
from sealwax.agent.owners import Owners
from sealwax.agent.recovery import Recovery
from sealwax.agent.remembered_sources import RememberedSources
from sealwax.agent.selecting import (
    BadSelection,
    Select,
    find_conversation,
    known_conversations,
    resolve,
    resolve_moment,
)
from sealwax.agent.status import Status
from sealwax.agent.storing import Storing
from sealwax.agent.syncing import Syncing
from sealwax.agent.thumbnails import Thumbnails
from sealwax.agent.time_trust import TimeTrust
from sealwax.agent.tracing import Tracing
from sealwax.agent.upkeep import Upkeep, newest_of
from sealwax.agent.verifying import Verifying
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.settings import Settings
from sealwax.exports.base import Exported, Exporter, Wanted
from sealwax.exports.csv import export_csv
from sealwax.exports.html import export_html
from sealwax.exports.jsonl import export_jsonl
from sealwax.exports.text import export_text
from sealwax.intake.imported import Imported, Progress
from sealwax.library.conversation import ConversationView
from sealwax.library.files import file_reader
from sealwax.library.holdings import SourceTrouble
from sealwax.library.parts import part_reader
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.search import Hit
from sealwax.library.select import ANYWHERE, Key, Moment, Selection
from sealwax.library.view import AttachmentView, MessageView, message_view, shown_files
from sealwax.snapshot.diff import ConversationDiff, MessageDiff, diff, diff_messages
from sealwax.snapshot.pins import (
    Snapshot,
    create_snapshot,
    drop_snapshots,
    find_snapshot,
    list_snapshots,
)
from sealwax.snapshot.plan import MERGE, REPLACE, RestoreCounts
from sealwax.snapshot.restore import Restored, preview, restore
from sealwax.snapshot.retention import BY_HAND
from sealwax.snapshot.verify import Step, Verified
from sealwax.snapshot.wholeness import need_whole, unreadable_at
from sealwax.storage.apply import (
    Affected,
    affected,
    delete,
    undelete,
)
from sealwax.sync.other_self import is_other_copy
from sealwax.sync.reading_back import NOTHING, Reading
from sealwax.sync.taking_back import taken_back
from sealwax.trust.heads import RememberedHeads

EXPORTERS: dict[str, Exporter] = {
    "jsonl": export_jsonl,
    "html": export_html,
    "text": export_text,
    "csv": export_csv,
}


class Media(NamedTuple):
    """An attachment with the message that it came in."""

    attachment: AttachmentView
    message: MessageView


class Agent:
    """An open home. Not shared between threads."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        device: Device,
        clock: Clock,
        entropy: Entropy,
        notes: Iterable[Note] = (),
    ) -> None:
        self._noted = tuple(notes)
        self.home = home
        self._settings = settings
        self.device = device
        self.devices = Devices(device, clock, entropy)
        self.held = Held(device, clock)
        self.time = TimeTrust(device.history.library, clock)
        self.sync = Syncing(
            device,
            settings,
            self.time,
            self.devices.settle,
            lambda reason: self._snapshot("", reason),
        )
        self._verifying = Verifying(device, clock, entropy, lambda: self.sync.is_on)
        self._replica = replica = device.history
        self._journal = device.journal
        self._clock = clock
        self._entropy = entropy
        self._library = replica.library
        self.storage = Storing(
            device,
            lambda reason: self._snapshot("", reason),
            self._selection_now,
            clock,
            self.time,
            self.held,
        )
        self.owners = Owners(settings, replica.keys.roots)
        self._sources = RememberedSources(settings, home / SCRATCH_FOLDER)
        self.upkeep = Upkeep(replica, self._journal, clock, self.time)
        self.recovery = Recovery(replica.log, settings, replica.store)
        self.tracing = Tracing(
            self._library, replica.keys.roots, home / SCRATCH_FOLDER, self.sources
        )
        self.grouping = Grouping(
            self._library, self._journal, replica.keys.roots, clock, self._selection_now
        )
        self._read_file = file_reader(replica.store, replica.keys, replica.zone)
        read_part = part_reader(replica.store, replica.keys, replica.zone)
        self.browse = Browsing(replica.library, read_part)
        self.thumbnails = Thumbnails(device, read_part, clock)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was found wrong when the home was opened; what is missing of the history, and why
        nothing can be written."""
        store, troubles = self._replica.store.describe(), self.devices.key_troubles()
        return notes_of(self._library.holdings, store, self._noted, troubles)

    def warnings(self) -> list[Note]:
        """The same, from another process too."""
        return list(self.notes)

    # For several threads.

    def reader(self) -> "Agent":
        """The same home once more, for another thread, to read only; see `agent.readers`."""
        device = self.device.reader(self._library.reader(), RememberedHeads(self.home))
        return Agent(self.home, self._settings, device, self._clock, self._entropy, self._noted)

    def expect_readers(self) -> None:
        """From now on the library may be read by others at any time."""
        self._library.database.has_readers = True

    def standing_still(self) -> AbstractContextManager[None]:
        """For a reader: everything inside is read as of one moment."""
        return self._library.standing_still()

    def close(self) -> None:
        """Closes a reader."""
        self._library.close()

    # Reading.

    def conversations(
        self, at: str | None = None, in_trash: bool = False
    ) -> list[ConversationView]:
        """The conversations of the present or of a snapshot, newest first; or those that have
        something in the trash, with how much."""
        return self._library.read.conversations(self._moment(at, in_trash))

    def conversation(
        self, chat: str, at: str | None = None, in_trash: bool = False
    ) -> ConversationView:
        """The conversation that is meant; raises NothingMatches or SeveralMatch."""
        return find_conversation(self.conversations(at, in_trash), chat)

    def read(
        self,
        conversation: int,
        at: str | None = None,
        limit: int = 100,
        before: Key | None = None,
        after: Key | None = None,
        in_trash: bool = False,
    ) -> list[MessageView]:
        """A page of a conversation, oldest first; see `library.query.Reader.page`."""
        moment = self._moment(at, in_trash)
        return self._library.read.page(conversation, moment, limit, before, after)

    def attachments(self, messages: Iterable[MessageView]) -> dict[str, AttachmentView]:
        """The attachments of messages by name."""
        wanted = [name for message in messages for name in message.attachments]
        return self._library.read.attachments(wanted, Moment(self._library.head_moment(), ANYWHERE))

    def search(
        self, words: str, at: str | None = None, select: Select | None = None, limit: int = 100
    ) -> list[Hit]:
        """Messages that hold the words: in the present and the trash, at a snapshot, or ("all") at
        any kept moment."""
        moment = resolve_moment(self._library, at)
        if at is None:
            moment = Moment(self._library.head_moment(), ANYWHERE)
        selection = self._selection(select or Select(), moment or self._library.now())
        return self._library.search(words, moment, selection, limit)

    def media(self, select: Select, at: str | None = None) -> Iterator[Media]:
        """The attachments of the selected messages, oldest first."""
        moment = self._moment(at)
        for row in self._library.read.messages(self._selection(select, moment), moment):
            message = message_view(row.record, row.conversation, row.state)
            for _, attachment in shown_files(message, self.attachments([message])):
                if attachment is not None:
                    yield Media(attachment, message)

    def attachment_bytes(self, attachment: AttachmentView) -> Iterator[bytes]:
        """An attachment's pieces; raises SealBroken or StoreError when one is damaged."""
        return self._read_file(attachment)

    def unreadable_at(self, at: str | None = None) -> int:
        """How many sealed objects of a moment ("all": of all moments) could not be read: with any,
        what it shows may not be all."""
        moment = resolve_moment(self._library, at)
        return unreadable_at(self._library, moment.seq if moment else None)

    def status(self) -> Status:
        """What is safe, where, since when."""
        holdings = self._library.holdings
        snapshots = holdings.pins()
        live, pinned_only = holdings.sealed_bytes()
        return Status(
            home=str(self.home),
            store=self._replica.store.describe(),
            counts=self._library.counts(),
            sealed_bytes=live,
            snapshot_only_bytes=pinned_only,
            snapshots=len(snapshots),
            newest_snapshot_ms=newest_of([pin.made_ms for pin in snapshots], self._clock.now_ms()),
            held=self.held.waiting(),
            void_commits=len(holdings.void_commits()) + len(self._replica.log.void_reasons),
            damaged_objects=len(holdings.damage()),
            notes=tuple(note.what for note in self.notes),
            sources=len(self.sources()),
            devices=len(self._replica.log.newest.devices),
            now_ms=self._clock.now_ms(),
            account=self._replica.keys.account.hex(),
            epoch=self._replica.log.newest.epoch,
            head=f"{self._replica.zone}/{self._library.head_seq()}",
            is_remote=self.device.mirror is not None,
            is_verified=self.device.sync.verified_ms() > 0,
            waiting=self.device.sync.waiting(),
            is_other_copy=is_other_copy(self._settings, self._clock.now_ms()),
            taken_back=taken_back(holdings, self._clock.now_ms()),
            doubt=self.sync.denied(),
            is_lacking=self._verifying.is_lacking(),
        )

    def verify(
        self, report: Callable[[Step], None], is_deep: bool = True, reading: Reading = NOTHING
    ) -> Verified:
        """Checks every object, commit and key packet, and the library against them; `is_deep` adds
        up all changes and records too. The shared place is asked for all, and a part of it is read
        back; see `agent.verifying`."""
        return self._verifying.verify(report, is_deep, reading, self.notes)

    def mend(self, found: Verified) -> None:
        """Puts back what a verification named and this device, or the sync store, has whole;
        raises StoreError."""
        self._verifying.mend(found)

    # Importing.

    def sources(self) -> list[str]:
        """The paths that `import` without a path reads."""
        return self._sources.paths()

    def add_source(self, path: Path) -> None:
        """Remembers a source, after opening it once."""
        self._sources.add(path)

    def remove_source(self, path: Path) -> None:
        """Forgets a source; nothing that was imported from it changes."""
        self._sources.remove(path)
        self.owners.forget(path)

    def source_trouble(self, path: Path) -> SourceTrouble | None:
        """Why a source could not be read to its end when it was last imported."""
        return self._library.holdings.source_trouble(str(path.resolve()))

    def accept_source(self, path: Path) -> None:
        """Says that a source of another account than before is right; raises NothingToAccept."""
        self.owners.accept(path)

    def sources_to_import(self, paths: Iterable[Path]) -> list[Path]:
        """The given paths, else the remembered sources, else what this computer has."""
        return self._sources.wanted(paths)

    def import_source(
        self,
        path: Path,
        report: Callable[[Progress], None],
        is_confirmed: bool = False,
        is_dry_run: bool = False,
        is_full: bool = False,
        may_wait: bool = False,
    ) -> Imported:
        """Imports one source, or what changed in it since it was last imported (unless `is_full`).
        Receipts alone stay where they are if they `may_wait`. Raises SourceError or StoreError."""
        done = import_source(
            ImportAsked(path, is_confirmed, is_dry_run, is_full, may_wait),
            self.home,
            self.device,
            self._clock.now_ms(),
            self.owners,
            lambda reason: self._snapshot("", reason),
            report,
        )
        if not is_dry_run and not done.waiting:
            tidy(self.device, self._entropy)
        return done

    # Space.

    def plan_compaction(self) -> Compaction:
        """What `compact` would do."""
        return plan_compaction(self._replica, self.time.sure_now_ms())

    def compact(self, report: Callable[[str], None]) -> Compaction:
        """Merges small objects and deletes what nothing holds; no message and no snapshot
        changes."""
        scratch = self.home / SCRATCH_FOLDER
        try:
            return compact(self._replica, scratch, self.time.sure_now_ms(), report)
        finally:
            self.device.outbox.put_on()

    # Deleting, and taking it back.

    def affected(self, select: Select, in_trash: bool = False) -> Affected:
        """How much a selection holds in the present, or in the trash."""
        place = TRASH if in_trash else PRESENT
        return affected(self._library, self._selection(select, self._library.now()), place)

    def delete(self, select: Select) -> int:
        """Puts the selection into the trash; gives the number of records."""
        selection = self._selection(select, self._library.now())
        return delete(self._library, self._journal, selection, self._clock.now_ms())

    def undelete(self, select: Select) -> int:
        """Brings the selection back from the trash; gives the number of records."""
        selection = self._selection(select, self._library.now())
        return undelete(self._library, self._journal, selection, self._clock.now_ms())

    def answer_held(self, is_accepted: bool, number: int | None = None) -> int:
        """Answers what waits for an answer, all of it or one question; see `agent.held`."""
        return self.held.answer(is_accepted, number)

    # Snapshots.

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, oldest first."""
        return list_snapshots(self._library)

    def snapshot(self, wanted: str) -> Snapshot:
        """The snapshot that is meant; raises SnapshotMissing."""
        return find_snapshot(self._library, wanted)

    def create_snapshot(self, name: str, reason: str = BY_HAND) -> Snapshot:
        """Pins the present."""
        return self.snapshot(str(self._snapshot(name, reason)))

    def drop_snapshots(self, wanted: Iterable[str]) -> list[Snapshot]:
        """Lets go of snapshots; SnapshotMissing or SnapshotLocked come before any act."""
        snapshots = [self.snapshot(text) for text in wanted]
        drop_snapshots(self._library, self._journal, snapshots, self._clock.now_ms())
        return snapshots

    def diff(self, older: str, newer: str | None) -> list[tuple[ConversationDiff, str]]:
        """What differs between two snapshots, or a snapshot and the present, with titles."""
        from_seq, to_seq = self._span(older, newer)
        titles = {
            view.record: view.title
            for seq in (from_seq, to_seq)
            for view in known_conversations(self._library, seq)
        }
        return [
            (item, titles.get(item.conversation or 0, "no conversation"))
            for item in diff(self._library, from_seq, to_seq)
        ]

    def diff_messages(self, older: str, newer: str | None, chat: str) -> Iterator[MessageDiff]:
        """The messages of a conversation that differ between two snapshots, or a snapshot and the
        present; oldest first."""
        from_seq, to_seq = self._span(older, newer)
        known = {
            view.record: view
            for seq in (from_seq, to_seq)
            for view in known_conversations(self._library, seq)
        }
        conversation = find_conversation(list(known.values()), chat)
        return diff_messages(self._library, from_seq, to_seq, conversation.record)

    # Restoring and exporting.

    def plan_restore(self, wanted: str, select: Select, mode: str = MERGE) -> RestoreCounts:
        """What a restore would do; raises MomentNotWhole where it would take away what could only
        not be read."""
        moment, selection = self._past(wanted, select, mode)
        device, now_ms = self._replica.device, self._clock.now_ms()
        return preview(self._library, moment, selection, mode, now_ms, device)

    def restore(
        self,
        wanted: str,
        select: Select,
        mode: str = MERGE,
        report: Callable[[int], None] = lambda _: None,
    ) -> Restored:
        """Restores from a snapshot; *replace* takes a snapshot of the present first, and raises
        MomentNotWhole like the plan."""
        moment, selection = self._past(wanted, select, mode)
        if mode == REPLACE:
            self._snapshot("", "before a restore")
        now_ms = self._clock.now_ms()
        return restore(self._library, self._journal, moment, selection, mode, now_ms, report)

    def export(
        self,
        export_format: str,
        out: Path,
        select: Select,
        at: str | None = None,
        report: Callable[[int], None] = lambda _: None,
    ) -> Exported:
        """Writes the history of a moment out, its trash included; raises ExportExists or
        ExportFailed."""
        moment = self._moment(at)._replace(places=ANYWHERE)
        wanted = Wanted(
            self._library,
            moment,
            self._selection(select, moment),
            self._read_file,
            self._clock.now_ms(),
            report,
        )
        done = EXPORTERS[export_format](wanted, out)
        return done._replace(unreadable_objects=unreadable_at(self._library, moment.seq))

    def _snapshot(self, name: str, reason: str) -> int:
        return create_snapshot(self._library, self._journal, name, reason)

    def _span(self, older: str, newer: str | None) -> tuple[float, float]:
        """The moments of two snapshots, or of a snapshot and the present."""
        from_moment = self.snapshot(older).moment
        return from_moment, self.snapshot(newer).moment if newer else self._library.head_moment()

    def _moment(self, at: str | None, in_trash: bool = False) -> Moment:
        moment = resolve_moment(self._library, at)
        if moment is None:
            raise BadSelection("“all” has a meaning for search only.", "Name one snapshot or date.")
        return moment._replace(places=(TRASH,)) if in_trash else moment

    def _selection(self, select: Select, moment: Moment) -> Selection:
        return resolve(self._library, self._replica.keys.roots, select, moment)

    def _selection_now(self, select: Select) -> Selection:
        return self._selection(select, self._library.now())

    def _past(self, wanted: str, select: Select, mode: str) -> tuple[float, Selection]:
        moment = self.snapshot(wanted).moment
        if mode == REPLACE:
            need_whole(self._library, moment)
        return moment, self._selection(select, Moment(moment))
