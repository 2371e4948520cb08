"""The account log: which devices and recovery keys there are, and the epoch, at each position.

Pure folding of account commits: bytes in, states out; no keys are opened here. Key packets count
only because a signed entry carries them. Positions are seqs of the `account` zone; a void commit
keeps its seq and leaves the state as it was.

Implements "The account log" of docs/format.md.
"""

from types import MappingProxyType
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta

from sealwax.ledger.commit import (
    Commit,
    CommitKind,
    Count,
    Hash,
    Id,
    MalformedCommitError,
    commit_signing_input,
    parse_commit,
)
from sealwax.ledger.format_step import FORMAT, FormatStep, NewerFormatError
from sealwax.ledger.names import ACCOUNT_ZONE, NO_HASH, commit_hash, device_id
from sealwax.ledger.signature import is_signed_by

MEMBERS_LIMIT = 256
PACKET_LIMIT_BYTES = 1024
EARLIER_LIMIT = 16
"""So many keys of earlier epochs may one rotation hand on."""


class Member(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A device or a recovery key: its id and its two public keys."""

    id: Id
    sign_key: Hash
    box_key: Hash

    def is_sound(self) -> bool:
        """Whether the id is the hash of the keys."""
        return self.id == device_id(self.sign_key, self.box_key)


class Packet(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An account key of one epoch, sealed to one member."""

    epoch: Count
    recipient: Id
    sealed: Annotated[bytes, Meta(max_length=PACKET_LIMIT_BYTES)]


Packets = Annotated[list[Packet], Meta(max_length=MEMBERS_LIMIT)]
Sealed = Annotated[bytes, Meta(max_length=PACKET_LIMIT_BYTES)]


class Genesis(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The first entry: one device, one recovery key, the keys of epoch 0."""

    nonce: Hash
    device: Member
    recovery: Member
    protection: str
    packets: Packets
    root: Sealed


class EarlierKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The key of an earlier epoch, sealed under that of a later one."""

    epoch: Count
    sealed: Sealed


class Rotation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A new epoch: its key sealed to each member that stays; keys of earlier epochs, and the roots,
    sealed under it. The first of the earlier ones is the newest that its author could open and that
    leads to the genesis; the others are those that this one does not lead to."""

    epoch: Count
    packets: Packets
    earlier: Annotated[list[EarlierKey], Meta(min_length=1, max_length=EARLIER_LIMIT)]
    root: Sealed


class DeviceAdd(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    device: Member
    packets: Packets


class DeviceRevoke(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    device: Id
    rotation: Rotation


class DeviceRename(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A device gets another name, which stands in the commit's sealed part."""

    device: Id


class RecoverySet(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The recovery key gives its place to another one: both sign it."""

    recovery: Member
    rotation: Rotation


class Epoch(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    rotation: Rotation


class Protection(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    mode: Annotated[str, Meta(max_length=32)]
    packets: Packets


Entry = (
    Genesis
    | DeviceAdd
    | DeviceRevoke
    | DeviceRename
    | RecoverySet
    | Epoch
    | Protection
    | FormatStep
)

_ENTRIES: dict[str, msgspec.msgpack.Decoder[Entry]] = {
    CommitKind.GENESIS: msgspec.msgpack.Decoder(Genesis),
    CommitKind.DEVICE_ADD: msgspec.msgpack.Decoder(DeviceAdd),
    CommitKind.DEVICE_REVOKE: msgspec.msgpack.Decoder(DeviceRevoke),
    CommitKind.DEVICE_RENAME: msgspec.msgpack.Decoder(DeviceRename),
    CommitKind.RECOVERY_SET: msgspec.msgpack.Decoder(RecoverySet),
    CommitKind.EPOCH: msgspec.msgpack.Decoder(Epoch),
    CommitKind.PROTECTION: msgspec.msgpack.Decoder(Protection),
    CommitKind.FORMAT: msgspec.msgpack.Decoder(FormatStep),
}
_BY_RECOVERY = frozenset(
    (CommitKind.DEVICE_ADD, CommitKind.DEVICE_REVOKE, CommitKind.RECOVERY_SET, CommitKind.EPOCH)
)

encode_entry = msgspec.msgpack.Encoder().encode


class AccountState(msgspec.Struct, frozen=True):
    """Who may write, and under which epoch, at one position of the log."""

    epoch: int
    devices: MappingProxyType[bytes, Member]
    recovery: Member
    protection: str


class VoidEntryError(ValueError):
    """This account commit does not count; the text says why."""


class AccountLog:
    """The log folded so far: one state a position, and the key packets that were signed in."""

    def __init__(self, account: bytes) -> None:
        self.account = account
        self.head_hash = NO_HASH
        self.states: list[AccountState] = []
        self.entries: list[Entry | None] = []
        self.commits: list[Commit | None] = []
        self.void_reasons: dict[int, str] = {}

    @property
    def head(self) -> int:
        """The seq of the newest commit, or -1."""
        return len(self.states) - 1

    @property
    def newest(self) -> AccountState:
        return self.states[-1]

    def at(self, position: int) -> AccountState | None:
        """The state at a position, or None when the log does not reach it."""
        return self.states[position] if 0 <= position < len(self.states) else None

    def copy(self) -> "AccountLog":
        """A log of its own, to be extended without changing this one."""
        log = AccountLog(self.account)
        log.head_hash = self.head_hash
        log.states, log.entries, log.commits = [*self.states], [*self.entries], [*self.commits]
        log.void_reasons = {**self.void_reasons}
        return log

    def extend(self, data: bytes) -> str | None:
        """Folds in the next commit's bytes; returns why it is void, or None when it counts.

        Raises VoidEntryError for a bad genesis: without one there is no account. Raises
        NewerFormatError, and stays where it is, where the account goes on in a later format.
        """
        if not self.states:
            self._begin(data)
            return None
        reason = None
        commit, entry = None, None
        try:
            commit = self._judged(data)
            entry = _decode_entry(commit)
            state = _applied(self.newest, commit, entry)
        except (MalformedCommitError, VoidEntryError) as error:
            commit, entry, state, reason = None, None, self.newest, str(error)
            self.void_reasons[self.head + 1] = reason
        self._push(data, commit, entry, state)
        return reason

    def _begin(self, data: bytes) -> None:
        if commit_hash(data) != self.account:
            raise VoidEntryError("it is not the beginning of this account")
        commit = parse_genesis(data)
        entry = _decode_entry(commit)
        assert isinstance(entry, Genesis)
        devices = MappingProxyType({entry.device.id: entry.device})
        state = AccountState(0, devices, entry.recovery, entry.protection)
        self._push(data, commit, entry, state)

    def _judged(self, data: bytes) -> Commit:
        commit = parse_commit(data)
        header, seq = commit.header, self.head + 1
        if (header.account, header.zone) != (self.account, ACCOUNT_ZONE):
            raise VoidEntryError("it belongs to another account or zone")
        if (header.seq, header.position, header.previous) != (seq, seq, self.head_hash):
            raise VoidEntryError("it does not follow the commit before it")
        if header.epoch != self.newest.epoch:
            raise VoidEntryError("it was written under another epoch")
        _check_signature_count(commit)
        author = self._author(header.author, header.kind)
        _check_signature(commit, 0, author)
        return commit

    def _author(self, author: bytes, kind: str) -> Member:
        state = self.newest
        if author in state.devices and kind != CommitKind.RECOVERY_SET:
            return state.devices[author]
        if author == state.recovery.id and kind in _BY_RECOVERY:
            return state.recovery
        raise VoidEntryError("its author is not trusted")

    def _push(
        self, data: bytes, commit: Commit | None, entry: Entry | None, state: AccountState
    ) -> None:
        self.head_hash = commit_hash(data)
        self.commits.append(commit)
        self.entries.append(entry)
        self.states.append(state)


def parse_genesis(data: bytes) -> Commit:
    """Parses and checks a genesis on its own: both its signatures. Raises VoidEntryError."""
    try:
        commit = parse_commit(data)
        entry = _decode_entry(commit)
    except MalformedCommitError as error:
        raise VoidEntryError(str(error)) from error
    header = commit.header
    if not isinstance(entry, Genesis) or header.account != NO_HASH or header.previous != NO_HASH:
        raise VoidEntryError("it is not the beginning of an account")
    if (header.zone, header.seq, header.position, header.epoch) != (ACCOUNT_ZONE, 0, 0, 0):
        raise VoidEntryError("it is not the beginning of an account")
    if header.author != entry.device.id or len(commit.signatures) != 2:
        raise VoidEntryError("it is not signed by its device and its recovery key")
    if not (entry.device.is_sound() and entry.recovery.is_sound()):
        raise VoidEntryError("an id in it is not the hash of its keys")
    _check_packets(entry.packets, 0, {entry.device.id, entry.recovery.id})
    _check_signature(commit, 0, entry.device)
    _check_signature(commit, 1, entry.recovery)
    return commit


def _check_signature_count(commit: Commit) -> None:
    """One signature; two of a recovery key that gives its place to another, and of a step to a
    later format."""
    count = len(commit.signatures)
    if commit.header.kind == CommitKind.RECOVERY_SET:
        if count != 2:
            raise VoidEntryError("it is not signed by the recovery key before and the new one")
    elif commit.header.kind == CommitKind.FORMAT:
        if count != 2:
            raise VoidEntryError("it is not signed by a device and the recovery key")
    elif count != 1:
        raise VoidEntryError("it has more than one signature")


def _check_signature(commit: Commit, which: int, signer: Member) -> None:
    message = commit_signing_input(commit.header, commit.payload)
    if not is_signed_by(signer.sign_key, commit.signatures[which], message):
        raise VoidEntryError("its signature is wrong")


def _decode_entry(commit: Commit) -> Entry:
    decoder = _ENTRIES.get(commit.header.kind)
    if decoder is None:
        raise VoidEntryError("its kind does not belong in the account log")
    try:
        return decoder.decode(commit.header.public)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise VoidEntryError("its entry does not have the right form") from error


def _applied(state: AccountState, commit: Commit, entry: Entry) -> AccountState:
    """The state after an entry, or VoidEntryError."""
    if isinstance(entry, DeviceAdd):
        return _with_device(state, entry)
    if isinstance(entry, DeviceRevoke):
        if entry.device not in state.devices:
            raise VoidEntryError("it removes a device that is not there")
        left = {key: device for key, device in state.devices.items() if key != entry.device}
        return _rotated(state, entry.rotation, left, state.recovery)
    if isinstance(entry, DeviceRename):
        if entry.device not in state.devices:
            raise VoidEntryError("it names a device that is not there")
        return state
    if isinstance(entry, RecoverySet):
        return _with_recovery(state, commit, entry)
    if isinstance(entry, Epoch):
        return _rotated(state, entry.rotation, dict(state.devices), state.recovery)
    if isinstance(entry, Protection):
        _check_escrow(entry.packets, state)
        return msgspec.structs.replace(state, protection=entry.mode)
    if isinstance(entry, FormatStep):
        _need_known(state, commit, entry)
    raise VoidEntryError(f"a {commit.header.kind} can only be first")


def _need_known(state: AccountState, commit: Commit, entry: FormatStep) -> NoReturn:
    """A step to a format that is known already changes nothing; any other ends what can be read."""
    if commit.header.author not in state.devices:
        raise VoidEntryError("its author is not trusted")
    _check_signature(commit, 1, state.recovery)
    if entry.format <= FORMAT:
        raise VoidEntryError("it goes to no later format")
    raise NewerFormatError(commit.header.seq, entry.format, commit.header.author)


def _with_device(state: AccountState, entry: DeviceAdd) -> AccountState:
    device = entry.device
    if not device.is_sound():
        raise VoidEntryError("an id in it is not the hash of its keys")
    if device.id in state.devices or device.id == state.recovery.id:
        raise VoidEntryError("it adds a device that is there already")
    if len(state.devices) >= MEMBERS_LIMIT - 1:
        raise VoidEntryError("the account has as many devices as it may")
    _check_packets(entry.packets, state.epoch, {device.id})
    devices = MappingProxyType({**state.devices, device.id: device})
    return msgspec.structs.replace(state, devices=devices)


def _with_recovery(state: AccountState, commit: Commit, entry: RecoverySet) -> AccountState:
    """The holder of the new key proves to have it: nobody can put another's key into an account."""
    if not entry.recovery.is_sound():
        raise VoidEntryError("an id in it is not the hash of its keys")
    if entry.recovery.id in state.devices:
        raise VoidEntryError("it makes a device the recovery key")
    _check_signature(commit, 1, entry.recovery)
    return _rotated(state, entry.rotation, dict(state.devices), entry.recovery)


def _rotated(
    state: AccountState, rotation: Rotation, devices: dict[bytes, Member], recovery: Member
) -> AccountState:
    if rotation.epoch != state.epoch + 1:
        raise VoidEntryError("its epoch does not follow the one before")
    earlier = {key.epoch for key in rotation.earlier}
    if len(earlier) != len(rotation.earlier) or max(earlier) >= rotation.epoch:
        raise VoidEntryError("it does not seal keys of earlier epochs, each once")
    _check_packets(rotation.packets, rotation.epoch, {*devices, recovery.id})
    return AccountState(rotation.epoch, MappingProxyType(devices), recovery, state.protection)


def _check_escrow(packets: list[Packet], state: AccountState) -> None:
    """Packets of a change of protection are for an escrow key: no member's own packet may be
    replaced by one, or one device could lock all others out."""
    if any(packet.epoch != state.epoch for packet in packets):
        raise VoidEntryError("its key packets are of another epoch")
    if any(packet.recipient in (*state.devices, state.recovery.id) for packet in packets):
        raise VoidEntryError("its key packets are not for the members it names")


def _check_packets(packets: list[Packet], epoch: int, recipients: set[bytes]) -> None:
    if {packet.recipient for packet in packets} != recipients or len(packets) != len(recipients):
        raise VoidEntryError("its key packets are not for the members it names")
    if any(packet.epoch != epoch for packet in packets):
        raise VoidEntryError("its key packets are of another epoch")
