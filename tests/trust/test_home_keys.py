"""The secrets of a device: keyrings that do not hand them out, keys that are gone."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.joining import join_home
from sealwax.agent.recovering import recover_home
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.passphrase import KeyFileBroken
from sealwax.trust.home_keys import (
    KEY_FILE,
    KeyringFailed,
    KeysGone,
    NotAHome,
    load_home_keys,
    new_home_keys,
    save_home_keys,
)
from tests.homes import (
    MemoryKeyring,
    environment,
    ignore,
    importing,
    made_home,
    texts,
    write_threads,
)

ENTROPY = SystemEntropy()
ADDRESS = "+15550100000"


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


def _files(home: Path) -> set[Path]:
    return {path.relative_to(home) for path in home.rglob("*") if path.is_file()}


def test_a_home_without_its_keys_is_named_and_never_made_anew(tmp_path: Path) -> None:
    env = environment()
    home, code = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    (home / KEY_FILE).unlink()
    before = _files(home)
    with pytest.raises(KeysGone), open_agent(home, env):
        pass
    with pytest.raises(KeysGone):
        create_home(home, None, "again", env)
    with pytest.raises(KeysGone):
        join_home(home, str(tmp_path / "shared"), "code", "again", env, ignore)
    assert _files(home) == before
    recover_home(home, None, code, "again", env)
    with open_agent(home, env) as agent:
        assert agent.notes == ()
        assert len(texts(agent, ADDRESS)) == 5
        assert agent.verify(ignore).is_sound


@pytest.mark.parametrize("left", ["vault", "heads", "library.db"])
def test_each_thing_that_is_left_tells_of_it(tmp_path: Path, left: str) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    bare = tmp_path / "bare"
    bare.mkdir()
    (home / left).rename(bare / left)
    with pytest.raises(KeysGone), open_agent(bare, env):
        pass


def test_the_vault_of_a_home_without_its_keys_may_lie_elsewhere(tmp_path: Path) -> None:
    env = environment()
    home = tmp_path / "home"
    code = create_home(home, tmp_path / "disk", "test", env)
    write_threads(tmp_path / "phone", [5])
    importing(home, env, tmp_path / "phone")
    (home / KEY_FILE).unlink()
    recover_home(home, None, code, "again", env)
    with open_agent(home, env) as agent:
        assert len(texts(agent, ADDRESS)) == 5
    assert not (home / "vault").exists()


def test_what_was_never_a_home_is_none(tmp_path: Path) -> None:
    env = environment()
    with pytest.raises(NotAHome), open_agent(tmp_path / "nowhere", env):
        pass
    # A home that was not made to its end is made by trying again.
    home, _ = made_home(tmp_path, env)
    (home / KEY_FILE).unlink()
    create_home(home, None, "again", env)


@pytest.mark.parametrize("kept", ["", "no base64", "é", "AAAA", "gAAA"])
def test_rubbish_in_the_keyring_is_a_plain_error(tmp_path: Path, kept: str) -> None:
    keys, keyring = new_home_keys(ENTROPY), MemoryKeyring()
    save_home_keys(tmp_path, keys, None, keyring, ENTROPY)
    name = keys.account.hex() + "/" + keys.member_keys().member().id.hex()
    keyring.set_password("sealwax", name, kept)
    with pytest.raises(KeyFileBroken):
        load_home_keys(tmp_path, None, keyring)
