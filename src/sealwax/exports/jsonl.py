"""JSON lines: complete, documented in docs/export-jsonl.md, imports again into an equal library.

The first line describes the export, each further line is one record: what people see (`shown`), and
everything that is known (`changes`), from which the record's joined state can be made again.
Attachments lie beside it as files. Bytes are `{"$bytes": "<base64>"}`.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from sealwax.exports.attachments import FOLDER, AttachmentFiles
from sealwax.exports.base import Exported, Wanted
from sealwax.exports.place import new_file, new_folder
from sealwax.library.aliases import shown_as
from sealwax.library.query import Row
from sealwax.library.select import Moment
from sealwax.library.view import attachment_view, message_view
from sealwax.model.change import Change
from sealwax.model.field import CONTENT, ORIGIN, THUMBNAIL, has_its_form
from sealwax.model.record import Kind
from sealwax.model.state import State, changes

FORMAT = "sealwax-jsonl"
VERSION = 1
FILE_SUFFIX = ".jsonl"
RECORDS_FILE = "records.jsonl"
_encode = msgspec.json.Encoder().encode
_SHOWN = (
    "time_ns",
    "from_me",
    "sender",
    "service",
    "text",
    "subject",
    "reply_to",
    "effect",
    "app",
    "event",
    "in_trash",
    "standing",
)


def export_jsonl(wanted: Wanted, out: Path) -> Exported:
    """Writes the folder `out` with records.jsonl and the attachments; or, when its name ends in
    .jsonl, that file with a folder of attachments beside it."""
    if out.suffix != FILE_SUFFIX:
        with new_folder(out) as folder:
            return _write(wanted, folder / RECORDS_FILE, FOLDER)._replace(path=out)
    beside = out.with_name(f"{out.stem}-{FOLDER}")
    with new_file(out, beside) as folder:
        return _write(wanted, folder / out.name, beside.name)._replace(path=out)


def _write(wanted: Wanted, path: Path, folder: str) -> Exported:
    files = AttachmentFiles(path.parent, wanted.read_file, folder)
    with path.open("xb") as file:
        return _Export(wanted, file, files).run()


class _Export:
    def __init__(self, wanted: Wanted, file: IO[bytes], files: AttachmentFiles) -> None:
        self._wanted = wanted
        self._file = file
        self._files = files
        self._records = 0
        self._messages = 0

    def run(self) -> Exported:
        self._line({"format": FORMAT, "version": VERSION, "made_ms": self._wanted.made_ms})
        for row in self._rows():
            self._record(row)
            self._wanted.report(self._records)
        files = self._files
        return Exported(
            Path(),
            self._records,
            self._messages,
            files.count,
            files.size_bytes,
            tuple(files.problems),
        )

    def _rows(self) -> Iterator[Row]:
        read, moment = self._wanted.library.read, self._wanted.moment
        if self._wanted.selection.is_everything:
            for kind in (Kind.CONTACT, Kind.CONVERSATION, Kind.ATTACHMENT, Kind.MESSAGE):
                yield from read.rows(kind, moment)
            return
        yield from _selected(self._wanted)

    def _record(self, row: Row) -> None:
        origin = row.state.get(ORIGIN)
        if origin is None:
            return
        line: dict[str, Any] = {
            "kind": Kind(row.kind).name.lower(),
            "namespace": origin[0],
            "id": origin[1],
        }
        if row.kind == Kind.MESSAGE:
            line["shown"] = _shown(row)
            self._messages += 1
        if row.kind == Kind.ATTACHMENT:
            written = self._files.write(attachment_view(row.record, row.state))
            line["file"] = written.path if written else None
        line["changes"] = [_change(change) for change in changes(row.uid, _told(row.state))]
        self._line(line)
        self._records += 1

    def _line(self, line: dict[str, Any]) -> None:
        self._file.write(_encode(line) + b"\n")


def _selected(wanted: Wanted) -> Iterator[Row]:
    """The selected messages, their conversations and attachments; contacts are left out."""
    read, moment = wanted.library.read, wanted.moment
    homes: set[int] = set()
    files: dict[str, None] = {}
    for row in read.messages(wanted.selection, moment):
        homes.add(row.conversation or 0)
        files.update(dict.fromkeys(message_view(row.record, None, row.state).attachments))
    shown = shown_as(wanted.library.database.connection)
    for row in read.rows(Kind.CONVERSATION, Moment(moment.seq, (1, 2))):
        if shown.get(row.record, row.record) in homes:
            yield row
    yield from read.attachment_rows(list(files), moment)
    yield from read.messages(wanted.selection, moment)


def _shown(row: Row) -> dict[str, Any]:
    view = message_view(row.record, row.conversation, row.state)
    shown = {name: getattr(view, name) for name in _SHOWN}
    shown["wordings"] = [wording._asdict() for wording in view.wordings]
    shown["reactions"] = [reaction._asdict() for reaction in view.reactions]
    shown["attachments"] = view.attachments
    return {name: _plain(value) for name, value in shown.items() if value not in (None, (), "")}


def _told(state: State) -> State:
    """A state without what has a meaning in a vault alone, and without values of a form that their
    field does not have: they are shown nowhere."""
    slots = {}
    for slot, stamps in state.slots.items():
        told = tuple(stamp for stamp in stamps if has_its_form(*slot, stamp.value))
        if told and slot[0] != THUMBNAIL.name:
            slots[slot] = told
    return State(state.kind, slots)


def _change(change: Change) -> dict[str, Any]:
    return {
        "life": change.life,
        "time_ms": change.time_ms,
        "device": change.device.hex(),
        "entries": [
            [name, merge, key, _plain(value)]
            for name, merge, key, value in change.entries
            if name != CONTENT.name
        ],
    }


def _plain(value: Any) -> Any:
    """A value for JSON: bytes become `{"$bytes": …}`, a map that looks like that is wrapped."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        plain = {key: _plain(item) for key, item in value.items()}
        return {"$map": plain} if any(key.startswith("$") for key in plain) else plain
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
