"""What devices and a server say to each other: plain structs as JSON, and frames of bytes.

A server is blind: it sees names, sizes, times, public keys and signatures. Ids and hashes are
lower-case hexadecimal in JSON. Many objects or commits travel in one body of frames: a length of
four bytes, big-endian, and so many bytes, again and again.

Implements "The wire" of docs/server.md.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sealwax.ledger.commit import SUITE
from sealwax.ledger.framing import frame
from sealwax.ledger.names import ACCOUNT_ZONE, HASH_BYTES
from sealwax.ledger.origin import ORIGIN_LIMIT
from sealwax.ledger.signature import signed_bytes

API_VERSION = 1
BODY_LIMIT_BYTES = 32 * 1024 * 1024
"""No request and no answer of frames is larger."""
BATCH_BYTES = 24 * 1024 * 1024
BATCH_OBJECTS = 1_024
BATCH_COMMITS = 256
NAMES_LIMIT = 16_384
LINK_MESSAGE_LIMIT_BYTES = 16 * 1024
EVENT_COMMIT_BYTES = 4_096
"""A commit up to this size travels inside its event."""
EVENT_OBJECTS_BYTES = 4_096
"""So do the objects that it adds, when they have no more bytes together."""
ESSENTIAL_HEADER = "x-essential"
"""A request that has it with the value 1 may use the reserve of a full account."""
NONCE_BYTES = 32
_LENGTH_BYTES = 4

HexHash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
HexId = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
HexSignature = Annotated[str, Meta(pattern="^[0-9a-f]{128}$")]
Origin = Annotated[str, Meta(pattern=r"^https?://[^\s/]+$", max_length=ORIGIN_LIMIT)]


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error, in the form of RFC 9457. `code` is stable; `head_seq` is a zone's, where it says
    why a commit was refused; the bytes say how full the account is."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    head_seq: int | None = None
    used_bytes: int | None = None
    plan_bytes: int | None = None
    since_ms: int | None = None


class Challenge(msgspec.Struct, frozen=True):
    """A nonce to be signed, once, soon."""

    nonce: HexHash


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of the account (a device or its recovery key) proves that it holds its key, to the
    server that it calls by an origin."""

    member: HexId
    origin: Origin
    nonce: HexHash
    signature: HexSignature


class Token(msgspec.Struct, frozen=True):
    """What to send as a bearer token, and for how long it is good."""

    token: str
    expires_seconds: int


class ZoneHead(msgspec.Struct, frozen=True):
    """A zone, and the seq and hash of its newest commit."""

    zone: str
    seq: int
    hash: HexHash


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A zone has a new commit. A small one is inside, with the small objects that it adds; bytes
    are base64 in JSON. `hash` is the commit's."""

    zone: str
    seq: int
    hash: HexHash
    commit: bytes = b""
    objects: tuple[bytes, ...] = ()


class MemberSeen(msgspec.Struct, frozen=True):
    """A member of an account, and when it last asked for something; to within some minutes."""

    member: HexId
    last_seen_ms: int


class Appended(msgspec.Struct, frozen=True):
    """The seq under which a commit stands."""

    seq: int


class Usage(msgspec.Struct, frozen=True):
    """What an account is charged for: sealed bytes live at the head, and held only by snapshots.
    `asked_bytes` is the plan that was asked for and not granted yet, `locked_ms` since when the
    account is locked. `history_bytes` are those of its commits, which are not charged; 0 from a
    server that does not count them."""

    name: str
    plan_bytes: int
    reserve_bytes: int
    head_bytes: int
    snapshot_bytes: int
    asked_bytes: int | None
    locked_ms: int | None
    lock_reason: str
    history_bytes: int = 0


class Looked(msgspec.Struct, frozen=True):
    """How many of the named objects the server read, and which of them it lacks: missing, or
    damaged and put aside."""

    seen: int
    lost: list[HexHash]


class Staying(msgspec.Struct, frozen=True):
    """Objects that the server keeps for now, though a device asks to delete them, and until when it
    keeps the last of them at least, by its own clock (ms since 1970; 0 for none)."""

    names: list[HexHash]
    until_ms: int


class PlanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan that is asked for, in bytes."""

    plan_bytes: Annotated[int, Meta(gt=0, le=2**50)]


class Config(msgspec.Struct, frozen=True):
    """What this server takes at most, and the plans that it offers."""

    api_version: int
    body_limit_bytes: int
    batch_objects: int
    batch_commits: int
    plans_bytes: list[int]


class Probe(msgspec.Struct, frozen=True):
    """Whether one part of the server works, tried just now."""

    name: str
    is_working: bool
    detail: str
    milliseconds: float


class ServerStatus(msgspec.Struct, frozen=True):
    """All probes; `since_ms` is when the present state began."""

    is_working: bool
    since_ms: int
    probes: list[Probe]


def token_signing_input(account: bytes, member: bytes, nonce: bytes, origin: str) -> bytes:
    """What a member signs to get a token. It names the server that the member calls, as
    `origin_of` writes it: a signature is of no use to another server."""
    named = frame(member, nonce, origin.encode())
    return signed_bytes("token", SUITE, account, ACCOUNT_ZONE, named)


def encode_frames(pieces: Iterable[bytes]) -> bytes:
    """Pieces as one body."""
    parts: list[bytes] = []
    for piece in pieces:
        parts += (len(piece).to_bytes(_LENGTH_BYTES, "big"), piece)
    return b"".join(parts)


Buffer = TypeVar("Buffer", bytes, memoryview)


def decode_frames(body: Buffer) -> Iterator[Buffer]:
    """The pieces of a body, views of a view; raises ValueError when it is cut short."""
    whole = 0
    for piece in whole_frames(body):
        whole += _LENGTH_BYTES + len(piece)
        yield piece
    if whole != len(body):
        raise ValueError("A frame is cut short.")


def whole_frames(body: Buffer) -> Iterator[Buffer]:
    """The pieces that are whole, of a body that may be cut short."""
    at = 0
    while at + _LENGTH_BYTES <= len(body):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(body[at:start], "big")
        if end > len(body):
            return
        yield body[start:end]
        at = end


def encode_names(names: Iterable[bytes]) -> bytes:
    """Object names, one after the other."""
    return b"".join(names)


def decode_names(body: bytes) -> list[bytes]:
    """The names in a body; raises ValueError when they are no whole number of names, or many."""
    if len(body) % HASH_BYTES or len(body) > NAMES_LIMIT * HASH_BYTES:
        raise ValueError("These are not object names, or too many.")
    return [body[at : at + HASH_BYTES] for at in range(0, len(body), HASH_BYTES)]
