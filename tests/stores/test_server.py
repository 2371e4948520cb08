"""The store on a server keeps the contract, over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.ledger.chain import beginning, judge
from sealwax.stores.base import Store
from tests.accounts import Account, made_account, next_commit
from tests.server.running import running
from tests.stores.contract import StoreContract


class TestServerStore(StoreContract):
    zones_at_first = ("account",)
    _account: Account
    _made: dict[tuple[str, int, str], bytes]

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        self._account, self._made = made_account(), {}
        with running(tmp_path / "server") as server:
            store = server.begun(self._account)
            yield store
            store.close()

    def commit(self, zone: str, seq: int, variant: str = "") -> bytes:
        key = (zone, seq, variant)
        if key not in self._made:
            head = beginning(self._account.log.account, zone)
            for earlier in range(seq):
                head = judge(head, self.commit(zone, earlier), self._account.log).head
            self._made[key] = next_commit(self._account, head)
        return self._made[key]
