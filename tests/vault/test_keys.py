"""The account's keys open as far as they can be opened, whatever a device did to them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.account import DeviceRevoke, EarlierKey, Epoch, Rotation, encode_entry
from sealwax.ledger.commit import CommitKind
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.keys import AccountKeys, Flaw, Unsound, open_account
from tests.accounts import TIME_MS, Account, account_commit, made_account
from tests.laws import cases
from tests.rotations import CLOSED, OTHER_ROOTS, Made, made_rotation

OP_ID = b"o" * 16
ROTATED_AT = 3
"""After the genesis and two more devices."""


def _opened(account: Account, member: MemberKeys) -> AccountKeys:
    return open_account(account.log, member.member().id, member)


def _writer(account: Account, member: MemberKeys) -> AccountWriter:
    return AccountWriter(account.log, _opened(account, member), member, account.entropy)


def _write(account: Account, data: bytes) -> None:
    assert account.log.extend(data) is None


def _evil(account: Account) -> Made:
    """What the last device makes; it is sound so far."""
    return made_rotation(account.log, _opened(account, account.devices[-1]), account.entropy)


def _begin(account: Account, rotation: Rotation) -> bytes:
    entry = encode_entry(Epoch(rotation))
    return account_commit(account, CommitKind.EPOCH, entry, account.devices[-1])


def _put_out(account: Account, by: MemberKeys) -> None:
    gone = account.devices[-1].member().id
    _write(account, _writer(account, by).revoke_device(gone, TIME_MS, OP_ID))


def _honest(account: Account) -> list[MemberKeys]:
    return [*account.devices[:-1], account.recovery]


@pytest.mark.parametrize("odd", CLOSED)
@pytest.mark.parametrize("who", ["device", "recovery key"])
def test_a_rotation_that_does_not_open_leaves_the_keys_of_before(odd: str, who: str) -> None:
    account = made_account("closed", devices=3)
    _write(account, _begin(account, CLOSED[odd](_evil(account))))
    for member in _honest(account):
        opened = _opened(account, member)
        assert opened.roots == account.keys.roots
        assert opened.newest_epoch == 0
        assert opened.unsound == (Unsound(ROTATED_AT, Flaw.CLOSED),)
        assert opened.account_key(0) == account.keys.account_key(0)
    _put_out(account, account.devices[0] if who == "device" else account.recovery)
    keys = []
    for member in _honest(account):
        opened = _opened(account, member)
        assert opened.newest_epoch == 2
        assert opened.account_key(0) == account.keys.account_key(0)
        keys.append(opened.account_key(2))
    assert len(set(keys)) == 1
    # A device that comes later reaches the genesis from there.
    late = new_member_keys(account.entropy)
    writer = _writer(account, account.devices[0])
    _write(account, writer.add_device(late.member(), "late", "linked", TIME_MS, OP_ID))
    opened = _opened(account, late)
    assert opened.account_key(0) == account.keys.account_key(0)
    assert opened.unsound == ()


def test_other_roots_are_named_and_not_used() -> None:
    account = made_account("other roots", devices=3)
    (change,) = OTHER_ROOTS.values()
    _write(account, _begin(account, change(_evil(account))))
    for member in _honest(account):
        opened = _opened(account, member)
        assert opened.roots == account.keys.roots
        assert opened.newest_epoch == 1
        assert opened.unsound == (Unsound(ROTATED_AT, Flaw.OTHER_ROOTS),)
    late = new_member_keys(account.entropy)
    writer = _writer(account, account.devices[0])
    _write(account, writer.add_device(late.member(), "late", "linked", TIME_MS, OP_ID))
    assert _opened(account, late).roots == account.keys.roots


def test_a_packet_that_is_bad_for_one_member_is_mended_by_another() -> None:
    """One device alone cannot use the new keys; the next rotation of one that can hands them on."""
    account = made_account("one", devices=3)
    made = _evil(account)
    victim = account.devices[1].member().id
    packets = [
        msgspec.structs.replace(packet, sealed=b"x") if packet.recipient == victim else packet
        for packet in made.rotation.packets
    ]
    _write(account, _begin(account, msgspec.structs.replace(made.rotation, packets=packets)))
    assert _opened(account, account.devices[0]).newest_epoch == 1
    assert _opened(account, account.devices[0]).unsound == ()
    assert _opened(account, account.devices[1]).newest_epoch == 0
    _put_out(account, account.devices[0])
    healed = _opened(account, account.devices[1])
    assert healed.newest_epoch == 2
    assert healed.unsound == ()
    assert healed.account_key(1) == made.key


def test_a_key_that_was_not_handed_on_is_handed_on_by_whoever_has_it() -> None:
    account = made_account("skipped", devices=3)
    old = _evil(account)
    # Epoch 1 is honest; then the last device hands on epoch 0 alone.
    first = _writer(account, account.devices[0])
    _write(account, first.begin_epoch(TIME_MS, OP_ID))
    skipping = made_rotation(account.log, old.keys, account.entropy)
    assert [one.epoch for one in skipping.rotation.earlier] == [0]
    _write(account, _begin(account, skipping.rotation))
    known = _opened(account, account.devices[0])
    assert known.newest_epoch == 2
    assert known.not_handed_on == (1,)
    late = new_member_keys(account.entropy)
    writer = _writer(account, account.devices[0])
    _write(account, writer.add_device(late.member(), "late", "linked", TIME_MS, OP_ID))
    with pytest.raises(SealBroken):
        _opened(account, late).account_key(1)
    _put_out(account, account.devices[0])
    assert _opened(account, account.devices[0]).not_handed_on == ()
    assert _opened(account, late).account_key(1) == known.account_key(1)


def test_keys_that_are_many_are_handed_on_by_several_rotations() -> None:
    """A device can leave more keys hanging than one rotation takes."""
    account = made_account("many", devices=2)
    at_first = _opened(account, account.devices[1])
    for _ in range(40):
        made = made_rotation(account.log, at_first, account.entropy)
        _write(account, _begin(account, made.rotation))
    left = [len(_opened(account, account.devices[0]).not_handed_on)]
    assert left == [39]
    while left[-1]:
        writer = _writer(account, account.devices[0])
        _write(account, writer.begin_epoch(TIME_MS, OP_ID))
        left.append(len(_opened(account, account.devices[0]).not_handed_on))
        assert left[-1] < left[-2]


def test_a_member_without_a_key_that_opens_has_none() -> None:
    account = made_account("none")
    stranger = new_member_keys(account.entropy)
    with pytest.raises(SealBroken):
        _opened(account, stranger)


ODD_VALUES = st.one_of(
    st.binary(max_size=100), st.integers(-1, 2**63), st.text(max_size=3), st.none(), st.just([])
)


def _leaves(value: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """The paths of all that a decoded rotation is made of, its lists too."""
    if not isinstance(value, list):
        return [path]
    return [path, *(leaf for at, one in enumerate(value) for leaf in _leaves(one, (*path, at)))]


def _changed(value: Any, path: tuple[int, ...], new: Any) -> Any:
    if not path:
        return new
    at, *rest = path
    return [_changed(one, tuple(rest), new) if n == at else one for n, one in enumerate(value)]


@settings(max_examples=cases(150, 20_000), deadline=None)
@given(seed=st.integers(0, 3), kind=st.booleans(), data=st.data())
def test_whatever_stands_in_a_rotation_the_others_go_on(
    seed: int, kind: bool, data: st.DataObject
) -> None:
    account = made_account(f"any {seed}", devices=3)
    evil, entropy = account.devices[-1], TestOnlySeededEntropy("any")
    victim = account.devices[1].member().id
    made = made_rotation(
        account.log, _opened(account, evil), entropy, without=victim if kind else b""
    )
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(made.rotation))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(_leaves(plain)))
        plain = _changed(plain, path, data.draw(ODD_VALUES))
        if not isinstance(plain, list):
            break
    entry = msgspec.msgpack.encode([victim, plain] if kind else [plain])
    said = CommitKind.DEVICE_REVOKE if kind else CommitKind.EPOCH
    is_counting = account.log.extend(account_commit(account, said, entry, evil)) is None
    for member in (account.devices[0], account.recovery):
        opened = _opened(account, member)
        assert opened.roots == account.keys.roots
        assert opened.account_key(0) == account.keys.account_key(0)
        if not is_counting:
            assert opened.newest_epoch == 0
            assert opened.unsound == ()
    _put_out(account, account.devices[0])
    opened = [_opened(account, member) for member in (account.devices[0], account.recovery)]
    assert {one.newest_epoch for one in opened} == {account.log.newest.epoch}


def test_an_entry_of_two_earlier_keys_needs_both_to_be_right_for_neither() -> None:
    """What leads to the genesis is the first one; the others only help, and harm nothing."""
    account = made_account("two", devices=2)
    _write(account, _writer(account, account.devices[0]).begin_epoch(TIME_MS, OP_ID))
    made = _evil(account)
    earlier = [*made.rotation.earlier, EarlierKey(0, b"garbage")]
    rotation = msgspec.structs.replace(made.rotation, earlier=earlier)
    _write(account, _begin(account, rotation))
    opened = _opened(account, account.devices[0])
    assert opened.newest_epoch == 2
    assert opened.unsound == ()


def test_a_revocation_of_garbage_by_the_removed_one_itself_is_mended_by_new_keys() -> None:
    account = made_account("itself", devices=2)
    evil = account.devices[-1]
    made = made_rotation(
        account.log, _opened(account, evil), account.entropy, without=evil.member().id
    )
    rotation = CLOSED["a packet of garbage"](made)
    entry = encode_entry(DeviceRevoke(evil.member().id, rotation))
    _write(account, account_commit(account, CommitKind.DEVICE_REVOKE, entry, evil))
    assert _opened(account, account.devices[0]).newest_epoch == 0
    _write(account, _writer(account, account.devices[0]).begin_epoch(TIME_MS, OP_ID))
    for member in _honest(account):
        assert _opened(account, member).newest_epoch == 2
