"""Objects that were brought and that no commit names yet, by account: how many bytes they take.

Kept in memory: after a start it is counted anew, the first time that an account brings something.
"""

import threading
from collections.abc import Callable, Iterable, Mapping

from sealwax.server.quota import Standing, need_upload_room
from sealwax.stores.base import StoredObject


class Uploads:
    """What lies here for a commit to come."""

    def __init__(self, unnamed: Callable[[bytes], Iterable[StoredObject]]) -> None:
        """`unnamed` lists the objects of an account that are here and that no commit names."""
        self._unnamed = unnamed
        self._sizes: dict[bytes, dict[bytes, int]] = {}
        self._lock = threading.Lock()

    def bring(self, account: bytes, sizes: Mapping[bytes, int], standing: Standing) -> None:
        """These objects come; raises Refusal when they are too many."""
        with self._lock:
            known = self._known(account)
            fresh = {name: size for name, size in sizes.items() if name not in known}
            need_upload_room(standing, sum(known.values()) + sum(fresh.values()))
            known.update(fresh)

    def settle(self, account: bytes, names: Iterable[bytes]) -> None:
        """These are named by a commit now, or gone."""
        with self._lock:
            known = self._sizes.get(account)
            if known:
                for name in names:
                    known.pop(name, None)

    def _known(self, account: bytes) -> dict[bytes, int]:
        found = self._sizes.get(account)
        if found is None:
            found = self._sizes[account] = dict(self._unnamed(account))
        return found
