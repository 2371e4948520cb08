"""Several devices and one store in one process, with seeded faults: they end up the same.

Each device imports, deletes, restores and pins at random while the store fails before, after and in
the midst of what it is asked. When the faults end and every device has pulled, all libraries are
equal, nothing that was acknowledged is missing, and the vault verifies.
"""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.library.library import Library
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.change import entry
from sealwax.model.field import CONVERSATION, ORIGIN, REACTION, READ_NS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.plan import MERGE
from sealwax.snapshot.restore import restore
from sealwax.snapshot.verify import Verifier
from sealwax.sources.base import Deletion, Item, Observation
from sealwax.storage.apply import delete, undelete
from sealwax.stores.base import Store, StoreError
from sealwax.stores.faulty import Fault, FaultyStore
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import merge_small
from sealwax.sync.reset.apply import planned_reset, reset
from sealwax.trust.account import extend_log
from tests.homes import NOW_MS, ignore
from tests.laws import cases
from tests.sync.devices import Device, made_devices

STEPS = 40
DEVICES = 3


def message(number: int, chat: int, time_ms: int) -> Observation:
    """A message seen in a source."""
    entries = (
        entry(ORIGIN, ["imessage", f"m{number}"]),
        entry(CONVERSATION, True, f"direct:{chat}"),
        entry(TIME_NS, time_ms * 1_000_000),
        entry(TEXT, f"words of message {number}"),
    )
    return Observation(int(Kind.MESSAGE), f"m{number}", time_ms, entries)


def _chat(chat: int) -> Observation:
    entries = (entry(ORIGIN, ["imessage", f"direct:{chat}"]),)
    return Observation(int(Kind.CONVERSATION), f"direct:{chat}", 1, entries)


def _later_fact(rng: random.Random, number: int, time_ms: int) -> Observation:
    if rng.random() < 0.5:
        fact = entry(READ_NS, rng.randrange(10**15))
    else:
        fact = entry(REACTION, ["loved", None, f"t{number}"], f"0:{rng.randrange(3)}")
    return Observation(int(Kind.MESSAGE), f"m{number}", time_ms, (fact,))


class _World:
    """What happens to one device after another."""

    def __init__(self, rng: random.Random, devices: list[Device]) -> None:
        self._rng = rng
        self._devices = devices
        self._time_ms = NOW_MS - 10**9
        self.acknowledged: set[str] = set()

    def step(self) -> None:
        self._time_ms += self._rng.randrange(1, 10**6)
        device = self._rng.choice(self._devices)
        acts = (
            self._import,
            self._import,
            self._delete,
            self._back,
            self._pin,
            self._restore,
            self._compact,
            self._reset,
        )
        try:
            self._rng.choice(acts)(device)
        except StoreError:
            return

    def _import(self, device: Device) -> None:
        rng = self._rng
        numbers = rng.sample(range(200), rng.randrange(1, 30))
        items: list[Item] = [_chat(chat) for chat in range(4)]
        items += [message(number, number % 4, NOW_MS - 10**9 + number) for number in numbers]
        items += [_later_fact(rng, number, self._time_ms) for number in numbers[:5]]
        if rng.random() < 0.3:
            gone = rng.choice(numbers)
            key = f"recoverable:{self._time_ms}"
            items.append(Deletion(int(Kind.MESSAGE), f"m{gone}", key, self._time_ms))
        device.take(items, self._time_ms)
        self.acknowledged |= {f"m{number}" for number in numbers}

    def _delete(self, device: Device) -> None:
        delete(device.library, device.replica, self._some(device.library), self._time_ms)

    def _back(self, device: Device) -> None:
        undelete(device.library, device.replica, self._some(device.library), self._time_ms)

    def _pin(self, device: Device) -> None:
        create_snapshot(device.library, device.replica, "", "test")

    def _compact(self, device: Device) -> None:
        merge_small(device.replica)

    def _reset(self, device: Device) -> None:
        reset(device.replica, planned_reset(device.replica, ignore), ignore)

    def _restore(self, device: Device) -> None:
        pins = device.library.holdings.pins()
        if pins:
            seq = self._rng.choice(pins).pinned_seq
            replica, some = device.replica, self._some(device.library)
            restore(device.library, replica, seq, some, MERGE, self._time_ms, ignore)

    def _some(self, library: Library) -> Selection:
        rows = [row.record for row in library.read.messages(Selection(), _everything(library))]
        return Selection(messages=tuple(self._rng.sample(rows, min(len(rows), 9)) or (0,)))


def _everything(library: Library) -> Moment:
    return Moment(library.head_seq(), ANYWHERE)


def _contents(library: Library) -> list[tuple[bytes, int]]:
    rows = library.read.messages(Selection(), _everything(library))
    return sorted((row.uid, row.place) for row in rows)


def _origins(library: Library) -> set[str]:
    rows = library.read.messages(Selection(), _everything(library))
    return {row.state.get(ORIGIN)[1] for row in rows}


def _simulate(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    inner = MemoryStore()
    entropy = TestOnlySeededEntropy(f"simulation {seed}")
    is_faulty = [True]
    faults = [None] * 12 + list(Fault)

    def view(_: int, store: Store) -> Store:
        return FaultyStore(store, lambda _: rng.choice(faults) if is_faulty[0] else None)

    devices = made_devices(folder, inner, DEVICES, entropy, view)
    world = _World(rng, devices)
    for _ in range(STEPS):
        world.step()
    is_faulty[0] = False
    for device in devices:
        device.replica.pull()
    first = devices[0]
    for device in devices[1:]:
        assert device.replica.head() == first.replica.head()
        assert device.library.digest() == first.library.digest()
        assert _contents(device.library) == _contents(first.library)
        assert device.library.holdings.pins() == first.library.holdings.pins()
        assert device.library.counts() == first.library.counts()
    assert world.acknowledged <= _origins(first.library)
    for device in devices:
        replica = device.replica
        extend_log(replica.log, inner)
        found = Verifier(
            inner, replica.log, replica.keys, device.library, ignore, replica.clock.now_ms()
        ).run()
        assert found.damage == ()
        assert device.library.check() == []
        device.library.close()


@pytest.mark.laws
@settings(
    max_examples=cases(25, 2_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_devices_end_up_the_same(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    _simulate(tmp_path_factory.mktemp("simulation"), seed)
