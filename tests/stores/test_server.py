"""The store on a server keeps the contract, over a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.names import device_zone
from sealwax.server.packs import Packs
from sealwax.stores.base import Store
from tests.accounts import Account, made_account, next_commit
from tests.server.running import running
from tests.stores.contract import StoreContract, damage_file


class TestServerStore(StoreContract):
    zones_at_first = ("account",)
    is_packing = True
    range_commits = 12
    device_zone = device_zone(made_account().devices[0].member().id)
    _account: Account
    _folder: Path
    _packs: Packs
    _made: dict[tuple[str, int, str], bytes]

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        self._account, self._made = made_account(), {}
        self._folder = tmp_path / "server"
        with running(tmp_path / "server") as server:
            store = server.begun(self._account)
            self._packs = Packs(server.parts.packs._database, self.range_commits)
            yield store
            store.close()

    def pack(self, store: Store) -> int:
        return self._packs.pack_commits()

    def damage(self, store: Store, name: bytes, data: bytes) -> None:
        damage_file(self._folder, name, data)

    def commit(self, zone: str, seq: int, variant: str = "") -> bytes:
        key = (zone, seq, variant)
        if key not in self._made:
            head = beginning(self._account.log.account, zone)
            for earlier in range(seq):
                head = judge(head, self.commit(zone, earlier), self._account.log).head
            self._made[key] = next_commit(self._account, head)
        return self._made[key]
