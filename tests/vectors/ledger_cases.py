"""Vectors of commits, of the chain's rules, of the account log and of opening an account."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from sealwax.crypto.device_keys import MemberKeys, new_member_keys
from sealwax.crypto.key_packet import seal_earlier, seal_packet, seal_root
from sealwax.crypto.key_tree import SALT_BYTES, new_account_key
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
    EarlierKey,
    Entry,
    Epoch,
    Member,
    Protection,
    RecoverySet,
    Rotation,
    encode_entry,
)
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import (
    CommitKind,
    commit_signing_input,
    encode_commit,
    encode_header,
    parse_commit,
)
from sealwax.ledger.format_step import FormatStep
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash, device_zone, zone_root
from sealwax.trust.account import open_for_device, open_for_recovery
from sealwax.vault.account_commit import AccountWriter
from sealwax.vault.keys import AccountKeys
from tests.accounts import TIME_MS, Account, account_commit, made_account, next_commit, revocation
from tests.rotations import CLOSED, OTHER_ROOTS, made_rotation
from tests.vectors.crypto_cases import Case

MALFORMED = "its bytes do not have the form of a commit"
Chain = tuple[list[bytes], list[str | None]]


def ledger_cases() -> Iterator[Case]:
    account = made_account("vectors", devices=2)
    revoked = revocation(account, account.devices[1])
    log = [*account.commits, revoked]
    account.log.extend(revoked)
    account = account._replace(keys=open_for_device(account.log, account.devices[0]))
    for case, chain in (_chains(account) | _forged_chains(account)).items():
        yield f"commit-{case}", _chain_case(case, account, log, *chain)
    for case, zone, chain in _own_zone_chains(account):
        yield f"commit-own-zone-{case}", _chain_case(case, account, log, *chain, zone)
    yield from _account_log(account, log)
    yield from _newer_format()
    yield from _entries()
    yield from _opening(account, log)


def _chain_case(
    case: str,
    account: Account,
    log: list[bytes],
    commits: list[bytes],
    reasons: list[str | None],
    zone: str = MESSAGES_ZONE,
) -> dict[str, Any]:
    at = beginning(account.log.account, zone)
    judged = []
    for data in commits:
        found = judge(at, data, account.log)
        at = found.head
        judged.append(found.void_reason)
    assert judged == reasons, (case, judged)
    return {
        "kind": "chain",
        "what": "which commits of a zone count, and the head that they lead to",
        "account": account.log.account.hex(),
        "zone": zone,
        "root": zone_root(account.log.account, zone).hex(),
        "log": [data.hex() for data in log],
        "commits": [data.hex() for data in commits],
        "void_reasons": judged,
        "head": at.hash.hex(),
        "position": at.position,
    }


def _chains(account: Account) -> dict[str, Chain]:
    """Chains of commits that are made as they should be, and stand where they should not."""
    head = beginning(account.log.account, MESSAGES_ZONE)
    good = next_commit(account, head, added=((b"\x01" * 32, 1024),))
    first = judge(head, good, account.log).head
    pin = next_commit(account, first, kind=CommitKind.PIN)
    high = next_commit(account, head)
    low = judge(head, high, account.log).head
    beyond = next_commit(account, head, position=9)
    after_beyond = judge(head, beyond, account.log).head
    not_reached = "it names a position that the account log does not reach"
    older = "it names an older position of the account log than the commit before it"
    return {
        "counts": ([good], [None]),
        "pin-counts": ([good, pin], [None, None]),
        "void-does-not-follow": ([good, good], [None, "it does not follow the commit before it"]),
        "void-malformed-then-counts": _after_junk(account, head),
        "void-old-epoch": (
            [next_commit(account, head, epoch=0)],
            ["it was written under another epoch"],
        ),
        "void-position-beyond-log": ([beyond], [not_reached]),
        "void-does-not-move-the-position": (
            [beyond, next_commit(account, after_beyond, position=1, epoch=0)],
            [not_reached, None],
        ),
        "void-older-position": (
            [high, next_commit(account, low, position=1, epoch=0)],
            [None, older],
        ),
        "void-stranger": (
            [next_commit(account, head, account.recovery)],
            ["its author is not trusted"],
        ),
        "void-revoked-device": (
            [next_commit(account, head, account.devices[1])],
            ["its author is not trusted"],
        ),
        "counts-before-the-revocation": (
            [next_commit(account, head, account.devices[1], position=1, epoch=0)],
            [None],
        ),
    }


def _forged_chains(account: Account) -> dict[str, Chain]:
    """Commits that differ from a good one in one thing, signed anew where it is in the payload."""
    head = beginning(account.log.account, MESSAGES_ZONE)
    good = next_commit(account, head, added=((b"\x01" * 32, 1024),))
    payload, (signature,) = msgspec.msgpack.decode(good)
    flipped = bytes((signature[0] ^ 1,)) + signature[1:]
    one = account.devices[0]

    def changed(**fields: Any) -> bytes:
        return _signed(one, good, fields)

    return {
        "void-bad-signature": (
            [encode_commit(payload, (flipped,))],
            ["its signature is wrong"],
        ),
        "void-two-signatures": (
            [encode_commit(payload, (signature, signature))],
            ["it has more than one signature"],
        ),
        "void-no-signature": ([msgspec.msgpack.encode([payload, []])], [MALFORMED]),
        "void-a-byte-follows": ([good + b"\x00"], [MALFORMED]),
        "void-unknown-version": ([changed(version=3)], ["its version 3 is not known"]),
        "void-first-version": ([_of_version_1(one, good)], ["its version 1 is not known"]),
        "void-too-many-objects": (
            [
                changed(
                    segments=[(b"\x02" * 32, 1, b"\x03" * 32)], chunks=[(b"\x01" * 32, 1)] * 16_384
                )
            ],
            [MALFORMED],
        ),
        "void-unknown-suite": ([changed(suite=2)], ["its suite 2 is not known"]),
        "void-no-zone": ([changed(zone="others")], ["its zone has no valid name"]),
        "void-no-generation": (
            [changed(zone=f"device/{'ab' * 16}/0")],
            ["its zone has no valid name"],
        ),
        "void-other-zone": (
            [changed(zone="account")],
            ["it belongs to another account or zone"],
        ),
        "void-other-account": (
            [changed(account=b"\x09" * 32)],
            ["it belongs to another account or zone"],
        ),
        "void-one-item-too-many": ([_raw(one, good, lambda values: [*values, 0])], [MALFORMED]),
        "void-number-as-a-float": (
            [_raw(one, good, lambda values: [*values[:9], float(values[9]), *values[10:]])],
            [MALFORMED],
        ),
        "void-size-below-zero": (
            [changed(chunks=[(b"\x01" * 32, -1)])],
            [MALFORMED],
        ),
        "counts-of-a-kind-from-the-future": ([changed(kind="later")], [None]),
    }


def _own_zone_chains(account: Account) -> Iterator[tuple[str, str, Chain]]:
    """Commits in the own zones of a device that is trusted, and of one that was removed."""
    one, two = (member.member().id for member in account.devices)
    own, later, other = device_zone(one), device_zone(one, 2), device_zone(two)
    foreign = "it is in another device's own zone"
    piece = ((b"\x01" * 32, 1024),)
    segment = ((b"\x01" * 32, 1024, b"\x02" * 32),)
    close = CommitKind.REVOKE
    for case, zone, reason, more in (
        ("counts", own, None, {"added": piece}),
        ("counts-in-a-later-generation", later, None, {"added": piece}),
        ("closed-by-another", other, None, {"kind": close}),
        ("void-by-another", other, foreign, {}),
        ("void-closing-that-says-something", other, foreign, {"kind": close, "segments": segment}),
        ("void-closing-that-adds", other, foreign, {"kind": close, "added": piece}),
        ("void-closing-that-drops", other, foreign, {"kind": close, "dropped": (b"\x01" * 32,)}),
        ("void-closing-with-facts", other, foreign, {"kind": close, "public": b"\x90"}),
    ):
        head = beginning(account.log.account, zone)
        yield case, zone, ([next_commit(account, head, **more)], [reason])  # type: ignore[arg-type]


def _of_version_1(author: MemberKeys, data: bytes) -> bytes:
    """A commit in the form of the first version: one list of what it adds."""

    def change(values: list[Any]) -> list[Any]:
        return [1, *values[1:11], [*([one[:2] for one in values[11]]), *values[12]], *values[13:]]

    return _raw(author, data, change)


def _signed(author: MemberKeys, data: bytes, fields: dict[str, Any]) -> bytes:
    """A commit with other values in its header, signed anew."""
    made = msgspec.structs.replace(parse_commit(data).header, **fields)
    payload = encode_header(made)
    return encode_commit(payload, (author.sign(commit_signing_input(made, payload)),))


def _raw(author: MemberKeys, data: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    """A commit whose payload is another array, signed anew."""
    commit = parse_commit(data)
    payload = msgspec.msgpack.encode(change(msgspec.msgpack.decode(commit.payload)))
    return encode_commit(payload, (author.sign(commit_signing_input(commit.header, payload)),))


def _after_junk(account: Account, head: Head) -> Chain:
    """A commit after bytes that are none: the junk keeps its seq and is hashed into the next."""
    junk = b"not a commit"
    following = judge(head, junk, account.log)
    good = next_commit(account, following.head)
    return [junk, good], [following.void_reason, None]


def _log_case(what: str, log: list[bytes], account: bytes) -> dict[str, Any]:
    folded = AccountLog(account)
    reasons = [folded.extend(data) for data in log]
    return {
        "kind": "account-log",
        "what": what,
        "account": account.hex(),
        "log": [data.hex() for data in log],
        "void_reasons": reasons,
        "epoch": folded.newest.epoch,
        "devices": [device.hex() for device in folded.newest.devices],
        "recovery": folded.newest.recovery.id.hex(),
        "protection": folded.newest.protection,
    }


def _newer_format() -> Iterator[Case]:
    """Where a log goes on in a later format: what is before stays, what follows is not read."""
    account = made_account("later format", devices=2)
    one = account.devices[0]
    step = account_commit(
        account, CommitKind.FORMAT, encode_entry(FormatStep(3)), one, account.recovery
    )
    log = [*account.commits, step, b"in a form that is not known"]
    case = _log_case("a step to format 3: the log ends before it", log[:-2], account.log.account)
    case["log"] = [data.hex() for data in log]
    yield "account-log-later-format", {**case, "later_format": 3}


def _account_log(account: Account, log: list[bytes]) -> Iterator[Case]:
    name = account.log.account
    what = "genesis, a second device, its revocation: epoch 1, one device"
    yield "account-log-revocation", _log_case(what, log, name)
    junk = _log_case("junk keeps its seq and changes nothing", [log[0], b"junk"], name)
    assert junk["void_reasons"] == [None, MALFORMED]
    yield "account-log-void-junk", junk
    payload, signatures = msgspec.msgpack.decode(log[0])
    forged = encode_commit(payload, (signatures[0], bytes(64)))
    fails = {"kind": "account-log", "log": [forged.hex()]}
    yield (
        "account-log-fails-genesis-without-recovery",
        {
            **fails,
            "what": "the recovery key did not sign the genesis",
            "account": name.hex(),
            "error": "it is not the beginning of this account",
        },
    )
    yield (
        "account-log-fails-genesis-with-a-bad-signature",
        {
            **fails,
            "what": "named by its own hash, but the recovery key did not sign it",
            "account": commit_hash(forged).hex(),
            "error": "its signature is wrong",
        },
    )


def _entries() -> Iterator[Case]:
    """One entry after a genesis and a second device: some count, most are void."""
    account = made_account("entries", devices=2)
    entropy = account.entropy
    recovery, (one, two) = account.recovery, account.devices
    fresh, next_recovery = new_member_keys(entropy), new_member_keys(entropy)
    nonce = account.log.entries[0].nonce  # type: ignore[union-attr]
    old = account.keys.account_key(0)
    all_members = (one.member(), two.member())

    def add(member: Member, packed: Member | None = None, epoch: int = 0) -> Entry:
        packet = seal_packet(old, packed or member, nonce)
        return DeviceAdd(member, [msgspec.structs.replace(packet, epoch=epoch)])

    def rotation(*members: Member, epoch: int = 1, earlier: tuple[int, ...] = (0,)) -> Rotation:
        key = new_account_key(epoch, entropy)
        name = account.log.account
        sealed = seal_earlier(old, key, name, entropy.bytes(SALT_BYTES))
        return Rotation(
            epoch,
            [seal_packet(key, member, nonce) for member in members],
            [EarlierKey(one, sealed) for one in earlier],
            seal_root(account.keys.roots, key, name, entropy.bytes(SALT_BYTES)),
        )

    unsound = msgspec.structs.replace(fresh.member(), id=b"\x07" * 16)
    kinds = CommitKind
    others = "its key packets are not for the members it names"
    not_step = "it is not signed by a device and the recovery key"
    not_both = "it is not signed by the recovery key before and the new one"
    replaced = RecoverySet(next_recovery.member(), rotation(*all_members, next_recovery.member()))
    for name, kind, entry, author, reason in (
        ("device-add", kinds.DEVICE_ADD, add(fresh.member()), one, None),
        ("void-device-there-already", kinds.DEVICE_ADD, add(two.member()), one,
         "it adds a device that is there already"),
        ("void-unsound-id", kinds.DEVICE_ADD, add(unsound), one,
         "an id in it is not the hash of its keys"),
        ("void-packet-for-another", kinds.DEVICE_ADD, add(fresh.member(), one.member()), one,
         others),
        ("void-packet-of-another-epoch", kinds.DEVICE_ADD, add(fresh.member(), epoch=1), one,
         "its key packets are of another epoch"),
        ("void-stranger", kinds.DEVICE_ADD, add(fresh.member()), fresh,
         "its author is not trusted"),
        ("epoch", kinds.EPOCH, Epoch(rotation(*all_members, recovery.member())), two, None),
        ("void-epoch-skipped", kinds.EPOCH,
         Epoch(rotation(*all_members, recovery.member(), epoch=2)), two,
         "its epoch does not follow the one before"),
        ("void-packet-missing", kinds.EPOCH, Epoch(rotation(*all_members)), two, others),
        ("void-packet-twice", kinds.EPOCH,
         Epoch(rotation(*all_members, recovery.member(), one.member())), two, others),
        ("revocation-by-recovery-key", kinds.DEVICE_REVOKE,
         DeviceRevoke(one.member().id, rotation(two.member(), recovery.member())), recovery, None),
        ("void-removes-a-stranger", kinds.DEVICE_REVOKE,
         DeviceRevoke(fresh.member().id, rotation(*all_members, recovery.member())), one,
         "it removes a device that is not there"),
        ("void-epoch-without-an-earlier-key", kinds.EPOCH,
         Epoch(rotation(*all_members, recovery.member(), earlier=())), two,
         "its entry does not have the right form"),
        ("void-epoch-with-its-own-key-as-an-earlier-one", kinds.EPOCH,
         Epoch(rotation(*all_members, recovery.member(), earlier=(0, 1))), two,
         "it does not seal keys of earlier epochs, each once"),
        ("void-epoch-with-an-earlier-key-twice", kinds.EPOCH,
         Epoch(rotation(*all_members, recovery.member(), earlier=(0, 0))), two,
         "it does not seal keys of earlier epochs, each once"),
        ("recovery-set", kinds.RECOVERY_SET, replaced, (recovery, next_recovery), None),
        ("void-recovery-set-by-a-device", kinds.RECOVERY_SET, replaced, (one, next_recovery),
         "its author is not trusted"),
        ("void-recovery-set-without-the-new-one", kinds.RECOVERY_SET, replaced, recovery,
         not_both),
        ("void-recovery-set-with-another-signature", kinds.RECOVERY_SET, replaced,
         (recovery, fresh), "its signature is wrong"),
        ("void-recovery-set-signed-twice-by-the-one-before", kinds.RECOVERY_SET, replaced,
         (recovery, recovery), "its signature is wrong"),
        ("void-recovery-set-by-the-new-one-alone", kinds.RECOVERY_SET, replaced,
         (next_recovery, next_recovery), "its author is not trusted"),
        ("void-recovery-set-to-a-device", kinds.RECOVERY_SET,
         RecoverySet(two.member(), rotation(*all_members)), (recovery, two),
         "it makes a device the recovery key"),
        ("void-two-signatures", kinds.DEVICE_ADD, add(fresh.member()), (one, two),
         "it has more than one signature"),
        ("protection", kinds.PROTECTION, Protection("standard", []), one, None),
        ("void-protection-by-recovery-key", kinds.PROTECTION, Protection("standard", []), recovery,
         "its author is not trusted"),
        ("void-entry-of-another-kind", kinds.EPOCH, Protection("standard", []), one,
         "its entry does not have the right form"),
        ("void-kind-of-another-zone", kinds.PIN, Protection("standard", []), one,
         "its kind does not belong in the account log"),
        ("void-second-genesis", kinds.GENESIS, account.log.entries[0], one,
         "a genesis can only be first"),
        ("void-format-without-the-recovery-key", kinds.FORMAT, FormatStep(3), one, not_step),
        ("void-format-by-a-stranger", kinds.FORMAT, FormatStep(3), (fresh, recovery),
         "its author is not trusted"),
        ("void-format-signed-by-another-key", kinds.FORMAT, FormatStep(3), (one, two),
         "its signature is wrong"),
        ("void-format-by-the-recovery-key-alone", kinds.FORMAT, FormatStep(3),
         (recovery, recovery), "its author is not trusted"),
        ("void-format-that-is-there-already", kinds.FORMAT, FormatStep(2), (one, recovery),
         "it goes to no later format"),
        ("device-rename", kinds.DEVICE_RENAME, DeviceRename(two.member().id), one, None),
        ("void-rename-of-a-stranger", kinds.DEVICE_RENAME, DeviceRename(fresh.member().id), one,
         "it names a device that is not there"),
        ("void-rename-by-recovery-key", kinds.DEVICE_RENAME, DeviceRename(two.member().id),
         recovery, "its author is not trusted"),
    ):  # fmt: skip
        assert entry is not None
        signers = author if isinstance(author, tuple) else (author,)
        data = account_commit(account, kind, encode_entry(entry), *signers)
        what = f"after two devices: {name.replace('-', ' ')}"
        case = _log_case(what, [*account.commits, data], account.log.account)
        assert case["void_reasons"][-1] == reason, (name, case["void_reasons"])
        yield f"account-log-{name}", case


def _opening(account: Account, log: list[bytes]) -> Iterator[Case]:
    opened = open_for_recovery(account.log, account.recovery)
    for name, keys, more in (
        ("with-recovery-key", account.recovery, _opens(opened, account.log)),
        ("with-device", account.devices[0], _opens(opened, account.log)),
        ("fails-revoked-device", account.devices[1], {"error": "device-not-trusted"}),
    ):
        yield f"opens-account-{name}", _opening_case(account.log.account, log, keys, more)
    yield from _odd_rotations()


def _opens(opened: AccountKeys, log: AccountLog) -> dict[str, Any]:
    """What a member is to come to. An epoch whose key is not reached is not among the keys."""
    keys = {}
    for epoch in range(log.newest.epoch + 1):
        with suppress(SealBroken):
            keys[str(epoch)] = opened.account_key(epoch).secret.hex()
    return {
        "account_keys": keys,
        "newest_epoch": opened.newest_epoch,
        "not_handed_on": list(opened.not_handed_on),
        "unsound": [[one.position, str(one.flaw)] for one in opened.unsound],
        "record_id_key": opened.roots.record_id.hex(),
        "digest_key": opened.roots.digest.hex(),
    }


def _opening_case(
    account: bytes, log: list[bytes], keys: MemberKeys, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": "opens-account",
        "what": "from a log and a member's keys to all account keys and the root keys",
        "account": account.hex(),
        "log": [data.hex() for data in log],
        "sign_seed": keys.sign_seed.hex(),
        "box_seed": keys.box_seed.hex(),
        **more,
    }


def _odd_rotations() -> Iterator[Case]:
    """Rotations that count, and that a member cannot use, or not wholly."""
    for name, change in (CLOSED | OTHER_ROOTS).items():
        account = made_account("odd rotation", devices=2)
        evil = open_for_device(account.log, account.devices[1])
        made = change(made_rotation(account.log, evil, account.entropy))
        data = account_commit(
            account, CommitKind.EPOCH, encode_entry(Epoch(made)), account.devices[1]
        )
        assert account.log.extend(data) is None
        case = _as_device(account, [*account.commits, data])
        assert case["unsound"] == [[2, "closed" if name in CLOSED else "other roots"]], name
        yield f"opens-account-after-{name.replace(' ', '-')}", case
    yield from _skipped_epoch()


def _skipped_epoch() -> Iterator[Case]:
    """A rotation that hands on the key of epoch 0 and not that of epoch 1, then one that hands on
    both: a device that came in between has the key of 1 again."""
    account = made_account("skipped epoch", devices=2)
    late, log = new_member_keys(account.entropy), [*account.commits]

    def write(data: bytes) -> None:
        assert account.log.extend(data) is None
        log.append(data)

    def writer(member: MemberKeys) -> AccountWriter:
        opened = open_for_device(account.log, member)
        return AccountWriter(account.log, opened, member, account.entropy)

    one, two = account.devices
    evil = open_for_device(account.log, two)
    write(writer(one).begin_epoch(TIME_MS, account.entropy.bytes(16)))
    made = made_rotation(account.log, evil, account.entropy).rotation
    write(account_commit(account, CommitKind.EPOCH, encode_entry(Epoch(made)), two))
    op_id = account.entropy.bytes(16)
    write(writer(one).add_device(late.member(), "late", "linked", TIME_MS, op_id))
    skipped = _as_device(account, log)
    assert (skipped["newest_epoch"], skipped["not_handed_on"]) == (2, [1])
    yield "opens-account-after-a-skipped-epoch", skipped
    lacking = _as_device(account, log, late)
    assert sorted(lacking["account_keys"]) == ["0", "2"]
    yield "opens-account-after-a-skipped-epoch-as-a-later-device", lacking
    write(writer(one).begin_epoch(TIME_MS, account.entropy.bytes(16)))
    healed = _as_device(account, log, late)
    assert sorted(healed["account_keys"]) == ["0", "1", "2", "3"]
    yield "opens-account-after-all-keys-were-handed-on", healed


def _as_device(
    account: Account, log: list[bytes], member: MemberKeys | None = None
) -> dict[str, Any]:
    keys = member or account.devices[0]
    opened = open_for_device(account.log, keys)
    return _opening_case(account.log.account, log, keys, _opens(opened, account.log))
