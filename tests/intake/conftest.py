"""A home that has imported the phone of a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from tests.homes import environment, importing, made_home


@pytest.fixture
def agent(tmp_path: Path, phone: Path) -> Iterator[Agent]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    importing(home, env, phone)
    with open_agent(home, env) as opened:
        yield opened
