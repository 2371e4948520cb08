"""What a counting commit begins and ends in its zone: the one rule that all who fold a zone follow.

In the zone `messages` a segment holds what people wrote, so it ends only where the same changes
stay: by a compaction, whose new segments have the digests of the old ones, or by a purge or a
reset, which devices prove by reading. Any other commit may say that it drops a segment: that is
refused, and what it says besides counts. So who may take away depends on the chain alone, and a
server that can read nothing judges like a device.

Implements "Objects and pins" of docs/format.md, together with `objects`.
"""

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from sealwax.ledger.commit import SAID_ALREADY, CommitKind, Header
from sealwax.ledger.names import MESSAGES_ZONE

DIGEST_MODULUS = 2**256
NOT_BY_THIS_KIND = "only a compaction, a purge or a reset ends messages"
NOT_THE_SAME_CHANGES = "what it writes instead does not hold the same changes"
LOCKED = "it is locked"
HOLDS_NOTHING = "there is nothing in it"
"""Of a segment whose bytes are those of its name, and that nobody can open."""
PART_CLOSED = "its sealed part does not open"


class Known(NamedTuple):
    """What a zone knows of a name before a commit: whether it is live, and, of a segment, the
    digest of its changes."""

    is_live: bool
    change_digest: bytes | None


class Begun(NamedTuple):
    """An object that begins: its size, and, of a segment, the digest of its changes."""

    name: bytes
    size_bytes: int
    change_digest: bytes | None


class Refused(NamedTuple):
    """Something that a commit would have taken away and that stays: why, and how many objects or
    snapshots it is about."""

    reason: str
    number: int


class Settled(NamedTuple):
    """What comes of a commit's lists: the objects that begin at its seq, the names that end there,
    and what was refused."""

    begun: tuple[Begun, ...]
    ended: tuple[bytes, ...]
    refused: tuple[Refused, ...]


def touched(header: Header) -> set[bytes]:
    """The names of which `settle` has to know what the zone knows."""
    return {*header.dropped, *(name for name, _ in header.added)}


def settle(header: Header, known: Mapping[bytes, Known]) -> Settled:
    """Decides about a counting commit; `known` has those of its names that were ever added."""
    begun: dict[bytes, Begun] = {}
    for one in _listed(header):
        if one.name not in known:
            begun.setdefault(one.name, one)
    going = dict(_going(header, known, begun))
    segments = [digest for digest in going.values() if digest is not None]
    refused: tuple[Refused, ...] = ()
    if header.zone == MESSAGES_ZONE and header.kind not in SAID_ALREADY and segments:
        refused = (Refused(NOT_BY_THIS_KIND, len(segments)),)
        going = {name: None for name, digest in going.items() if digest is None}
    elif header.zone == MESSAGES_ZONE and header.kind == CommitKind.COMPACT:
        # A segment that the zone knows already adds nothing, so it stands for nothing here.
        coming = (one.change_digest for one in begun.values() if one.change_digest is not None)
        if going and _sum(coming) != _sum(segments):
            refused = (Refused(NOT_THE_SAME_CHANGES, len(going)),)
            going = {}
    return Settled(tuple(begun.values()), tuple(going), refused)


def begun_disowned(header: Header, known: Container[bytes]) -> tuple[Begun, ...]:
    """What begins, held by pins alone, with a commit that a later merge disowns: it ends nothing.
    `known` has those of its names that were ever added, by such commits too."""
    begun: dict[bytes, Begun] = {}
    for one in _listed(header):
        if one.name not in known:
            begun.setdefault(one.name, one)
    return tuple(begun.values())


def _listed(header: Header) -> Iterable[Begun]:
    for name, size_bytes, digest in header.segments:
        yield Begun(name, size_bytes, digest)
    for name, size_bytes in header.chunks:
        yield Begun(name, size_bytes, None)


def _going(
    header: Header, known: Mapping[bytes, Known], begun: Mapping[bytes, Begun]
) -> Iterable[tuple[bytes, bytes | None]]:
    """The names that it drops and that are live, with the digests of segments."""
    for name in header.dropped:
        if name in begun:
            yield name, begun[name].change_digest
        elif name in known and known[name].is_live:
            yield name, known[name].change_digest


def _sum(digests: Iterable[bytes]) -> int:
    return sum(int.from_bytes(digest, "big") for digest in digests) % DIGEST_MODULUS
