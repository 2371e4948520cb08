"""The words of one message: as first sent, every later wording, and what was unsent.

`text` as first sent is what a record holds for good. An edited row has only its newest words in
`text` and `attributedBody`; its first ones are in `message_summary_info`. What an edited or partly
unsent row itself still says is told at the time of the edit, so that words read before it win.
"""

import hashlib
from typing import Any, NamedTuple

from sealwax.model.change import Entry, entry
from sealwax.model.field import BODY, EDIT, PARTS, RAW, TEXT, UNSENT
from sealwax.sources.apple.chatdb.row import Row
from sealwax.sources.apple.chatdb.rows import blob, words
from sealwax.sources.apple.dates import to_ms, unix_ns
from sealwax.sources.apple.summary import Summary, SummaryError, Wording, read_summary
from sealwax.sources.apple.typedstream.attributed import DECODER_VERSION, Body, decode_body
from sealwax.sources.apple.typedstream.plain import match
from sealwax.sources.apple.typedstream.reader import TypedStreamError

NOTHING = Summary((), (), (), True)
BODY_COLUMN = "attributedBody"
SUMMARY_COLUMN = "message_summary_info"


class Words(NamedTuple):
    """`entries` hold at the time of the message, `later` at `later_ms`, the time of its last edit.

    `undecoded` names the columns that were kept raw, `problems` says why.
    """

    entries: list[Entry]
    later: list[Entry]
    later_ms: int
    undecoded: list[str]
    problems: list[str]


def read_words(row: Row, time_ms: int) -> Words:
    """Everything that a row says in words."""
    found = Words([], [], time_ms, [], [])
    body = _body(row, found)
    summary = _summary(row, found)
    is_edited = bool(summary.wordings or summary.unsent)
    text = words(row.text) or (body.text if body else None) or None
    if not is_edited:
        found.entries.extend(_as_sent(text, body, blob(row.attributedBody)))
        return found
    later_ms = _last_edit_ms(row, summary, time_ms)
    for wording in summary.wordings:
        if wording.body is None:
            found.problems.append("a wording of it cannot be read")
        else:
            found.entries.append(_edit(wording, wording.body, time_ms))
    found.entries.extend(entry(UNSENT, True, str(part)) for part in summary.unsent)
    first = _first_parts(text, body, summary)
    is_whole = not summary.unsent and all(part is not None for part in first.values())
    target = found.entries if is_whole else found.later
    original = "".join(part for _, part in sorted(first.items()) if part)
    if original:
        target.append(entry(TEXT, original))
    if len(first) > 1:
        parts = [
            {"index": index, "kind": "text", "text": part} for index, part in sorted(first.items())
            if part is not None
        ]  # fmt: skip
        target.append(entry(PARTS, [DECODER_VERSION, parts]))
    found.later.append(_raw(SUMMARY_COLUMN, blob(row.message_summary_info)))
    if body is not None and not _says_no_more(row.attributedBody, text):
        # Styles, links and mentions of the parts that were not edited, and where files stand.
        found.later.append(_raw(BODY_COLUMN, blob(row.attributedBody)))
    return found._replace(later_ms=later_ms)


def _body(row: Row, found: Words) -> Body | None:
    raw = blob(row.attributedBody)
    if raw is None:
        return None
    try:
        body = decode_body(raw)
    except TypedStreamError as error:
        found.entries.append(_raw(BODY_COLUMN, raw))
        found.undecoded.append(BODY_COLUMN)
        found.problems.append(f"its styled text cannot be read: {error}")
        return None
    if body.is_partial:
        found.undecoded.append(BODY_COLUMN)
        found.problems.append("its styled text is damaged; its words were saved")
    return body


def _summary(row: Row, found: Words) -> Summary:
    raw = blob(row.message_summary_info)
    if raw is None:
        return NOTHING
    try:
        summary = read_summary(raw)
    except SummaryError as error:
        found.entries.append(_raw(SUMMARY_COLUMN, raw))
        found.undecoded.append(SUMMARY_COLUMN)
        found.problems.append(f"its history of edits cannot be read: {error}")
        return NOTHING
    if not summary.is_understood and not summary.wordings and not summary.unsent:
        found.entries.append(_raw(SUMMARY_COLUMN, raw))
    return summary


def _as_sent(text: str | None, body: Body | None, raw: bytes | None) -> list[Entry]:
    entries = []
    if text:
        entries.append(entry(TEXT, text))
    if body is None or raw is None or (body.is_plain and match(raw) == text):
        return entries
    entries.append(entry(BODY, raw))
    if body.parts:
        entries.append(entry(PARTS, [DECODER_VERSION, list(body.parts)]))
    return entries


def _says_no_more(raw: object, text: str | None) -> bool:
    """Whether a styled body is its words and nothing else."""
    return isinstance(raw, bytes) and match(raw) == text


def _edit(wording: Wording, body: Body, time_ms: int) -> Entry:
    digest = hashlib.sha256(body.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    time_ns = wording.time_ns if wording.time_ns is not None else time_ms * 1_000_000
    return entry(EDIT, [time_ns, body.text], f"{wording.part}:{wording.number}:{digest}")


def _first_parts(text: str | None, body: Body | None, summary: Summary) -> dict[int, str | None]:
    """The first wording of each part; None for one that was unsent and whose words are gone."""
    parts: dict[int, str | None] = {}
    for part in body.parts if body else ():
        index = part["index"] if isinstance(part["index"], int) else 0
        parts[index] = (parts.get(index) or "") + str(part["text"])
    if not parts and text:
        gone = set(summary.unsent)
        first = next((index for index in range(len(gone) + 1) if index not in gone), 0)
        parts[first] = text
    for index in summary.unsent:
        parts.setdefault(index, None)
    for wording in summary.wordings:
        if wording.number == 0 and wording.body is not None:
            parts[wording.part] = wording.body.text
    return parts


def _last_edit_ms(row: Row, summary: Summary, time_ms: int) -> int:
    times: list[Any] = [unix_ns(row.date_edited), unix_ns(row.date_retracted)]
    times += [wording.time_ns for wording in summary.wordings]
    known = [to_ms(time_ns) for time_ns in times if time_ns is not None]
    # A row that was changed later than it was sent must never win over what was read before.
    return max([time_ms + 1, *known])


def _raw(column: str, raw: bytes | None) -> Entry:
    """What a column holds now. Its key has its hash, for the column may say more another day."""
    assert raw is not None
    return entry(RAW, raw, f"{column}:{hashlib.sha256(raw).hexdigest()[:16]}")
