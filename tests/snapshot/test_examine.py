"""Examining objects: damage is found whoever adds up the segments, and where nobody does."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.demo.world import write_world
from sealwax.snapshot import examine
from sealwax.snapshot.verify import Verified
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home


def _objects(home: Path) -> list[Path]:
    return sorted((home / "vault").rglob("objects/**/*"), key=lambda path: path.name)


@pytest.mark.parametrize(("worth", "is_deep"), [(0, True), (1_000, True), (0, False)])
def test_damage_is_named_with_and_without_a_companion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int, is_deep: bool
) -> None:
    monkeypatch.setattr(examine, "WORTH_A_COMPANION", worth)
    started: list[str] = []

    class Noted(examine.Companion):
        def __init__(self, module: str) -> None:
            started.append(module)
            super().__init__(module)

    monkeypatch.setattr(examine, "Companion", Noted)
    monkeypatch.setattr(examine, "can_have_companions", lambda: True)
    env = environment()
    home, _ = made_home(tmp_path, env)
    for number in range(4):
        folder = tmp_path / f"phone{number}"
        world = write_world(folder, NOW_MS - DAY_MS, talks=20 + number, photos=number)
        importing(home, env, world.path)

    def verified() -> Verified:
        with open_agent(home, env) as agent:
            return agent.verify(ignore, is_deep)

    assert verified().is_sound
    files = [path for path in _objects(home) if path.is_file()]
    assert len(files) > 4
    for path in files[:-1]:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
    files[-1].write_bytes(b"")
    assert {item.name for item in verified().damage if item.kind == "object"} == {
        path.name for path in files
    }
    assert bool(started) == (is_deep and worth == 0)
