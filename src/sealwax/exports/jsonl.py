"""JSON lines: complete, documented in docs/export-jsonl.md, imports again into an equal library.

The first line describes the export, each further line is one record: what people see (`shown`), and
everything that is known (`changes`), from which the record's joined state can be made again.
Attachments lie beside it as files. Bytes are `{"$bytes": "<base64>"}`.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from sealwax.base.problem import Problem
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.exports.base import Exported, ExportExists, ExportFailed, Wanted
from sealwax.library.query import Row
from sealwax.library.select import Moment
from sealwax.library.view import AttachmentView, attachment_view, message_view
from sealwax.model.change import Change
from sealwax.model.field import CONTENT, ORIGIN
from sealwax.model.record import Kind
from sealwax.model.state import changes
from sealwax.stores.base import StoreError

FORMAT = "sealwax-jsonl"
VERSION = 1
FILE_SUFFIX = ".jsonl"
RECORDS_FILE = "records.jsonl"
FILES_FOLDER = "attachments"
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
)


def export_jsonl(wanted: Wanted, out: Path) -> Exported:
    """Writes `out`: a file when its name ends in .jsonl, with a folder of attachments beside it;
    else a folder that holds both."""
    records_path, files_folder = _places(out)
    try:
        records_path.parent.mkdir(parents=True, exist_ok=True)
        files_folder.mkdir(parents=True, exist_ok=False)
        with records_path.open("xb") as file:
            exported = _Export(wanted, file, files_folder, out).run()
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ExportExists(f"There is something at {out} already.") from error
    except OSError as error:
        raise ExportFailed(f"The export cannot be written: {error.strerror}.") from error
    if not exported.files:
        files_folder.rmdir()
    return exported


def _places(out: Path) -> tuple[Path, Path]:
    if out.suffix == FILE_SUFFIX:
        if out.exists():
            raise ExportExists(f"There is something at {out} already.")
        return out, out.with_name(out.stem + "-" + FILES_FOLDER)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ExportExists(f"There is something at {out} already.")
    return out / RECORDS_FILE, out / FILES_FOLDER


class _Export:
    def __init__(self, wanted: Wanted, file: IO[bytes], files_folder: Path, out: Path) -> None:
        self._wanted = wanted
        self._file = file
        self._folder = files_folder
        self._out = out
        self._problems: list[Problem] = []
        self._records = 0
        self._messages = 0
        self._files = 0
        self._file_bytes = 0

    def run(self) -> Exported:
        self._line({"format": FORMAT, "version": VERSION, "made_ms": self._wanted.made_ms})
        for row in self._rows():
            self._record(row)
            self._wanted.report(self._records)
        return Exported(
            self._out,
            self._records,
            self._messages,
            self._files,
            self._file_bytes,
            tuple(self._problems),
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
        if not isinstance(origin, list):
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
            line["file"] = self._write_file(attachment_view(row.record, row.state))
        line["changes"] = [_change(change) for change in changes(row.uid, row.state)]
        self._line(line)
        self._records += 1

    def _write_file(self, attachment: AttachmentView) -> str | None:
        """Writes an attachment's bytes; gives its path beside the records, or None."""
        if not attachment.file_hash:
            return None
        # The name is a number of our own and the ending of the original, letters and digits only.
        suffix = Path(attachment.name).suffix
        safe = suffix.lower() if suffix[1:].isascii() and suffix[1:].isalnum() else ""
        name = f"{attachment.record:08d}{safe[:12]}"
        try:
            with (self._folder / name).open("xb") as file:
                for piece in self._wanted.read_file(attachment):
                    file.write(piece)
                    self._file_bytes += len(piece)
        except (SealBroken, SealUnknown, StoreError) as error:
            (self._folder / name).unlink(missing_ok=True)
            self._problems.append(Problem(f"attachment {attachment.origin}", str(error)))
            return None
        self._files += 1
        return f"{self._folder.name}/{name}"

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
    for row in read.rows(Kind.CONVERSATION, Moment(moment.seq, (1, 2))):
        if row.record in homes:
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
