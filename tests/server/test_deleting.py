"""Deleting an account: all of it goes, nothing of others does, wherever it is cut off."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwax.server.deleting import TABLES, Deleting
from sealwax.server.refusal import Refusal
from sealwax.stores.base import StoreError
from tests.accounts import made_account
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running


def _deleting(server: Running) -> Deleting:
    accounts = server.parts.accounts
    return Deleting(accounts, accounts._database, server.parts.objects._folder)


def _rows(server: Running, account: bytes) -> dict[str, list[Any]]:
    connection = server.parts.accounts._database.read()
    return {
        table: connection.execute(f"SELECT * FROM {table} WHERE account = ?", (account,)).fetchall()
        for table in TABLES
    }


def _files(server: Running, account: bytes) -> dict[str, bytes]:
    folder = server.parts.objects._folder / "accounts" / account.hex()
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _with_objects(server: Running, name: str) -> Calls:
    calls = Calls(server, made_account(name), name)
    calls.kept(*(f"{name} {number}".encode() * 100 for number in range(3)))
    return calls


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server of its own, for the names of accounts are used again."""
    with running(tmp_path / "server") as found:
        yield found


@pytest.fixture
def two(server: Running) -> tuple[Calls, Calls]:
    return _with_objects(server, "going"), _with_objects(server, "staying")


def _account(calls: Calls) -> bytes:
    account: bytes = calls.account.log.account
    return account


def test_all_of_an_account_goes_and_nothing_of_another(
    server: Running, two: tuple[Calls, Calls]
) -> None:
    going, staying = two
    kept = _rows(server, _account(staying)), _files(server, _account(staying))
    assert kept[1]
    plan = _deleting(server).plan("going")
    assert (plan.objects, plan.commits) == (3, 2)
    assert plan.head_bytes == plan.disk_bytes > 0
    assert _rows(server, _account(going))["chain"]
    assert _deleting(server).delete("going") == plan
    assert not any(_rows(server, _account(going)).values())
    assert not _files(server, _account(going))
    assert (_rows(server, _account(staying)), _files(server, _account(staying))) == kept
    # Who was signed in is told, whatever was remembered of it.
    trouble(going.ask("GET", "/zones"), 404, "account-missing")
    with pytest.raises(StoreError):
        going.store.head_seq("messages")
    assert staying.store.head_seq("messages") == 0
    # The name is free.
    assert server.parts.accounts.invite("going")
    with pytest.raises(Refusal):
        _deleting(server).plan("nobody")


@pytest.mark.parametrize("where", ["folder", "some rows", "rest"])
def test_cut_off_it_is_locked_and_goes_on(
    server: Running, two: tuple[Calls, Calls], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, staying = two
    kept = _rows(server, _account(staying)), _files(server, _account(staying))

    def broken(*_: Any) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        if where == "folder":
            # After one file is gone.
            first = Path(min(_files(server, _account(going))))
            patch.setattr(shutil, "rmtree", lambda folder: (first.unlink(), broken()))
        elif where == "some rows":
            patch.setattr("sealwax.server.deleting._delete_some", broken)
        else:
            patch.setattr("sealwax.server.deleting._delete_rest", broken)
        with pytest.raises(OSError, match="cut off"):
            _deleting(server).delete("going")
    assert server.parts.accounts.standing(_account(going)).locked_ms is not None
    _deleting(server).delete("going")
    assert not any(_rows(server, _account(going)).values())
    assert not _files(server, _account(going))
    assert (_rows(server, _account(staying)), _files(server, _account(staying))) == kept


def test_it_can_begin_again_under_the_same_key(server: Running, two: tuple[Calls, Calls]) -> None:
    going, _ = two
    _deleting(server).delete("going")
    secret = server.parts.accounts.invite("again")
    server.parts.accounts.claim(_account(going), secret, going.account.commits[0])
    again = server.parts.accounts.log(_account(going))
    assert again.head == 0
    assert not server.parts.zones.read(_account(going), "messages", 0)


def test_an_invitation_that_nobody_used_goes(server: Running) -> None:
    server.parts.accounts.invite("early")
    assert _deleting(server).delete("early").account == ""
    assert "early" not in server.parts.accounts.invited()
