"""Rows of commits that name one another, for stores: nobody signed them."""

from sealwax.ledger.commit import COMMIT_VERSION, SUITE, Header, encode_commit, encode_header
from sealwax.ledger.names import commit_hash


def row(count: int, seed: bytes = b"row", zone: str = "messages") -> list[bytes]:
    """The first commits of a zone, so many."""
    commits: list[bytes] = []
    previous = seed.ljust(32, b".")
    for seq in range(count):
        header = Header(
            COMMIT_VERSION, SUITE, b"a" * 32, zone, seq, previous, b"d" * 16, 0, 0, seq, "change",
            [], [], [], b"o" * 16, b"", b"",
        )  # fmt: skip
        commits.append(encode_commit(encode_header(header), (b"s" * 64,)))
        previous = commit_hash(commits[-1])
    return commits
