"""A store in memory: for tests and simulations. The same contract, nothing durable."""

import threading
from collections.abc import Iterable, Iterator, Sequence

from sealwax.ledger.names import object_name
from sealwax.stores.base import CommitExists, CommitGap, Missing, StoredObject


class MemoryStore:
    """The objects and commits of one account in memory; see `stores.base.Store`."""

    def __init__(self) -> None:
        self._objects: dict[bytes, bytes] = {}
        self._zones: dict[str, list[bytes]] = {}
        self._lost: list[tuple[str, list[bytes]]] = []
        self._lock = threading.Lock()

    def describe(self) -> str:
        return "memory"

    def put_objects(self, objects: Iterable[tuple[bytes, bytes]]) -> None:
        for name, data in objects:
            with self._lock:
                known = self._objects.get(name)
                if known is None or (object_name(known) != name == object_name(data)):
                    self._objects[name] = bytes(data)

    def get_object(self, name: bytes) -> bytes:
        try:
            return self._objects[name]
        except KeyError:
            raise Missing(f"The object {name.hex()} is not there.") from None

    def has_objects(self, names: Iterable[bytes]) -> set[bytes]:
        return {name for name in names if name in self._objects}

    def list_objects(self) -> Iterator[StoredObject]:
        with self._lock:
            listed = [StoredObject(name, len(data)) for name, data in sorted(self._objects.items())]
        yield from listed

    def delete_objects(self, names: Iterable[bytes]) -> None:
        with self._lock:
            for name in names:
                self._objects.pop(name, None)

    def append_commits(
        self, zone: str, start_seq: int, commits: Sequence[bytes], _head_seq: int = -1, /
    ) -> None:
        """Appends commits one after the other; see `stores.near.NearStore`."""
        for seq, data in enumerate(commits, start_seq):
            self.append_commit(zone, seq, data)

    def set_aside_zone(self, zone: str) -> None:
        """Puts the commits of a zone aside; see `stores.near.NearStore`."""
        with self._lock:
            self._lost.append((zone, self._zones.pop(zone, [])))

    def set_aside_end(self, zone: str, start_seq: int) -> None:
        """Takes the end of a zone away; see `stores.near.NearStore`."""
        with self._lock:
            del self._zones.get(zone, [])[start_seq:]

    def replace_commit(self, zone: str, seq: int, data: bytes) -> None:
        """Replaces one commit; see `stores.near.NearStore`."""
        with self._lock:
            self._zones[zone][seq] = data

    def lost_commits(self, zone: str) -> list[list[bytes]]:
        """The histories of a zone that were put aside; see `stores.near.NearStore`."""
        return [commits for name, commits in self._lost if name == zone]

    def append_commit(self, zone: str, seq: int, data: bytes) -> None:
        with self._lock:
            commits = self._zones.setdefault(zone, [])
            if seq < len(commits):
                raise CommitExists(f"The commit {zone}/{seq} is there already.")
            if seq > len(commits):
                raise CommitGap(f"The commit before {zone}/{seq} is not there.")
            commits.append(bytes(data))

    def get_commit(self, zone: str, seq: int) -> bytes:
        commits = self._zones.get(zone, [])
        if not 0 <= seq < len(commits):
            raise Missing(f"The commit {zone}/{seq} is not there.")
        return commits[seq]

    def read_commits(self, zone: str, start_seq: int) -> Iterator[tuple[int, bytes]]:
        seq = start_seq
        while seq < len(self._zones.get(zone, [])):
            yield seq, self._zones[zone][seq]
            seq += 1

    def head_seq(self, zone: str) -> int:
        return len(self._zones.get(zone, [])) - 1

    def list_zones(self) -> list[str]:
        return sorted(zone for zone, commits in self._zones.items() if commits)

    def close(self) -> None:
        """Nothing is held open."""
