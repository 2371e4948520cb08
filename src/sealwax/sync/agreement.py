"""Whether this device shows what the history says: the digest of its library, and the one that the
newest step of the history was signed with.

A step without a digest vouches for nothing. Then a device that has everything signs one. A device
that could not read a part of the history signs none, and is never said to agree.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from sealwax.base.errors import SealwaxError
from sealwax.ledger.commit import Header, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, object_name
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.made_anew import make_anew
from sealwax.sync.opening import UNREADABLE
from sealwax.sync.others import Others
from sealwax.sync.outbox import Outbox
from sealwax.sync.replica import Replica
from sealwax.sync.unread import unread
from sealwax.trust.roster import roster
from sealwax.vault.commit_part import Part, part_as_it_counts
from sealwax.vault.digest import digest_bytes
from sealwax.vault.keys import KeyMissing
from sealwax.vault.writing import Writing

REBUILT = "library made anew at"
"""A mark of the head, and of what could be read again, when a sync last made the library anew."""
DIGEST = "digest"
"""The reason of a commit that says nothing but the digest."""
MARK_BYTES = 7
AGREES = ""


class OnlyHere(SealwaxError):
    """The library has what no sealed object has any more: it must not be made anew."""

    code = "only-here"
    hint = "`sealwax sync reset` on this device writes it anew, for all."


class _Newest(NamedTuple):
    """The newest commit that counts, and its opened part: an empty one where its author sealed none
    that opens, None where the key is missing here."""

    header: Header
    part: Part | None


class Agreement:
    """What one device's library and the shared history say of each other."""

    def __init__(
        self, history: Replica, outbox: Outbox, others: Others, mirror: MirrorStore | None
    ) -> None:
        self._history = history
        self._library = history.library
        self._outbox = outbox
        self._others = others
        self._mirror = mirror

    def doubt(self) -> str:
        """Why this device does not show, or may not show, what the history says; nothing where the
        digests agree."""
        if self._library.tail.is_there():
            return "Something waits on this device, on top of the history."
        damaged = unread(self._library, self._outbox.zone)
        if damaged:
            objects = "1 sealed object" if damaged == 1 else f"{damaged:,} sealed objects"
            return f"{objects} of the history could not be read here, so messages may be missing."
        newest = self._newest()
        if newest is None or self._is_signed_digest_of(newest):
            return AGREES
        if newest.part is None:
            return "The newest step of the history does not open."
        if newest.part.digest is None:
            return "Nobody has signed yet what the newest step of the history leads to."
        name = self._name(newest.header.author)
        return f"This device shows something else than what {name} signed as the newest state."

    def settle(self) -> str:
        """As `doubt`, after what can be done about it: a digest is signed where none is, and the
        library is made anew where it differs, or where what could not be read can be read now.

        That is done once for each head and what can be read again at it, for it costs as much as
        the whole history. Raises OnlyHere where the library has what nothing else has any more,
        FarAway and FarFull.
        """
        holdings, head_seq = self._library.holdings, self._history.head().seq
        mendable = sorted(name for name, _, _ in holdings.damage() if self._is_readable(name))
        state = b"".join((head_seq.to_bytes(8, "big", signed=True), *mendable))
        mark = int.from_bytes(object_name(state)[:MARK_BYTES], "big")
        # What another device replaced, and this one has not proved, may be here alone.
        is_whole = not unread(self._library) and not self._library.guarded.doubts.unproved()
        if holdings.remembered_ms(REBUILT) != mark and (mendable or (is_whole and self._differs())):
            self.need_all_elsewhere()
            self.make_anew(mark)
        if not unread(self._library) and self._lacks_digest():
            self._history.write(Writing((), Part(reason=DIGEST)))
        return self.doubt()

    def need_all_elsewhere(self) -> None:
        """Raises OnlyHere unless everything that the library took in can be read once more: else it
        would be the last to have it."""
        holdings = self._library.holdings
        damaged = {name for name, _, _ in holdings.damage()}
        held = [*holdings.listed(), *holdings.listed(self._outbox.zone)]
        segments = {name for name, *_, digest in held if digest is not None}
        if not all(self._is_readable(name) for name in segments - damaged):
            raise OnlyHere("Objects cannot be read any more; what was in them is only here.")

    def make_anew(self, mark: int = 0, known_seq: int | None = None) -> None:
        """Makes the library anew from what is near and at the shared place; it remembers the mark
        of why. What comes beyond `known_seq` is looked at as if it came now."""
        make_anew(self._history, self._outbox, self._others.zones(), self._mirror, known_seq)
        self._library.holdings.remember_ms(REBUILT, mark)

    def _is_readable(self, name: bytes) -> bool:
        """Whether a segment opens; what the shared place lacks just after a look at it is gone."""
        try:
            with self._current():
                self._history.read_segment(name)
        except UNREADABLE:
            return False
        return True

    def _current(self) -> AbstractContextManager[None]:
        return nullcontext() if self._mirror is None else self._mirror.current()

    def _differs(self) -> bool:
        """Whether the newest commit that counts was signed with another digest."""
        newest = self._newest()
        if newest is None or newest.part is None or newest.part.digest is None:
            return False
        return not self._is_signed_digest_of(newest)

    def _lacks_digest(self) -> bool:
        newest = self._newest()
        return newest is not None and newest.part is not None and newest.part.digest is None

    def _is_signed_digest_of(self, newest: _Newest) -> bool:
        digest = digest_bytes(self._library.digest())
        return newest.part is not None and newest.part.digest == digest

    def _newest(self) -> _Newest | None:
        """What does not count is looked past: it says nothing."""
        for _, data in self._library.holdings.commits_backwards(MESSAGES_ZONE):
            commit = parse_commit(data)
            try:
                part, _ = part_as_it_counts(self._history.keys, commit)
            except KeyMissing:
                return _Newest(commit.header, None)
            return _Newest(commit.header, part)
        return None

    def _name(self, device: bytes) -> str:
        known = roster(self._history.log, self._history.keys, self._history.device, {})
        names = {one.id: one.name for one in known if not one.is_this}
        return names.get(device, "this device")
