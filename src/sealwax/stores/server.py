"""A store on a Sealwax server, over HTTP.

Requests are signed in with the device's own key; answers that are lost are asked for again: every
request may be repeated, for objects are named by their bytes and commits carry an operation's id.

Beyond what every store does, it tells all heads in one request, listens to what others append,
and marks what may use the reserve of a full account.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from sealwax.ledger import wire
from sealwax.ledger.commit import SEQ_LIMIT
from sealwax.ledger.names import ACCOUNT_ZONE, HASH_BYTES, is_zone
from sealwax.ledger.wire import (
    BATCH_BYTES,
    BATCH_COMMITS,
    BATCH_OBJECTS,
    NAMES_LIMIT,
    Appended,
    Event,
    Looked,
    MemberSeen,
    PlanRequest,
    Usage,
    ZoneHead,
    encode_frames,
    encode_names,
)
from sealwax.stores.base import (
    COMMIT_LIMIT_BYTES,
    OBJECT_LIMIT_BYTES,
    CommitExists,
    Missing,
    StoredObject,
)
from sealwax.stores.server_address import checked_url, is_server
from sealwax.stores.server_connection import JSON, Connection
from sealwax.stores.server_errors import (
    AccountLocked,
    AccountMissing,
    AnswerTooLarge,
    BadAddress,
    DeviceNotTrusted,
    InvitationBad,
    QuotaFull,
    ServerDiskFull,
    ServerRefused,
    ServerTrouble,
    ServerUnreachable,
)
from sealwax.stores.server_events import Brought, decoded_events
from sealwax.stores.server_session import Session
from sealwax.stores.staying import Staying

__all__ = [
    "AccountLocked",
    "AccountMissing",
    "BadAddress",
    "Connection",
    "DeviceNotTrusted",
    "InvitationBad",
    "QuotaFull",
    "ServerDiskFull",
    "ServerRefused",
    "ServerStore",
    "ServerTrouble",
    "ServerUnreachable",
    "checked_url",
    "is_server",
]

LIST_LIMIT_BYTES = 1024 * 1024
"""A list of all zones or all members of an account has no more bytes."""
LOOKED_LIMIT_BYTES = 2 * 1024 * 1024
_PRESENT_WORTH_BYTES = 1024 * 1024
_LISTED_BYTES = HASH_BYTES + 8


class _Here(threading.local):
    """What holds only for the thread that said it."""

    brought: Brought | None = None


class ServerStore:
    """The objects and commits of one account on a server; see `stores.base.Store`. Any thread may
    use it."""

    is_judging = True
    """A server takes no commit that does not count, so it never holds one."""

    def __init__(
        self,
        connection: Connection,
        account: bytes,
        member: bytes,
        sign: Callable[[bytes], bytes],
    ) -> None:
        """`member` is the id of a device of the account, or of its recovery key; `sign` signs with
        that member's key."""
        self._session = Session(connection, account, member, sign)
        self._known_heads: dict[str, tuple[int, bytes]] = {}
        self._here = _Here()

    @property
    def connection(self) -> Connection:
        return self._session.connection

    def describe(self) -> str:
        return self._session.connection.url

    def try_again(self) -> None:
        """Asks the server again where it did not answer a while ago."""
        self._session.try_again()

    @contextmanager
    def essential(self) -> Iterator[None]:
        """What this thread puts and appends within may use the reserve of a full account: words,
        deletions and keys, never attachments."""
        with self._session.essential():
            yield

    @contextmanager
    def primed(self, event: Event) -> Iterator[None]:
        """Within, this thread gets from the event what it brought, without a request: `heads` are
        those that were told last, with the event's; `read_commits` that begins at its seq ends
        with its commit; objects inside it are not asked for. Check names as ever. An event that
        goes beyond what is known of the account's log answers nothing: all is asked then."""
        brought = Brought(event)
        account_seq, _ = self._known_heads.get(ACCOUNT_ZONE, (-1, b""))
        self._here.brought = brought if brought.position <= account_seq else None
        try:
            yield
        finally:
            self._here.brought = None

    def events(self) -> Iterator[Event | None]:
        """Blocks, and gives each commit that is appended from now on, by any device; None first
        and at least twice a minute, as a sign that the line is up. Raises a StoreError when the
        line breaks or the server stops: pull then, and listen anew."""
        yield from decoded_events(self._session.listen("/events"))

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """(seq, hash) of the newest commit of each zone, as of one moment: one request."""
        brought = self._here.brought
        if brought is not None and self._known_heads:
            return brought.heads(self._known_heads)
        told = self._session.ask(list[ZoneHead], "GET", "/zones", LIST_LIMIT_BYTES)
        if any(not 0 <= head.seq <= SEQ_LIMIT for head in told):
            raise ServerTrouble("The server tells of a history that is longer than one may be.")
        self._known_heads = {
            head.zone: (head.seq, bytes.fromhex(head.hash)) for head in told if is_zone(head.zone)
        }
        return dict(self._known_heads)

    def members(self) -> dict[bytes, int]:
        """When each device, by its id, last asked the server for something (ms since 1970); to
        within some minutes. One that never did is not in it."""
        told = self._session.ask(list[MemberSeen], "GET", "/members", LIST_LIMIT_BYTES)
        return {bytes.fromhex(one.member): one.last_seen_ms for one in told}

    @property
    def server_ms(self) -> int | None:
        """The server's clock when it last answered (ms since 1970), to a second."""
        return self._session.connection.server_ms

    def usage(self) -> Usage:
        """How full the account is."""
        return self._session.ask(Usage, "GET", "")

    def ask_for_plan(self, plan_bytes: int) -> None:
        """Asks the operator for a plan."""
        content = msgspec.json.encode(PlanRequest(plan_bytes))
        self._session.send("POST", "/plan", headers=JSON, content=content)

    def open_link(self, box: bytes) -> None:
        """Opens a letter box for linking; see `server.links`."""
        self._session.send("PUT", f"/links/{box.hex()}")

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
        brought = self._here.brought
        if brought is not None and name in brought.objects:
            return brought.objects[name]
        try:
            return self._session.fetch(f"/objects/{name.hex()}", OBJECT_LIMIT_BYTES)
        except AnswerTooLarge:
            # Whatever these bytes are, they are not this object: it is damaged there.
            return b""

    def get_objects(self, names: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """(name, bytes) of those of `names` that are there, many in one answer. An answer that
        breaks off counts as far as it came."""
        brought = self._here.brought
        inside = brought.objects if brought is not None else {}
        left: list[bytes] = []
        for name in names:
            if name in inside:
                yield name, inside[name]
            else:
                left.append(name)
        while left:
            found = self._session.some_frames("/objects/read", encode_names(left[:BATCH_OBJECTS]))
            for name, data in zip(left, found, strict=False):
                if data:
                    yield name, data
            left = left[len(found) :]

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        wanted = list(names)
        found: set[bytes] = set()
        for start in range(0, len(wanted), NAMES_LIMIT):
            content = encode_names(wanted[start : start + NAMES_LIMIT])
            found.update(self._session.names("POST", "/objects/present", content=content))
        return found & set(wanted)

    def look_at_objects(self, names: Iterable[bytes]) -> list[bytes]:
        """Has the server read these objects; gives those that are missing or damaged there."""
        left, lost = list(names), list[bytes]()
        while left:
            content = encode_names(left[:NAMES_LIMIT])
            told = self._session.ask(
                Looked, "POST", "/objects/look", LOOKED_LIMIT_BYTES, content=content
            )
            if not 0 < told.seen <= len(left):
                raise ServerTrouble("The server does not say what it read.")
            lost += [bytes.fromhex(name) for name in told.lost]
            left = left[told.seen :]
        return lost

    def lost_objects(self) -> list[bytes]:
        """What the server lost and nobody put back yet."""
        return self._session.names("GET", "/lost")

    def list_objects(self) -> Iterator[StoredObject]:
        after = ""
        while body := self._session.send(
            "GET", "/objects", limit_bytes=LIST_LIMIT_BYTES, params={"after": after}
        ):
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
            content = encode_names(wanted[start : start + NAMES_LIMIT])
            self._session.send("POST", "/objects/delete", content=content)

    def staying_objects(self, names: Iterable[bytes]) -> Staying:
        """Those of the objects that the server would not delete now: by its own clock, nothing has
        held them for long enough."""
        wanted, stay, until_ms = list(names), set[bytes](), 0
        for start in range(0, len(wanted), NAMES_LIMIT):
            content = encode_names(wanted[start : start + NAMES_LIMIT])
            told = self._session.ask(
                wire.Staying, "POST", "/objects/staying", LOOKED_LIMIT_BYTES, content=content
            )
            stay.update(bytes.fromhex(name) for name in told.names)
            until_ms = max(until_ms, told.until_ms)
        return Staying(frozenset(stay & set(wanted)), until_ms)

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        assert 0 < len(data) <= COMMIT_LIMIT_BYTES
        path, params = f"/commits/{seq}", {"zone": zone}
        stands = self._session.ask(Appended, "POST", path, params=params, content=data)
        if stands.seq != seq:
            raise CommitExists(f"The commit {zone}/{seq} is there already.")

    def get_commit(self, zone: str, seq: int) -> bytes:
        if seq < 0:
            raise Missing(f"The commit {zone}/{seq} is not there.")
        return self._session.send(
            "GET", f"/commits/{seq}", limit_bytes=COMMIT_LIMIT_BYTES, params={"zone": zone}
        )

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        brought = self._here.brought
        if brought is not None and brought.has(zone, start_seq):
            yield start_seq, brought.commit
            return
        seq = start_seq
        while True:
            params: dict[str, Any] = {"zone": zone, "start": seq}
            found = self._session.frames("GET", "/commits", params=params)
            if not found:
                return
            if len(found) > BATCH_COMMITS:
                raise ServerTrouble("The server's answer has more commits than one may.")
            for data in found:
                yield seq, data
                seq += 1

    def head_seq(self, zone: str) -> int:
        seq, _ = self.heads().get(zone, (-1, b""))
        return seq

    def list_zones(self) -> list[str]:
        return sorted(self.heads())

    def close(self) -> None:
        self._session.connection.close()

    def _put_batch(self, batch: dict[bytes, bytes]) -> None:
        # What came over before the line broke is not sent again.
        if sum(map(len, batch.values())) >= _PRESENT_WORTH_BYTES:
            present = self.has_objects(batch)
            batch = {name: data for name, data in batch.items() if name not in present}
        if not batch:
            return
        stored = self._session.names("POST", "/objects", content=encode_frames(batch.values()))
        if stored != list(batch):
            raise ServerTrouble("The server did not keep what it was given.")
