"""Verifying a vault: every commit, every key packet, every object, and the library against them.

Reads everything, changes nothing, trusts nothing: the chain is judged from its first commit, each
object is hashed and opened. That proves that every byte is the one that a device of the account
sealed and signed for. A deep verification also decodes what is inside, adds it up, and compares it
with what the commits say: it finds what a faulty program wrote. Damage is named with what it costs;
the rest stays readable.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealedKind, SealUnknown
from sealwax.ledger.account import AccountLog, VoidEntryError
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import Commit, parse_commit
from sealwax.ledger.disowning import disowned_from
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.ledger.objects import FOREVER, Interval
from sealwax.ledger.zone_fold import ZoneFold
from sealwax.library.library import Library
from sealwax.library.select import ANYWHERE, Moment
from sealwax.library.view import attachment_view
from sealwax.model.record import Kind
from sealwax.snapshot.examine import Examination, Examined
from sealwax.snapshot.faults import Faults
from sealwax.stores.base import Missing, Store, StoreError
from sealwax.vault.checkpoint import open_checkpoint
from sealwax.vault.commit_part import Part, part_as_it_counts
from sealwax.vault.digest import digest_bytes
from sealwax.vault.keys import AccountKeys, KeyMissing

REPORT_SECONDS = 0.1


class Damage(NamedTuple):
    """Something that is not as it must be: what kind, which one, what is wrong, what it costs."""

    kind: str
    name: str
    what: str
    cost: str = ""


class There(NamedTuple):
    """What the place that devices share was asked: whether it is another one than the vault of this
    device, how many objects it should have, whether it said that it has them, how many were read
    back from it and are whole, and how many were sent again because they were not. `trouble` says
    why it could not be asked, or read."""

    name: str = ""
    is_another: bool = False
    objects: int = 0
    is_asked: bool = False
    read: int = 0
    read_bytes: int = 0
    sent_again: int = 0
    trouble: str = ""


class Verified(NamedTuple):
    """What was checked and what was found. `unreferenced` objects are no damage: an interrupted
    import leaves them and the next one uses them. Of those that are `unasked` nobody knows: they
    are not on this device, and the place that has them did not answer. What devices tried to take
    away and the rules kept is `refused`, a sentence each."""

    commits: int
    void_commits: int
    key_packets: int
    objects: int
    object_bytes: int
    snapshots: int
    unreferenced: int
    damage: tuple[Damage, ...]
    is_deep: bool
    unasked: int = 0
    refused: tuple[str, ...] = ()
    there: There = There()

    @property
    def is_sound(self) -> bool:
        return not self.damage


class Step(NamedTuple):
    """How far the verification is."""

    phase: str
    done: int
    total: int


class Verifier:
    """One verification of one store."""

    def __init__(
        self,
        store: Store,
        log: AccountLog,
        keys: AccountKeys,
        library: Library | None,
        report: Callable[[Step], None],
        now_ms: int,
        own_zone: str | None = None,
        is_deep: bool = True,
        elsewhere: Collection[bytes] = (),
    ) -> None:
        """`library` is None when it cannot be opened: the vault is verified all the same. What
        waits in `own_zone`, this device's, is verified too; it must not be on the library.

        With `is_deep` the changes in each segment are added up as well, and all records of the
        library. What is `elsewhere` need not be in this store: files that this device does not
        keep.
        """
        self._store = store
        self._elsewhere = elsewhere
        self._log = log
        self._keys = keys
        self._library = library
        self._report = report
        self._now_ms = now_ms
        self._own_zone = own_zone
        self._is_deep = is_deep
        self._own = ZoneFold(log, now_ms, lambda: ())
        self._own_head_seq = -1
        self._damage: list[Damage] = []
        self._fold = ZoneFold(log, now_ms, self._messages)
        self._pieces: set[bytes] = set()
        self._faults = Faults()
        self._commits = 0
        self._void = 0
        self._newest_digest: bytes | None = None
        self._head_seq = -1

    def run(self) -> Verified:
        """Checks everything."""
        examination = Examination(self._store, self._keys, MESSAGES_ZONE, self._is_deep)
        examination.start()
        self._check_own_pages()
        packets = self._check_account()
        self._check_chain()
        self._check_own_zone()
        present = self._check_objects(examination)
        if self._library is not None:
            self._compare_library(self._library)
        return Verified(
            self._commits,
            self._void,
            packets,
            present[0],
            present[1],
            len(self._fold.objects.pins) + len(self._own.objects.pins),
            present[2],
            tuple(self._damage),
            self._is_deep,
            refused=self._faults.told(self._log, self._keys),
        )

    def _check_account(self) -> int:
        """Judges the account log anew, from its first commit."""
        fresh = AccountLog(self._log.account)
        packets = 0
        for seq, data in self._read(ACCOUNT_ZONE):
            self._commits += 1
            try:
                reason = fresh.extend(self._as_seen(ACCOUNT_ZONE, seq, data))
            except VoidEntryError as error:
                self._note("commit", f"account/{seq}", str(error), "The account cannot be opened.")
                return packets
            if reason is not None:
                self._note("commit", f"account/{seq}", f"it does not count: {reason}")
            else:
                packets += _packets_of(fresh, seq)
        if fresh.head < self._log.head:
            self._note("commit", ACCOUNT_ZONE, "the log ends before what this device has seen")
        return packets

    def _check_chain(self) -> None:
        head = beginning(self._keys.account, MESSAGES_ZONE)
        for seq, data in self._read(MESSAGES_ZONE):
            judged = judge(head, self._as_seen(MESSAGES_ZONE, seq, data), self._log)
            head = judged.head
            self._commits += 1
            self._report(Step("Commits", self._commits, 0))
            if judged.commit is None:
                self._void += 1
                self._note(
                    "commit", f"{MESSAGES_ZONE}/{seq}", f"it does not count: {judged.void_reason}"
                )
                continue
            part = self._open_part(judged.commit)
            if part is not None and part.checkpoint:
                self._check_checkpoint(seq, part.checkpoint)
            self._faults.refuse(judged.commit, self._fold.apply(judged.commit))
            if disowned_from(judged.commit) is not None:
                # What commits before it said of the state is not so any more.
                self._newest_digest = None
            if part is not None and part.digest is not None:
                self._newest_digest = part.digest
        self._head_seq = head.seq
        if self._library is not None and head.seq < self._library.head_seq():
            self._note(
                "commit",
                f"{MESSAGES_ZONE}/{head.seq + 1}",
                "it is missing or unreadable, though this device has seen it",
            )

    def _check_own_zone(self) -> None:
        if self._own_zone is None:
            return
        head = beginning(self._keys.account, self._own_zone)
        for _, data in self._read(self._own_zone):
            judged = judge(head, data, self._log)
            head = judged.head
            self._commits += 1
            if judged.commit is None:
                self._void += 1
                continue
            self._open_part(judged.commit)
            self._own.apply(judged.commit)
        self._own_head_seq = head.seq

    def _open_part(self, commit: Commit) -> Part | None:
        try:
            part, is_open = part_as_it_counts(self._keys, commit)
        except KeyMissing as error:
            self._note("commit", f"{commit.header.zone}/{commit.header.seq}", str(error))
            return None
        if not is_open:
            self._faults.close(commit)
        return part

    def _check_checkpoint(self, seq: int, names: list[bytes]) -> None:
        """A checkpoint must list what the chain before it comes to."""
        self._pieces.update(names)
        try:
            pieces = [self._store.get_object(name) for name in names]
            listed = open_checkpoint(self._keys, MESSAGES_ZONE, pieces)
        except (Missing, SealBroken, SealUnknown):
            # A later checkpoint takes its place, and then its objects go. One that is still live
            # and does not open is named with the other objects.
            return
        if listed.seq != seq - 1:
            return
        objects = self._fold.objects
        expected = {name: objects.interval(name) for name in objects.held(listed.seq)}
        found = {
            item.name: Interval(
                item.added_seq,
                FOREVER if item.dropped_seq is None else item.dropped_seq,
                item.size_bytes,
                item.change_digest,
            )
            for item in listed.objects
        }
        # A lock that has run out by now may have been one when the list was made.
        pins = {pin.commit_seq for pin in listed.pins}
        locked = {pin.commit_seq for pin in listed.pins if pin.lock_until_ms}
        is_pinned_alike = pins - locked <= objects.pins.keys() <= pins
        if found != expected or not is_pinned_alike:
            self._note("commit", f"{MESSAGES_ZONE}/{seq}", "its list of objects is not the chain's")

    def _as_seen(self, zone: str, seq: int, data: bytes) -> bytes:
        """The commit's bytes; those that this device has seen, when the store's are others."""
        seen = self._library.holdings.seen_commit(zone, seq) if self._library else None
        if seen is None or seen == data:
            return data
        self._note("commit", f"{zone}/{seq}", "its bytes are not those that this device has seen")
        return seen

    def _messages(self) -> Iterator[bytes]:
        return (data for _, data in self._store.read_commits(MESSAGES_ZONE, 0))

    def _read(self, zone: str) -> Iterator[tuple[int, bytes]]:
        try:
            yield from self._store.read_commits(zone, 0)
        except StoreError as error:
            self._note("commit", zone, str(error))

    def _check_objects(self, examination: Examination) -> tuple[int, int, int]:
        """(objects checked, their bytes, objects in the store that nothing refers to)."""
        held = self._held()
        while not examination.is_over(REPORT_SECONDS):
            self._report(Step("Objects", min(examination.count, len(held)), len(held)))
        found = examination.results()
        checked, size_bytes, unreferenced = 0, 0, 0
        for name, examined in found.items():
            if name in held:
                checked += 1
                size_bytes += examined.size_bytes
                self._check_object(name, examined)
                continue
            unreferenced += self._known(name) is None
            if examined.misnamed:
                cost = "Nothing refers to it: nothing is lost."
                self._note("object", name.hex(), examined.misnamed, cost)
        self._report(Step("Objects", len(held), len(held)))
        for name in sorted(held - found.keys() - set(self._elsewhere)):
            self._note("object", name.hex(), "it is missing", self._cost(name))
        return checked, size_bytes, unreferenced

    def _held(self) -> set[bytes]:
        return self._fold.objects.held(self._head_seq) | self._own.objects.held(self._own_head_seq)

    def _check_object(self, name: bytes, examined: Examined) -> None:
        """Compares what an object is with what the chain says of it."""
        wrong = examined.broken
        known = self._known(name)
        assert known is not None
        expected = known.change_digest
        if wrong and not examined.misnamed and examined.is_key_here and expected is not None:
            self._faults.empty(self._author_of(name, known.added_seq))
            return
        if not wrong and examined.size_bytes != known.size_bytes:
            wrong = "It does not have the size that its commit says."
        if not wrong and examined.kind != self._kind(name):
            wrong = "It is not of the kind that its commit says."
        if not wrong and self._is_deep and expected and examined.digest != expected:
            wrong = "Its changes are not those that its commit says."
        if wrong:
            self._note("object", name.hex(), wrong, self._cost(name))

    def _author_of(self, name: bytes, added_seq: int) -> bytes:
        zone = MESSAGES_ZONE if self._fold.objects.interval(name) else self._own_zone
        assert zone is not None
        return parse_commit(self._store.get_commit(zone, added_seq)).header.author

    def _kind(self, name: bytes) -> SealedKind:
        if name in self._pieces:
            return SealedKind.CHECKPOINT
        return SealedKind.SEGMENT if self._is_segment(name) else SealedKind.CHUNK

    def _is_segment(self, name: bytes) -> bool:
        known = self._known(name)
        return known is not None and known.change_digest is not None

    def _known(self, name: bytes) -> Interval | None:
        return self._fold.objects.interval(name) or self._own.objects.interval(name)

    def _cost(self, name: bytes) -> str:
        """What is lost with an object."""
        if self._is_segment(name):
            return "The messages in it are readable on devices that have them in their library."
        if self._library is None:
            return "A piece of a photo or file."
        for row in self._library.read.rows(
            Kind.ATTACHMENT, Moment(self._library.head_moment(), ANYWHERE)
        ):
            view = attachment_view(row.record, row.state)
            if any(piece == name for piece, _ in view.chunks):
                return f"A piece of the attachment “{view.name}”."
            if view.thumbnail is not None and view.thumbnail[0] == name:
                return f"The small picture of the attachment “{view.name}”."
        return "A piece of a photo or file."

    def _check_own_pages(self) -> None:
        """A library that is damaged is named, and asked nothing more."""
        if self._library is None:
            return
        self._report(Step("Library", 0, 0))
        wrong = self._library.check(self._is_deep)
        for what in wrong:
            self._note("library", str(self._library.database.path), what, "It can be made anew.")
        if wrong:
            self._library = None

    def _compare_library(self, library: Library) -> None:
        damaged = {damage.name for damage in self._damage}
        unread = library.holdings.damage()
        held = self._held() if unread else set()
        for name, seq, reason in unread:
            if name.hex() in damaged:
                self._note("object", name.hex(), f"{reason} (in commit {seq})", self._cost(name))
            elif name in held:
                self._note(
                    "library",
                    str(library.database.path),
                    f"it was made while the object {name.hex()} was not readable, which it is now",
                    "`sealwax verify --repair` makes it anew.",
                )
        if library.head_seq() != self._head_seq:
            return
        if self._newest_digest not in (None, digest_bytes(library.digest())):
            self._note("library", str(library.database.path), "it differs from the vault")
        objects = self._fold.objects
        expected = {
            name: (interval.added_seq, interval.dropped_seq)
            for name, interval in {**objects.disowned, **objects.intervals}.items()
        }
        if not library.holdings.agrees(expected):
            self._note("library", str(library.database.path), "its list of objects differs")

    def _note(self, kind: str, name: str, what: str, cost: str = "") -> None:
        damage = Damage(kind, name, what, cost)
        if damage not in self._damage:
            self._damage.append(damage)


def _packets_of(log: AccountLog, seq: int) -> int:
    entry = log.entries[seq]
    told = (entry, getattr(entry, "rotation", None))
    return sum(len(getattr(one, "packets", ())) for one in told)
