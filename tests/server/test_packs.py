"""A server's old commits, a range of them in one row: what it says is as before, and what a disk
does to it is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.server.deleting import Deleting
from sealwax.server.packs import Packs
from sealwax.server.parts import Parts
from sealwax.server.refusal import Refusal
from sealwax.server.serve import OBJECTS_FOLDER, opened_parts
from tests.accounts import made_account, next_commit

SIZE = 20
ACCOUNT = made_account("packs")
NAME = ACCOUNT.log.account


def _row(count: int) -> list[bytes]:
    head, commits = beginning(NAME, MESSAGES_ZONE), list[bytes]()
    for _ in range(count):
        commits.append(next_commit(ACCOUNT, head))
        head = judge(head, commits[-1], ACCOUNT.log).head
    return commits


COMMITS = _row(5 * SIZE + 1)


class _Server:
    def __init__(self, parts: Parts, folder: Path) -> None:
        self.parts = parts
        self.folder = folder
        self.database = parts.packs._database
        self.packs = Packs(self.database, SIZE)
        secret = parts.accounts.invite("somebody")
        parts.accounts.claim(NAME, secret, ACCOUNT.commits[0])
        for seq, data in enumerate(COMMITS):
            parts.zones.append(NAME, MESSAGES_ZONE, seq, data)

    def count(self, table: str) -> int:
        (row,) = self.database.read().execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(row[0])

    def run(self, sql: str, *values: object) -> None:
        self.database.write(lambda connection: connection.execute(sql, values))

    def read(self) -> list[bytes]:
        found: list[bytes] = []
        while batch := self.parts.zones.read(NAME, MESSAGES_ZONE, len(found)):
            found += batch
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Server]:
    with opened_parts(tmp_path, SystemClock(), SystemEntropy()) as parts:
        yield _Server(parts, tmp_path)


def test_ranges_that_were_left_behind_become_a_row_each(server: _Server) -> None:
    assert server.packs.pack_commits(3) == 3
    assert server.packs.pack_commits() == 1
    assert server.packs.pack_commits() == 0
    assert server.count("pack") == 4
    # One is the account's genesis.
    assert server.count("chain") == len(COMMITS) - 4 * SIZE + 1
    assert server.read() == COMMITS
    assert server.packs.broken(NAME) == []


def test_a_range_that_is_too_large_stays_in_rows_and_holds_up_nothing(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sealwax.server.packs.LIMIT_BYTES", 100)
        assert server.packs.pack_commits(2) == 2
    assert server.packs.pack_commits() == 2
    assert server.count("chain") == len(COMMITS) - 2 * SIZE + 1
    assert server.read() == COMMITS
    assert server.parts.zones.get(NAME, MESSAGES_ZONE, 3) == COMMITS[3]


def test_a_request_is_told_by_its_bytes_when_it_is_repeated_later(server: _Server) -> None:
    server.packs.pack_commits()
    assert server.parts.zones.append(NAME, MESSAGES_ZONE, 2, COMMITS[2]).seq == 2
    other = next_commit(ACCOUNT, beginning(NAME, MESSAGES_ZONE))
    with pytest.raises(Refusal) as refused:
        server.parts.zones.append(NAME, MESSAGES_ZONE, 0, other)
    assert refused.value.trouble.code == "commit-exists"


def test_a_damaged_row_is_named_and_not_packed_over(server: _Server) -> None:
    bad = COMMITS[5][:-1] + bytes([COMMITS[5][-1] ^ 1])
    server.run("UPDATE chain SET data = ? WHERE zone = ? AND seq = 5", bad, MESSAGES_ZONE)
    assert server.packs.broken(NAME) == [(MESSAGES_ZONE, 5)]
    server.packs.pack_commits()
    assert server.packs.broken(NAME) == [(MESSAGES_ZONE, 5)]
    assert server.parts.zones.get(NAME, MESSAGES_ZONE, 5) == bad
    assert server.count("pack") == 4


def test_a_flipped_bit_in_a_pack_is_named(server: _Server) -> None:
    server.packs.pack_commits()
    (row,) = server.database.read().execute("SELECT data FROM pack WHERE start_seq = 20").fetchall()
    data = bytearray(row[0])
    data[16 + 12 * SIZE + len(COMMITS[20]) + 9] ^= 1
    server.run("UPDATE pack SET data = ? WHERE start_seq = 20", bytes(data))
    assert server.packs.broken(NAME) == [(MESSAGES_ZONE, 21)]
    assert [seq for seq, one in enumerate(server.read()) if one != COMMITS[seq]] == [21]


def test_a_lost_end_is_named(server: _Server) -> None:
    server.run("DELETE FROM chain WHERE zone = ? AND seq = ?", MESSAGES_ZONE, len(COMMITS) - 1)
    assert server.packs.broken(NAME) == [(MESSAGES_ZONE, len(COMMITS) - 1)]


def test_deleting_an_account_takes_its_packs_along(server: _Server) -> None:
    server.packs.pack_commits()
    deleting = Deleting(server.parts.accounts, server.database, server.folder / OBJECTS_FOLDER)
    assert deleting.delete("somebody").commits == len(COMMITS) + 1
    assert server.count("pack") == server.count("chain") == 0


def test_an_account_that_was_deleted_meanwhile_gets_no_pack(server: _Server) -> None:
    data = server.packs._packed(NAME, MESSAGES_ZONE, 0)
    server.run("DELETE FROM chain WHERE zone = ? AND seq = 3", MESSAGES_ZONE)
    key = (NAME, MESSAGES_ZONE, 0)
    assert data is not None
    assert not server.database.write(lambda connection: server.packs._keep(key, data, connection))
    assert server.count("pack") == 0
