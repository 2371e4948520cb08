"""The rules of a zone's chain: whether a commit counts, judged the same way by everyone.

A commit's validity depends on the chain before it, and on the account log at the position that the
commit itself names, and on nothing else. A commit that is malformed, out of place, unauthorised,
under another epoch or at a lower position is **void**: it keeps its seq, its bytes are hashed into
the next one, and it adds nothing. So nobody can wedge a chain.

This module decides; it neither reads a store nor remembers names. What a counting commit does to
the objects is in `objects`.

Implements "Rules of the chain" of docs/format.md.
"""

from typing import NamedTuple

from sealwax.ledger.account import AccountLog
from sealwax.ledger.commit import (
    Commit,
    CommitKind,
    MalformedCommitError,
    UnknownVersionError,
    commit_signing_input,
    parse_commit,
)
from sealwax.ledger.names import commit_hash, zone_device, zone_root
from sealwax.ledger.signature import is_signed_by

BEYOND_LOG = "it names a position that the account log does not reach"
"""The one reason that may only mean that this device has not read all of the log yet."""


class Head(NamedTuple):
    """Where a chain stands: the seq and hash of its newest commit, void or not, and the greatest
    position that a counting commit named. `seq` is -1 before the first commit."""

    zone: str
    seq: int
    hash: bytes
    position: int


class Judged(NamedTuple):
    """One commit, judged. `commit` is None and `void_reason` says why when it does not count."""

    head: Head
    commit: Commit | None
    void_reason: str | None


def beginning(account: bytes, zone: str) -> Head:
    """The head of a chain that has no commit yet."""
    return Head(zone, -1, zone_root(account, zone), 0)


def judge(head: Head, data: bytes, log: AccountLog) -> Judged:
    """Judges the commit that follows `head`. Never raises for what the bytes may hold."""
    following = Head(head.zone, head.seq + 1, commit_hash(data), head.position)
    try:
        commit = parse_commit(data)
    except UnknownVersionError as error:
        # Of a later format: what that is, the log says at a position that was not read yet.
        is_beyond = log.at(error.beginning.position) is None
        return Judged(following, None, BEYOND_LOG if is_beyond else str(error))
    except MalformedCommitError as error:
        return Judged(following, None, str(error))
    reason = _void_reason(head, commit, log)
    if reason is not None:
        return Judged(following, None, reason)
    return Judged(following._replace(position=commit.header.position), commit, None)


def _void_reason(head: Head, commit: Commit, log: AccountLog) -> str | None:
    header = commit.header
    if header.account != log.account or header.zone != head.zone:
        return "it belongs to another account or zone"
    if header.seq != head.seq + 1 or header.previous != head.hash:
        return "it does not follow the commit before it"
    if header.position < head.position:
        return "it names an older position of the account log than the commit before it"
    state = log.at(header.position)
    if state is None:
        return BEYOND_LOG
    if header.epoch != state.epoch:
        return "it was written under another epoch"
    author = state.devices.get(header.author)
    if author is None:
        return "its author is not trusted"
    if not _may_write(commit):
        return "it is in another device's own zone"
    if len(commit.signatures) != 1:
        return "it has more than one signature"
    message = commit_signing_input(header, commit.payload)
    if not is_signed_by(author.sign_key, commit.signatures[0], message):
        return "its signature is wrong"
    return None


def _may_write(commit: Commit) -> bool:
    """Whether a trusted author may write this here: an own zone is its device's alone. Others only
    close it behind a revocation, which says nothing and takes nothing away."""
    header = commit.header
    owner = zone_device(header.zone)
    if owner is None or owner == header.author:
        return True
    is_plain = not (header.segments or header.chunks or header.dropped or header.public)
    return header.kind == CommitKind.REVOKE and is_plain
