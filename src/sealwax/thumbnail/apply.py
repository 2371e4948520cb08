"""Making small pictures, a batch at a time: read a photo, have it decoded, seal what comes of it,
say so.

A batch is one commit that stands on its own. What was made and not said yet when the process ends
is made again. Small pictures go into the history that all devices share or nowhere: who has the
photo does not need them, and others get them when they can be shared.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.library.library import Library
from sealwax.library.parts import ReadPart
from sealwax.library.pictures import Lacking, Pictures
from sealwax.library.usage import used_chunks
from sealwax.library.view import attachment_view
from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT, THUMBNAIL
from sealwax.model.pieces import pieces_of_value, thumbnail_of
from sealwax.model.state import State
from sealwax.stores.base import Store, StoreError
from sealwax.thumbnail.decoder import Decodes
from sealwax.thumbnail.plan import VERSION, Known, Verdict, first_verdict, judge, tried_by
from sealwax.vault.commit_part import Part
from sealwax.vault.writing import StoredFile, Writing, Written

REASON = "thumbnails"
FIRST_VERSION = 1


class Sharing(Protocol):
    """Writes into the history that all devices share, or nowhere; raises FarAway or FarFull."""

    @property
    def device(self) -> bytes: ...

    def share_files(self, files: Sequence[Path | bytes]) -> list[StoredFile | OSError]: ...

    def share(self, writing: Writing) -> Written: ...


class Look(NamedTuple):
    """What a look at all attachments found: those that are to get one now, as far as they were
    asked for, how many there are of each verdict, and when another look may find more (ms since
    1970; 0 for no time)."""

    wanted: list[Lacking]
    verdicts: Mapping[Verdict, int]
    again_ms: int


class Made(NamedTuple):
    """Small pictures that were made, and pictures of which none could be."""

    made: int = 0
    failed: int = 0


class Maker:
    """Makes small pictures in one open home; `near` is the store on this device."""

    def __init__(
        self,
        library: Library,
        writer: Sharing,
        near: Store,
        read_part: ReadPart,
        decoder: Decodes,
    ) -> None:
        """`read_part` reads from `near` alone."""
        self._library = library
        self._pictures = Pictures(library.database.connection)
        self._writer = writer
        self._near = near
        self._read_part = read_part
        self._decoder = decoder
        self._unreadable: set[bytes] = set()

    def look(self, now_ms: int, limit: int) -> Look:
        """Looks for so many that are to get one now. Raises CompanionLost."""
        wanted: list[Lacking] = []
        verdicts: Counter[Verdict] = Counter()
        again_ms = 0
        for page in self._pictures.lacking(is_outdated_too=VERSION > FIRST_VERSION):
            photos: list[Lacking] = []
            for row in page:
                verdict = first_verdict(row.state)
                if verdict == Verdict.WANTED:
                    photos.append(row)
                else:
                    verdicts[verdict] += 1
            known = self._known(photos, now_ms) if photos else None
            for row in photos:
                assert known is not None
                judged = judge(row.uid, row.state, known)
                verdicts[judged.verdict] += 1
                if judged.verdict == Verdict.WANTED:
                    wanted.append(row)
                if judged.again_ms:
                    again_ms = min(again_ms or judged.again_ms, judged.again_ms)
            if len(wanted) >= limit:
                break
        return Look(wanted[:limit], verdicts, again_ms)

    def make(
        self, wanted: Sequence[Lacking], is_enough: Callable[[int], bool] = lambda _: False
    ) -> Made:
        """Makes them; `is_enough` is told after each how many are made, and may end the batch.
        Raises FarAway, FarFull, CompanionLost."""
        pictures: list[tuple[Lacking, bytes]] = []
        failed = 0
        tried = tried_by(self._decoder.formats()) if wanted else ""
        for row in wanted:
            picture = self._picture(row, tried)
            if picture is None:
                failed += 1
            else:
                pictures.append((row, picture))
            if is_enough(len(pictures) + failed):
                break
        if pictures:
            self._write(pictures)
        return Made(len(pictures), failed)

    def _picture(self, row: Lacking, tried: str) -> bytes | None:
        try:
            data = self._bytes(row)
        except (StoreError, SealBroken, SealUnknown):
            # Damage is for `verify` to tell of. It may be mended when the home is next opened.
            self._unreadable.add(row.uid)
            return None
        picture = self._decoder.small_picture(data)
        if picture is None:
            self._pictures.note_failed(row.uid, tried)
        return picture

    def _known(self, rows: Sequence[Lacking], now_ms: int) -> Known:
        formats = self._decoder.formats()
        failed = self._pictures.failed(tried_by(formats)) | self._unreadable
        pieces = [name for row in rows for name in _pieces(row.state)]
        shared = self._pictures.shared(pieces)
        here = self._near.has_objects(shared)
        shared_ms = {name: told.time_ms for name, told in shared.items()}
        return Known(self._writer.device, now_ms, formats, failed, shared_ms, here)

    def _bytes(self, row: Lacking) -> bytes:
        view = attachment_view(row.record, row.state)
        return self._read_part(view, 0, view.size_bytes or 0)

    def _write(self, pictures: Sequence[tuple[Lacking, bytes]]) -> None:
        stored = self._writer.share_files([picture for _, picture in pictures])
        changes: list[Change] = []
        chunks: list[tuple[bytes, int]] = []
        for (row, _), file in zip(pictures, stored, strict=True):
            assert isinstance(file, StoredFile)
            changes.append(self._change(row, file))
            chunks += file.chunks
        replaced = {row.uid: old[0] for row, _ in pictures if (old := thumbnail_of(row.state))}
        connection = self._library.database.connection
        writing = Writing(tuple(changes), Part(reason=REASON), chunks=tuple(chunks))
        if replaced:
            writing = writing._replace(
                dropped=tuple(sorted(set(replaced.values()) - _names(changes))),
                in_use=lambda: used_chunks(connection, replaced.keys()),
            )
        self._writer.share(writing)

    def _change(self, row: Lacking, file: StoredFile) -> Change:
        """Told at the time of what it is a picture of, and under the life of the record."""
        stored = row.state.stamp(CONTENT)
        assert stored is not None
        value = [VERSION, file.content[2][0]]
        told = entry(THUMBNAIL, value)
        life, device = row.state.life, self._writer.device
        return Change(row.state.kind, row.uid, life, stored.time_ms, device, (told,))


def _pieces(state: State) -> list[bytes]:
    return pieces_of_value(CONTENT.name, state.get(CONTENT))


def _names(changes: Sequence[Change]) -> set[bytes]:
    named: Iterator[bytes] = (
        name
        for change in changes
        for told in change.entries
        for name in pieces_of_value(told.name, told.value)
    )
    return set(named)
