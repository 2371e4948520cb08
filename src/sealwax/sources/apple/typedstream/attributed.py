"""What an attributedBody says: its text, and its parts with their styles and attachments.

A body is an NSAttributedString: a string, then runs of (attribute dictionary, length in UTF-16
units). A run's `__kIMMessagePartAttributeName` groups runs into parts, the bubbles of a message:
tapbacks, replies and edits point at them. U+FFFC stands for an attachment.
"""

from typing import Any, NamedTuple

from sealwax.sources.apple.typedstream.plain import match
from sealwax.sources.apple.typedstream.reader import Archived, TypedStreamError, read_typedstream

DECODER_VERSION = 1
_PART = "__kIMMessagePartAttributeName"
_FILE = "__kIMFileTransferGUIDAttributeName"
_NAMES = {
    "__kIMFilenameAttributeName": "file_name",
    "__kIMInlineMediaHeightAttributeName": "height",
    "__kIMInlineMediaWidthAttributeName": "width",
    "IMAudioTranscription": "transcript",
    "__kIMEmojiImageAttributeName": "inline_image",
    "__kIMMentionConfirmedMention": "mention",
    "__kIMLinkAttributeName": "link",
    "__kIMOneTimeCodeAttributeName": "one_time_code",
    "__kIMTextBoldAttributeName": "bold",
    "__kIMTextItalicAttributeName": "italic",
    "__kIMTextUnderlineAttributeName": "underline",
    "__kIMTextStrikethroughAttributeName": "strikethrough",
    "__kIMTextEffectAttributeName": "effect",
    "__kIMBreadcrumbTextMarkerAttributeName": "breadcrumb",
}
_TEXT_BEGINS = b"\x01+"
_TEXT_ENDS = b"\x86\x84"


class Body(NamedTuple):
    """A decoded body.

    `parts` are maps {index, kind ("text" or "attachment"), text, attachment?, runs?}, where a run
    is [start, length, {attribute: value}] in code points of the part's text. `is_plain` says that
    the text alone says it all; `is_partial` that only the text could be saved from damaged bytes.
    """

    text: str
    parts: tuple[dict[str, Any], ...]
    is_plain: bool
    is_partial: bool


def decode_body(blob: bytes) -> Body:
    """Decodes a body; raises TypedStreamError when not even its text can be found."""
    text = match(blob)
    if text is not None:
        return Body(text, (), True, False)
    try:
        return _decode(read_typedstream(blob))
    except TypedStreamError:
        return Body(_scan(blob), (), False, True)


def _decode(archived: Archived) -> Body:
    if not archived.is_kind("NSAttributedString") or not archived.groups:
        raise TypedStreamError("it is not an attributed string")
    text = _plain_value(archived.groups[0][1][0])
    if not isinstance(text, str):
        raise TypedStreamError("it has no text")
    return Body(text, tuple(_parts(text, _runs(archived))), False, False)


def _runs(archived: Archived) -> list[tuple[int, dict[str, Any]]]:
    """(length in UTF-16 units, attributes) of each run."""
    runs: list[tuple[int, dict[str, Any]]] = []
    table: list[dict[str, Any]] = []
    groups = iter(archived.groups[1:])
    for encoding, values in groups:
        if encoding not in ("iI", "II", "ii"):
            continue
        index, length = values
        if index == len(table) + 1:
            _, dictionary = next(groups, ("", [None]))
            table.append(_dictionary(dictionary[0]))
        if not 0 < index <= len(table) or length < 0:
            raise TypedStreamError("a run has no attributes")
        runs.append((length, table[index - 1]))
    return runs


def _parts(text: str, runs: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    units = text.encode("utf-16-le", "surrogatepass")
    parts: list[dict[str, Any]] = []
    at = 0
    for length, attributes in runs:
        piece = units[at * 2 : (at + length) * 2].decode("utf-16-le", "replace")
        at += length
        _add_run(parts, piece, attributes)
    return parts


def _add_run(parts: list[dict[str, Any]], piece: str, attributes: dict[str, Any]) -> None:
    """Adds a run to the part that it belongs to, or begins a new one."""
    index = attributes.get(_PART, parts[-1]["index"] if parts else 0)
    attachment = attributes.get(_FILE)
    kind = "text" if attachment is None else "attachment"
    last = parts[-1] if parts else None
    if last is None or last["index"] != index or kind != "text" or last["kind"] != "text":
        last = {"index": index, "kind": kind, "text": ""}
        if attachment is not None:
            last["attachment"] = attachment
        parts.append(last)
    styles = {
        _NAMES.get(name, name): value
        for name, value in attributes.items()
        if name not in (_PART, _FILE)
    }
    if styles:
        last.setdefault("runs", []).append([len(last["text"]), len(piece), styles])
    last["text"] += piece


def _dictionary(archived: Any) -> dict[str, Any]:
    """An archived NSDictionary as a map; values are int, str, bytes or None."""
    if not isinstance(archived, Archived) or not archived.is_kind("NSDictionary"):
        raise TypedStreamError("a run has no dictionary")
    values = [value for _, group in archived.groups[1:] for value in group]
    found: dict[str, Any] = {}
    for key, value in zip(values[::2], values[1::2], strict=False):
        name = _plain_value(key)
        if isinstance(name, str):
            found[name] = _plain_value(value)
    return found


def _plain_value(value: Any) -> Any:
    """What an archived object stands for: NSString, NSNumber, NSData, NSURL; else its class."""
    if not isinstance(value, Archived):
        return repr(value) if isinstance(value, float) else value
    flat = [item for _, group in value.groups for item in group]
    if value.is_kind("NSString"):
        raw = flat[0] if flat else b""
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    if value.is_kind("NSNumber"):
        number = flat[-1] if flat else None
        return repr(number) if isinstance(number, float) else number
    if value.is_kind("NSData"):
        return flat[-1] if flat and isinstance(flat[-1], bytes) else b""
    if value.is_kind("NSURL"):
        inner = [item for item in flat if isinstance(item, Archived)]
        return _plain_value(inner[-1]) if inner else None
    name = value.archived_class.name if value.archived_class else "object"
    return f"<{name}>"


def _scan(blob: bytes) -> str:
    """The text of a damaged body: from the first raw string to the mark behind it."""
    begin = blob.find(_TEXT_BEGINS)
    if begin < 0:
        raise TypedStreamError("it has no text")
    start = begin + len(_TEXT_BEGINS)
    head = blob[start : start + 5]
    if not head:
        raise TypedStreamError("it is cut short")
    width = {0x81: 3, 0x82: 5}.get(head[0], 1)
    length = head[0] if width == 1 else int.from_bytes(head[1:width], "little")
    stated = blob[start + width : start + width + length]
    if len(stated) == length:
        return stated.decode("utf-8", "replace")
    end = blob.find(_TEXT_ENDS, start)
    found = blob[start + width : end if end >= 0 else len(blob)]
    if not found:
        raise TypedStreamError("it is cut short")
    return found.decode("utf-8", "ignore")
