"""Folding commits into the library: objects with their intervals, pins, void commits, refusals.

The same folding as `ledger.objects`, in SQL; both take what a commit begins and ends from
`ledger.dropping`. The property test `tests/library/test_holdings.py` compares the two.
"""

from collections.abc import Iterable

import apsw
import msgspec

from sealwax.ledger.chain import Judged
from sealwax.ledger.commit import Commit, Header
from sealwax.ledger.dropping import (
    HOLDS_NOTHING,
    LOCKED,
    PART_CLOSED,
    Begun,
    Known,
    Refused,
    begun_disowned,
    settle,
    touched,
)
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import effects, let_go_ms
from sealwax.library.database import NEVER, STILL
from sealwax.library.holdings import SWITCHES, Holdings
from sealwax.library.values import integers, reals
from sealwax.vault.commit_part import MADE_MS, Counts, Part, Switches

KEPT = (
    "(EXISTS (SELECT 1 FROM pin WHERE moment >= from_seq AND moment < to_seq)"
    " OR EXISTS (SELECT 1 FROM kept_moment WHERE moment >= from_seq AND moment < to_seq))"
)
"""Whether a moment shows a version that the present does not."""
_encode_fact = msgspec.msgpack.encode


class Folding:
    """Writes what commits do to a library; each inside the transaction of its commit."""

    def __init__(self, connection: apsw.Connection, holdings: Holdings) -> None:
        self._connection = connection
        self._holdings = holdings

    def apply(
        self,
        judged: Judged,
        part: Part,
        data: bytes,
        moment: float | None,
        now_ms: int,
        merge_seq: int | None = None,
    ) -> tuple[Refused, ...]:
        """Takes in a judged commit, at a time by this device's clock; a void one moves the head and
        is remembered with its reason. `moment` shows what a pin holds; without one it is not shown.
        `merge_seq` is that of the merge that disowns it. Gives what was refused of it."""
        zone, seq = judged.head.zone, judged.head.seq
        self._holdings.keep_commit(zone, seq, data)
        self._connection.execute(
            "INSERT OR REPLACE INTO zone (zone, seq, hash, position) VALUES (?, ?, ?, ?)",
            judged.head,
        )
        if judged.commit is None:
            self._connection.execute(
                "INSERT OR REPLACE INTO void_commit (zone, seq, reason) VALUES (?, ?, ?)",
                (zone, seq, judged.void_reason),
            )
            return ()
        effect = effects(judged.commit)
        if effect.pinned_seq is not None:
            self.put_pin(judged, part, moment)
        if merge_seq is not None:
            self._disown(judged.commit, merge_seq)
            return ()
        refused = self._settle(judged.commit)
        if effect.unpinned:
            locked = self._unpin(zone, effect.unpinned, let_go_ms(judged.commit, now_ms))
            refused = (*refused, *((Refused(LOCKED, locked),) if locked else ()))
        self._note_refused(judged, refused)
        if zone == MESSAGES_ZONE:
            self._note(judged.commit, part)
        return refused

    def note_faults(self, judged: Judged, empty_segments: int, is_part_closed: bool) -> None:
        """Remembers what the author of a commit wrote that no honest program writes: so many
        segments that hold nothing, a sealed part that does not open."""
        faults = [Refused(HOLDS_NOTHING, empty_segments)] if empty_segments else []
        if is_part_closed:
            faults.append(Refused(PART_CLOSED, 1))
        self._note_refused(judged, faults)

    def _note_refused(self, judged: Judged, refused: Iterable[Refused]) -> None:
        commit, listed = judged.commit, list(refused)
        if commit is not None and listed:
            self._connection.executemany(
                "INSERT OR REPLACE INTO refused_drop (zone, seq, reason, number, author)"
                " VALUES (?, ?, ?, ?, ?)",
                [(judged.head.zone, judged.head.seq, *one, commit.header.author) for one in listed],
            )

    def put_pin(self, judged: Judged, part: Part, moment: float | None) -> None:
        """Keeps a pin under the moment that shows it, or as one that is not shown."""
        assert judged.commit is not None
        effect = effects(judged.commit)
        # Where it is not shown, it holds what its device stood on all the same.
        base = part.heads if judged.head.zone != MESSAGES_ZONE else {}
        held, _ = base.get(MESSAGES_ZONE, (effect.pinned_seq, b""))
        self._connection.execute(
            "INSERT OR REPLACE INTO pin (zone, commit_seq, pinned_seq, moment, lock_until_ms,"
            " expires_ms, made_ms, name, reason, counts, is_shown)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                judged.head.zone,
                effect.seq,
                effect.pinned_seq,
                held if moment is None else moment,
                effect.lock_until_ms,
                part.expires_ms,
                made_ms(judged.commit, part),
                part.name,
                part.reason,
                msgspec.json.encode(part.counts or Counts()).decode(),
                moment is not None,
            ),
        )

    def keep_pins(self, zone: str, seqs: Iterable[int]) -> None:
        """Forgets all pins of a zone but these: no moment of the library shows the others."""
        self._connection.execute(
            "DELETE FROM pin WHERE zone = ? AND commit_seq NOT IN (SELECT value FROM carray(?))",
            (zone, integers(seqs)),
        )

    def forget_zone(self, zone: str) -> None:
        """Forgets all that is known of a zone; the records of the library stay as they are."""
        for table in (
            "zone", "object", "pin", "seen_commit", "void_commit", "refused_drop", "disowned_commit"
        ):  # fmt: skip
            self._connection.execute(f"DELETE FROM {table} WHERE zone = ?", (zone,))

    def keep_moments(self, why: str, moments: Iterable[float]) -> None:
        """Has what these moments show kept, in place of those that were kept for the same before;
        each has to be one that can be shown."""
        self._connection.execute("DELETE FROM kept_moment WHERE why = ?", (why,))
        self._connection.executemany(
            "INSERT OR IGNORE INTO kept_moment (why, moment) VALUES (?, ?)",
            [(why, float(moment)) for moment in moments],
        )

    def newest_kept_moment(self, before: float) -> float:
        """The newest moment that a pin shows, or that is kept and lies before another; one before
        all where there is none."""
        row = self._connection.execute(
            "SELECT max(moment) FROM (SELECT moment FROM pin UNION ALL"
            " SELECT moment FROM kept_moment WHERE moment < ?)",
            (before,),
        ).fetchone()
        return NEVER if row is None or row[0] is None else float(row[0])

    def shown(self, moments: Iterable[float]) -> set[float]:
        """Those of these moments of the past that are still here: a pin shows them, or they are
        kept."""
        rows = self._connection.execute(
            "SELECT value FROM carray(?) WHERE EXISTS (SELECT 1 FROM pin WHERE moment = value"
            " AND is_shown) OR EXISTS (SELECT 1 FROM kept_moment WHERE moment = value)",
            (reals(moments),),
        )
        return {float(moment) for (moment,) in rows}

    def _settle(self, commit: Commit) -> tuple[Refused, ...]:
        header = commit.header
        names = touched(header)
        intervals = self._holdings.known(names, header.zone) if names else {}
        known = {
            name: Known(interval.dropped_seq == STILL, interval.change_digest)
            for name, interval in intervals.items()
        }
        settled = settle(header, known)
        # What a disowned commit added, and one that counts adds again, begins with that one.
        self._begin("REPLACE", header, STILL, settled.begun)
        self._connection.executemany(
            "UPDATE object SET dropped_seq = ? WHERE name = ? AND zone = ?",
            [(header.seq, name, header.zone) for name in settled.ended],
        )
        return settled.refused

    def _disown(self, commit: Commit, merge_seq: int) -> None:
        """Keeps what such a commit adds for the pins of the time until the merge."""
        header = commit.header
        self._connection.execute(
            "INSERT OR REPLACE INTO disowned_commit (zone, seq, merge_seq) VALUES (?, ?, ?)",
            (header.zone, header.seq, merge_seq),
        )
        self._begin("IGNORE", header, merge_seq, begun_disowned(header, ()))

    def _begin(
        self, otherwise: str, header: Header, dropped_seq: int, begun: Iterable[Begun]
    ) -> None:
        self._connection.executemany(
            f"INSERT OR {otherwise} INTO object"
            " (name, zone, added_seq, dropped_seq, size_bytes, change_digest)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (name, header.zone, header.seq, dropped_seq, size_bytes, change_digest)
                for name, size_bytes, change_digest in begun
            ],
        )

    def _unpin(self, zone: str, seqs: tuple[int, ...], until_ms: int) -> int:
        """Lets go of pins; gives how many are locked."""
        self._connection.executemany(
            "DELETE FROM pin WHERE zone = ? AND commit_seq = ? AND lock_until_ms <= ?",
            [(zone, seq, until_ms) for seq in seqs],
        )
        row = self._connection.execute(
            "SELECT count(*) FROM pin WHERE zone = ?"
            " AND commit_seq IN (SELECT value FROM carray(?))",
            (zone, integers(seqs)),
        ).fetchone()
        assert row is not None
        self._forget_unpinned_versions()
        return int(row[0])

    def _note(self, commit: Commit, part: Part) -> None:
        """What a commit of the messages zone tells of its device, and of the zone."""
        header = commit.header
        if part.switches is not None:
            self._note_switches(header.author, part.switches, header.time_ms)
        if part.checkpoint:
            told = _encode_fact((header.seq, part.checkpoint))
            self._connection.execute(
                "INSERT OR REPLACE INTO fact (name, value) VALUES ('checkpoint', ?)", (told,)
            )

    def _note_switches(self, device: bytes, switches: Switches, time_ms: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
            (SWITCHES + device.hex(), _encode_fact((switches, time_ms))),
        )

    def _forget_unpinned_versions(self) -> None:
        """Removes versions, and their words, that no moment shows any more."""
        # What the head of the messages zone shows stays beneath a tail; see `tail`.
        gone = (
            f"to_seq < ? AND NOT {KEPT} AND NOT EXISTS (SELECT 1 FROM zone"
            " WHERE zone = 'messages' AND seq >= from_seq AND seq < to_seq)"
        )
        texts = self._connection.execute(
            f"SELECT DISTINCT text_id, text_id FROM version WHERE text_id IS NOT NULL AND {gone}",
            (STILL,),
        ).fetchall()
        self._connection.execute(
            f"DELETE FROM also_in WHERE version IN (SELECT id FROM version WHERE {gone})",
            (STILL,),
        )
        self._connection.execute(f"DELETE FROM version WHERE {gone}", (STILL,))
        for table in ("text_index", "unspaced_index"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE rowid = ?"
                " AND NOT EXISTS (SELECT 1 FROM version WHERE text_id = ?)",
                texts,
            )


def made_ms(commit: Commit, part: Part) -> int:
    """When a snapshot was made: before its commit, where it was first out of reach of the rest."""
    time_ms, told = commit.header.time_ms, part.source.get(MADE_MS)
    return told if isinstance(told, int) and 0 < told < time_ms else time_ms
