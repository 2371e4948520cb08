"""Purging: words and files leave the head and do not come back by themselves; snapshots keep them.

First the records say so, in commits that stand on their own; then the pieces of files that no
record is made of any more are dropped. What is interrupted in between goes on when it is asked for
again, or when compaction rewrites the purged words.
"""

from collections.abc import Iterable, Iterator, Set
from itertools import chain
from typing import NamedTuple

from sealwax.library.database import STILL
from sealwax.library.library import Library
from sealwax.library.naming import names_in
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.query import Row
from sealwax.library.resting import Resting
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.library.usage import files, messages_with_files, used_chunks
from sealwax.model.field import CONTENT
from sealwax.model.pieces import file_pieces_of, pieces_of
from sealwax.model.record import Kind
from sealwax.model.state import State
from sealwax.storage.plan import Target, files_of_nobody, plan_delete, plan_purge
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import Writer, Writing, write_in_batches

DROPPED_TOGETHER = 8_192
REASON = "purge"


class PurgePlan(NamedTuple):
    """What a purge takes away: the messages (none, when only files go), the attachments, and the
    pieces that they are made of. `conversations` that are selected whole go into the trash: their
    names stay, for a message may still come. `freed_bytes` are those of files that nothing else is
    made of; they come back once no snapshot holds them. `chats` counts conversations."""

    messages: tuple[Target, ...]
    attachments: tuple[Target, ...]
    chunks: frozenset[bytes]
    conversations: tuple[Target, ...]
    chats: int
    files: int
    freed_bytes: int

    @property
    def is_nothing(self) -> bool:
        return not self.messages and not self.attachments


def plan_selected(library: Library, selection: Selection, only_files: bool) -> PurgePlan:
    """What purging a selection takes away, in the present and in the trash."""
    moment = Moment(library.head_moment(), ANYWHERE)
    rows = library.read.messages(selection, moment)
    larger_than = selection.larger_than_bytes if only_files else None
    plan = _plan(library, rows, only_files, larger_than)
    if only_files or selection != Selection(selection.conversations):
        return plan
    found = library.read.rows(Kind.CONVERSATION, moment._replace(places=(PRESENT,)))
    whole = (row for row in found if row.record in selection.conversations)
    return plan._replace(conversations=tuple(Target(row.uid, row.state) for row in whole))


def plan_emptying(library: Library, until_ms: int, held: Set[bytes]) -> PurgePlan:
    """What emptying the trash takes away: what this device has seen in it since a moment at least,
    whatever time its deletion tells, without the records that a person is asked about."""
    resting = Resting(library, until_ms)
    rows = (
        row
        for row in _trash(library)
        if resting.in_trash(row.uid, row.state) and row.uid not in held
    )
    return _plan(library, rows, False, None)


def purge(library: Library, writer: Writer, plan: PurgePlan, now_ms: int) -> int:
    """Purges; gives the number of records."""
    targets = [*plan.messages, *plan.attachments]
    trashed = plan_delete(plan.conversations, now_ms, writer.device)
    changes = plan_purge(targets, now_ms, writer.device)
    done = write_in_batches(writer, chain(trashed, changes), REASON)
    drop_pieces(library, writer, plan.chunks)
    return done


def drop_pieces(library: Library, writer: Writer, pieces: Iterable[bytes]) -> None:
    """Drops pieces of files that no record is made of, as far as they are at the head."""
    connection = library.database.connection
    known = library.holdings.intervals(pieces)
    live = {name for name, dropped_seq in known.items() if dropped_seq == STILL}
    unused = sorted(live - used_chunks(connection)) if live else []
    for start in range(0, len(unused), DROPPED_TOGETHER):
        batch = tuple(unused[start : start + DROPPED_TOGETHER])
        part = Part(reason=REASON, confirmed=True)
        writer.write(
            Writing((), part, dropped=batch, in_use=lambda: used_chunks(connection)),
        )


def _plan(
    library: Library, rows: Iterable[Row], only_files: bool, larger_than_bytes: int | None
) -> PurgePlan:
    messages: list[Target] = []
    wanted: set[str] = set()
    chats: set[int | None] = set()
    for row in library.twins.each(rows):
        if row.kind == Kind.MESSAGE:
            messages.append(Target(row.uid, row.state))
            wanted.update(names_in(row.state))
            chats.add(row.conversation)
    connection = library.database.connection
    others = [(row.uid, origins) for row, origins in messages_with_files(connection)]
    gone = files_of_nobody(wanted, others, {target.record for target in messages})
    moment = Moment(library.head_moment(), ANYWHERE)
    found = [
        Target(row.uid, row.state)
        for row in library.read.attachment_rows(sorted(gone), moment)
        if larger_than_bytes is None or _size_bytes(row.state) > larger_than_bytes
    ]
    chunks = _pieces_of_nobody(library, found)
    freed = {
        frozenset(pieces): _size_bytes(target.state)
        for target in found
        if (pieces := file_pieces_of(target.state)) <= chunks
    }
    return PurgePlan(
        () if only_files else tuple(messages),
        tuple(found),
        chunks,
        (),
        len(chats),
        len(found),
        sum(freed.values()),
    )


def _size_bytes(state: State) -> int:
    content = state.get(CONTENT)
    return int(content[1]) if content else 0


def _pieces_of_nobody(library: Library, found: list[Target]) -> frozenset[bytes]:
    """The pieces of some files, and their small pictures, that no other file needs."""
    going = {target.record for target in found}
    pieces = {name for target in found for name in pieces_of(target.state)}
    for file in files(library.database.connection):
        if file.row.uid not in going:
            pieces -= pieces_of(file.row.state)
    return frozenset(pieces)


def _trash(library: Library) -> Iterator[Row]:
    moment = Moment(library.head_moment(), (TRASH,))
    yield from library.read.messages(Selection(), moment)
