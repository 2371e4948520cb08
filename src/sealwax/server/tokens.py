"""Tokens: a member of an account signs a nonce of ours, and may then ask for a quarter of an hour.

It signs by which address it calls us too, so no other server can have it sign for us.

Nothing depends on a device's clock. Tokens live in memory: after a restart devices sign in again.
Whether the member is still trusted is asked of the account's log at every request, so a device that
was removed is out at once. It may still sign in, to read the account's log up to its removal.
"""

import hashlib
import threading
from typing import NamedTuple

from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.signature import is_signed_by
from sealwax.ledger.wire import NONCE_BYTES, Token, TokenRequest, token_signing_input
from sealwax.server.accounts import Accounts
from sealwax.server.origins import Origins
from sealwax.server.refusal import Refusal, not_allowed

TOKEN_SECONDS = 15 * 60
NONCE_SECONDS = 60
KEPT_LIMIT = 100_000
_TOKEN_BYTES = 32


class Caller(NamedTuple):
    """Who asks: a member of an account."""

    account: bytes
    member: bytes


class _Issued(NamedTuple):
    caller: Caller
    ends: float


class Tokens:
    """The nonces and tokens that are good now."""

    def __init__(self, accounts: Accounts, clock: Clock, entropy: Entropy) -> None:
        self._accounts = accounts
        self._clock = clock
        self._entropy = entropy
        self._nonces: dict[bytes, float] = {}
        self._issued: dict[bytes, _Issued] = {}
        self._lock = threading.Lock()

    def challenge(self) -> bytes:
        """A nonce to sign: good once, for a minute."""
        nonce = self._entropy.bytes(NONCE_BYTES)
        now = self._clock.monotonic()
        with self._lock:
            if len(self._nonces) >= KEPT_LIMIT:
                self._nonces = {key: ends for key, ends in self._nonces.items() if ends > now}
            if len(self._nonces) >= KEPT_LIMIT:
                raise Refusal(429, "too-many-requests", "Too many ask at once; try again soon.")
            self._nonces[nonce] = now + NONCE_SECONDS
        return nonce

    def issue(self, account: bytes, request: TokenRequest, origins: Origins) -> Token:
        """A token for a member that signed a nonce for this server; raises Refusal."""
        nonce, member_id = bytes.fromhex(request.nonce), bytes.fromhex(request.member)
        with self._lock:
            ends = self._nonces.pop(nonce, 0.0)
        if ends <= self._clock.monotonic():
            raise not_allowed("The nonce is not known, or was used.", "nonce-bad")
        origins.need_known(request.origin)
        accounts = self._accounts
        member = accounts.member(account, member_id) or accounts.former(account, member_id)
        message = token_signing_input(account, member_id, nonce, request.origin)
        signature = bytes.fromhex(request.signature)
        if member is None or not is_signed_by(member.sign_key, signature, message):
            raise not_allowed("The account does not trust this device.", "device-not-trusted")
        token = self._entropy.bytes(_TOKEN_BYTES).hex()
        self._keep(_hashed(token), Caller(account, member_id))
        return Token(token, TOKEN_SECONDS)

    def caller(self, account: bytes, token: str, is_former_welcome: bool = False) -> Caller:
        """Who holds a token, when it is good for this account; raises Refusal. A device that was
        put out is welcome only to hear of that."""
        # The table is asked for the hash, so the time that takes tells nothing of the token.
        issued = self._issued.get(_hashed(token))
        if issued is None or issued.ends <= self._clock.monotonic():
            raise not_allowed("The token is not known, or too old: sign in again.")
        if issued.caller.account != account:
            raise not_allowed("The token is of another account.", "token-of-another-account")
        is_out = self._accounts.member(account, issued.caller.member) is None
        if is_out and not is_former_welcome:
            raise not_allowed("The account does not trust this device.", "device-not-trusted")
        return issued.caller

    def account_of(self, token: str) -> bytes | None:
        """The account that a token is good for, if it is good for any."""
        issued = self._issued.get(_hashed(token))
        is_good = issued is not None and issued.ends > self._clock.monotonic()
        return issued.caller.account if issued is not None and is_good else None

    def _keep(self, token_hash: bytes, caller: Caller) -> None:
        now = self._clock.monotonic()
        with self._lock:
            if len(self._issued) >= KEPT_LIMIT:
                kept = {key: one for key, one in self._issued.items() if one.ends > now}
                self._issued = kept
            self._issued[token_hash] = _Issued(caller, now + TOKEN_SECONDS)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
