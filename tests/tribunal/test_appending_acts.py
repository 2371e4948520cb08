"""A place that does not keep what devices append, or has it no more: by a lie, or an old disk."""

from collections.abc import Callable

import pytest

from sealwax.stores.base import CommitExists
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import NAMES, OWNER, SECOND
from tests.tribunal.court import HONEST, Court
from tests.tribunal.place import Commits

ACTS = Acts()
PLACE = r"place\.example|sync store|shared place|[Ss]erver trouble"
PUT_BACK = r"shared (place|history) had (lost|parted)"

Change = Callable[[Commits], Commits]


def lie(court: Court, zone: str, change: Change) -> None:
    """Whoever asks for commits of a zone is told something else."""
    court.place.lies.commits = lambda asked, found: change(found) if asked == zone else found


def news(court: Court) -> None:
    """Another device wrote, what the owner has not fetched yet."""
    court.write(SECOND, 3)


@ACTS.detected(PLACE)
def every_append_is_refused_as_too_late(court: Court) -> None:
    """Words go on coming in: they wait on the device."""

    def append(zone: str, seq: int, data: bytes) -> bool:
        raise CommitExists("Another device was faster.")

    court.place.lies.append = append
    for number in HONEST:
        day = court.day(number)
        assert day.refusals == (), day.refusals
        assert f"on {NAMES[number]}" in " ".join(day.shown)


@ACTS.detected(PLACE)
def every_append_is_acknowledged_and_thrown_away(court: Court) -> None:
    court.place.lies.append = lambda *_: False
    court.place.lies.puts = lambda _: []


@ACTS.mended(PUT_BACK)
def the_place_came_back_from_an_old_disk(court: Court) -> None:
    """No lie: the operator restored a backup. Whoever has the rest puts it back."""
    earlier = court.truth.copy()
    news(court)
    court.day(OWNER)
    court.place.truths[court.account] = earlier


@ACTS.mended(PUT_BACK)
def the_place_came_back_from_an_old_disk_and_went_on(court: Court) -> None:
    earlier = court.truth.copy()
    court.write(OWNER, 2)
    court.place.truths[court.account] = earlier
    court.day(SECOND)


def test_the_place_has_forgotten_the_account(court: Court) -> None:
    """Words go on coming in, and are told as not there; when it remembers, all is well."""
    truth = court.place.truths.pop(court.account)
    for number in HONEST:
        day = court.day(number)
        assert day.refusals == (), day.refusals
        assert day.outcome is not None
        assert not day.outcome.is_verified
    court.need_told(PLACE)
    court.place.truths[court.account] = truth
    court.settle()
    court.check()


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_appending(court: Court, act: Act) -> None:
    try_act(court, act)
