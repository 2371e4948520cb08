"""One device of three is evil and does anything at random: nothing that was said, and no snapshot
that a person named, gets out of reach of the honest ones; and what they answer settles."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwax.ledger.commit import CommitKind
from sealwax.library.project import TRASH
from sealwax.model.change import Change, entry
from sealwax.model.field import HELD, LIFE, PURGED, TEXT
from sealwax.model.record import Kind
from sealwax.snapshot.retention import BY_HAND, DAILY
from sealwax.vault.commit_part import Part
from sealwax.vault.digest import digest_bytes
from sealwax.vault.writing import Pinning, write_in_batches
from tests.homes import DAY_MS
from tests.laws import cases
from tests.sync.guard.household import CHATS, PER_CHAT, Evil, House, message

HONEST = (0, 1)
HOUR_MS = DAY_MS // 24
ANSWERS = 4
LONGEST_MS = 12 * DAY_MS
"""What a device has seen in the trash for 15 days may be purged from it."""


class Stage(NamedTuple):
    """What the acts play on: all words that were ever said, and the names of snapshots."""

    house: House
    evil: Evil
    rng: Random
    said: set[str]
    named: set[str]
    passed_ms: list[int]


def _some(stage: Stage, most: int = CHATS * PER_CHAT) -> list[bytes]:
    records = stage.evil.records()
    return stage.rng.sample(records, min(len(records), stage.rng.randrange(1, most)))


def _evil_deletes(stage: Stage) -> None:
    life = stage.rng.choice((1, 1, 3, 99))
    mark = stage.rng.choice(((), (entry(HELD, stage.rng.random() < 0.5, str(life)),)))
    stage.evil.delete(_some(stage), life, *mark)


def _evil_purges(stage: Stage) -> None:
    stage.evil.purge(_some(stage), stage.rng.choice((0, 1, 2, 98)))


def _evil_replaces_words(stage: Stage) -> None:
    records = _some(stage, 12)
    life = stage.rng.choice((2, 4, 100))
    stage.evil.purge(records, life - 1)
    told = ((None, (entry(LIFE, life),)), (life, (entry(TEXT, "rubbish"),)))
    stage.evil.append(
        changes=[
            Change(int(Kind.MESSAGE), one, level, 1, stage.evil.id, entries)
            for one in records
            for level, entries in told
        ]
    )


def _evil_empties_the_trash(stage: Stage) -> None:
    number = stage.rng.choice(HONEST)
    for row in stage.house.rows(number, place=TRASH):
        stage.evil.purge([row], stage.rng.choice((1, 3, 99)))


def _evil_lets_go(stage: Stage) -> None:
    stage.evil.pulled()
    seqs = [pin.commit_seq for pin in stage.evil.library.holdings.all_pins()]
    if seqs:
        stage.evil.unpin(*stage.rng.sample(seqs, stage.rng.randrange(1, len(seqs) + 1)))


def _evil_drops(stage: Stage) -> None:
    segments = list(stage.evil.segments())
    if not segments:
        return
    kind = stage.rng.choice(
        (CommitKind.CHANGE, CommitKind.COMPACT, CommitKind.PURGE, CommitKind.RESET)
    )
    going = stage.rng.sample(segments, stage.rng.randrange(1, len(segments) + 1))
    changes = stage.evil.pulled().read_segment(going[0])[: stage.rng.randrange(20)]
    stage.evil.append(kind, changes, dropped=going)


def _evil_answers(stage: Stage) -> None:
    stage.evil.answer(_some(stage), stage.rng.choice((0, 1, 3, 99)))


def _evil_pins(stage: Stage) -> None:
    head = stage.evil.pulled().head().seq
    if head < 1:
        return
    part = Part(reason=stage.rng.choice((DAILY, BY_HAND)), name="")
    stage.evil.append(
        CommitKind.PIN, part=part, pinning=Pinning(pinned_seq=stage.rng.randrange(head))
    )


def _evil_says_odd_things(stage: Stage) -> None:
    odd = (entry(PURGED, -5), entry(LIFE, -1), entry(HELD, True, "no life"))
    stage.evil.append(
        changes=[
            Change(int(Kind.MESSAGE), one, None, 2**53, stage.evil.id, (stage.rng.choice(odd),))
            for one in _some(stage)
        ]
    )


def _time_passes(stage: Stage) -> None:
    step = stage.rng.choice((HOUR_MS, DAY_MS, 2 * DAY_MS))
    if stage.passed_ms[0] + step < LONGEST_MS:
        stage.passed_ms[0] += step
        stage.house.advance(step)


def _evil_sets_its_clock(stage: Stage) -> None:
    told_ms = stage.rng.choice((0, 1_590_000_000_000, 2**52))
    stage.evil.time_ms = lambda: told_ms


def _evil_signs_something(stage: Stage) -> None:
    told = stage.rng.choice((None, digest_bytes(0), b"x" * 32))
    stage.evil.digest = lambda _: told


def _one_syncs(stage: Stage) -> None:
    stage.house.sync(stage.rng.choice(HONEST))


def _one_is_killed(stage: Stage) -> None:
    home = stage.house.homes[stage.rng.choice(HONEST)]
    home.kill(is_library_lost=stage.rng.random() < 0.5)


def _one_names_a_snapshot(stage: Stage) -> None:
    number = stage.rng.choice(HONEST)
    name = f"snapshot {len(stage.named)}"
    stage.house.snapshot(number, name, BY_HAND)
    stage.named.add(name)


def _one_says_more(stage: Stage) -> None:
    first = 1_000 + len(stage.said)
    stage.house.take(stage.rng.choice(HONEST), [message(first + at) for at in range(3)])
    stage.said.update(f"words of message {first + at}" for at in range(3))


def _one_deletes_honestly(stage: Stage) -> None:
    """A person deletes a few, or many; nobody purges them."""
    number = stage.rng.choice(HONEST)
    chats = stage.rng.sample(range(CHATS), stage.rng.choice((1, 6)))
    device = stage.house.homes[number].device
    states = device.history.library.states(stage.house.rows(number, *chats))
    write_in_batches(
        device.journal,
        (
            Change(state.kind, one, None, 5, device.history.device, (entry(LIFE, state.life + 1),))
            for one, state in states.items()
        ),
        "delete",
    )


def _one_brings_all_back(stage: Stage) -> None:
    stage.house.answer(stage.rng.choice(HONEST), is_accepted=False)


ACTS: tuple[Callable[[Stage], None], ...] = (
    _evil_deletes,
    _evil_purges,
    _evil_replaces_words,
    _evil_empties_the_trash,
    _evil_lets_go,
    _evil_drops,
    _evil_answers,
    _evil_pins,
    _evil_says_odd_things,
    _evil_sets_its_clock,
    _evil_signs_something,
    _time_passes,
    _one_syncs,
    _one_syncs,
    _one_syncs,
    _one_is_killed,
    _one_names_a_snapshot,
    _one_says_more,
    _one_deletes_honestly,
    _one_brings_all_back,
)


def _check(stage: Stage, number: int) -> None:
    house = stage.house
    if any(not pin.is_shown for pin in house.library(number).holdings.all_pins()):
        # What a moment of the past showed comes back with a library that is made anew.
        house.homes[number].kill(is_library_lost=True)
    missing = stage.said - house.reachable(number)
    assert not missing, (number, sorted(missing)[:3], len(missing))


def _check_named(stage: Stage, number: int) -> None:
    names = {pin.name for pin in stage.house.library(number).holdings.all_pins()}
    assert stage.named <= names, (number, stage.named - names)


def _play(folder: Path, acts: list[Callable[[Stage], None]], seed: int) -> None:
    house = House(folder, honest=2, evil=1, seed=f"evil {seed}")
    try:
        house.fill()
        said = {f"words of message {number}" for number in range(CHATS * PER_CHAT)}
        stage = Stage(house, house.evil(), Random(seed), said, set(), [0])
        for act in acts:
            act(stage)
        for _ in range(2):
            for number in HONEST:
                house.sync(number)
        for number in HONEST:
            _check(stage, number)
            _check_named(stage, number)
        _settle(stage)
    finally:
        house.close()


def _settle(stage: Stage) -> None:
    """A person brings everything back: nothing waits any more, and all honest devices agree. Two
    devices that undo at once may ask about each other's undoing, so at last one answer stands."""
    house = stage.house
    for _ in range(ANSWERS):
        for number in HONEST:
            house.answer(number, is_accepted=False)
            house.sync(number)
    for number in HONEST:
        house.sync(number)
        house.answer(number, is_accepted=True)
        house.sync(number)
    # What the evil one signs as the newest state may be untrue; the next step says what is.
    house.take(0, [message(99_999)])
    for number in (*HONEST, *HONEST):
        done = house.sync(number)
    assert done.is_verified, done
    for number in HONEST:
        assert house.asked(number) == []
        _check(stage, number)
        _check_named(stage, number)
    assert house.library(0).digest() == house.library(1).digest()


@given(
    st.lists(st.sampled_from(ACTS), min_size=2, max_size=14),
    st.integers(0, 2**32),
)
@settings(
    max_examples=cases(12, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_nothing_gets_out_of_reach(acts: list[Callable[[Stage], None]], seed: int) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        _play(folder, acts, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_gets_out_of_reach_in_a_long_war(tmp_path: Path, seed: int) -> None:
    rng = Random(f"war {seed}")
    _play(tmp_path, rng.choices(ACTS, k=40), seed)
