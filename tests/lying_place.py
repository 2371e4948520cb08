"""A place that lies: as a store, and as a server at the other end of a line.

Both take the same `Lies`, which may change at any time. What is not lied about is passed on to the
real place, so a lie is told by a place that is right in all else. A lie about a chain is told
consistently: the head, the commits one by one and the commits in a row are those of the same list.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest

from sealwax.agent import place
from sealwax.ledger.names import commit_hash, object_name
from sealwax.ledger.wire import (
    BATCH_COMMITS,
    Appended,
    Looked,
    Trouble,
    ZoneHead,
    decode_frames,
    decode_names,
    encode_frames,
    encode_names,
)
from sealwax.stores.base import Missing, Store
from sealwax.stores.forwarding import ForwardingStore
from sealwax.stores.server import Connection

Chain = list[bytes]
ChainLie = Callable[[Chain], Chain]
Heads = dict[str, tuple[int, bytes]]
Answer = Callable[[httpx.Request], httpx.Response | None]


class Lies:
    """What a place tells that is not so; nothing at first.

    `chains` has, for a zone, what becomes of its commits; `heads` what becomes of the heads after
    that. `objects` is given a name and the real bytes (none: it is not there) and gives what is
    told; `present` is given the names that were asked for and those that are there. With `keeps_…`
    switched off, what is put or appended is acknowledged and thrown away. `answer` is for a server
    alone: a whole answer in place of the real one. `told` counts the lies about chains.
    """

    def __init__(self) -> None:
        self.be_honest()
        self.told = 0

    def be_honest(self) -> None:
        """From now on everything is as it is."""
        self.chains: dict[str, ChainLie] = {}
        self.heads: Callable[[Heads], Heads] = lambda heads: heads
        self.objects: Callable[[bytes, bytes], bytes] = lambda _, data: data
        self.present: Callable[[list[bytes], set[bytes]], set[bytes]] = lambda _, found: found
        self.lost: Callable[[list[bytes]], list[bytes]] = lambda lost: lost
        self.keeps_objects = True
        self.keeps_commits = True
        self.answer: Answer = lambda _: None

    def chain(self, zone: str, commits: Chain) -> Chain:
        """What is told of a chain."""
        self.told += 1
        return self.chains[zone](commits)


# Lies about a chain.


def swapped(one: int, two: int) -> ChainLie:
    """Two commits in each other's place."""

    def lie(commits: Chain) -> Chain:
        told = [*commits]
        told[one], told[two] = told[two], told[one]
        return told

    return lie


def without(seq: int) -> ChainLie:
    """One is left out."""
    return lambda commits: commits[:seq] + commits[seq + 1 :]


def doubled(seq: int) -> ChainLie:
    """One comes twice."""
    return lambda commits: commits[: seq + 1] + commits[seq:]


def replaced(seq: int, data: bytes) -> ChainLie:
    """Other bytes stand at a seq."""
    return lambda commits: [*commits[:seq], data, *commits[seq + 1 :]]


def ended(seq: int) -> ChainLie:
    """It ends at a seq, as it did once."""
    return lambda commits: commits[: seq + 1]


def followed_by(*more: bytes) -> ChainLie:
    """Something stands behind its end."""
    return lambda commits: [*commits, *more]


def backwards(commits: Chain) -> Chain:
    """All but the first one in the reverse order."""
    return commits[:1] + commits[:0:-1]


def flipped(seq: int, byte: int = 100) -> ChainLie:
    """One bit of one commit is wrong."""
    return lambda commits: replaced(seq, one_bit_off(commits[seq], byte))(commits)


def one_bit_off(data: bytes, byte: int) -> bytes:
    """The same bytes with one bit wrong."""
    return data[:byte] + bytes([data[byte] ^ 1]) + data[byte + 1 :]


class LyingStore(ForwardingStore):
    """A store that lies, around a real one; what the real one can besides, this can too."""

    def __init__(self, inner: Store, lies: Lies) -> None:
        super().__init__(inner)
        self._lies = lies

    def __getattr__(self, name: str) -> Any:
        if name == "heads" and hasattr(self._inner, name):
            return self._heads
        return getattr(self._inner, name)

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        if self._lies.keeps_objects:
            self._inner.put_objects(objects)

    def get_object(self, name: bytes) -> bytes:
        try:
            data = self._inner.get_object(name)
        except Missing:
            data = b""
        told = self._lies.objects(name, data)
        if not told:
            raise Missing(f"The object {name.hex()} is not there.")
        return told

    def get_objects(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for name in names:
            try:
                yield name, self.get_object(name)
            except Missing:
                continue

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        asked = list(names)
        return self._lies.present(asked, self._inner.has_objects(asked))

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        if self._lies.keeps_commits:
            self._inner.append_commit(zone, seq, data)

    def get_commit(self, zone: str, seq: int) -> bytes:
        if zone not in self._lies.chains:
            return self._inner.get_commit(zone, seq)
        commits = self._told(zone)
        if not 0 <= seq < len(commits):
            raise Missing(f"The commit {zone}/{seq} is not there.")
        return commits[seq]

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        if zone not in self._lies.chains:
            yield from self._inner.read_commits(zone, start_seq)
            return
        yield from enumerate(self._told(zone)[start_seq:], start_seq)

    def head_seq(self, zone: str) -> int:
        real = self._inner.head_seq(zone)
        if zone in self._lies.chains:
            real = len(self._told(zone)) - 1
        told = self._lies.heads({zone: (real, b"")})
        return told.get(zone, (-1, b""))[0]

    def list_zones(self) -> list[str]:
        zones = self._inner.list_zones()
        return sorted(self._lies.heads({zone: (self.head_seq(zone), b"") for zone in zones}))

    def _heads(self) -> Heads:
        heads: Heads = dict(getattr(self._inner, "heads")())  # noqa: B009
        for zone in self._lies.chains:
            heads[zone] = head_of(self._told(zone))
        return self._lies.heads(heads)

    def _told(self, zone: str) -> Chain:
        return self._lies.chain(zone, [data for _, data in self._inner.read_commits(zone, 0)])


def head_of(commits: Chain) -> tuple[int, bytes]:
    """The head of a chain."""
    return len(commits) - 1, commit_hash(commits[-1])


class LyingLine(httpx.BaseTransport):
    """The line to a real server at whose other end somebody lies; it remembers the requests."""

    def __init__(self, lies: Lies) -> None:
        self._inner = httpx.HTTPTransport()
        self._lies = lies
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        instead = self._lies.answer(request)
        if instead is not None:
            return instead
        path = re.sub(r"^/v1/accounts/[0-9a-f]{64}", "", request.url.path)
        answer = self._lied(request, path)
        return self._inner.handle_request(request) if answer is None else answer

    def close(self) -> None:
        self._inner.close()

    def _lied(self, request: httpx.Request, path: str) -> httpx.Response | None:
        lies, kind = self._lies, (request.method, re.sub(r"/(\d+|[0-9a-f]{64})$", "/*", path))
        if kind == ("GET", "/zones"):
            return self._zones(request)
        if kind in (("GET", "/commits"), ("GET", "/commits/*")):
            zone = request.url.params["zone"]
            return self._commits(request, zone, path) if zone in lies.chains else None
        if kind == ("POST", "/commits/*") and not lies.keeps_commits:
            return _json(Appended(int(path.rpartition("/")[2])))
        if kind == ("POST", "/objects") and not lies.keeps_objects:
            names = [object_name(data) for data in decode_frames(request.read())]
            return _octets(encode_names(names))
        if kind == ("GET", "/objects/*"):
            return self._object(request, bytes.fromhex(path.rpartition("/")[2]))
        if path.startswith("/objects/") or path == "/lost":
            return self._objects(request, path)
        return None

    def _zones(self, request: httpx.Request) -> httpx.Response | None:
        real = self._real(request)
        if real.status_code != httpx.codes.OK:
            return real
        told = msgspec.json.decode(real.content, type=list[ZoneHead])
        heads = {one.zone: (one.seq, bytes.fromhex(one.hash)) for one in told}
        for zone in self._lies.chains:
            heads[zone] = head_of(self._chain(request, zone))
        heads = self._lies.heads(heads)
        return _json([ZoneHead(zone, seq, hash_.hex()) for zone, (seq, hash_) in heads.items()])

    def _commits(self, request: httpx.Request, zone: str, path: str) -> httpx.Response:
        commits = self._chain(request, zone)
        if path == "/commits":
            start = int(request.url.params.get("start", "0"))
            return _octets(encode_frames(commits[start : start + BATCH_COMMITS]))
        seq = int(path.rpartition("/")[2])
        return _octets(commits[seq]) if seq < len(commits) else not_there()

    def _chain(self, request: httpx.Request, zone: str) -> Chain:
        """The zone as the server has it, and what becomes of it."""
        base, commits = str(request.url).partition("/accounts/"), list[bytes]()
        address = f"{base[0]}/accounts/{base[2][:64]}/commits"
        while True:
            params = {"zone": zone, "start": str(len(commits))}
            headers = {"authorization": request.headers["authorization"]}
            asked = httpx.Request("GET", address, params=params, headers=headers)
            found = list(decode_frames(self._real(asked).content))
            if not found:
                return self._lies.chain(zone, commits)
            commits += found

    def _object(self, request: httpx.Request, name: bytes) -> httpx.Response:
        real = self._real(request)
        is_there = real.status_code == httpx.codes.OK
        told = self._lies.objects(name, real.content if is_there else b"")
        return _octets(told) if told else not_there()

    def _objects(self, request: httpx.Request, path: str) -> httpx.Response | None:
        real = self._real(request)
        if real.status_code != httpx.codes.OK:
            return real
        if path == "/objects/read":
            asked = decode_names(request.read())
            found = zip(asked, decode_frames(real.content), strict=False)
            return _octets(encode_frames(self._lies.objects(name, data) for name, data in found))
        if path == "/objects/present":
            asked = decode_names(request.read())
            told = self._lies.present(asked, set(decode_names(real.content)))
            return _octets(encode_names(sorted(told)))
        if path == "/objects/look":
            looked = msgspec.json.decode(real.content, type=Looked)
            lost = self._lies.lost([bytes.fromhex(name) for name in looked.lost])
            return _json(Looked(looked.seen, [name.hex() for name in lost]))
        if path == "/lost":
            return _octets(encode_names(self._lies.lost(decode_names(real.content))))
        return real

    def _real(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.read()
        return answer


def _octets(data: bytes) -> httpx.Response:
    return httpx.Response(200, content=data)


def _json(value: Any) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(value))


def not_there() -> httpx.Response:
    """What a server says of what it does not have."""
    return refusing(404, "not-there", "There is no such thing here.")


def refusing(status: int, code: str, detail: str) -> httpx.Response:
    """A refusal of a server."""
    trouble = Trouble("about:blank", "refused", status, detail, code)
    return httpx.Response(status, content=msgspec.json.encode(trouble))


def endless(piece: bytes, status: int = 200) -> httpx.Response:
    """An answer that has no end."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield piece

    return httpx.Response(status, content=pieces())


@contextmanager
def lied_to(patch: pytest.MonkeyPatch, lies: Lies) -> Iterator[list[LyingLine]]:
    """Within, homes reach their server over lines at whose other end somebody lies; gives the
    lines."""
    lines: list[LyingLine] = []

    def connection(url: str) -> Connection:
        lines.append(LyingLine(lies))
        return Connection(url, lines[-1], wait=lambda _: None)

    with patch.context() as inner:
        inner.setattr(place, "Connection", connection)
        yield lines
