"""The account of all trials is made once; each trial has a copy of it."""

from pathlib import Path

import pytest

from tests.tribunal.beginning import Begun, begin
from tests.tribunal.court import Court


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return begin(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def court(tmp_path: Path, begun: Begun, monkeypatch: pytest.MonkeyPatch) -> Court:
    return Court(tmp_path, begun, monkeypatch)
