"""The account log: who is trusted, since when; nothing that an outsider signs counts."""

import msgspec
import pytest

from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.key_packet import seal_packet
from sealwax.crypto.key_tree import AccountKey
from sealwax.crypto.recovery_code import RecoveryKeyWrong
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    Member,
    Protection,
    RecoverySet,
    VoidEntryError,
    encode_entry,
)
from sealwax.ledger.account_steps import newest_recovery_set
from sealwax.ledger.commit import CommitKind, encode_commit
from sealwax.ledger.format_step import FormatStep, NewerFormatError
from sealwax.ledger.names import commit_hash
from sealwax.trust.account import NotTrusted, open_for_device, open_for_recovery
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.keys import open_account
from tests.accounts import TIME_MS, Account, account_commit, made_account, revocation
from tests.rotations import made_rotation


def _joining(account: Account, member: Member) -> bytes:
    nonce = account.log.entries[0].nonce  # type: ignore[union-attr]
    key = account.keys.account_key(account.log.newest.epoch)
    return encode_entry(DeviceAdd(member, [seal_packet(key, member, nonce)]))


def test_the_account_is_named_by_its_first_commit() -> None:
    account = made_account()
    assert account.log.account == commit_hash(account.commits[0])
    with pytest.raises(VoidEntryError):
        AccountLog(b"x" * 32).extend(account.commits[0])


@pytest.mark.parametrize("which", [0, 1])
def test_a_genesis_needs_both_signatures(which: int) -> None:
    account = made_account()
    payload, signatures = msgspec.msgpack.decode(account.commits[0])
    signatures[which] = bytes(64)
    forged = encode_commit(payload, tuple(signatures))
    with pytest.raises(VoidEntryError):
        AccountLog(commit_hash(forged)).extend(forged)
    alone = encode_commit(payload, (signatures[1 - which],))
    with pytest.raises(VoidEntryError):
        AccountLog(commit_hash(alone)).extend(alone)


def test_devices_come_by_the_recovery_key_or_another_device_and_open_everything() -> None:
    account = made_account("join", devices=3)
    assert len(account.log.newest.devices) == 3
    for device in account.devices:
        opened = open_for_device(account.log, device)
        assert opened.roots == account.keys.roots
    assert open_for_recovery(account.log, account.recovery).roots == account.keys.roots


def test_what_a_stranger_signs_does_not_count() -> None:
    account = made_account("stranger")
    stranger, friend = new_member_keys(account.entropy), new_member_keys(account.entropy)
    commit = account_commit(
        account, CommitKind.DEVICE_ADD, _joining(account, friend.member()), stranger
    )
    reason = account.log.extend(commit)
    assert reason == "its author is not trusted"
    assert account.log.head == 1
    assert list(account.log.newest.devices) == [account.devices[0].member().id]
    good = account_commit(
        account, CommitKind.DEVICE_ADD, _joining(account, friend.member()), account.devices[0]
    )
    assert account.log.extend(good) is None
    assert len(account.log.newest.devices) == 2


def test_a_revoked_device_opens_nothing_new_and_signs_nothing() -> None:
    account = made_account("revoke", devices=2)
    gone = account.devices[1]
    old_keys = open_for_device(account.log, gone)
    assert account.log.extend(revocation(account, gone)) is None
    assert account.log.newest.epoch == 1
    with pytest.raises(NotTrusted):
        open_for_device(account.log, gone)
    kept = open_for_device(account.log, account.devices[0])
    assert kept.newest_epoch == 1
    assert kept.account_key(0) == old_keys.account_key(0)
    assert kept.roots == old_keys.roots
    friend = new_member_keys(account.entropy)
    entry = _joining(account._replace(keys=kept), friend.member())
    reason = account.log.extend(account_commit(account, CommitKind.DEVICE_ADD, entry, gone))
    assert reason == "its author is not trusted"


def test_only_a_device_changes_the_protection() -> None:
    account = made_account("protection")
    entry = encode_entry(Protection("standard", []))
    by_recovery = account_commit(account, CommitKind.PROTECTION, entry, account.recovery)
    assert account.log.extend(by_recovery) == "its author is not trusted"
    by_device = account_commit(account, CommitKind.PROTECTION, entry, account.devices[0])
    assert account.log.extend(by_device) is None
    assert account.log.newest.protection == "standard"


@pytest.mark.parametrize("epoch", [0, 999])
def test_no_device_replaces_the_packets_of_others(epoch: int) -> None:
    """By a change of protection a device could else lock all others out, revoked or not."""
    account = made_account("lock-out", devices=2)
    nonce = account.log.entries[0].nonce  # type: ignore[union-attr]
    wrong = AccountKey(epoch, b"w" * 32)
    members = [*account.log.newest.devices.values(), account.recovery.member()]
    packets = [seal_packet(wrong, member, nonce) for member in members]
    entry = encode_entry(Protection("standard", packets))
    commit = account_commit(account, CommitKind.PROTECTION, entry, account.devices[1])
    assert account.log.extend(commit) is not None
    assert account.log.extend(revocation(account, account.devices[1])) is None
    assert open_for_recovery(account.log, account.recovery).roots == account.keys.roots


@pytest.mark.parametrize(
    "case", ["twice", "unsound id", "packet for another", "not the form", "wrong kind", "garbage"]
)
def test_bad_entries_are_void_and_the_log_goes_on(case: str) -> None:
    account = made_account("bad", devices=2)
    device, friend = account.devices[0], new_member_keys(account.entropy).member()
    entry = {
        "twice": _joining(account, account.devices[1].member()),
        "unsound id": _joining(account, Member(b"i" * 16, friend.sign_key, friend.box_key)),
        "packet for another": encode_entry(DeviceAdd(friend, [])),
        "not the form": b"\x93\x01\x02\x03",
    }.get(case, _joining(account, friend))
    kind = CommitKind.CHANGE if case == "wrong kind" else CommitKind.DEVICE_ADD
    data = account_commit(account, kind, entry, device)
    before = account.log.newest
    assert account.log.extend(b"junk" if case == "garbage" else data) is not None
    assert account.log.newest == before
    assert account.log.void_reasons.keys() == {2}
    good = account_commit(account, CommitKind.DEVICE_ADD, _joining(account, friend), device)
    assert account.log.extend(good) is None


def _replacing(account: Account, new: MemberKeys) -> bytes:
    """What makes another key the account's recovery key, sealed as it should be."""
    made = made_rotation(
        account.log, account.keys, account.entropy, without=account.recovery.member().id
    )
    packet = made.packet(made.key, new.member())
    rotation = msgspec.structs.replace(made.rotation, packets=[*made.rotation.packets, packet])
    return encode_entry(RecoverySet(new.member(), rotation))


def test_the_recovery_key_gives_its_place_to_one_that_signs_too() -> None:
    account = made_account("replaced", devices=2)
    new = new_member_keys(account.entropy)
    writer = AccountWriter(account.log, account.keys, account.recovery, account.entropy)
    assert account.log.extend(writer.set_recovery(new, TIME_MS, b"o" * 16)) is None
    assert account.log.newest.recovery == new.member()
    assert newest_recovery_set(account.log) == 2
    assert open_for_recovery(account.log, new).newest_epoch == 1
    with pytest.raises(RecoveryKeyWrong):
        open_for_recovery(account.log, account.recovery)
    # The one before signs nothing any more, and got no key of what comes.
    assert open_account(account.log, account.recovery.member().id, account.recovery).unsound == ()
    friend = new_member_keys(account.entropy)
    entry = _joining(account._replace(keys=open_for_recovery(account.log, new)), friend.member())
    by_old = account_commit(account, CommitKind.DEVICE_ADD, entry, account.recovery)
    assert account.log.extend(by_old) == "its author is not trusted"
    assert account.log.extend(account_commit(account, CommitKind.DEVICE_ADD, entry, new)) is None


def test_a_device_cannot_change_the_recovery_key() -> None:
    """Whoever takes a device would else keep the account after it was put out."""
    account = made_account("thief", devices=2)
    thief, mine = account.devices[1], new_member_keys(account.entropy)
    entry = _replacing(account, mine)
    for signers in (
        (thief,),
        (thief, mine),
        (mine, thief),
        (thief, account.recovery),
        (mine, mine),
    ):
        data = account_commit(account, CommitKind.RECOVERY_SET, entry, *signers)
        assert account.log.extend(data) is not None
    assert account.log.newest.recovery == account.recovery.member()
    assert account.log.newest.epoch == 0


def test_nobody_puts_anothers_recovery_key_into_an_account() -> None:
    """The public part of a recovery key is no secret: an account that names it, made by a stranger,
    would be opened by its holder in place of their own."""
    victim, stranger = made_account("victim"), made_account("stranger's")
    entry = _replacing(stranger, victim.recovery)
    for signers in (
        (stranger.recovery,),
        (stranger.recovery, stranger.recovery),
        (stranger.recovery, stranger.devices[0]),
    ):
        data = account_commit(stranger, CommitKind.RECOVERY_SET, entry, *signers)
        assert stranger.log.extend(data) is not None
    assert stranger.log.newest.recovery == stranger.recovery.member()
    # Nor does a signature that the victim gave in the own account.
    given = _replacing(victim, new_member_keys(victim.entropy))
    signed = account_commit(victim, CommitKind.RECOVERY_SET, given, victim.recovery)
    _, (signature,) = msgspec.msgpack.decode(signed)
    unsigned = account_commit(stranger, CommitKind.RECOVERY_SET, entry, stranger.recovery)
    payload, (own,) = msgspec.msgpack.decode(unsigned)
    assert stranger.log.extend(encode_commit(payload, (own, signature))) is not None


def test_a_later_format_ends_the_log_that_can_be_read() -> None:
    """What follows is not void: it is not looked at. What was before stays."""
    account = made_account("format", devices=2)
    device, before = account.devices[0], account.log.head
    step = account_commit(
        account, CommitKind.FORMAT, encode_entry(FormatStep(3)), device, account.recovery
    )
    with pytest.raises(NewerFormatError) as told:
        account.log.extend(step)
    assert (told.value.seq, told.value.format) == (before + 1, 3)
    assert told.value.author == device.member().id
    assert account.log.head == before
    assert account.log.void_reasons == {}


def test_a_stolen_device_alone_goes_to_no_later_format() -> None:
    account = made_account("format", devices=2)
    thief = account.devices[1]
    for signers in ((thief,), (thief, thief), (thief, account.devices[0])):
        step = account_commit(account, CommitKind.FORMAT, encode_entry(FormatStep(3)), *signers)
        assert account.log.extend(step) is not None
    assert account.log.newest.devices.keys() == {one.member().id for one in account.devices}
