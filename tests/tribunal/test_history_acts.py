"""A place that lies about the history: commits and heads that are not what devices wrote."""

import os
from collections.abc import Callable

import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.account import DeviceAdd, encode_entry
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE, commit_hash, device_zone
from sealwax.vault.genesis import begin_account
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SECOND
from tests.tribunal.court import HONEST, Court
from tests.tribunal.place import Commits, Heads

ACTS = Acts()
PLACE = r"place\.example|sync store|shared place|[Ss]erver trouble"
PUT_BACK = r"shared (place|history) had (lost|parted)"
FAR_SEQ = 2**53

Change = Callable[[Commits], Commits]


def lie(court: Court, zone: str, change: Change) -> None:
    """Whoever asks for commits of a zone is told something else."""
    court.place.lies.commits = lambda asked, found: change(found) if asked == zone else found


def news(court: Court) -> None:
    """Another device wrote, what the owner has not fetched yet."""
    court.write(SECOND, 3)


def next_told(court: Court, zone: str, data: bytes) -> None:
    """The place tells of one commit more than there is, however many there are by then."""

    def heads(found: Heads) -> Heads:
        return {**found, zone: (found[zone][0] + 1, commit_hash(data))}

    def commits(asked: str, found: Commits) -> Commits:
        end = court.truth.store.head_seq(zone)
        return [*found, (end + 1, data)] if asked == zone else found

    court.place.lies.heads, court.place.lies.commits = heads, commits


def rolled_back(zone: str, steps: int) -> Callable[[Court], None]:
    """The place shows a zone as it was so many steps ago."""

    def act(court: Court) -> None:
        rows = court.truth.store._zones[zone]
        kept = rows[: len(rows) - steps]
        court.place.lies.heads = lambda found: {
            **found,
            zone: (len(kept) - 1, commit_hash(kept[-1])),
        }
        lie(court, zone, lambda found: [row for row in found if row[0] < len(kept)])

    return act


@ACTS.detected(PLACE)
def the_messages_are_shown_as_they_were_before(court: Court) -> None:
    news(court)
    court.day(OWNER)
    rolled_back(MESSAGES_ZONE, 3)(court)


@ACTS.harmless
def the_newest_steps_are_withheld_for_ever(court: Court) -> None:
    news(court)
    rolled_back(MESSAGES_ZONE, 3)(court)
    court.place.lies.whom = frozenset((court.id(OWNER),))
    # It cannot write, for it is told that somebody was faster; what it takes in waits.
    court.day(OWNER)


@ACTS.detected(PLACE)
def the_account_is_shown_as_it_was_before(court: Court) -> None:
    rolled_back(ACCOUNT_ZONE, 1)(court)


@ACTS.detected(PLACE)
def the_messages_are_left_out_of_what_there_is(court: Court) -> None:
    court.place.lies.heads = lambda found: {
        zone: head for zone, head in found.items() if zone != MESSAGES_ZONE
    }
    lie(court, MESSAGES_ZONE, lambda _: [])


@ACTS.detected(PLACE)
def the_account_is_left_out_of_what_there_is(court: Court) -> None:
    court.place.lies.heads = lambda found: {
        zone: head for zone, head in found.items() if zone != ACCOUNT_ZONE
    }
    lie(court, ACCOUNT_ZONE, lambda _: [])


def _renumbered(found: Commits, datas: list[bytes]) -> Commits:
    return [(row[0], data) for row, data in zip(found, datas, strict=False)]


@ACTS.detected(PLACE)
def steps_are_told_in_the_reverse_order(court: Court) -> None:
    news(court)
    lie(
        court,
        MESSAGES_ZONE,
        lambda found: _renumbered(found, [data for _, data in reversed(found)]),
    )


@ACTS.detected(PLACE)
def two_steps_are_swapped_in_one_answer(court: Court) -> None:
    news(court)

    def swapped(found: Commits) -> Commits:
        datas = [data for _, data in found]
        if len(datas) > 2:
            datas[-1], datas[-2] = datas[-2], datas[-1]
        return _renumbered(found, datas)

    lie(court, MESSAGES_ZONE, swapped)


@ACTS.detected(PLACE)
def the_first_new_step_is_left_out_of_one_answer(court: Court) -> None:
    news(court)
    lie(court, MESSAGES_ZONE, lambda found: _renumbered(found, [d for _, d in found[1:]]))


@ACTS.detected(PLACE)
def a_step_in_the_midst_is_left_out_of_one_answer(court: Court) -> None:
    news(court)

    def without(found: Commits) -> Commits:
        datas = [data for _, data in found]
        return _renumbered(found, datas[:1] + datas[2:] if len(datas) > 2 else datas)

    lie(court, MESSAGES_ZONE, without)


@ACTS.detected(PLACE)
def a_step_is_told_twice(court: Court) -> None:
    news(court)

    def doubled(found: Commits) -> Commits:
        datas = [data for _, data in found]
        return _renumbered(found, datas[:1] + datas[:-1]) if len(datas) > 1 else found

    lie(court, MESSAGES_ZONE, doubled)


@ACTS.detected(PLACE)
def an_old_step_is_told_as_the_newest(court: Court) -> None:
    next_told(court, MESSAGES_ZONE, court.truth.store.get_commit(MESSAGES_ZONE, 1))


@ACTS.detected(PLACE)
def the_genesis_is_told_as_the_newest_entry(court: Court) -> None:
    next_told(court, ACCOUNT_ZONE, court.truth.store.get_commit(ACCOUNT_ZONE, 0))


@ACTS.detected(PLACE)
def junk_is_told_as_the_newest_step(court: Court) -> None:
    next_told(court, MESSAGES_ZONE, b"junk")


@ACTS.detected(PLACE)
def junk_is_told_as_the_newest_entry_of_the_account(court: Court) -> None:
    next_told(court, ACCOUNT_ZONE, b"junk")


@ACTS.detected(PLACE)
def nothing_is_told_as_the_newest_step(court: Court) -> None:
    next_told(court, MESSAGES_ZONE, b"")


@ACTS.detected(PLACE)
def nothing_is_told_as_the_newest_entry_of_the_account(court: Court) -> None:
    next_told(court, ACCOUNT_ZONE, b"")


@ACTS.detected(PLACE)
def three_megabytes_are_told_as_the_newest_step(court: Court) -> None:
    next_told(court, MESSAGES_ZONE, b"\x92" + bytes(3 * 1024 * 1024))


@ACTS.detected(PLACE)
def three_megabytes_are_told_as_the_newest_entry_of_the_account(court: Court) -> None:
    next_told(court, ACCOUNT_ZONE, b"\x92" + bytes(3 * 1024 * 1024))


@ACTS.detected(PLACE)
def a_commit_of_another_zone_is_told_as_the_newest_step(court: Court) -> None:
    next_told(court, MESSAGES_ZONE, court.truth.store.get_commit(ACCOUNT_ZONE, 1))


@ACTS.detected(PLACE)
def a_step_is_told_as_the_newest_entry_of_the_account(court: Court) -> None:
    next_told(court, ACCOUNT_ZONE, court.truth.store.get_commit(MESSAGES_ZONE, 1))


@ACTS.detected(PLACE)
def a_stranger_lets_itself_into_the_account(court: Court) -> None:
    stranger = new_member_keys(TestOnlySeededEntropy("stranger"))
    intruder = court.intruder()
    entry = encode_entry(DeviceAdd(stranger.member(), []))
    intruder.member = stranger
    next_told(court, ACCOUNT_ZONE, intruder.entry(CommitKind.DEVICE_ADD, entry))


@ACTS.detected(PLACE)
def a_stranger_writes_the_newest_step(court: Court) -> None:
    intruder = court.intruder()
    intruder.member = new_member_keys(TestOnlySeededEntropy("stranger"))
    next_told(court, MESSAGES_ZONE, intruder.commit())


@ACTS.detected(PLACE)
def the_newest_step_is_beyond_all_numbers(court: Court) -> None:
    court.place.lies.heads = lambda found: {
        **found,
        MESSAGES_ZONE: (FAR_SEQ, found[MESSAGES_ZONE][1]),
    }


@ACTS.detected(PLACE)
def steps_of_junk_never_end(court: Court) -> None:
    """Each is as large as one may be: a device must not keep asking, and keep none of it."""
    court.place.lies.heads = lambda found: {**found, MESSAGES_ZONE: (FAR_SEQ, bytes(32))}
    junk = os.urandom(1024 * 1024)

    def endless(found: Commits) -> Commits:
        first = found[-1][0] + 1 if found else court.truth.store.head_seq(MESSAGES_ZONE) + 1
        return [*found, *((first + number, junk) for number in range(64))]

    lie(court, MESSAGES_ZONE, endless)
    before_bytes = _size_bytes(court)
    for number in HONEST:
        court.day(number, is_writing=False)
    assert _size_bytes(court) - before_bytes < 16 * 1024 * 1024


def _size_bytes(court: Court) -> int:
    return sum(
        path.stat().st_size
        for number in HONEST
        for path in court.home(number).rglob("*")
        if path.is_file()
    )


@ACTS.harmless
def zones_are_called_like_paths(court: Court) -> None:
    names = ("../../../astray", "/etc/astray", "device/../astray", "messages\x00", "", "a" * 5_000)
    court.place.lies.heads = lambda found: {**found, **dict.fromkeys(names, (3, bytes(32)))}
    for number in HONEST:
        court.day(number)
    assert list(court.folder.parent.rglob("*astray*")) == []


@ACTS.harmless
def there_are_thousands_of_zones_more(court: Court) -> None:
    more = {device_zone(number.to_bytes(16, "big")): (0, bytes(32)) for number in range(5_000)}
    court.place.lies.heads = lambda found: {**more, **found}


@ACTS.detected(PLACE)
def the_account_is_withheld_while_the_messages_go_on(court: Court) -> None:
    """What others write then names a position that this device cannot know yet."""
    before = court.truth.store.head_seq(ACCOUNT_ZONE)
    with court.agent(SECOND) as agent:
        agent.devices.rename("thief", "third")
    court.write(SECOND, 2)
    court.place.lies.heads = lambda found: {
        **found,
        ACCOUNT_ZONE: (before, commit_hash(court.truth.store.get_commit(ACCOUNT_ZONE, before))),
    }
    lie(court, ACCOUNT_ZONE, lambda found: [row for row in found if row[0] <= before])
    court.place.lies.whom = frozenset((court.id(OWNER),))


@ACTS.mended(PUT_BACK)
def one_number_is_acknowledged_to_two_devices(court: Court) -> None:
    """The owner's step is acknowledged and kept apart; the second device's stands."""
    kept_apart: list[bytes] = []

    def append(zone: str, seq: int, data: bytes) -> bool:
        kept_apart.append(data)
        return False

    court.place.lies.append = append
    court.place.lies.whom = frozenset((court.id(OWNER),))
    court.write(OWNER)
    assert kept_apart
    court.place.be_honest()
    court.write(SECOND)


@pytest.mark.parametrize("zone", [MESSAGES_ZONE, ACCOUNT_ZONE])
def test_one_bit_of_an_answer_is_wrong(court: Court, zone: str) -> None:
    """At any place of any new commit: nothing of it stays, and all is well with the next answer."""
    with court.agent(SECOND) as agent:
        agent.devices.rename("thief", "third")
    news(court)
    newest = court.truth.store.get_commit(zone, court.truth.store.head_seq(zone))
    for at in range(0, len(newest), max(1, len(newest) // 5)):
        wrong = bytearray(newest)
        wrong[at] ^= 1 << (at % 8)
        lie(
            court,
            zone,
            lambda found, wrong=bytes(wrong): [
                (seq, wrong if data == newest else data) for seq, data in found
            ],
        )
        court.place.lies.whom = frozenset((court.id(OWNER),))
        court.day(OWNER, is_writing=False)
    court.settle()
    court.check()
    court.need_told(PLACE)


@ACTS.detected(PLACE)
def the_head_that_is_told_is_not_that_of_the_steps(court: Court) -> None:
    news(court)
    court.place.lies.heads = lambda found: {
        **found,
        MESSAGES_ZONE: (found[MESSAGES_ZONE][0], os.urandom(32)),
    }


@ACTS.detected(PLACE)
def fewer_steps_come_than_were_told(court: Court) -> None:
    news(court)
    lie(court, MESSAGES_ZONE, lambda found: found[:-1] if len(found) > 1 else found)


@ACTS.harmless
def more_steps_come_than_were_told(court: Court) -> None:
    """Another device was quick: they are left for the next time."""
    earlier = court.truth.heads()
    news(court)
    court.place.lies.heads = lambda found: {**found, MESSAGES_ZONE: earlier[MESSAGES_ZONE]}


@ACTS.detected(PLACE)
def a_step_is_cut_in_half(court: Court) -> None:
    news(court)
    lie(court, MESSAGES_ZONE, lambda found: [(seq, data[: len(data) // 2]) for seq, data in found])


@ACTS.detected(PLACE)
def a_step_has_a_tail_of_junk(court: Court) -> None:
    news(court)
    lie(court, MESSAGES_ZONE, lambda found: [(seq, data + b"\x00") for seq, data in found])


@ACTS.detected(PLACE)
def the_account_of_somebody_else_is_shown(court: Court) -> None:
    entropy = TestOnlySeededEntropy("somebody else")
    recovery = recovery_keys(new_recovery_code(entropy))
    other = begin_account(new_member_keys(entropy), recovery, "other", 1, entropy)
    court.place.lies.heads = lambda found: {
        **found,
        ACCOUNT_ZONE: (0, commit_hash(other.commit)),
    }
    lie(court, ACCOUNT_ZONE, lambda _: [(0, other.commit)])


@ACTS.detected(PLACE)
def a_device_in_league_writes_another_history_for_one_device(court: Court) -> None:
    """The owner is shown a step that the second device never sees, and the other way round."""
    intruder = court.intruder()
    shown = {number: intruder.commit(op_id=bytes([number]) * 16) for number in HONEST}
    head = court.truth.store.head_seq(MESSAGES_ZONE)
    next_told(court, MESSAGES_ZONE, shown[OWNER])
    court.place.lies.whom = frozenset((court.id(OWNER),))
    court.day(OWNER, is_writing=False)
    court.truth.append(MESSAGES_ZONE, head + 1, shown[SECOND])
    court.place.be_honest()


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_history(court: Court, act: Act) -> None:
    try_act(court, act)
