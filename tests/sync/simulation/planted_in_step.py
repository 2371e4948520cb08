"""Mistakes planted in how devices and their place come into step; each has to be caught."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import pytest

from sealwax.library.apply import Applier
from sealwax.library.folding import Folding
from sealwax.library.library import Library
from sealwax.library.tail import Tail
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.mirror import MirrorStore
from sealwax.sync import outbox as sync_outbox
from sealwax.sync import repair as sync_repair
from sealwax.sync.journal import Journal
from sealwax.sync.outbox import Outbox
from sealwax.sync.outgoing import Outgoing
from sealwax.sync.plan import Sending
from sealwax.sync.replica import Replica
from sealwax.vault.writing import Writing, Written
from tests.sync.simulation.stories import PLAIN, Story

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]
"""Makes the mistake."""


class Planted(NamedTuple):
    """A mistake, and what has to be going on for it to show. A subtle one shows after a while."""

    plant: Plant
    story: Story = PLAIN
    is_subtle: bool = False


def lost_in_a_race(patch: pytest.MonkeyPatch) -> None:
    """Who loses the race for a seq believes to have won it."""
    patch.setattr(Replica, "_own_commit", lambda self, op_id: self.head().seq + 1)


def dropped_before_sent(patch: pytest.MonkeyPatch) -> None:
    """What waits is let go of although it was not sent."""

    def send(self: Outgoing, sending: Sending) -> None:
        self._outbox.drop(name for name, _ in (*sending.segments, *sending.chunks))

    patch.setattr(Outgoing, "_send_one", send)


def not_put_on_again(patch: pytest.MonkeyPatch) -> None:
    """What waits is not shown after the history went on."""
    patch.setattr(Outbox, "put_on", lambda self: None)


def tail_left_on(patch: pytest.MonkeyPatch) -> None:
    """The tail stays while the history goes on beneath it."""
    patch.setattr(Library, "strip_tail", lambda self: None)


def digest_not_put_back(patch: pytest.MonkeyPatch) -> None:
    """The digest keeps what was taken off."""
    patch.setattr(Applier, "put_facts_back", lambda self, facts: None)


def pins_do_not_hold(patch: pytest.MonkeyPatch) -> None:
    """Versions that a pin shows are written over."""
    patch.setattr(Folding, "newest_kept_moment", lambda self, before: -(2.0**62))


def beneath_not_kept(patch: pytest.MonkeyPatch) -> None:
    """What the tail stands on is written over."""
    patch.setattr(Tail, "floor", lambda self, head_seq: -(2.0**62))


def silence_when_away(patch: pytest.MonkeyPatch) -> None:
    """A writing that the shared place does not take is forgotten."""
    real = Journal.write

    def write(self: Journal, writing: Writing) -> Written:
        if self.is_shared_now:
            try:
                return self.history.write(writing)
            except FarAway as error:
                self.trouble = error
                return Written(0, 0, 0, 0)
        return real(self, writing)

    patch.setattr(Journal, "write", write)
    patch.setattr(Journal, "begin", lambda self, writing: lambda: self.write(writing))


def near_before_far(patch: pytest.MonkeyPatch) -> None:
    """A commit is kept near although another one stands far."""

    def append(self: MirrorStore, zone: str, seq: int, data: bytes) -> None:
        self.near.append_commit(zone, seq, data)
        try:
            self.far.append_commit(zone, seq, data)
        except StoreError as error:
            raise FarAway(error) from error

    patch.setattr(MirrorStore, "append_commit", append)


def objects_not_put_back(patch: pytest.MonkeyPatch) -> None:
    """Words are added to the history, and their objects are not sent."""
    patch.setattr(MirrorStore, "_put_far", lambda self, batch: None)


def lost_history_not_kept(patch: pytest.MonkeyPatch) -> None:
    """What only this device's history had is not added again."""
    patch.setattr(sync_repair, "_lost_objects", lambda *_: [])


def compaction_forgets(patch: pytest.MonkeyPatch) -> None:
    """A compaction drops its inputs and adds only a part of them."""
    real = Replica.write

    def write(self: Replica, writing: Writing, *rest: object) -> Written:
        if writing.dropped and len(writing.changes) > 1:
            writing = writing._replace(changes=writing.changes[1:])
        return real(self, writing, *rest)  # type: ignore[arg-type]

    patch.setattr(Replica, "write", write)


def replay_without_base(patch: pytest.MonkeyPatch) -> None:
    """A library that is made anew shows its own snapshots on another history."""
    patch.setattr(sync_outbox, "replay", lambda own, history, others=(): history.pull())


IN_STEP = (
    Planted(lost_in_a_race),
    Planted(dropped_before_sent),
    Planted(not_put_on_again),
    Planted(tail_left_on),
    Planted(pins_do_not_hold),
    Planted(silence_when_away),
    Planted(objects_not_put_back),
    Planted(lost_history_not_kept),
    Planted(replay_without_base),
    Planted(compaction_forgets),
    Planted(digest_not_put_back, is_subtle=True),
    Planted(beneath_not_kept, is_subtle=True),
    Planted(near_before_far, is_subtle=True),
)
