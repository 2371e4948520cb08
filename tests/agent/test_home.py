"""Making homes, opening them, recovering them, repairing them."""

import multiprocessing
import os
import random
import shutil
import stat
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import (
    HomeExists,
    create_home,
    open_agent,
    repair_home,
)
from sealwax.agent.doctor.examine import examine
from sealwax.agent.examining import facts_of
from sealwax.agent.home import HomeLock, HomeLocked, HomeOfAnother
from sealwax.agent.place import VaultEmpty
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.base.condition import SetConditions
from sealwax.base.errors import SealwaxError
from sealwax.crypto.passphrase import PassphraseWrong
from sealwax.crypto.recovery_code import RecoveryKeyWrong, new_recovery_code
from sealwax.demo.world import write_world
from sealwax.trust.heads import RolledBack
from sealwax.trust.home_keys import NoPassphrase, NotAHome, load_home_keys, save_home_keys
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, made_home

FLIPS_PER_FILE = 6


def test_a_home_is_made_once(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with pytest.raises(HomeExists):
        create_home(home, None, "again", env)


def test_no_home_no_agent(tmp_path: Path) -> None:
    with pytest.raises(NotAHome), open_agent(tmp_path / "nowhere", environment()):
        pass


def test_without_a_keyring_a_passphrase_is_needed_and_checked(tmp_path: Path) -> None:
    bare = environment()
    bare = type(bare)(bare.clock, bare.entropy, None, None)
    with pytest.raises(NoPassphrase):
        create_home(tmp_path / "home", None, "test", bare)
    assert not (tmp_path / "home" / "vault").exists()
    right = type(bare)(bare.clock, bare.entropy, "the right one of a test", None)
    create_home(tmp_path / "home", None, "test", right)
    with open_agent(tmp_path / "home", right) as agent:
        assert agent.status().counts.messages == 0
    wrong = type(bare)(bare.clock, bare.entropy, "wrong", None)
    with pytest.raises(PassphraseWrong), open_agent(tmp_path / "home", wrong):
        pass


def test_a_weak_passphrase_of_a_script_is_told_for_good(tmp_path: Path) -> None:
    """What a person types is refused; what a script gives may be the door of a disk that is sealed
    anyway."""
    bare = environment()
    for name, passphrase, is_told in (
        ("weak", "password1234", True),
        ("strong", "the right one of a test", False),
    ):
        env = type(bare)(bare.clock, bare.entropy, passphrase, None)
        create_home(tmp_path / name, None, "test", env)
        with open_agent(tmp_path / name, env) as agent:
            found = {
                one.key for one in examine(facts_of(agent, SetConditions(), env.clock)).findings
            }
        assert ("passphrase-weak" in found) == is_told


def test_a_weak_passphrase_still_opens_the_home_that_has_it(tmp_path: Path) -> None:
    env = environment()
    made_home(tmp_path, env)
    under = type(env)(env.clock, env.entropy, "x", None)
    keys = load_home_keys(tmp_path / "home", None, env.keyring)
    save_home_keys(tmp_path / "home", keys, "x", None, env.entropy)
    with open_agent(tmp_path / "home", under) as agent:
        assert agent.status().counts.messages == 0


def test_a_home_that_others_could_look_into_is_made_private_and_told(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    home.chmod(0o755)
    with open_agent(home, env) as agent:
        (note,) = agent.warnings()
        assert "Other users could see" in note.what
        assert agent.verify(ignore).is_sound
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with open_agent(home, env) as agent:
        assert list(agent.warnings()) == []


def test_a_home_made_in_a_folder_that_was_there_is_private(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    home, _ = made_home(tmp_path, environment())
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_home_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    with pytest.raises(HomeOfAnother), open_agent(home, env, is_lenient=True):
        pass


def test_a_second_opening_is_refused_while_the_first_lasts(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with HomeLock(home), pytest.raises(HomeLocked), open_agent(home, env):
        pass


def test_a_lock_that_is_let_go_of_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    lock = HomeLock(home)
    lock.__enter__()
    tries: list[bool] = []

    def is_taken(self: HomeLock) -> bool:
        tries.append(original(self))
        if len(tries) == 2:
            lock.__exit__(None, None, None)
        return tries[-1]

    original = HomeLock._is_taken
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HomeLock, "_is_taken", is_taken)
        with open_agent(home, env) as agent:
            assert agent.status().counts.messages == 0
    assert tries == [False, False, True]


def test_the_recovery_key_alone_opens_the_vault(tmp_path: Path) -> None:
    env = environment()
    home, code = made_home(tmp_path, env)
    world = write_world(tmp_path / "phone", NOW_MS - DAY_MS, talks=40, photos=3)
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        agent.create_snapshot("kept")
        counts = agent.status().counts
    vault = tmp_path / "disk"
    shutil.copytree(home / "vault", vault)
    shutil.rmtree(home)
    other = tmp_path / "other"
    recover_home(other, vault, code.lower().replace("-", " "), "new", env)
    with open_agent(other, env) as agent:
        assert agent.status().counts == counts
        assert [snapshot.name for snapshot in agent.snapshots()] == ["kept"]
        photos = list(agent.media(Select()))
        assert photos
        assert all(b"".join(agent.attachment_bytes(item.attachment)) for item in photos)
        assert agent.verify(ignore).is_sound


def test_another_recovery_key_opens_nothing(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with pytest.raises((VaultEmpty, RecoveryKeyWrong)):
        recover_home(tmp_path / "b", home / "vault", new_recovery_code(env.entropy), "b", env)
    assert not (tmp_path / "b" / "keys").exists()


def _small_home(folder: Path) -> tuple[Path, object]:
    env = environment()
    home, _ = made_home(folder, env)
    world = write_world(folder / "phone", NOW_MS - DAY_MS, talks=60, photos=4)
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        agent.create_snapshot("one")
        agent.add_source(world.path)
    return home, env


def _named(home: Path, env: object) -> list[str]:
    """What the quicker way to verify names; empty when it finds everything sound."""
    try:
        with open_agent(home, env, is_lenient=True) as agent:  # type: ignore[arg-type]
            found = agent.verify(ignore, is_deep=False)
    except SealwaxError as error:
        return [error.sentence]
    return [f"{damage.kind} {damage.name} {damage.what}" for damage in found.damage]


def test_one_flipped_bit_in_any_file_is_named(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    assert _named(home, env) == []
    rng = random.Random(20_26)
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) > 8
    for path in files:
        data = path.read_bytes()
        flips = FLIPS_PER_FILE * (5 if path.name == "library.db" else 1)
        places = {0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(flips))}
        for place in sorted(places):
            copy = tmp_path / "copy"
            shutil.copytree(home, copy)
            flipped = bytearray(data)
            flipped[place] ^= 1 << rng.randrange(8)
            (copy / path.relative_to(home)).write_bytes(flipped)
            named = _named(copy, env)
            assert named, f"bit in byte {place} of {path.relative_to(home)} was not noticed"
            shutil.rmtree(copy)


def test_a_missing_object_is_named_and_the_rest_stays_readable(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    objects = [path for path in home.rglob("objects/*/*") if path.is_file()]
    objects[0].unlink()
    assert any(objects[0].name in line for line in _named(home, env))
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        assert all(agent.read(view.record) for view in agent.conversations() if view.messages)


def test_a_damaged_library_is_repaired_from_the_vault(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        counts = agent.status().counts
    library = home / "library.db"
    data = bytearray(library.read_bytes())
    for place in range(20_000, len(data), 8_192):
        data[place] ^= 0xFF
    library.write_bytes(data)
    (home / "heads").write_bytes(b"damaged")
    repair_home(home)
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        assert agent.status().counts == counts
        assert agent.verify(ignore).is_sound


def _hold(home: Path, locked: object, done: object) -> None:
    with HomeLock(home):
        locked.set()  # type: ignore[attr-defined]
        done.wait()  # type: ignore[attr-defined]


def test_a_process_that_dies_lets_go_of_the_home(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    context = multiprocessing.get_context("spawn")
    locked, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(home, locked, done))
    holder.start()
    assert locked.wait(60)
    with pytest.raises(HomeLocked), open_agent(home, env):
        pass
    holder.kill()
    holder.join()
    with open_agent(home, env) as agent:
        assert agent.status().devices == 1


def test_a_vault_that_was_rolled_back_is_read_but_never_written(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    old = tmp_path / "old"
    shutil.copytree(home / "vault", old)
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        agent.create_snapshot("newer")
        counts = agent.status().counts
    shutil.rmtree(home / "vault")
    shutil.copytree(old, home / "vault")
    with pytest.raises(RolledBack), open_agent(home, env):  # type: ignore[arg-type]
        pass
    with open_agent(home, env, is_lenient=True) as agent:  # type: ignore[arg-type]
        assert len(agent.notes) == 1
        assert agent.status().counts == counts
        assert not agent.verify(ignore).is_sound
        assert agent.export("text", tmp_path / "rescued", Select()).messages == counts.messages


def test_a_vault_with_another_history_is_refused(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    other = tmp_path / "other"
    shutil.copytree(home, other)
    for place, name in ((home, "here"), (other, "there")):
        with open_agent(place, env) as agent:  # type: ignore[arg-type]
            agent.create_snapshot(name)
    shutil.rmtree(home / "vault")
    shutil.copytree(other / "vault", home / "vault")
    with pytest.raises(RolledBack, match="another history"), open_agent(home, env):  # type: ignore[arg-type]
        pass


def test_an_object_that_was_away_and_is_back_is_named_until_it_is_repaired(tmp_path: Path) -> None:
    home, env = _small_home(tmp_path)
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        counts = agent.status().counts
        listed = agent.device.history.library.holdings.listed()
    _, name = max((size, name) for name, *_, size, digest in listed if digest is not None)
    (largest,) = home.rglob(f"objects/*/{name.hex()}")
    away = tmp_path / "away"
    largest.rename(away)
    (home / "library.db").unlink()
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        assert agent.status().damaged_objects == 1
    away.rename(largest)
    assert any("--repair" in line or "made while" in line for line in _named(home, env))
    repair_home(home)
    assert _named(home, env) == []
    with open_agent(home, env) as agent:  # type: ignore[arg-type]
        assert agent.status().counts == counts
