"""Signing in: only members of the account, each nonce once, for a while, until they are removed."""

from pathlib import Path

from sealwax.base.clock import SetClock
from sealwax.crypto.device_keys import new_member_keys
from sealwax.ledger.wire import decode_frames
from sealwax.server.tokens import NONCE_SECONDS, TOKEN_SECONDS
from tests.accounts import TIME_MS, made_account, revocation
from tests.server.calling import Calls, trouble
from tests.server.running import Running, running


def test_without_a_good_token_nothing_is_told(calls: Calls) -> None:
    bare = calls.client.get(calls.path + "/zones")
    trouble(bare, 401, "token-missing")
    for token in ("ab" * 32, "x" * 5_000):
        trouble(calls.ask("GET", "/zones", token), 401, "token-bad")
    basic = {"authorization": "Basic YTpi"}
    trouble(calls.client.get(calls.path + "/zones", headers=basic), 401, "token-missing")


def test_a_token_is_good_for_its_own_account_alone(calls: Calls, server: Running) -> None:
    with Calls(server, made_account("another"), "another") as other:
        trouble(calls.ask("GET", "/zones", other.token), 401, "token-of-another-account")
        trouble(other.ask("GET", "/zones", calls.token), 401, "token-of-another-account")
        (name,) = calls.kept(b"of the first")
        trouble(other.ask("GET", f"/objects/{name.hex()}"), 404, "not-there")


def test_a_nonce_is_good_once(calls: Calls) -> None:
    nonce, device = calls.nonce(), calls.account.devices[0]
    assert calls.asked_to_sign_in(device, nonce).is_success
    trouble(calls.asked_to_sign_in(device, nonce), 401, "nonce-bad")
    trouble(calls.asked_to_sign_in(device, "ab" * 32), 401, "nonce-bad")


def test_only_members_sign_in(calls: Calls) -> None:
    stranger = new_member_keys(calls.account.entropy)
    trouble(calls.asked_to_sign_in(stranger), 401, "device-not-trusted")
    signed_for_another = calls.asked_to_sign_in(calls.account.devices[0], account=b"\0" * 32)
    trouble(signed_for_another, 401, "device-not-trusted")


def test_a_removed_device_is_out_at_once(calls: Calls) -> None:
    gone = calls.account.devices[1]
    token = calls.sign_in(gone)
    assert calls.ask("GET", "/zones", token).is_success
    seq = calls.account.log.head + 1
    assert calls.append(revocation(calls.account, gone), seq, "account").is_success
    trouble(calls.ask("GET", "/zones", token), 401, "device-not-trusted")
    # It may still hear that it is out, and nothing of what came after.
    again = calls.sign_in(gone)
    assert (
        len(list(decode_frames(calls.ask("GET", "/commits?zone=account", again).content)))
        == seq + 1
    )
    for path in ("", "/zones", "/commits?zone=messages", "/commits/0?zone=account"):
        trouble(calls.ask("GET", path, again), 401, "device-not-trusted")
    assert calls.ask("GET", "/zones").is_success


def test_nonces_and_tokens_end(tmp_path: Path) -> None:
    clock = SetClock(TIME_MS)
    with running(tmp_path, clock) as server, Calls(server, made_account("ends"), "ends") as calls:
        nonce = calls.nonce()
        clock.advance(NONCE_SECONDS * 1_000)
        trouble(calls.asked_to_sign_in(calls.account.devices[0], nonce), 401, "nonce-bad")
        clock.advance((TOKEN_SECONDS - NONCE_SECONDS - 1) * 1_000)
        assert calls.ask("GET", "/zones").is_success
        clock.advance(2_000)
        trouble(calls.ask("GET", "/zones"), 401, "token-bad")
        assert calls.store.heads()
