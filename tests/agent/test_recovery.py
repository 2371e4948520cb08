"""The recovery key is confirmed by whoever has it, and by nobody else."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovery import (
    RecoveryKeyOther,
    confirm_recovery,
    note_confirmed_at_beginning,
)
from sealwax.base.settings import SETTINGS_FILE
from sealwax.crypto.recovery_code import RecoveryKeyWrong, new_recovery_code
from tests.homes import environment, made_home


def test_the_right_key_confirms_and_is_kept_nowhere(tmp_path: Path) -> None:
    env = environment()
    home, code = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        assert not agent.recovery.is_confirmed()
        with pytest.raises(RecoveryKeyOther):
            confirm_recovery(agent.recovery, new_recovery_code(env.entropy))
        with pytest.raises(RecoveryKeyWrong):
            confirm_recovery(agent.recovery, code[:-1] + ("A" if code[-1] != "A" else "B"))
        assert not agent.recovery.is_confirmed()
        confirm_recovery(agent.recovery, code.lower())
        assert agent.recovery.is_confirmed()
    with open_agent(home, env) as agent:
        assert agent.recovery.is_confirmed()
    told = (home / SETTINGS_FILE).read_text("utf-8").upper()
    assert not any(group in told for group in code.split("-"))


def test_a_key_that_was_asked_back_at_the_beginning_is_confirmed(tmp_path: Path) -> None:
    env = environment()
    home, code = made_home(tmp_path, env)
    note_confirmed_at_beginning(home, code)
    with open_agent(home, env) as agent:
        assert agent.recovery.is_confirmed()
