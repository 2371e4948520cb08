"""The sealed part of a commit: what only the account's devices may know of it.

A msgpack map; a reader ignores keys it does not know, and absent keys have the defaults below.

Implements "The sealed part" of docs/format.md.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sealwax.base.entropy import Entropy
from sealwax.crypto.key_tree import SALT_BYTES
from sealwax.crypto.sealing import (
    SealBroken,
    SealedKind,
    SealUnknown,
    open_sealed,
    read_header,
    seal,
)
from sealwax.ledger.commit import ADDED_LIMIT, Commit, Hash
from sealwax.ledger.names import NO_HASH
from sealwax.vault.keys import AccountKeys, KeyMissing

MERGED = "compact"
"""The reason of a compaction."""
PURGED_WORDS = "purge"
"""The reason of commits that leave out what was purged."""

MADE_MS = "made_ms"
"""In `source` of a pin: when it was first made, in ms since 1970."""


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much a moment holds: live records by kind, records in the trash, bytes of files."""

    conversations: int = 0
    messages: int = 0
    contacts: int = 0
    attachments: int = 0
    trashed: int = 0
    file_bytes: int = 0


class Switches(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the device that wrote a commit syncs, and makes backups, from then on."""

    sync: bool = True
    backup: bool = True


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a commit says to devices.

    `digest` is that of the joined state after the commit, by `digest_rules`;
    `heads` are the heads seen in other zones as [seq, hash]; `reason` says what made the commit;
    `confirmed` that a person confirmed its deletions. For a pin: `name`, `expires_ms` (0: never)
    and `counts` of the moment. For a checkpoint: `checkpoint`, the names of its objects. For the
    log of an account: `device_name`. `alone` is for a pin in a device's zone: it shows the head of
    the messages zone that it names, and nothing of what waited in its own zone. `switches` is there
    where those of its device are to be told. `source` says what an import came from; for a pin,
    under `made_ms`, when it was first made. `times` has, for each segment of the commit, the least
    and the greatest time of a message in it, in ns since 1970, or None: so a reader can begin with
    the newest. What it says decides about nothing but the order.
    """

    reason: Annotated[str, Meta(max_length=64)] = ""
    digest: Hash | None = None
    digest_rules: int = 0
    heads: dict[str, tuple[int, Hash]] = {}
    confirmed: bool = False
    name: Annotated[str, Meta(max_length=1024)] = ""
    expires_ms: int = 0
    counts: Counts | None = None
    checkpoint: list[Hash] = []
    device_name: Annotated[str, Meta(max_length=256)] = ""
    source: dict[str, Any] = {}
    alone: bool = False
    switches: Switches | None = None
    times: Annotated[list[tuple[int, int] | None], Meta(max_length=ADDED_LIMIT)] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


def seal_part(keys: AccountKeys, zone: str, epoch: int, part: Part, entropy: Entropy) -> bytes:
    """The sealed part's bytes."""
    zone_key = keys.zone_key(zone, epoch)
    return seal(zone_key, SealedKind.COMMIT_PART, entropy.bytes(SALT_BYTES), _encode(part))


def open_part(keys: AccountKeys, commit: Commit) -> Part:
    """The sealed part of a counting commit; raises SealBroken or SealUnknown. An absent one is
    empty."""
    header = commit.header
    if not header.sealed:
        return Part()
    epoch = read_header(header.sealed).epoch
    account = NO_HASH if header.account == NO_HASH else keys.account
    zone_key = keys.account_key(epoch).zone_key(account, header.zone)
    content = open_sealed(zone_key, SealedKind.COMMIT_PART, header.sealed)
    try:
        part = _decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise SealBroken("The sealed part of a commit does not have the form of one.") from None
    return part


def part_as_it_counts(keys: AccountKeys, commit: Commit) -> tuple[Part, bool]:
    """The sealed part of a counting commit, and whether it opens: where its author sealed none that
    does, it counts as an empty one. Raises KeyMissing where another member may open it."""
    try:
        return open_part(keys, commit), True
    except KeyMissing:
        raise
    except (SealBroken, SealUnknown):
        return Part(), False
