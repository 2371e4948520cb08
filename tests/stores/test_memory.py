"""The store in memory."""

import pytest

from sealwax.stores.base import Store
from sealwax.stores.memory import MemoryStore
from tests.stores.contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()
