"""The recovery key is confirmed by whoever has it, and by nobody else."""

from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovering import recover_home
from sealwax.agent.recovery import (
    RecoveryKeyOther,
    confirm_recovery,
    note_confirmed_at_beginning,
)
from sealwax.base.entropy import Entropy
from sealwax.base.settings import SETTINGS_FILE
from sealwax.crypto.recovery_code import RecoveryKeyWrong, new_recovery_code, recovery_keys
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.vault.account_commit import AccountWriter
from tests.homes import NOW_MS, environment, made_home


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


def _change_key(agent: Agent, before: str, after: str, entropy: Entropy) -> None:
    """What a person with both keys does; there is no command for it yet."""
    history = agent.device.history
    writer = AccountWriter(history.log, history.keys, recovery_keys(before), entropy)
    data = writer.set_recovery(recovery_keys(after), NOW_MS, entropy.bytes(16))
    history.store.append_commit(ACCOUNT_ZONE, history.log.head + 1, data)


def test_a_key_that_was_changed_is_told_on_every_device_until_it_is_confirmed_there(
    tmp_path: Path,
) -> None:
    env = environment()
    home, code = made_home(tmp_path, env)
    note_confirmed_at_beginning(home, code)
    other = tmp_path / "other"
    recover_home(other, home / "vault", code, "other", env)
    new = new_recovery_code(env.entropy)
    with open_agent(home, env) as agent:
        assert agent.recovery.is_confirmed()
        assert agent.recovery.changed_ms() is None
        _change_key(agent, code, new, env.entropy)
    for one in (home, other):
        with open_agent(one, env) as agent:
            assert not agent.recovery.is_confirmed()
            assert agent.recovery.changed_ms() == NOW_MS
            with pytest.raises(RecoveryKeyOther, match="not the recovery key") as raised:
                confirm_recovery(agent.recovery, code)
            assert "does not change" not in raised.value.hint
            confirm_recovery(agent.recovery, new)
            assert agent.recovery.is_confirmed()
    with open_agent(home, env) as agent:
        # The first one comes back: that it was confirmed once says nothing of now.
        _change_key(agent, new, code, env.entropy)
    with open_agent(home, env) as agent:
        assert not agent.recovery.is_confirmed()
        confirm_recovery(agent.recovery, code)
        assert agent.recovery.is_confirmed()
    # A home that was made with the new one has confirmed it.
    recover_home(tmp_path / "third", home / "vault", code, "third", env)
    with open_agent(tmp_path / "third", env) as agent:
        assert agent.recovery.is_confirmed()
