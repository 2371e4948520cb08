"""Recovery: whose account it is, what a person sees before the yes, what is left without one."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import HomeExists, create_home, open_agent
from sealwax.agent.place import AccountAmbiguous, VaultEmpty, find_account, place_of
from sealwax.agent.recovering import FoundAccount, recover_home, recovering
from sealwax.agent.staging import STAGING_FOLDER
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.crypto.sealing import SealBroken
from sealwax.ledger.account import RecoverySet, encode_entry
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.stores.base import StoreError
from sealwax.stores.folder import FolderStore
from sealwax.stores.server import ServerUnreachable
from sealwax.sync.opening import fetch_segment
from sealwax.trust.account import open_for_removed
from sealwax.trust.heads import RolledBack
from sealwax.trust.home_keys import load_home_keys
from sealwax.vault.genesis import begin_account
from sealwax.vault.objects import epoch_of
from tests.accounts import Account, account_commit, made_account
from tests.homes import DAY_MS, NOW_MS, environment, ignore, importing, texts, write_threads
from tests.rotations import made_rotation
from tests.server.running import Running, running

FIRST = "+15550100000"
ENV = environment()


def _files(folder: Path) -> dict[Path, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in found}


def _account(folder: Path, messages: int = 5) -> tuple[Path, str]:
    """A vault in a folder, with one device, and its recovery key."""
    key = create_home(folder / "first", folder / "vault", "first", ENV)
    write_threads(folder / "phone", [messages])
    importing(folder / "first", ENV, folder / "phone")
    return folder / "vault", key


def _slipped_in(victim: bytes, recovery: MemberKeys) -> Account:
    """A stranger's account whose name sorts before the victim's, and an entry that makes the
    victim's recovery key its own. The stranger has all keys but the victim's."""
    for number in range(1_000):
        account = made_account(f"stranger {number}")
        if account.log.account < victim:
            break
    made = made_rotation(
        account.log, account.keys, account.entropy, without=account.recovery.member().id
    )
    packet = made.packet(made.key, recovery.member())
    made.rotation.packets.append(packet)
    entry = encode_entry(RecoverySet(recovery.member(), made.rotation))
    data = account_commit(
        account, CommitKind.RECOVERY_SET, entry, account.recovery, account.devices[0]
    )
    return account._replace(commits=(*account.commits, data))


def test_an_account_of_a_stranger_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    mine = find_account(place_of(tmp_path, vault), recovery_keys(key))
    account = _slipped_in(mine, recovery_keys(key))
    assert account.log.account < mine
    store = FolderStore.create(vault, account.log.account)
    for seq, data in enumerate(account.commits):
        store.append_commit(ACCOUNT_ZONE, seq, data)
    # Junk of an account is no hindrance either.
    FolderStore.create(vault, bytes(32)).append_commit(ACCOUNT_ZONE, 0, b"junk")
    FolderStore.create(vault, b"\x01" * 32)
    recover_home(tmp_path / "new", vault, key, "new", ENV)
    with open_agent(tmp_path / "new", ENV) as agent:
        assert agent.status().account == mine.hex()
        assert len(texts(agent, FIRST)) == 5


@contextmanager
def _lying(server: Running, account: Account, victim: MemberKeys) -> Iterator[None]:
    """A server that has the stranger's account, says that it is the victim's, and takes anybody's
    word for it."""
    accounts = server.parts.accounts
    of_recovery, member = accounts.of_recovery, accounts.member
    name, recovery = account.log.account, victim.member()
    accounts.of_recovery = lambda wanted: [name, *of_recovery(wanted)]  # type: ignore[method-assign]
    accounts.member = (  # type: ignore[method-assign]
        lambda one, who: recovery if (one, who) == (name, recovery.id) else member(one, who)
    )
    read, heads = server.parts.zones.read, server.parts.zones.heads
    server.parts.zones.read = (
        lambda one, zone, start: (  # type: ignore[method-assign]
            list(account.commits[start:]) if one == name else read(one, zone, start)
        )
    )
    try:
        yield
    finally:
        server.parts.zones.read, server.parts.zones.heads = read, heads  # type: ignore[method-assign]


def test_an_account_of_a_stranger_on_a_server_is_left_alone(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        invited = server.parts.accounts.invite("me")
        key = create_home(tmp_path / "first", server.url, "first", ENV, invited)
        place = place_of(tmp_path, server.url)
        mine = find_account(place, recovery_keys(key))
        account = _slipped_in(mine, recovery_keys(key))
        name = account.log.account
        server.parts.accounts.claim(
            name, server.parts.accounts.invite("stranger"), account.commits[0]
        )
        # An honest server folds the log with the same rules, and refuses the entry.
        with pytest.raises(Exception, match="does not count"):
            server.parts.zones.append(name, ACCOUNT_ZONE, 1, account.commits[1])
        recovery = recovery_keys(key)
        assert server.parts.accounts.of_recovery(recovery.member().id) == [mine]
        with _lying(server, account, recovery):
            assert find_account(place, recovery) == mine
            recover_home(tmp_path / "new", server.url, key, "new", ENV)
        with open_agent(tmp_path / "new", ENV) as agent:
            assert agent.status().account == mine.hex()


def test_several_accounts_of_one_key_are_told_apart_by_a_person(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    entropy = TestOnlySeededEntropy("second")
    device = made_account("second").devices[0]
    second = begin_account(device, recovery_keys(key), "copy", NOW_MS, entropy)
    FolderStore.create(vault, second.account).append_commit(ACCOUNT_ZONE, 0, second.commit)
    with pytest.raises(AccountAmbiguous, match="Several accounts") as raised:
        recover_home(tmp_path / "new", vault, key, "new", ENV)
    assert second.account.hex()[:12] in raised.value.sentence
    assert "--account" in raised.value.hint
    assert not (tmp_path / "new").exists()
    with pytest.raises(VaultEmpty, match="begins with “zz”"):
        recover_home(tmp_path / "new", vault, key, "new", ENV, "zz")
    recover_home(tmp_path / "new", vault, key, "new", ENV, second.account.hex()[:12].upper())
    with open_agent(tmp_path / "new", ENV) as agent:
        assert agent.status().account == second.account.hex()


def test_a_broken_account_does_not_hide_that_the_right_one_cannot_be_read(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    (path,) = (vault / "accounts").glob("*/zones/account/*/000000000000")
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        find_account(place_of(tmp_path, vault), recovery_keys(key))


def test_what_is_shown_before_anything_is_written(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    before = _files(vault)
    new = tmp_path / "new"
    with recovering(new, vault, key, "new", ENV) as recovery:
        found = recovery.found()
        assert _files(vault) == before
        assert not (new / "keys").exists()
    assert [(one.name, one.added_ms, one.seen_ms) for one in found.devices] == [
        ("first", NOW_MS, NOW_MS)
    ]
    assert (found.messages, found.trashed, found.troubles) == (5, 0, ())
    assert found.span is not None
    newest_ms = NOW_MS - DAY_MS
    assert found.span.newest_ns == newest_ms * 1_000_000
    assert found.span.oldest_ns == (newest_ms - 4 * 60_000) * 1_000_000
    # It was not accepted.
    assert _files(vault) == before
    assert not new.exists()


def test_what_cannot_be_read_is_told_before_the_yes(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    for path in (vault / "accounts").glob("*/objects/*/*"):
        path.unlink()
    with recovering(tmp_path / "new", vault, key, "new", ENV) as recovery:
        found = recovery.found()
    assert found.messages == 0
    assert any("cannot be read" in trouble for trouble in found.troubles)


def _declined(home: Path, vault: Path | str | None, key: str) -> FoundAccount:
    with recovering(home, vault, key, "new", ENV) as recovery:
        return recovery.found()


def test_without_a_yes_nothing_is_left(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    _declined(tmp_path / "new", vault, key)
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    _declined(tmp_path / "empty", vault, key)
    assert {path.name for path in (tmp_path / "empty").iterdir()} <= {"lock"}


def test_nothing_is_left_when_the_server_goes_away_before_the_device_is_in(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path / "server"))
        invited = server.parts.accounts.invite("me")
        key = create_home(tmp_path / "a", server.url, "a", ENV, invited)
        _declined(tmp_path / "b", server.url, key)
        assert not (tmp_path / "b").exists()
        with (
            pytest.raises(StoreError),
            recovering(tmp_path / "b", server.url, key, "b", ENV) as recovery,
        ):
            stack.close()
            recovery.accept()
    assert not (tmp_path / "b").exists()
    with pytest.raises(ServerUnreachable):
        _declined(tmp_path / "b", server.url, key)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("kind", ["folder", "server"])
def test_a_home_that_lost_its_keys_stays_as_it_was_without_a_yes(tmp_path: Path, kind: str) -> None:
    with running(tmp_path / "server") as server:
        invited = server.parts.accounts.invite("me")
        store = server.url if kind == "server" else None
        home = tmp_path / "home"
        key = create_home(home, store, "home", ENV, invited if store else "")
        write_threads(tmp_path / "phone", [5])
        importing(home, ENV, tmp_path / "phone")
        (home / "keys").unlink()
        before = _files(home)
        assert _declined(home, None, key).messages == 5
        assert _files(home) == before
        recover_home(home, None, key, "again", ENV)
        with open_agent(home, ENV) as agent:
            assert len(texts(agent, FIRST)) == 5
            assert agent.recovery.is_confirmed()
        assert (home / "library.db.damaged").exists()


def test_what_a_home_had_seen_before_it_lost_its_keys_counts(tmp_path: Path) -> None:
    """An old copy of the vault in its place is named before anything is written."""
    vault, key = _account(tmp_path)
    shutil.copytree(vault, tmp_path / "old")
    with open_agent(tmp_path / "first", ENV) as agent:
        agent.create_snapshot("newer")
    shutil.rmtree(vault)
    shutil.copytree(tmp_path / "old", vault)
    (tmp_path / "first" / "keys").unlink()
    before = _files(tmp_path / "first")
    with pytest.raises(RolledBack):
        recover_home(tmp_path / "first", None, key, "again", ENV)
    assert _files(tmp_path / "first") == before
    recover_home(tmp_path / "new", vault, key, "new", ENV)


def test_a_home_that_another_command_made_meanwhile_is_not_touched(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    new = tmp_path / "new"
    with recovering(new, vault, key, "one", ENV) as recovery:
        recovery.accept()
    before = _files(new)
    with pytest.raises(HomeExists):
        recover_home(new, vault, key, "two", ENV)
    assert _files(new) == before


def test_what_a_killed_one_left_is_no_hindrance(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    new = tmp_path / "new"
    left = new / "scratch" / STAGING_FOLDER
    left.mkdir(parents=True)
    (left / "library.db").write_bytes(b"half a library")
    (left / "heads").write_bytes(b"half of the heads")
    recover_home(new, vault, key, "new", ENV)
    assert not left.exists()
    with open_agent(new, ENV) as agent:
        assert len(texts(agent, FIRST)) == 5


def test_a_recovered_device_begins_new_keys_and_opens_the_old(tmp_path: Path) -> None:
    vault, key = _account(tmp_path)
    recover_home(tmp_path / "new", vault, key, "new", ENV)
    with open_agent(tmp_path / "new", ENV) as agent:
        log = agent.device.history.log
        assert log.newest.epoch == 1
        entered, renewed = log.commits[-2:]
        assert entered is not None
        assert renewed is not None
        assert entered.header.author == recovery_keys(key).member().id
        assert (renewed.header.kind, renewed.header.author) == (
            CommitKind.EPOCH,
            agent.device.history.device,
        )
        assert len(texts(agent, FIRST)) == 5
        agent.create_snapshot("under new keys")
    with open_agent(tmp_path / "first", ENV) as agent:
        assert [snapshot.name for snapshot in agent.snapshots()] == ["under new keys"]


def test_a_removed_device_that_an_old_copy_trusts_is_out_once_a_person_says_so(
    tmp_path: Path,
) -> None:
    vault, key = _account(tmp_path)
    recover_home(tmp_path / "old laptop", vault, key, "old laptop", ENV)
    shutil.copytree(vault, tmp_path / "copy")
    with open_agent(tmp_path / "first", ENV) as agent:
        agent.devices.revoke("old laptop")
    new = tmp_path / "new"
    with recovering(new, tmp_path / "copy", key, "new", ENV) as recovery:
        assert [device.name for device in recovery.found().devices] == ["first", "old laptop"]
        recovery.accept()
    write_threads(tmp_path / "more", [2], seed="more")
    with open_agent(new, ENV) as agent:
        agent.devices.revoke("old laptop")
        agent.import_source(tmp_path / "more", ignore)
        history = agent.device.history
        gone = load_home_keys(tmp_path / "old laptop", None, ENV.keyring).member_keys()
        opened = open_for_removed(history.log, gone)
        segments = [
            name for name, *_, is_segment in history.library.holdings.listed() if is_segment
        ]
        epochs = {name: epoch_of(history.store.get_object(name)) for name in segments}
        assert set(epochs.values()) == {0, history.log.newest.epoch}
        for name, epoch in epochs.items():
            with nullcontext() if epoch == 0 else pytest.raises(SealBroken):
                fetch_segment(history.store, opened, MESSAGES_ZONE, name)


@pytest.mark.parametrize("kind", ["folder", "server"])
def test_nine_recoveries_at_once(tmp_path: Path, kind: str) -> None:
    with running(tmp_path / "server") as server:
        store: Path | str = tmp_path / "vault" if kind == "folder" else server.url
        invited = server.parts.accounts.invite("me") if kind == "server" else ""
        key = create_home(tmp_path / "first", store, "first", ENV, invited)
        write_threads(tmp_path / "phone", [3])
        importing(tmp_path / "first", ENV, tmp_path / "phone")
        errors: list[BaseException] = []
        ready = threading.Barrier(9)

        def recover(number: int) -> None:
            try:
                home = tmp_path / f"home {number}"
                with recovering(home, store, key, f"home {number}", ENV) as recovery:
                    ready.wait(60)
                    recovery.accept()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=recover, args=(number,)) for number in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert errors == []
        for name in ("first", "home 0", "home 8"):
            with open_agent(tmp_path / name, ENV) as agent:
                agent.sync.pull()
                assert len(agent.devices.list()) == 10
                assert agent.device.history.log.newest.epoch == 9
                assert len(texts(agent, FIRST)) == 3
                agent.create_snapshot(name)


def test_a_recovery_key_of_another_account_opens_nothing(tmp_path: Path) -> None:
    vault, _ = _account(tmp_path)
    with pytest.raises(VaultEmpty):
        recover_home(tmp_path / "new", vault, new_recovery_code(ENV.entropy), "new", ENV)
    assert not (tmp_path / "new").exists()
