"""A device that tries to take messages away is named by the doctor and by `verify`."""

from pathlib import Path

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.base.clock import SetClock
from sealwax.base.condition import SetConditions
from sealwax.ledger.commit import CommitKind
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from tests.homes import NOW_MS, environment, ignore, importing, made_home, write_threads
from tests.sync.devices import Device, appended


def test_who_tried_to_empty_the_history_is_named(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        history = agent.device.history
        names = tuple(name for name, *_ in history.library.holdings.live_segments())
        appended(Device(history, home), Draft(CommitKind.CHANGE, b"o" * 16, Part(), dropped=names))
        history.pull()
        assert agent.status().counts.messages == 5
        facts = facts_of(agent, SetConditions(), SetClock(NOW_MS))
        (finding,) = [one for one in examine(facts).findings if one.key == "refused-drop"]
        found = agent.verify(ignore)
    assert finding.level == "danger"
    assert finding.text.startswith(f"test tried to take {len(names)} sealed object")
    assert found.refused == (finding.text,)
    assert found.is_sound
