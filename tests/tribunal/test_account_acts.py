"""A device of the account, or whoever runs the place, against the list of devices and keys.

No entry of the log may keep the owner from reading, from putting a device out, or from coming back
with the recovery key; and nobody may be led into an account of somebody else.
"""

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.base.entropy import SystemEntropy, TestOnlySeededEntropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.key_tree import KEY_BYTES, AccountKey, RootKeys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.ledger.account import (
    DeviceRevoke,
    Epoch,
    Packet,
    Protection,
    RecoverySet,
    Rotation,
)
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.vault.genesis import begin_account
from tests.homes import NOW_MS, ignore
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court, shown_by
from tests.tribunal.device import Intruder
from tests.tribunal.place import Truth

ACTS = Acts()
THIEF_NAMED = r"thief"


def stranger(seed: str) -> MemberKeys:
    return new_member_keys(TestOnlySeededEntropy(seed))


def rotates(court: Court, rotation: Rotation) -> None:
    thief = court.intruder()
    assert thief.append_entry(thief.entry(CommitKind.EPOCH, Epoch(rotation))) is None


def try_with_removal(court: Court) -> None:
    """Everything can be read while it lasts; the owner puts the thief out, and whoever is told to
    renews the keys; then all is as before."""
    for number in HONEST:
        with court.agent(number, is_lenient=True) as agent:
            assert shown_by(agent) == court.kept
            for name, words in court.snapshots.items():
                assert shown_by(agent, name) == words
        court.day(number)
    court.need_told(THIEF_NAMED)
    with court.agent(OWNER, is_lenient=True) as agent:
        agent.devices.revoke("thief")
    for number in HONEST:
        if any("renew-keys" in sentence for sentence in court.day(number).told):
            with court.agent(number) as agent:
                agent.devices.renew_keys()
    court.settle()
    court.check()
    _check_recovery(court)


def _check_recovery(court: Court) -> None:
    """The owner's recovery key still opens the account."""
    home = court.recover("found again")
    with open_agent(home, court.env(OWNER)) as agent:
        lost = (court.kept | court.said) - shown_by(agent)
        assert not lost


# Keys.


def test_a_new_epoch_opens_for_nobody(court: Court) -> None:
    thief = court.intruder()
    members = thief.members()
    rotates(court, thief.rotation(members, junk_for=[one.id for one in members]))
    try_with_removal(court)


def test_a_new_epoch_opens_for_all_but_the_owner(court: Court) -> None:
    thief = court.intruder()
    rotates(court, thief.rotation(thief.members(), junk_for=[court.id(OWNER)]))
    try_with_removal(court)


def test_a_new_epoch_opens_for_all_but_the_recovery_key(court: Court) -> None:
    thief = court.intruder()
    spoiled = [court.recovery.member().id]
    rotates(court, thief.rotation(thief.members(), junk_for=spoiled))
    for number in HONEST:
        court.day(number)
    # No device can see it; the next rotation by an honest device mends it.
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    court.check()
    _check_recovery(court)


def test_several_new_epochs_open_for_nobody(court: Court) -> None:
    thief = court.intruder()
    for _ in range(3):
        members = thief.members()
        entry = Epoch(thief.rotation(members, junk_for=[one.id for one in members]))
        assert thief.append_entry(thief.entry(CommitKind.EPOCH, entry)) is None
    try_with_removal(court)


def test_a_new_epoch_hands_on_junk_as_the_key_before(court: Court) -> None:
    thief = court.intruder()
    # It is not the one that everything is sealed under.
    earlier = AccountKey(thief.keys.newest_epoch, SystemEntropy().bytes(KEY_BYTES))
    forged = thief.rotation(thief.members(), earlier=earlier)
    assert thief.append_entry(thief.entry(CommitKind.EPOCH, Epoch(forged))) is None
    try_with_removal(court)


def test_a_new_epoch_has_other_root_keys(court: Court) -> None:
    """An import would bring every message a second time, under another name."""
    thief = court.intruder()
    entropy = SystemEntropy()
    roots = RootKeys(entropy.bytes(KEY_BYTES), entropy.bytes(KEY_BYTES))
    rotates(court, thief.rotation(thief.members(), roots=roots))
    for number in HONEST:
        with court.agent(number, is_lenient=True) as agent:
            assert shown_by(agent) == court.kept
        day = court.day(number)
        assert not [words for words, times in day.shown.items() if times > 1]
        with court.agent(number, is_lenient=True) as agent:
            assert agent.verify(ignore).is_sound
    court.need_told(THIEF_NAMED)
    court.settle()
    court.check()
    _check_recovery(court)


def test_a_removal_by_the_thief_has_other_root_keys(court: Court) -> None:
    thief = court.intruder()
    entropy = SystemEntropy()
    roots = RootKeys(entropy.bytes(KEY_BYTES), entropy.bytes(KEY_BYTES))
    stay = [one for one in thief.members() if one.id != court.id(SECOND)]
    entry = DeviceRevoke(court.id(SECOND), thief.rotation(stay, roots=roots))
    assert thief.append_entry(thief.entry(CommitKind.DEVICE_REVOKE, entry)) is None
    day = court.day(OWNER)
    assert not [words for words, times in day.shown.items() if times > 1]
    court.need_told(THIEF_NAMED)
    court.settle([OWNER])
    court.check([OWNER])


@ACTS.harmless
def many_new_epochs_begin(court: Court) -> None:
    for _ in range(20):
        thief = court.intruder()
        rotates(court, thief.rotation(thief.members()))


@ACTS.harmless
def an_epoch_is_left_out(court: Court) -> None:
    thief = court.intruder()
    rotation = thief.rotation(thief.members())
    later = [Packet(one.epoch + 1, one.recipient, one.sealed) for one in rotation.packets]
    skipped = Rotation(rotation.epoch + 1, later, rotation.earlier, rotation.root)
    assert thief.append_entry(thief.entry(CommitKind.EPOCH, Epoch(skipped))) is not None


@ACTS.harmless
def packets_are_missing_from_a_new_epoch(court: Court) -> None:
    thief = court.intruder()
    rotation = thief.rotation([one for one in thief.members() if one.id != court.id(OWNER)])
    assert thief.append_entry(thief.entry(CommitKind.EPOCH, Epoch(rotation))) is not None


@ACTS.harmless
def packets_are_replaced_by_a_change_of_protection(court: Court) -> None:
    thief = court.intruder()
    epoch = thief.truth.log().newest.epoch
    packets = [Packet(epoch, member.id, b"junk" * 20) for member in thief.members()]
    entry = Protection("advanced", packets)
    assert thief.append_entry(thief.entry(CommitKind.PROTECTION, entry)) is not None


@ACTS.harmless
def the_protection_is_called_something_else(court: Court) -> None:
    thief = court.intruder()
    entry = Protection("\x1b[2J none at all", [])
    thief.append_entry(thief.entry(CommitKind.PROTECTION, entry))


# The recovery key.


def sets_recovery(
    court: Court, intruder: Intruder, new: MemberKeys, *others: MemberKeys
) -> SealwaxError | None:
    stay = [*intruder.truth.log().newest.devices.values(), new.member()]
    entry = RecoverySet(new.member(), intruder.rotation(stay))
    return intruder.append_entry(intruder.entry(CommitKind.RECOVERY_SET, entry, *others))


def check_recovery_stands(court: Court) -> None:
    for number in HONEST:
        court.day(number)
    court.settle()
    court.check()
    _check_recovery(court)


def test_a_device_makes_a_key_of_its_own_the_recovery_key(court: Court) -> None:
    assert sets_recovery(court, court.intruder(), stranger("mine")) is not None
    check_recovery_stands(court)


def test_a_device_and_the_new_key_make_it_the_recovery_key(court: Court) -> None:
    mine = stranger("mine")
    assert sets_recovery(court, court.intruder(), mine, mine) is not None
    check_recovery_stands(court)


def test_a_device_makes_itself_the_recovery_key(court: Court) -> None:
    thief = court.intruder()
    assert sets_recovery(court, thief, court.member(THIEF), court.member(THIEF)) is not None
    check_recovery_stands(court)


def test_a_device_makes_the_key_of_somebody_else_the_recovery_key(court: Court) -> None:
    victim = recovery_keys(new_recovery_code(TestOnlySeededEntropy("victim")))
    assert sets_recovery(court, court.intruder(), victim) is not None
    check_recovery_stands(court)


def test_the_recovery_key_gives_its_place_to_a_key_that_does_not_sign(court: Court) -> None:
    holder = _recovery_intruder(court)
    assert sets_recovery(court, holder, stranger("new")) is not None
    check_recovery_stands(court)


def test_a_stolen_recovery_key_gives_its_place_to_another(court: Court) -> None:
    """Whoever has the recovery key may do that: it counts. Every device says so until a person
    there has looked."""
    mine = stranger("mine")
    assert sets_recovery(court, _recovery_intruder(court), mine, mine) is None
    for number in HONEST:
        court.day(number)
    court.need_told(r"[Rr]ecovery key (was|is).*(changed|another|replaced|new)")
    court.settle()
    court.check()


def _recovery_intruder(court: Court) -> Intruder:
    return Intruder(court.truth, court.recovery, SystemEntropy(), NOW_MS)


def _account_of_mallory(court: Court, name_before: bytes) -> Truth:
    """Another account at the place, whose name sorts before the victim's, and which says that the
    victim's recovery key is its own."""
    number = 0
    while True:
        entropy = TestOnlySeededEntropy(f"mallory {number}")
        device = new_member_keys(entropy)
        recovery = recovery_keys(new_recovery_code(entropy))
        begun = begin_account(device, recovery, "mallory", NOW_MS, entropy)
        if begun.account < name_before:
            break
        number += 1
    court.place.claim(begun.account, begun.commit)
    truth = court.place.truths[begun.account]
    mallory = Intruder(truth, device, SystemEntropy(), NOW_MS)
    victim = court.recovery.member()
    entry = RecoverySet(victim, mallory.rotation([device.member(), victim]))
    data = mallory.entry(CommitKind.RECOVERY_SET, entry)
    # The operator is in league: it stands there whether it counts or not, and is told.
    truth.force(ACCOUNT_ZONE, data)
    court.place.accounts_of = lambda _: sorted(court.place.truths)  # type: ignore[method-assign]
    return truth


def test_another_account_calls_the_victims_recovery_key_its_own(court: Court) -> None:
    truth = _account_of_mallory(court, court.account)
    home = court.recover("new computer")
    with open_agent(home, court.env(OWNER)) as agent:
        assert agent.status().account == court.account.hex()
        assert shown_by(agent) == court.kept
    assert truth.log().newest.devices.keys() == {truth.log().entries[0].device.id}  # type: ignore[union-attr]


def test_the_right_account_is_withheld_and_only_the_other_one_is_shown(court: Court) -> None:
    truth = _account_of_mallory(court, b"\xff" * 32)
    court.place.accounts_of = lambda _: [truth.account]  # type: ignore[method-assign]
    with pytest.raises(SealwaxError):
        court.recover("new computer")
    assert not (court.folder / "new computer" / "keys").exists()
    court.settle()
    court.check()


def test_a_recovery_under_an_old_list_lets_nobody_in_who_was_put_out(court: Court) -> None:
    """The place shows a new device the list as it was before the thief was put out. It begins an
    epoch of its own at once, for those that its owner keeps: the thief reads nothing of it."""
    earlier = court.truth.copy()
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    old_place = court.place.truths[court.account]
    court.place.truths[court.account] = earlier
    home = court.recover("found again", remove=("thief",))
    with open_agent(home, court.env(OWNER)) as agent:
        epoch = agent.status().epoch
        assert "thief" not in {device.name for device in agent.devices.list()}
    packets = [
        packet
        for entry in earlier.log().entries
        for packet in _packets_of(entry)
        if packet.epoch == epoch
    ]
    assert court.id(THIEF) not in {packet.recipient for packet in packets}
    court.place.truths[court.account] = old_place
    court.settle()
    court.check()


def _packets_of(entry: object) -> list[Packet]:
    rotation = getattr(entry, "rotation", None)
    return list(getattr(rotation or entry, "packets", []))


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_account(court: Court, act: Act) -> None:
    try_act(court, act)
