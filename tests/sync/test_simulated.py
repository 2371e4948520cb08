"""Three devices, a faulty place, kills, lost libraries, an old disk: they end equal, by any seed.

And the simulation is worth something: each of the planted mistakes in the protocol is caught.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from sealwax.base.errors import SealwaxError
from sealwax.library.apply import Applier
from sealwax.library.folding import Folding
from sealwax.library.library import Library
from sealwax.library.tail import Tail
from sealwax.stores.base import StoreError
from sealwax.stores.far_trouble import FarAway
from sealwax.stores.mirror import MirrorStore
from sealwax.sync import opening
from sealwax.sync import outbox as sync_outbox
from sealwax.sync import repair as sync_repair
from sealwax.sync.journal import Journal
from sealwax.sync.outbox import Outbox
from sealwax.sync.outgoing import Outgoing
from sealwax.sync.plan import Sending
from sealwax.sync.replica import Replica
from sealwax.vault.writing import Writing, Written
from tests.laws import IS_LONG
from tests.sync.simulated import LARGE, LIVELY, Size, World

OPERATIONS = 100_000
LIVELY_OPERATIONS = 100_000 if IS_LONG else 3_000
PLANTED_OPERATIONS = 6_000 if IS_LONG else 4_000
SEEDS = range(8) if IS_LONG else range(1)


@pytest.fixture(autouse=True)
def _in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "can_have_companions", lambda: False)


def simulate(folder: Path, seed: int, size: Size, operations: int) -> None:
    """One world from its beginning to its end."""
    world = World(folder, seed, size)
    try:
        world.run(operations // 2)
        world.come_back()
        world.run(operations)
        world.finish()
        world.check_end()
    finally:
        world.close()


@pytest.mark.laws
@pytest.mark.parametrize("seed", SEEDS)
def test_devices_end_equal_and_snapshots_stay(tmp_path: Path, seed: int) -> None:
    simulate(tmp_path, seed, LARGE, OPERATIONS)


@pytest.mark.laws
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_with_many_small_acts(tmp_path: Path, seed: int) -> None:
    simulate(tmp_path, seed, LIVELY, LIVELY_OPERATIONS)


Plant = Callable[[pytest.MonkeyPatch], None]


def _lost_in_a_race(patch: pytest.MonkeyPatch) -> None:
    """Who loses the race for a seq believes to have won it."""
    patch.setattr(Replica, "_own_commit", lambda self, op_id: self.head().seq + 1)


def _dropped_before_sent(patch: pytest.MonkeyPatch) -> None:
    """What waits is let go of although it was not sent."""

    def send(self: Outgoing, sending: Sending) -> None:
        self._outbox.drop(name for name, _ in (*sending.segments, *sending.chunks))

    patch.setattr(Outgoing, "_send_one", send)


def _not_put_on_again(patch: pytest.MonkeyPatch) -> None:
    """What waits is not shown after the history went on."""
    patch.setattr(Outbox, "put_on", lambda self: None)


def _tail_left_on(patch: pytest.MonkeyPatch) -> None:
    """The tail stays while the history goes on beneath it."""
    patch.setattr(Library, "strip_tail", lambda self: None)


def _digest_not_put_back(patch: pytest.MonkeyPatch) -> None:
    """The digest keeps what was taken off."""
    patch.setattr(Applier, "put_facts_back", lambda self, facts: None)


def _pins_do_not_hold(patch: pytest.MonkeyPatch) -> None:
    """Versions that a pin shows are written over."""
    patch.setattr(Folding, "newest_kept_moment", lambda self, before: -(2.0**62))


def _beneath_not_kept(patch: pytest.MonkeyPatch) -> None:
    """What the tail stands on is written over."""
    patch.setattr(Tail, "floor", lambda self, head_seq: -(2.0**62))


def _silence_when_away(patch: pytest.MonkeyPatch) -> None:
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


def _near_before_far(patch: pytest.MonkeyPatch) -> None:
    """A commit is kept near although another one stands far."""

    def append(self: MirrorStore, zone: str, seq: int, data: bytes) -> None:
        self.near.append_commit(zone, seq, data)
        try:
            self.far.append_commit(zone, seq, data)
        except StoreError as error:
            raise FarAway(error) from error

    patch.setattr(MirrorStore, "append_commit", append)


def _objects_not_put_back(patch: pytest.MonkeyPatch) -> None:
    """Words are added to the history, and their objects are not sent."""
    patch.setattr(MirrorStore, "_put_far", lambda self, batch: None)


def _lost_history_not_kept(patch: pytest.MonkeyPatch) -> None:
    """What only this device's history had is not added again."""
    patch.setattr(sync_repair, "_lost_objects", lambda *_: [])


def _compaction_forgets(patch: pytest.MonkeyPatch) -> None:
    """A compaction drops its inputs and adds only a part of them."""
    real = Replica.write

    def write(self: Replica, writing: Writing, *rest: object) -> Written:
        if writing.dropped and len(writing.changes) > 1:
            writing = writing._replace(changes=writing.changes[1:])
        return real(self, writing, *rest)  # type: ignore[arg-type]

    patch.setattr(Replica, "write", write)


def _replay_without_base(patch: pytest.MonkeyPatch) -> None:
    """A library that is made anew shows its own snapshots on another history."""
    patch.setattr(sync_outbox, "replay", lambda own, history, others=(): history.pull())


PLANTED: tuple[Plant, ...] = (
    _lost_in_a_race,
    _dropped_before_sent,
    _not_put_on_again,
    _tail_left_on,
    _pins_do_not_hold,
    _silence_when_away,
    _objects_not_put_back,
    _lost_history_not_kept,
    _replay_without_base,
)
"""These show within seconds."""
SUBTLE: tuple[Plant, ...] = (
    _digest_not_put_back,
    _beneath_not_kept,
    _near_before_far,
    _compaction_forgets,
)
"""These show only after a while."""


_LATE = [pytest.param(plant, marks=pytest.mark.long) for plant in SUBTLE]


@pytest.mark.laws
@pytest.mark.parametrize("plant", [*PLANTED, *_LATE], ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_mistake_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    plant(monkeypatch)
    caught: Exception | None = None
    for seed in range(4):
        try:
            simulate(tmp_path / str(seed), seed, LIVELY, PLANTED_OPERATIONS)
        except (AssertionError, SealwaxError, LookupError) as error:
            caught = error
            break
    assert caught is not None
