"""Composing commits: from what is to be said to the signed bytes that a store keeps."""

from typing import NamedTuple

import msgspec

from sealwax.base.entropy import Entropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import Head
from sealwax.ledger.commit import (
    COMMIT_VERSION,
    SUITE,
    CommitKind,
    Header,
    commit_signing_input,
    encode_commit,
    encode_header,
)
from sealwax.ledger.objects import PinFacts, encode_facts
from sealwax.vault.commit_part import Part, seal_part
from sealwax.vault.keys import AccountKeys
from sealwax.vault.writing import PLAIN_PIN, Pinning


class Draft(NamedTuple):
    """What a commit shall say, before it has a place in the chain.

    `segments` are names, sizes and digests of changes, `chunks` names and sizes; `public` is the
    msgpack of the kind's facts; those of a pin come of `pinning`.
    """

    kind: CommitKind
    op_id: bytes
    part: Part
    segments: tuple[tuple[bytes, int, bytes], ...] = ()
    chunks: tuple[tuple[bytes, int], ...] = ()
    dropped: tuple[bytes, ...] = ()
    public: bytes = b""
    pinning: Pinning = PLAIN_PIN


class Place(NamedTuple):
    """Where a commit goes: after `head`, at a position of the account log and its epoch."""

    head: Head
    position: int
    epoch: int
    time_ms: int


def compose(
    draft: Draft, place: Place, keys: AccountKeys, author: MemberKeys, entropy: Entropy
) -> bytes:
    """The signed bytes of a commit in a zone other than `account`."""
    head = place.head
    header = Header(
        version=COMMIT_VERSION,
        suite=SUITE,
        account=keys.account,
        zone=head.zone,
        seq=head.seq + 1,
        previous=head.hash,
        author=author.member().id,
        position=place.position,
        epoch=place.epoch,
        time_ms=place.time_ms,
        kind=draft.kind,
        segments=list(draft.segments),
        chunks=list(draft.chunks),
        dropped=list(draft.dropped),
        op_id=draft.op_id,
        public=_public(draft, head),
        sealed=seal_part(keys, head.zone, place.epoch, draft.part, entropy),
    )
    payload = encode_header(header)
    return encode_commit(payload, (author.sign(commit_signing_input(header, payload)),))


def _public(draft: Draft, parent: Head) -> bytes:
    """The public facts. Which commit a pin holds is known once its parent is."""
    if draft.kind != CommitKind.PIN or draft.public:
        return draft.public
    lock_until_ms, pinned_seq = draft.pinning
    facts = PinFacts(lock_until_ms, parent.seq if pinned_seq is None else pinned_seq)
    return encode_facts(facts)


def with_digest(draft: Draft, digest: bytes, rules: int) -> Draft:
    """The draft with the digest of the state that it leads to."""
    part = msgspec.structs.replace(draft.part, digest=digest, digest_rules=rules)
    return draft._replace(part=part)
