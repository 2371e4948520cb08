"""A device that was put out, and a place that forgot it: honest, from an old disk, or in league."""

from collections.abc import Callable

import msgspec
import pytest

from sealwax.agent.selecting import Select
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.model.change import entry
from sealwax.model.field import LIFE
from tests.tribunal.beginning import OWNER, SECOND, SNAPSHOTS, THIEF
from tests.tribunal.court import HONEST, Court, shown_by
from tests.tribunal.device import Intruder

THIEF_NAMED = r"thief"


def put_out(court: Court) -> None:
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()


def remove_with_an_old_disk(court: Court, meanwhile: Callable[[], object]) -> None:
    earlier = court.truth.copy()
    put_out(court)
    court.place.truths[court.account] = earlier
    meanwhile()


def check_without_it(court: Court) -> None:
    """Nothing of it is applied before a person says so; the person says: go on without it."""
    for number in HONEST:
        day = court.day(number)
        assert not court.kept - day.shown
    court.need_told(THIEF_NAMED)
    court.go_on_without_removed(OWNER)
    court.settle()
    court.check()
    assert court.id(THIEF) not in court.truth.log().newest.devices


def deletes_everything(court: Court) -> None:
    with court.agent(THIEF) as agent:
        agent.sync.now()
        for chat in agent.conversations():
            agent.delete(Select((str(chat.record),)))
        agent.drop_snapshots([str(one.number) for one in agent.snapshots()])
        agent.sync.now()


def test_an_honest_place_from_an_old_disk_and_the_removed_device_deletes_everything(
    court: Court,
) -> None:
    remove_with_an_old_disk(court, lambda: deletes_everything(court))
    check_without_it(court)


def test_an_honest_place_from_an_old_disk_and_the_removed_device_adds_a_message(
    court: Court,
) -> None:
    remove_with_an_old_disk(court, lambda: court.write(THIEF))
    # What it adds is not taken in without a person either.
    court.said.subtract({words: 1 for words in court.said if "on thief" in words})
    check_without_it(court)


def test_an_honest_place_from_an_old_disk_and_nobody_wrote_since(court: Court) -> None:
    """All is put back, the removal too, and no person is asked."""
    remove_with_an_old_disk(court, lambda: None)
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()
    assert court.id(THIEF) not in court.truth.log().newest.devices


def test_an_honest_place_from_an_old_disk_and_a_trusted_device_wrote_since(court: Court) -> None:
    """The second device had not heard of the removal; what it wrote is kept without a question."""
    earlier = court.truth.copy()
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.place.truths[court.account] = earlier
    court.write(SECOND, 2)
    court.settle()
    court.check()
    assert court.id(THIEF) not in court.truth.log().newest.devices


def harm_by_hand(thief: Intruder, court: Court, messages: list[tuple[int, bytes]]) -> None:
    """What a removed device writes at the position at which it still counted."""
    dropped = msgspec.msgpack.encode([thief.pins()])
    segment = thief.segment(thief.about(messages, entry(LIFE, 1)))
    court.truth.force(MESSAGES_ZONE, thief.commit(segments=[segment]))
    court.truth.force(MESSAGES_ZONE, thief.commit(kind=CommitKind.UNPIN, public=dropped))
    court.truth.force(MESSAGES_ZONE, thief.commit(dropped=thief.live()))


def test_a_place_in_league_leaves_the_removal_out_and_lets_the_removed_device_write(
    court: Court,
) -> None:
    """Both honest devices have seen the removal."""
    messages, thief = court.messages(), court.intruder()
    earlier = court.truth.copy()
    put_out(court)
    newest = court.truth.store._zones[ACCOUNT_ZONE]
    court.place.truths[court.account] = earlier
    thief.truth = earlier
    harm_by_hand(thief, court, messages)
    # The account's log is whole again: only the history has parted.
    earlier.store._zones[ACCOUNT_ZONE] = list(newest)
    check_without_it(court)


def test_a_removed_device_goes_on_writing_at_its_old_position(court: Court) -> None:
    """After the history was closed nothing that it signs counts; an honest place takes none of it,
    one in league only tells of it for a while."""
    messages, thief = court.messages(), court.intruder()
    put_out(court)
    segment = thief.segment(thief.about(messages, entry(LIFE, 1)))
    assert thief.append(segments=[segment]) is not None
    before = court.truth.copy()
    harm_by_hand(thief, court, messages)
    for number in HONEST:
        day = court.day(number)
        assert not court.kept - day.shown
    court.need_told(r"place\.example|sync store|do not count|thief")
    court.place.truths[court.account] = before
    court.settle()
    court.check()


def test_a_removed_device_says_that_it_is_the_owner(court: Court) -> None:
    """It signs with its own key under the id of another."""
    thief = court.intruder()
    put_out(court)
    newest = court.truth.log()
    refused = thief.append(author=court.id(OWNER), position=newest.head, epoch=newest.newest.epoch)
    assert refused is not None
    court.day(OWNER)
    court.settle()
    court.check()


def test_a_removed_device_wrote_in_the_moment_before_the_history_was_closed(court: Court) -> None:
    """That counts, as the documents say; what it took away is held like anybody's."""
    messages = court.messages()
    segment_of = court.intruder()
    segment = segment_of.segment(segment_of.about(messages, entry(LIFE, 1)))
    assert segment_of.append(segments=[segment]) is None
    put_out(court)
    for number in HONEST:
        court.day(number)
    court.need_told(THIEF_NAMED)
    court.settle()
    court.check()


def test_a_removed_device_reads_what_is_there_and_nothing_that_comes(court: Court) -> None:
    """It opens as a device that was put out, says so, and shows what it had."""
    put_out(court)
    court.day(OWNER)
    day = court.day(THIEF, is_writing=False)
    assert day.shown == court.kept
    assert any("removed" in sentence for sentence in day.told)
    with court.agent(THIEF, is_lenient=True) as agent:
        for name in SNAPSHOTS:
            assert shown_by(agent, name) == court.snapshots[name]


@pytest.mark.parametrize("kind", [CommitKind.MERGE, CommitKind.REVOKE, CommitKind.RESET])
def test_a_place_in_league_shows_a_step_of_the_removed_device_as_the_newest(
    court: Court, kind: str
) -> None:
    thief = court.intruder()
    put_out(court)
    before = court.truth.copy()
    court.truth.force(MESSAGES_ZONE, thief.commit(kind=kind, dropped=thief.live()))
    for number in HONEST:
        day = court.day(number)
        assert not court.kept - day.shown
    court.place.truths[court.account] = before
    court.settle()
    court.check()
    court.need_told(r"place\.example|sync store|do not count|thief")
