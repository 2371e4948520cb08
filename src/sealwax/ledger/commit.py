"""A commit: the small signed header that links a zone's chain and says what it adds and drops.

Stored bytes are msgpack `[payload, [signature, ...]]`. The payload is the msgpack array of `Header`
and is what the signature covers, byte for byte; nobody encodes it again. This module parses and
encodes; whether a commit counts is decided in `chain`.

Implements "Commits" of docs/format.md.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from sealwax.ledger.names import HASH_BYTES, NO_HASH, is_zone
from sealwax.ledger.signature import signed_bytes

COMMIT_VERSION = 2
SUITE = 1
"""Ed25519, X25519 HPKE (base mode), HKDF-SHA256, AES-256-GCM, Argon2id, HMAC-SHA256."""
COMMIT_LIMIT_BYTES = 2 * 1024 * 1024
ADDED_LIMIT = 16_384
DROPPED_LIMIT = 32_768
SEQ_LIMIT = 2**53

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
Count = Annotated[int, Meta(ge=0, le=SEQ_LIMIT)]


class CommitKind(StrEnum):
    """What a commit is for. A kind from the future adds and drops like any other."""

    CHANGE = "change"
    PIN = "pin"
    UNPIN = "unpin"
    CHECKPOINT = "checkpoint"
    COMPACT = "compact"
    PURGE = "purge"
    REDACT = "redact"
    MERGE = "merge"
    RESET = "reset"
    REVOKE = "revoke"
    GENESIS = "genesis"
    DEVICE_ADD = "device-add"
    DEVICE_REVOKE = "device-revoke"
    DEVICE_RENAME = "device-rename"
    RECOVERY_SET = "recovery-set"
    EPOCH = "epoch"
    PROTECTION = "protection"
    FORMAT = "format"


SAID_ALREADY = frozenset((CommitKind.COMPACT, CommitKind.PURGE, CommitKind.RESET))
"""Kinds of commits whose changes were said before: they are no news. They alone may drop segments
from the messages zone."""


class Beginning(msgspec.Struct, frozen=True, array_like=True):
    """What stands first in a header of any version, in this order; more may follow."""

    version: int
    suite: int
    account: Hash
    zone: str
    seq: Count
    previous: Hash
    author: Id
    position: Count


class Header(Beginning, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a commit says, in the order of its bytes, behind its beginning.

    `previous` is the hash of the bytes of the commit before; `author` the id of the signing device
    or recovery key; `position` a seq of the account log; `epoch` the account's at that position;
    `segments` are added: each a name, a size in bytes and the digest of its changes; so are
    `chunks`, pieces of files and of checkpoints: each a name and a size; `op_id` names the
    operation, so that a repeated append is known for one's own; `public` the msgpack of the kind's
    public facts (or empty); `sealed` the part that only devices can read (or empty).
    """

    epoch: Count
    time_ms: Count
    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    segments: Annotated[list[tuple[Hash, Count, Hash]], Meta(max_length=ADDED_LIMIT)]
    chunks: Annotated[list[tuple[Hash, Count]], Meta(max_length=ADDED_LIMIT)]
    dropped: Annotated[list[Hash], Meta(max_length=DROPPED_LIMIT)]
    op_id: Id
    public: bytes
    sealed: bytes

    @property
    def added(self) -> list[tuple[bytes, int]]:
        """Names and sizes of all that it adds, segments first."""
        return [*((name, size_bytes) for name, size_bytes, _ in self.segments), *self.chunks]


class _Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    payload: bytes
    signatures: Annotated[
        list[Annotated[bytes, Meta(min_length=64, max_length=64)]], Meta(min_length=1, max_length=2)
    ]


class Commit(msgspec.Struct, frozen=True):
    """A parsed commit: the header, the exact bytes that were signed, the signatures."""

    header: Header
    payload: bytes
    signatures: tuple[bytes, ...]


class MalformedCommitError(ValueError):
    """These bytes are not a commit; the text says what is wrong with them."""


class UnknownVersionError(MalformedCommitError):
    """A commit of a version or suite that is not known; how it begins can be read all the same."""

    def __init__(self, why: str, beginning: Beginning) -> None:
        super().__init__(why)
        self.beginning = beginning


_encode = msgspec.msgpack.Encoder().encode
_decode_envelope = msgspec.msgpack.Decoder(_Envelope).decode
_decode_header = msgspec.msgpack.Decoder(Header).decode
_decode_beginning = msgspec.msgpack.Decoder(Beginning).decode


def encode_header(header: Header) -> bytes:
    """The payload: the bytes to sign."""
    return _encode(header)


def encode_commit(payload: bytes, signatures: tuple[bytes, ...]) -> bytes:
    """The bytes that a store keeps."""
    return _encode((payload, signatures))


def parse_commit(data: bytes) -> Commit:
    """Parses a commit's bytes; raises MalformedCommitError, by UnknownVersionError for one of
    another version. Checks the form, not the chain."""
    if len(data) > COMMIT_LIMIT_BYTES:
        raise MalformedCommitError("it is larger than a commit may be")
    try:
        envelope = _decode_envelope(data)
        # A header of another version may have another form.
        beginning = _decode_beginning(envelope.payload)
        if beginning.version != COMMIT_VERSION:
            raise UnknownVersionError(f"its version {beginning.version} is not known", beginning)
        if beginning.suite != SUITE:
            raise UnknownVersionError(f"its suite {beginning.suite} is not known", beginning)
        header = _decode_header(envelope.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedCommitError("its bytes do not have the form of a commit") from error
    if len(header.segments) + len(header.chunks) > ADDED_LIMIT:
        raise MalformedCommitError("its bytes do not have the form of a commit")
    if not is_zone(header.zone):
        raise MalformedCommitError("its zone has no valid name")
    return Commit(header, envelope.payload, tuple(envelope.signatures))


def commit_signing_input(header: Header, payload: bytes) -> bytes:
    """What the author of a commit signs; the genesis signs under an account of zeros."""
    account = NO_HASH if header.kind == CommitKind.GENESIS else header.account
    assert len(account) == HASH_BYTES
    return signed_bytes("commit", header.suite, account, header.zone, payload)
