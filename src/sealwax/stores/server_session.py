"""The requests of one member of an account, signed in with its key; again when a token is too old.

Any thread may ask. What is marked as essential is so for the thread that says it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from sealwax.ledger.names import HASH_BYTES
from sealwax.ledger.wire import (
    ESSENTIAL_HEADER,
    NAMES_LIMIT,
    Challenge,
    Token,
    TokenRequest,
    decode_frames,
    decode_names,
    token_signing_input,
    whole_frames,
)
from sealwax.stores.base import Missing
from sealwax.stores.server_answer import ANSWER_LIMIT_BYTES
from sealwax.stores.server_connection import JSON, OCTETS, Connection
from sealwax.stores.server_errors import AccountMissing, ServerTrouble, TokenBad

T = TypeVar("T")
NAMES_BYTES = NAMES_LIMIT * HASH_BYTES
_CUT_SHORT = "The server's answer is cut short."


class _Here(threading.local):
    is_essential = False


class Session:
    """Requests of a member of an account; paths are those below the account's own."""

    def __init__(
        self,
        connection: Connection,
        account: bytes,
        member: bytes,
        sign: Callable[[bytes], bytes],
    ) -> None:
        self.connection = connection
        self._account = account
        self._member = member
        self._sign = sign
        self._path = f"/v1/accounts/{account.hex()}"
        self._token = ""
        self._here = _Here()

    @contextmanager
    def essential(self) -> Iterator[None]:
        """Marks this thread's requests as ones that may use the reserve of a full account."""
        was, self._here.is_essential = self._here.is_essential, True
        try:
            yield
        finally:
            self._here.is_essential = was

    def try_again(self) -> None:
        """Asks a server again that did not answer."""
        self.connection.try_again()

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any
    ) -> bytes:
        """The body of the answer."""
        mine = headers or {}
        return self._signed_in(
            lambda signed: self.connection.send(
                method, self._path + path, {**signed, **mine}, **rest
            )
        )

    def fetch(self, path: str, limit_bytes: int) -> bytes:
        """A large answer, which goes on where the line broke."""
        return self._signed_in(
            lambda signed: self.connection.fetch(self._path + path, signed, limit_bytes)
        )

    def listen(self, path: str) -> Iterator[str]:
        """The lines of an answer that does not end."""
        for is_last in (False, True):
            try:
                yield from self.connection.listen(self._path + path, self._headers())
            except TokenBad:
                self._token = ""
                if is_last:
                    raise

    def ask(
        self, kind: type[T], method: str, path: str, limit_bytes: int = ANSWER_LIMIT_BYTES,
        **rest: Any,
    ) -> T:  # fmt: skip
        """The answer as a struct of the wire."""
        body = self.send(method, path, limit_bytes=limit_bytes, **rest)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerTrouble("The server answers something else than was asked.") from error

    def names(self, method: str, path: str, **rest: Any) -> list[bytes]:
        """The answer as names of objects."""
        try:
            return decode_names(self.send(method, path, limit_bytes=NAMES_BYTES, **rest))
        except ValueError as error:
            raise ServerTrouble(_CUT_SHORT) from error

    def frames(self, method: str, path: str, **rest: Any) -> list[bytes]:
        """The answer as frames."""
        try:
            return list(decode_frames(self.send(method, path, **rest)))
        except ValueError as error:
            raise ServerTrouble(_CUT_SHORT) from error

    def some_frames(self, path: str, content: bytes) -> list[bytes]:
        """At least one frame of the answer: those that came before the line broke, if it did."""

        def has_some(body: bytes) -> bool:
            return any(True for _ in whole_frames(body))

        body, is_whole = self._signed_in(
            lambda signed: self.connection.send_some(
                has_some, "POST", self._path + path, signed, content=content
            )
        )
        found = list(whole_frames(body))
        if not found or (is_whole and sum(4 + len(piece) for piece in found) != len(body)):
            raise ServerTrouble(_CUT_SHORT)
        return found

    def _signed_in(self, act: Callable[[dict[str, str]], T]) -> T:
        self.connection.need_heard()
        for is_last in (False, True):
            try:
                return act(self._headers())
            except AccountMissing as error:
                raise self._account_missing() from error
            except TokenBad:
                self._token = ""
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self._token = self._sign_in()
        headers = {**OCTETS, "authorization": f"Bearer {self._token}"}
        return {**headers, ESSENTIAL_HEADER: "1"} if self._here.is_essential else headers

    def _sign_in(self) -> str:
        try:
            return self._token_of_now()
        except (Missing, AccountMissing) as error:
            raise self._account_missing() from error

    def _account_missing(self) -> AccountMissing:
        return AccountMissing(f"{self.connection.url} does not have this account.")

    def _token_of_now(self) -> str:
        nonce = self.connection.ask(Challenge, "POST", "/v1/challenges").nonce
        origin = self.connection.origin
        message = token_signing_input(self._account, self._member, bytes.fromhex(nonce), origin)
        request = TokenRequest(self._member.hex(), origin, nonce, self._sign(message).hex())
        content = msgspec.json.encode(request)
        path = f"{self._path}/tokens"
        return self.connection.ask(Token, "POST", path, headers=JSON, content=content).token
