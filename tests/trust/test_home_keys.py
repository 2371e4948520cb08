"""The secrets of a device, and keyrings that do not hand them out."""

from pathlib import Path

import pytest

from sealwax.base.entropy import SystemEntropy
from sealwax.trust.home_keys import (
    KeyringFailed,
    load_home_keys,
    new_home_keys,
    save_home_keys,
)
from tests.homes import MemoryKeyring

ENTROPY = SystemEntropy()


class Locked:
    """A keyring that fails as the real ones do: with errors of its own."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("Failed to unlock the collection!")


def test_keys_come_back_out_of_the_keyring(tmp_path: Path) -> None:
    keys, keyring = new_home_keys(ENTROPY), MemoryKeyring()
    save_home_keys(tmp_path, keys, None, keyring, ENTROPY)
    assert load_home_keys(tmp_path, None, keyring) == keys


def test_a_locked_keyring_is_a_plain_error_and_keeps_what_was_there(tmp_path: Path) -> None:
    keys, keyring = new_home_keys(ENTROPY), MemoryKeyring()
    with pytest.raises(KeyringFailed):
        save_home_keys(tmp_path, keys, None, Locked(), ENTROPY)
    assert not list(tmp_path.iterdir())
    save_home_keys(tmp_path, keys, None, keyring, ENTROPY)
    with pytest.raises(KeyringFailed) as failed:
        load_home_keys(tmp_path, None, Locked())
    assert "RuntimeError" in failed.value.sentence
    assert load_home_keys(tmp_path, None, keyring) == keys


@pytest.mark.parametrize("keyring", [None, MemoryKeyring()])
def test_keys_that_are_not_in_the_keyring_are_a_plain_error(
    tmp_path: Path, keyring: MemoryKeyring | None
) -> None:
    save_home_keys(tmp_path, new_home_keys(ENTROPY), None, MemoryKeyring(), ENTROPY)
    with pytest.raises(KeyringFailed):
        load_home_keys(tmp_path, None, keyring)
