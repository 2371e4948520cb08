"""A device of the account against the list of devices: whom it puts out, lets in, and renames."""

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.key_packet import seal_packet
from sealwax.ledger.account import (
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
    Genesis,
    Packet,
)
from sealwax.ledger.commit import CommitKind
from sealwax.vault.commit_part import Part
from tests.tribunal.acts import Act, Acts, try_act
from tests.tribunal.beginning import OWNER, SECOND, THIEF
from tests.tribunal.court import HONEST, Court, shown_by

ACTS = Acts()


def stranger(seed: str) -> MemberKeys:
    return new_member_keys(TestOnlySeededEntropy(seed))


# Devices.


def test_the_thief_puts_every_other_device_out(court: Court) -> None:
    """They can read what they have; the recovery key brings the owner back, and puts the thief
    out."""
    for number in HONEST:
        thief = court.intruder()
        stay = [one for one in thief.members() if one.id != court.id(number)]
        entry = DeviceRevoke(court.id(number), thief.rotation(stay))
        assert thief.append_entry(thief.entry(CommitKind.DEVICE_REVOKE, entry)) is None
    for number in HONEST:
        day = court.day(number, is_writing=False)
        assert day.shown == court.kept
    court.need_told(r"does not trust this device|removed")
    home = court.recover("back again")
    with open_agent(home, court.env(OWNER)) as agent:
        agent.devices.revoke("thief")
        assert agent.sync.now().is_verified
        assert shown_by(agent) == court.kept
        for name, words in court.snapshots.items():
            assert shown_by(agent, name) == words


@ACTS.harmless
def it_lets_in_a_device_that_can_open_nothing(court: Court) -> None:
    thief = court.intruder()
    device = stranger("blind").member()
    packet = Packet(thief.epoch, device.id, b"junk" * 20)
    part = Part(device_name="blind")
    data = thief.entry(CommitKind.DEVICE_ADD, DeviceAdd(device, [packet]), part=part)
    assert thief.append_entry(data) is None


def test_it_lets_in_as_many_devices_as_there_may_be(court: Court) -> None:
    """The owner still reads, writes, and puts devices out."""
    thief = court.intruder()
    genesis = thief.truth.log().entries[0]
    assert isinstance(genesis, Genesis)
    key = thief.keys.account_key(thief.epoch)
    for number in range(255):
        device = stranger(f"{number}").member()
        entry = DeviceAdd(device, [seal_packet(key, device, genesis.nonce)])
        if thief.append_entry(thief.entry(CommitKind.DEVICE_ADD, entry)) is not None:
            break
    for number in HONEST:
        court.day(number)
    with court.agent(OWNER) as agent:
        agent.devices.revoke("thief")
    court.settle()
    court.check()


@ACTS.harmless
def it_gives_every_device_the_same_name(court: Court) -> None:
    thief = court.intruder()
    for number in (OWNER, SECOND, THIEF):
        entry = DeviceRename(court.id(number))
        part = Part(device_name="owner")
        thief.append_entry(thief.entry(CommitKind.DEVICE_RENAME, entry, part=part))


@ACTS.harmless
def it_names_a_device_by_characters_that_steer_a_terminal(court: Court) -> None:
    thief = court.intruder()
    entry = DeviceRename(court.id(THIEF))
    part = Part(device_name="\x1b[2J\x1b]0;owner\x07\u202erewno")
    assert thief.append_entry(thief.entry(CommitKind.DEVICE_RENAME, entry, part=part)) is None


@ACTS.harmless
def entries_have_any_form(court: Court) -> None:
    thief = court.intruder()
    for kind in CommitKind:
        for public in (b"", b"\xff", b"\x90", b"\x91\x90", b"\x81\xa1x\x90", b"\x91" * 900):
            thief.append_entry(thief.entry(str(kind), public))


@ACTS.harmless
def an_entry_cannot_be_unsealed(court: Court) -> None:
    thief = court.intruder()
    data = thief.entry(
        CommitKind.DEVICE_RENAME, DeviceRename(court.id(THIEF)), sealed=b"no sealed part at all"
    )
    assert thief.append_entry(data) is None


@pytest.mark.parametrize("act", ACTS.all, ids=[act.name for act in ACTS.all])
def test_members(court: Court, act: Act) -> None:
    try_act(court, act)
