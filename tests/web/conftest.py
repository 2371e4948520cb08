"""One scene for all tests that only read it; each test that changes something makes its own."""

from collections.abc import Iterator

import pytest

from tests.web.scene import Scene, Site, make_scene, opened_site


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
def site(scene: Scene) -> Iterator[Site]:
    with opened_site(scene) as opened:
        yield opened
