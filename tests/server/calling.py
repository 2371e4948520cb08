"""Requests to a server as any client could write them, good ones and bad ones."""

from typing import Any

import httpx
import msgspec

from sealwax.crypto.device_keys import MemberKeys
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.wire import (
    Challenge,
    Token,
    TokenRequest,
    Trouble,
    encode_frames,
    token_signing_input,
)
from tests.accounts import Account, next_commit
from tests.server.running import Running
from tests.stores.contract import named

MESSAGES = "messages"


class Calls:
    """An account on a server, and the requests of its devices."""

    def __init__(self, server: Running, account: Account, name: str) -> None:
        self.server = server
        self.account = account
        self.name = name
        self.path = f"/v1/accounts/{account.log.account.hex()}"
        self.store = server.begun(account, name)
        self.client = httpx.Client(base_url=server.url, trust_env=False, timeout=30)
        self.head = beginning(account.log.account, MESSAGES)
        self.token = self.sign_in()

    def __enter__(self) -> "Calls":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.store.close()

    def sign_in(self, member: MemberKeys | None = None) -> str:
        """A token of a member."""
        answer = self.asked_to_sign_in(member or self.account.devices[0])
        assert answer.status_code == 201, answer.text
        return msgspec.json.decode(answer.content, type=Token).token

    def asked_to_sign_in(
        self,
        member: MemberKeys,
        nonce: str = "",
        account: bytes | None = None,
        origin: str = "",
        named_origin: str = "",
    ) -> httpx.Response:
        """Asks for a token; `origin` is what is signed, `named_origin` what the request says."""
        nonce = nonce or self.nonce()
        signed = account or self.account.log.account
        origin = origin or self.server.url
        message = token_signing_input(signed, member.member().id, bytes.fromhex(nonce), origin)
        request = TokenRequest(
            member.member().id.hex(), named_origin or origin, nonce, member.sign(message).hex()
        )
        return self.client.post(self.path + "/tokens", json=msgspec.to_builtins(request))

    def nonce(self) -> str:
        answer = self.client.post("/v1/challenges")
        return msgspec.json.decode(answer.content, type=Challenge).nonce

    def ask(self, method: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
        """A request below the account's path."""
        headers = {
            "authorization": f"Bearer {self.token if token is None else token}",
            "content-type": "application/octet-stream",
            **rest.pop("headers", {}),
        }
        return self.client.request(method, self.path + path, headers=headers, **rest)

    def put(self, *objects: bytes, is_essential: bool = False) -> httpx.Response:
        headers = {"x-essential": "1"} if is_essential else {}
        return self.ask("POST", "/objects", content=encode_frames(objects), headers=headers)

    def append(
        self, data: bytes, seq: int | None = None, zone: str = MESSAGES, is_essential: bool = False
    ) -> httpx.Response:
        """Asks to append a commit; the head goes on when it is taken as the next one."""
        wanted = self.head.seq + 1 if seq is None else seq
        headers = {"x-essential": "1"} if is_essential else {}
        answer = self.ask(
            "POST", f"/commits/{wanted}", params={"zone": zone}, content=data, headers=headers
        )
        if answer.is_success and zone == MESSAGES and wanted == self.head.seq + 1:
            self.take(data)
        return answer

    def take(self, data: bytes) -> None:
        """The head goes on to a commit that was taken."""
        self.head = judge(self.head, data, self.account.log).head

    def next(self, head: Head | None = None, **rest: Any) -> bytes:
        """The bytes of a commit that follows."""
        return next_commit(self.account, head or self.head, **rest)

    def kept(self, *contents: bytes, is_essential: bool = False) -> list[bytes]:
        """Puts objects and appends a commit that adds them; gives their names."""
        answer = self.put(*contents, is_essential=is_essential)
        assert answer.is_success, answer.text
        objects = [named(content) for content in contents]
        added = tuple((name, len(data)) for name, data in objects)
        answer = self.append(self.next(added=added), is_essential=is_essential)
        assert answer.is_success, answer.text
        return [name for name, _ in objects]


def trouble(answer: httpx.Response, status: int, code: str) -> Trouble:
    """Checks that an answer is a refusal in the form of RFC 9457, and gives it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    found = msgspec.json.decode(answer.content, type=Trouble)
    assert (found.status, found.code) == (status, code)
    assert found.type and found.title and found.detail
    return found
