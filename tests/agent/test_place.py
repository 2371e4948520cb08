"""What is wrong with a place is said of that kind of place."""

from pathlib import Path

import pytest

from sealwax.agent.place import VaultEmpty, find_account, place_of
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from tests.homes import environment, made_home
from tests.server.running import running


def test_a_wrong_recovery_key_is_told_of_a_server_and_of_a_folder(tmp_path: Path) -> None:
    other = recovery_keys(new_recovery_code(SystemEntropy()))
    home, _ = made_home(tmp_path, environment())
    with running(tmp_path / "server") as server:
        for store, wanted in ((server.url, "the address"), (None, "the path")):
            with pytest.raises(VaultEmpty, match="has this recovery key") as raised:
                find_account(place_of(home, store), other)
            assert wanted in raised.value.hint
            assert "accounts" not in raised.value.hint
