"""What fell into the trash lately without a person's word, by what the history's commits say.

Each pull may bring little, and many of them much. So the brake counts what came within a day
before. It is read from the commits themselves: a library that is made anew has forgotten nothing.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.commit import SAID_ALREADY, parse_commit
from sealwax.stores.base import StoreError
from sealwax.sync.brake import Fall, falls_in, lives_in
from sealwax.sync.replica import Replica
from sealwax.vault.commit_part import open_part

WINDOW_MS = 24 * 60 * 60 * 1000
OLDER_IN_A_ROW = 256
"""Clocks of devices differ: the look back ends after so many commits in a row from before."""
REMEMBERED_SEGMENTS = 4_096
REMEMBERED_FALLS = 1_000


class Lately(NamedTuple):
    """The deletions that nobody confirmed, and every life that a person began or ended."""

    falls: list[Fall]
    confirmed: list[Fall]


class _Told(NamedTuple):
    """What a segment tells: deletions that are not held in it, and all lives."""

    falls: list[Fall]
    lives: list[Fall]


class Fallen:
    """Looks back at what other devices wrote. What it read of a segment it remembers for a while:
    it is asked at every deletion that comes."""

    def __init__(self, history: Replica) -> None:
        self._history = history
        self._remembered: dict[bytes, _Told] = {}

    def since(self, time_ms: int) -> Lately:
        """What the commits since a time tell. What a compaction or a reset writes was told before,
        and what cannot be read is left out."""
        found = Lately([], [])
        for segments, is_confirmed in list(self._commits(time_ms)):
            for name in segments:
                told = self._told(name)
                if is_confirmed:
                    found.confirmed.extend(told.lives)
                else:
                    found.falls.extend(told.falls)
        return found

    def _commits(self, time_ms: int) -> Iterator[tuple[list[bytes], bool]]:
        """The segments of each commit, and whether a person confirmed it."""
        history, older = self._history, 0
        for _, data in history.library.holdings.commits_backwards(history.zone):
            commit = parse_commit(data)
            older = older + 1 if commit.header.time_ms < time_ms else 0
            if older > OLDER_IN_A_ROW:
                return
            if older or commit.header.kind in SAID_ALREADY:
                continue
            if not commit.header.segments:
                continue
            try:
                part = open_part(history.keys, commit)
            except (SealBroken, SealUnknown):
                continue
            # What this device's own import deletes has a brake of its own.
            if part.confirmed or commit.header.author != history.device:
                yield [name for name, *_ in commit.header.segments], part.confirmed

    def _told(self, name: bytes) -> _Told:
        known = self._remembered.get(name)
        if known is not None:
            return known
        try:
            changes = self._history.read_segment(name)
        except (StoreError, SealBroken, SealUnknown):
            return _Told([], [])
        told = _Told(list(falls_in(changes)), list(lives_in(changes)))
        if len(self._remembered) >= REMEMBERED_SEGMENTS:
            self._remembered.clear()
        if len(told.lives) <= REMEMBERED_FALLS:
            self._remembered[name] = told
        return told


def window_start(times_ms: Iterable[int]) -> int:
    """Since when what fell counts together with what comes, by the clocks of those who wrote it: a
    device's own clock may be wrong, and then all that it wrote is wrong by the same."""
    return min(times_ms) - WINDOW_MS
