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
from sealwax.vault.commit_part import Part, seal_part
from sealwax.vault.keys import AccountKeys


class Draft(NamedTuple):
    """What a commit shall say, before it has a place in the chain.

    `added` are pairs of name and size, segments first; `public` the msgpack of the kind's facts.
    """

    kind: CommitKind
    op_id: bytes
    part: Part
    added: tuple[tuple[bytes, int], ...] = ()
    dropped: tuple[bytes, ...] = ()
    public: bytes = b""


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
        added=list(draft.added),
        dropped=list(draft.dropped),
        op_id=draft.op_id,
        public=draft.public,
        sealed=seal_part(keys, head.zone, place.epoch, draft.part, entropy),
    )
    payload = encode_header(header)
    return encode_commit(payload, (author.sign(commit_signing_input(header, payload)),))


def with_digest(draft: Draft, digest: bytes, rules: int) -> Draft:
    """The draft with the digest of the state that it leads to."""
    part = msgspec.structs.replace(draft.part, digest=digest, digest_rules=rules)
    return draft._replace(part=part)
