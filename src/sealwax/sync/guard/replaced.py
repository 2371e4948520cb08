"""What other devices dropped from the shared history since it was last looked at.

A compaction, a purge and a reset drop segments and say that nothing is lost by it. That is to be
proved, here; so it is remembered, whatever the library has forgotten meanwhile. And pieces of files
that are dropped may be in use.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.ledger.chain import Head
from sealwax.ledger.commit import SAID_ALREADY, Commit, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash
from sealwax.ledger.objects import Interval
from sealwax.library.doubts import Unproved
from sealwax.library.library import Library
from sealwax.sync.replica import Replica

REPLACED = "replaced"
PIECES = "pieces"
_LIBRARY = "the library that replaced things were looked at with"
LIBRARY_ID_BYTES = 16


class Dropped(NamedTuple):
    """What a counting commit of another device dropped: the segments, and pieces of files."""

    head: Head
    commit: Commit
    segments: list[bytes]
    pieces: list[bytes]


def dropped_since(library: Library, device: bytes, what: str) -> Iterator[Dropped]:
    """What others dropped since this was last looked at for something; all that ever was, where
    the history is another one since. A device that begins looks at nothing that was before it."""
    head = library.holdings.head(MESSAGES_ZONE)
    checked = library.guarded.doubts.checked(what)
    if head is None or checked is None:
        return
    seq, known_hash = checked
    data = library.holdings.seen_commit(MESSAGES_ZONE, seq)
    if data is None or commit_hash(data) != known_hash:
        seq = -1
    void = {at for zone, at, _ in library.holdings.void_commits() if zone == MESSAGES_ZONE}
    for at in range(seq + 1, head.seq + 1):
        data = library.holdings.seen_commit(MESSAGES_ZONE, at)
        if data is None or at in void:
            continue
        commit = parse_commit(data)
        if commit.header.author == device or not commit.header.dropped:
            continue
        known = library.holdings.known(commit.header.dropped)
        ended = {name: one for name, one in known.items() if one.dropped_seq == at}
        segments = [name for name, one in ended.items() if one.change_digest is not None]
        pieces = [name for name, one in ended.items() if one.change_digest is None]
        if segments or pieces:
            yield Dropped(Head(MESSAGES_ZONE, at, commit_hash(data), 0), commit, segments, pieces)


def doubtful(library: Library) -> dict[bytes, Interval]:
    """The segments that others dropped where it is not proved yet that nothing is lost by it."""
    found: dict[bytes, Interval] = {}
    for one in library.guarded.doubts.unproved():
        data = library.holdings.seen_commit(MESSAGES_ZONE, one.seq)
        if data is not None and commit_hash(data) == one.hash:
            known = library.holdings.known(parse_commit(data).header.dropped)
            found.update(
                (name, interval)
                for name, interval in known.items()
                if interval.dropped_seq == one.seq and interval.change_digest is not None
            )
    return found


def check_off(library: Library, what: str) -> None:
    """It was looked at up to the head."""
    head = library.holdings.head(MESSAGES_ZONE)
    if head is not None:
        with library.guarded.transaction():
            library.guarded.doubts.check(what, head.seq, head.hash)


def library_id(library: Library) -> bytes:
    """What tells the library that there is now from one that was there before it."""
    return library.holdings.noted(_LIBRARY)


def note_replaced(history: Replica) -> None:
    """Remembers what is to be proved of what was pulled."""
    library = history.library
    head = library.holdings.head(MESSAGES_ZONE)
    if head is None or library.guarded.doubts.checked(REPLACED) == (head.seq, head.hash):
        return
    known_id = library_id(library)
    found = [
        Unproved(
            one.head.seq, one.head.hash, one.commit.header.author, one.commit.header.kind, known_id
        )
        for one in dropped_since(library, history.device, REPLACED)
        if one.segments and one.commit.header.kind in SAID_ALREADY
    ]
    if not known_id:
        library.holdings.keep_note(_LIBRARY, history.entropy.bytes(LIBRARY_ID_BYTES))
    with library.guarded.transaction():
        library.guarded.doubts.doubt(found)
        library.guarded.doubts.check(REPLACED, head.seq, head.hash)
