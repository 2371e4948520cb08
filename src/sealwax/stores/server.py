"""A store on a Sealwax server, over HTTP.

Requests are signed in with the device's own key; answers that are lost are asked for again: every
request may be repeated, for objects are named by their bytes and commits carry an operation's id.
"""

import ipaddress
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from sealwax.base.errors import SealwaxError
from sealwax.ledger.names import HASH_BYTES
from sealwax.ledger.wire import (
    BATCH_BYTES,
    BATCH_OBJECTS,
    BODY_LIMIT_BYTES,
    NAMES_LIMIT,
    Appended,
    Challenge,
    Config,
    HexHash,
    PlanRequest,
    ServerStatus,
    Token,
    TokenRequest,
    Trouble,
    Usage,
    ZoneHead,
    decode_frames,
    decode_names,
    encode_frames,
    encode_names,
    token_signing_input,
)
from sealwax.stores.base import (
    COMMIT_LIMIT_BYTES,
    OBJECT_LIMIT_BYTES,
    CommitExists,
    CommitGap,
    Missing,
    StoredObject,
    StoreError,
    StoreFull,
)
from sealwax.stores.letters import LinkUsed

if TYPE_CHECKING:
    import httpx

TRIES = 4
WAITS_SECONDS = (0.1, 0.5, 2.0)
_TIMEOUT_SECONDS, _CONNECT_SECONDS = 60, 10
_AGAIN = frozenset((429, 502, 503, 504))
_PRESENT_WORTH_BYTES = 1024 * 1024
_LISTED_BYTES = HASH_BYTES + 8
_OCTETS = {"content-type": "application/octet-stream"}

T = TypeVar("T")


class ServerUnreachable(StoreError):
    """The server does not answer."""

    code = "server-unreachable"
    hint = "Check the network and the address. Reading works without it; nothing is lost."


class ServerTrouble(StoreError):
    """The server answers that something is wrong with it, or answers nonsense."""

    code = "server-trouble"
    hint = "Wait, and try again: nothing here is wrong. Its page /status says more."


class ServerRefused(StoreError):
    """The server does not do what it was asked for."""

    code = "server-refused"
    hint = "Run the command again; if it stays, tell whoever runs the server."


class DeviceNotTrusted(StoreError):
    """The account does not trust this device any more."""

    code = "device-not-trusted"
    hint = "Another device removed this one. Link it again, or use the recovery key."


class AccountLocked(StoreError):
    """The operator of the server locked the account."""

    code = "account-locked"
    hint = "Ask whoever runs the server. Everything on this device keeps working."


class InvitationBad(StoreError):
    """The invitation is not known, or was used."""

    code = "invitation-bad"
    hint = "Ask whoever runs the server for a new one: `sealwax admin account create NAME`."


class BadAddress(SealwaxError):
    """The address of the server is none that is used."""

    code = "server-address-bad"
    hint = "Give an address that begins with https://; plain http:// only for this computer."


_REFUSALS: dict[str, type[StoreError]] = {
    "commit-exists": CommitExists,
    "commit-gap": CommitGap,
    "not-there": Missing,
    "storage-full": StoreFull,
    "server-disk-full": StoreFull,
    "account-locked": AccountLocked,
    "device-not-trusted": DeviceNotTrusted,
    "invitation-bad": InvitationBad,
    "link-used": LinkUsed,
    "link-taken": LinkUsed,
    "server-trouble": ServerTrouble,
}
_decode_trouble = msgspec.json.Decoder(Trouble).decode


class Connection:
    """Requests to one server. `close` it when done."""

    def __init__(self, url: str, transport: "httpx.BaseTransport | None" = None) -> None:
        """Raises BadAddress. `transport` stands in for the network in tests."""
        self.url = checked_url(url)
        is_here = _is_loopback(urlsplit(self.url).hostname or "")
        # A command that talks to no server starts without it: it takes a tenth of a second.
        import httpx

        self._lost = httpx.HTTPError
        self._client = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            transport=transport,
            # A proxy has no business between two programs on one computer.
            trust_env=not is_here,
            follow_redirects=False,
        )

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any
    ) -> bytes:
        """The body of the answer; raises a StoreError. Asks again when an answer is lost."""
        for number in range(TRIES):
            try:
                answer = self._client.request(method, path, headers=headers, **rest)
            except self._lost as error:
                if number == TRIES - 1:
                    name = type(error).__name__
                    raise ServerUnreachable(f"{self.url} does not answer ({name}).") from error
            else:
                if answer.status_code not in _AGAIN or number == TRIES - 1:
                    return _body(answer)
            time.sleep(WAITS_SECONDS[min(number, len(WAITS_SECONDS) - 1)])
        raise AssertionError("unreachable")

    def ask(self, kind: type[T], method: str, path: str, **rest: Any) -> T:
        """The answer as a struct of the wire."""
        body = self.send(method, path, **rest)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerTrouble(f"{self.url} answers something else than was asked.") from error

    def config(self) -> Config:
        return self.ask(Config, "GET", "/v1/config")

    def status(self) -> ServerStatus:
        """The server's own health, working or not."""
        try:
            answer = self._client.get("/status", headers={"accept": "application/json"})
            return msgspec.json.decode(answer.content, type=ServerStatus)
        except self._lost as error:
            raise ServerUnreachable(f"{self.url} does not answer.") from error
        except msgspec.MsgspecError as error:
            raise ServerTrouble(f"{self.url} is no Sealwax server.") from error

    def claim(self, account: bytes, invitation: str, genesis: bytes) -> None:
        """Begins an account with an invitation."""
        headers = {**_OCTETS, "x-invitation": invitation}
        self.send("PUT", f"/v1/accounts/{account.hex()}", headers=headers, content=genesis)

    def accounts_of_recovery(self, member: bytes) -> list[bytes]:
        """The accounts whose recovery key has this id."""
        found = self.ask(list[HexHash], "GET", f"/v1/recoveries/{member.hex()}")
        return [bytes.fromhex(account) for account in found]

    def leave(self, box: bytes, side: str, message: bytes) -> None:
        """Leaves a message for linking; see `server.links`."""
        self.send("PUT", f"/v1/links/{box.hex()}/{side}", headers=_OCTETS, content=message)

    def take(self, box: bytes, side: str) -> bytes:
        """The other side's message for linking; empty while there is none."""
        return self.send("GET", f"/v1/links/{box.hex()}/{side}")

    def close(self) -> None:
        self._client.close()


class ServerStore:
    """The objects and commits of one account on a server; see `stores.base.Store`."""

    def __init__(
        self,
        connection: Connection,
        account: bytes,
        member: bytes,
        sign: Callable[[bytes], bytes],
    ) -> None:
        """`member` is the id of a device of the account, or of its recovery key; `sign` signs with
        that member's key."""
        self._connection = connection
        self._account = account
        self._member = member
        self._sign = sign
        self._path = f"/v1/accounts/{account.hex()}"
        self._token = ""

    @property
    def connection(self) -> Connection:
        return self._connection

    def describe(self) -> str:
        return self._connection.url

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        batch: dict[bytes, bytes] = {}
        size_bytes = 0
        for name, data in objects:
            assert 0 < len(data) <= OBJECT_LIMIT_BYTES
            if batch and (size_bytes + len(data) > BATCH_BYTES or len(batch) >= BATCH_OBJECTS):
                self._put_batch(batch)
                batch, size_bytes = {}, 0
            batch[name] = data
            size_bytes += len(data)
        if batch:
            self._put_batch(batch)

    def get_object(self, name: bytes) -> bytes:
        data = self._send("GET", f"/objects/{name.hex()}")
        if len(data) > OBJECT_LIMIT_BYTES:
            raise ServerTrouble(f"The object {name.hex()} is larger than one may be.")
        return data

    def get_objects(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """(name, bytes) of those of `names` that are there, many in one answer."""
        left = list(names)
        while left:
            body = self._send("POST", "/objects/read", content=encode_names(left[:BATCH_OBJECTS]))
            found = self._frames(body)
            if not found:
                raise ServerTrouble("The server answers with fewer objects than were asked for.")
            for name, data in zip(left, found, strict=False):
                if data:
                    yield name, data
            left = left[len(found) :]

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        wanted = list(names)
        found: set[bytes] = set()
        for start in range(0, len(wanted), NAMES_LIMIT):
            asked = encode_names(wanted[start : start + NAMES_LIMIT])
            found.update(self._names(self._send("POST", "/objects/present", content=asked)))
        return found & set(wanted)

    def list_objects(self) -> Iterator[StoredObject]:
        after = ""
        while body := self._send("GET", "/objects", params={"after": after}):
            if len(body) % _LISTED_BYTES:
                raise ServerTrouble("The server's list of objects is cut short.")
            for at in range(0, len(body), _LISTED_BYTES):
                entry = body[at : at + _LISTED_BYTES]
                size_bytes = int.from_bytes(entry[HASH_BYTES:], "big")
                yield StoredObject(entry[:HASH_BYTES], size_bytes)
            last = body[-_LISTED_BYTES:][:HASH_BYTES].hex()
            if last <= after:
                raise ServerTrouble("The server's list of objects does not go on.")
            after = last

    def delete_objects(self, names: Iterable[bytes]) -> None:
        wanted = list(names)
        for start in range(0, len(wanted), NAMES_LIMIT):
            asked = encode_names(wanted[start : start + NAMES_LIMIT])
            self._send("POST", "/objects/delete", content=asked)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        assert 0 < len(data) <= COMMIT_LIMIT_BYTES
        body = self._send("POST", f"/commits/{seq}", params={"zone": zone}, content=data)
        if self._decoded(Appended, body).seq != seq:
            raise CommitExists(f"The commit {zone}/{seq} is there already.")

    def get_commit(self, zone: str, seq: int) -> bytes:
        if seq < 0:
            raise Missing(f"The commit {zone}/{seq} is not there.")
        return self._send("GET", f"/commits/{seq}", params={"zone": zone})

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        seq = start_seq
        while True:
            params: dict[str, Any] = {"zone": zone, "start": seq}
            found = self._frames(self._send("GET", "/commits", params=params))
            if not found:
                return
            for data in found:
                yield seq, data
                seq += 1

    def head_seq(self, zone: str) -> int:
        return next((head.seq for head in self._heads() if head.zone == zone), -1)

    def list_zones(self) -> list[str]:
        return sorted(head.zone for head in self._heads())

    def usage(self) -> Usage:
        """How full the account is."""
        return self._decoded(Usage, self._send("GET", ""))

    def ask_for_plan(self, plan_bytes: int) -> None:
        """Asks the operator for a plan."""
        self._send("POST", "/plan", content=msgspec.json.encode(PlanRequest(plan_bytes)))

    def open_link(self, box: bytes) -> None:
        """Opens a letter box for linking; see `server.links`."""
        self._send("PUT", f"/links/{box.hex()}")

    def close(self) -> None:
        self._connection.close()

    def _put_batch(self, batch: dict[bytes, bytes]) -> None:
        # What came over before the line broke is not sent again.
        if sum(map(len, batch.values())) >= _PRESENT_WORTH_BYTES:
            present = self.has_objects(batch)
            batch = {name: data for name, data in batch.items() if name not in present}
        if not batch:
            return
        stored = self._names(self._send("POST", "/objects", content=encode_frames(batch.values())))
        if stored != list(batch):
            raise ServerTrouble("The server did not keep what it was given.")

    def _heads(self) -> list[ZoneHead]:
        return self._decoded(list[ZoneHead], self._send("GET", "/zones"))

    def _send(self, method: str, path: str, **rest: Any) -> bytes:
        """A request of this account, signed in; again when the token is too old."""
        for is_last in (False, True):
            if not self._token:
                self._sign_in()
            headers = {**_OCTETS, "authorization": f"Bearer {self._token}"}
            if path == "/plan":
                headers["content-type"] = "application/json"
            try:
                return self._connection.send(method, self._path + path, headers=headers, **rest)
            except _TokenBad:
                self._token = ""
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def _sign_in(self) -> None:
        nonce = self._connection.ask(Challenge, "POST", "/v1/challenges").nonce
        message = token_signing_input(self._account, self._member, bytes.fromhex(nonce))
        request = TokenRequest(self._member.hex(), nonce, self._sign(message).hex())
        headers = {"content-type": "application/json"}
        content = msgspec.json.encode(request)
        path = f"{self._path}/tokens"
        self._token = self._connection.ask(
            Token, "POST", path, headers=headers, content=content
        ).token

    def _decoded(self, kind: type[T], body: bytes) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerTrouble("The server answers something else than was asked.") from error

    def _frames(self, body: bytes) -> list[bytes]:
        try:
            return list(decode_frames(body))
        except ValueError as error:
            raise ServerTrouble("The server's answer is cut short.") from error

    def _names(self, body: bytes) -> list[bytes]:
        try:
            return decode_names(body)
        except ValueError as error:
            raise ServerTrouble("The server's answer is cut short.") from error


class _TokenBad(ServerRefused):
    """The token is too old, or the server was started anew: sign in again."""


def checked_url(url: str) -> str:
    """The address of a server, without a slash at its end; raises BadAddress."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadAddress("This is no address of a server.")
    if parts.username or parts.password:
        raise BadAddress("An address holds no name and no password.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise BadAddress(f"The line to {parts.hostname} would not be encrypted.")
    return url.rstrip("/")


def is_server(address: str) -> bool:
    """Whether an address is a server's, not a folder's."""
    return address.startswith(("http://", "https://"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _body(answer: "httpx.Response") -> bytes:
    """The bytes of an answer, or the error that it tells of."""
    if len(answer.content) > BODY_LIMIT_BYTES:
        raise ServerTrouble("The server's answer is larger than one may be.")
    if answer.is_success:
        return answer.content
    try:
        trouble = _decode_trouble(answer.content)
    except msgspec.MsgspecError:
        raise ServerTrouble(f"The server answers with HTTP {answer.status_code}.") from None
    if trouble.code in ("token-bad", "token-missing"):
        raise _TokenBad(trouble.detail)
    kind = _REFUSALS.get(trouble.code)
    if kind is None:
        kind = ServerTrouble if answer.status_code >= 500 else ServerRefused
    raise kind(trouble.detail)
