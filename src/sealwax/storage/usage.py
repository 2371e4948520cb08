"""What takes space, as people see it: by conversation, by file, in the trash, in snapshots."""

from collections.abc import Mapping
from typing import NamedTuple

from sealwax.library.library import Library
from sealwax.library.project import NOWHERE, TRASH
from sealwax.library.usage import FileRow, files, messages_with_files, segment_bytes
from sealwax.library.view import attachment_view
from sealwax.model.field import TIME_NS


class ConversationUse(NamedTuple):
    """The files of one conversation; `conversation` is a record, None where there is none."""

    conversation: int | None
    files: int
    file_bytes: int


class Overview(NamedTuple):
    """Where the space goes. `word_bytes` and `piece_bytes` are sealed bytes at the head,
    `snapshot_bytes` what only snapshots hold; `file_bytes` are those of the files themselves, each
    once, `trash_bytes` of those that only the trash has."""

    word_bytes: int
    piece_bytes: int
    snapshot_bytes: int
    files: int
    file_bytes: int
    trash_records: int
    trash_bytes: int
    conversations: tuple[ConversationUse, ...]


class LargeFile(NamedTuple):
    """A large attachment and the message that it came with (None where that is not known)."""

    record: int
    name: str
    mime_type: str | None
    size_bytes: int
    message: int | None
    conversation: int | None
    time_ns: int | None
    in_trash: bool


def overview(library: Library, top: int) -> Overview:
    """Where the space goes, with the `top` conversations that have the most."""
    connection = library.database.connection
    head_bytes, snapshot_bytes = library.holdings.sealed_bytes()
    word_bytes = segment_bytes(connection)
    by_origin = {file.origin: file for file in files(connection)}
    kept: set[str] = set()
    found: dict[int | None, tuple[int, int]] = {}
    for row, origins in messages_with_files(connection):
        if row.place == TRASH:
            continue
        kept.update(origins)
        number, size_bytes = found.get(row.conversation, (0, 0))
        sizes = [by_origin[origin].size_bytes for origin in origins if origin in by_origin]
        found[row.conversation] = (number + len(sizes), size_bytes + sum(sizes))
    ranked = sorted(found.items(), key=lambda item: (-item[1][1], item[0] or 0))
    return Overview(
        word_bytes,
        head_bytes - word_bytes,
        snapshot_bytes,
        len(by_origin),
        _distinct_bytes(by_origin),
        library.counts().trashed,
        _distinct_bytes({name: file for name, file in by_origin.items() if name not in kept}),
        tuple(ConversationUse(chat, *use) for chat, use in ranked[:top] if use[0]),
    )


def large_files(library: Library, larger_than_bytes: int) -> list[LargeFile]:
    """The files larger than that, largest first."""
    connection = library.database.connection
    large = {
        file.origin: file
        for file in files(connection)
        if file.size_bytes > larger_than_bytes and file.row.place != NOWHERE
    }
    if not large:
        return []
    placed: dict[str, LargeFile] = {
        origin: _large(file, None, None, None, file.row.place == TRASH)
        for origin, file in large.items()
    }
    for row, origins in messages_with_files(connection):
        for origin in large.keys() & set(origins):
            known = placed[origin]
            if known.message is None or known.in_trash:
                time_ns = row.state.get(TIME_NS)
                in_trash = row.place == TRASH
                placed[origin] = _large(
                    large[origin], row.record, row.conversation, time_ns, in_trash
                )
    return sorted(placed.values(), key=lambda file: (-file.size_bytes, file.record))


def _large(
    file: FileRow, message: int | None, conversation: int | None, time_ns: int | None, trash: bool
) -> LargeFile:
    view = attachment_view(file.row.record, file.row.state)
    return LargeFile(
        file.row.record,
        view.name,
        view.mime_type,
        file.size_bytes,
        message,
        conversation,
        time_ns,
        trash,
    )


def _distinct_bytes(found: Mapping[str, FileRow]) -> int:
    """Bytes of files, each once: two attachments that are equal are the same pieces."""
    return sum({file.chunks: file.size_bytes for file in found.values()}.values())
