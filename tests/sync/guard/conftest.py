"""Devices that share a history, one of them evil."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.guard.household import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.fill()
    yield house
    house.close()
