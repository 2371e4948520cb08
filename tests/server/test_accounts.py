"""Accounts: invited, begun, found by their recovery key, locked, unlocked."""

import httpx
import pytest

from sealwax.server.refusal import Refusal
from sealwax.stores.server import AccountLocked
from tests.accounts import made_account
from tests.server.calling import Calls, trouble
from tests.server.running import Running


def _claim(server: Running, account: str, secret: str, body: bytes) -> httpx.Response:
    headers = {"x-invitation": secret, "content-type": "application/octet-stream"}
    url = f"{server.url}/v1/accounts/{account}"
    return httpx.put(url, headers=headers, content=body, trust_env=False)


def test_an_invitation_is_good_for_one_account(server: Running) -> None:
    one, two = made_account("one"), made_account("two")
    secret = server.parts.accounts.invite("one")
    first = one.commits[0]
    for _ in range(2):
        assert _claim(server, one.log.account.hex(), secret, first).status_code == 204
    refused = _claim(server, two.log.account.hex(), secret, two.commits[0])
    trouble(refused, 403, "invitation-bad")
    trouble(_claim(server, one.log.account.hex(), "guess", first), 403, "invitation-bad")


def test_a_bad_first_commit_begins_nothing(server: Running) -> None:
    account = made_account("bad beginning")
    secret = server.parts.accounts.invite("bad beginning")
    name, first = account.log.account.hex(), account.commits[0]
    for body in (first[:-1], first + b"x", b"", b"\x00" * 100):
        trouble(_claim(server, name, secret, body), 400, "request-malformed")
    trouble(_claim(server, "ab" * 32, secret, first), 400, "request-malformed")
    assert "bad beginning" in server.parts.accounts.invited()
    assert _claim(server, name, secret, first).status_code == 204
    assert "bad beginning" not in server.parts.accounts.invited()


def test_a_name_is_taken_once(server: Running) -> None:
    server.parts.accounts.invite("anna")
    with pytest.raises(Refusal, match="anna"):
        server.parts.accounts.invite("anna")
    for name in ("", "x" * 65, "line\nbreak"):
        with pytest.raises(Refusal):
            server.parts.accounts.invite(name)


def test_a_plan_is_granted_before_and_after_the_beginning(server: Running) -> None:
    account = made_account("planned")
    accounts = server.parts.accounts
    secret = accounts.invite("planned")
    accounts.grant_plan("planned", 7_000_000)
    _claim(server, account.log.account.hex(), secret, account.commits[0])
    assert accounts.usage(account.log.account).plan_bytes == 7_000_000
    accounts.ask_for_plan(account.log.account, 9_000_000)
    assert accounts.usage(account.log.account).asked_bytes == 9_000_000
    accounts.grant_plan("planned", 9_000_000)
    usage = accounts.usage(account.log.account)
    assert (usage.plan_bytes, usage.asked_bytes) == (9_000_000, None)
    with pytest.raises(Refusal):
        accounts.grant_plan("nobody", 1)


def test_a_recovery_key_finds_its_account(calls: Calls) -> None:
    recovery = calls.account.recovery.member().id.hex()
    found = calls.client.get(f"/v1/recoveries/{recovery}").json()
    assert found == [calls.account.log.account.hex()]
    assert calls.client.get(f"/v1/recoveries/{'0' * 32}").json() == []
    token = calls.sign_in(calls.account.recovery)
    assert calls.ask("GET", "/zones", token).status_code == 200


def test_a_lock_takes_effect_at_once_and_loses_nothing(calls: Calls) -> None:
    (name,) = calls.kept(b"kept")
    accounts = calls.server.parts.accounts
    accounts.lock(calls.name, "unpaid bill")
    for method, path in (("GET", "/zones"), ("GET", f"/objects/{name.hex()}"), ("GET", "/events")):
        refused = trouble(calls.ask(method, path), 423, "account-locked")
        assert "unpaid bill" in refused.detail
        assert refused.since_ms
    trouble(calls.put(b"more"), 423, "account-locked")
    trouble(calls.append(calls.next()), 423, "account-locked")
    with pytest.raises(AccountLocked, match="unpaid bill"):
        calls.store.heads()
    accounts.unlock(calls.name)
    assert calls.ask("GET", f"/objects/{name.hex()}").content == b"kept"
    assert calls.append(calls.next()).is_success
