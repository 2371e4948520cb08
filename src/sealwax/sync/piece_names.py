"""Pieces of files under names that may be used: a name that was dropped is never added again."""

from collections.abc import Sequence
from pathlib import Path

from sealwax.crypto.keyed_hash import FileHash
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.database import STILL
from sealwax.library.holdings import Holdings
from sealwax.stores.base import Missing, Store
from sealwax.sync.pieces import sealed_pieces
from sealwax.sync.renaming import named_pieces, renamed
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import Sealed, check_name, open_chunk, seal_chunk
from sealwax.vault.writing import StoredFile, Writing


class PieceNames:
    """Seals the pieces of files for the zone that all devices share."""

    def __init__(self, store: Store, holdings: Holdings, keys: AccountKeys) -> None:
        self._store = store
        self._holdings = holdings
        self._keys = keys

    def put(self, files: Sequence[Path | bytes], epoch: int) -> list[StoredFile | OSError]:
        """Seals and stores the pieces of files, or of their bytes; see `vault.writing.Writer`."""
        stored: list[StoredFile | OSError] = []
        roots = self._keys.roots
        # The keys are derived before other threads ask for them.
        self._keys.zone_key(MESSAGES_ZONE, epoch)
        objects = sealed_pieces(
            files,
            lambda: FileHash(roots),
            lambda piece: seal_chunk(self._keys, MESSAGES_ZONE, epoch, piece),
            lambda piece, sealed: self._settle(piece, sealed, epoch),
            stored,
        )
        self._store.put_objects(objects)
        return stored

    def as_of_now(self, writing: Writing, epoch: int) -> Writing:
        """What is to be written, after all that others wrote: pieces that are in use are not
        dropped, and those that were dropped meanwhile are sealed anew."""
        if writing.in_use is not None:
            in_use = writing.in_use()
            writing = writing._replace(
                dropped=tuple(name for name in writing.dropped if name not in in_use)
            )
        named = named_pieces(writing.changes) - {name for name, _ in writing.chunks}
        known = self._holdings.intervals(named) if named else {}
        gone = [name for name, dropped_seq in known.items() if dropped_seq != STILL]
        if not gone:
            return writing
        found = {name: self._sealed_anew(name, epoch) for name in gone}
        anew = {name: sealed for name, sealed in found.items() if sealed is not None}
        self._store.put_objects(anew.values())
        names = {name: sealed.name for name, sealed in anew.items()}
        chunks = tuple((sealed.name, len(sealed.data)) for sealed in anew.values())
        changes = renamed(writing.changes, names)
        return writing._replace(changes=changes, chunks=(*writing.chunks, *chunks))

    def _sealed_anew(self, name: bytes, epoch: int) -> Sealed | None:
        """A dropped piece under a name that may be used; None where the piece is gone."""
        try:
            data = self._store.get_object(name)
            check_name(name, data)
            piece = open_chunk(self._keys, MESSAGES_ZONE, data)
        except (Missing, SealBroken, SealUnknown):
            return None
        sealed = seal_chunk(self._keys, MESSAGES_ZONE, epoch, piece)
        return self._settle(piece, sealed, epoch)[0]

    def _settle(self, piece: bytes, sealed: Sealed, epoch: int) -> tuple[Sealed, bool]:
        """A sealed piece under a name that may be used, and whether the zone lacks it still."""
        counter = 0
        while True:
            known = self._holdings.intervals([sealed.name])
            dropped_seq = known.get(sealed.name)
            if dropped_seq is None or dropped_seq == STILL:
                return sealed, dropped_seq is None
            # A dropped name is never added again: the piece is sealed anew under another salt.
            counter += 1
            sealed = seal_chunk(self._keys, MESSAGES_ZONE, epoch, piece, counter)
