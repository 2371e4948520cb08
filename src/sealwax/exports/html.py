"""HTML: pages to read offline in any browser, attachments beside them, good on paper too.

No script, nothing from outside: a policy in each page says so. All words are escaped. Light and
dark follow the reader's system.
"""

import datetime
import html
from itertools import groupby
from pathlib import Path

from sealwax.exports.attachments import AttachmentFiles
from sealwax.exports.base import Exported, Wanted
from sealwax.exports.html_style import STYLE
from sealwax.exports.place import new_folder
from sealwax.exports.walk import Page, Thread, harmless, pages, threads, who
from sealwax.library.view import NOT_FINAL, AttachmentView, MessageView, shown_files

PICTURES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
SOUNDS = frozenset(("audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav"))
FILMS = frozenset(("video/mp4", "video/quicktime", "video/webm"))
SIGNS = {
    "loved": "♥",
    "liked": "👍",
    "disliked": "👎",
    "laughed": "😂",
    "emphasized": "‼",
    "questioned": "?",
}
_POLICY = (
    "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'"
)
NOWHERE = "<span></span>"


def export_html(wanted: Wanted, out: Path) -> Exported:
    """Writes the folder `out`: index.html, and pages of 500 messages for each conversation."""
    with new_folder(out) as folder:
        files = AttachmentFiles(folder, wanted.read_file)
        messages, records = 0, 0
        listed: list[str] = []
        for thread in threads(wanted):
            number = 0
            held: Page | None = None
            for page in pages(wanted, thread):
                if held is not None:
                    number += 1
                    _write(folder, thread, number, held, files, is_last=False)
                held = page
                messages += len(page.messages)
                wanted.report(messages)
            if held is not None:
                _write(folder, thread, number + 1, held, files, is_last=True)
                listed.append(_entry(thread, number + 1))
                records += 1
        _write_index(folder, listed, messages)
    return Exported(
        out, records + messages, messages, files.count, files.size_bytes, tuple(files.problems)
    )


def _name(thread: Thread, number: int) -> str:
    return f"conversation-{thread.number:04d}-{number:04d}.html"


def _entry(thread: Thread, count: int) -> str:
    conversation = thread.conversation
    newest = _day(conversation.newest_ns)
    return (
        f'<li><a href="{_name(thread, count)}"><span>{_escape(conversation.title)}</span>'
        f"<small>{conversation.messages:,} messages · {newest}</small></a></li>"
    )


def _write_index(folder: Path, listed: list[str], messages: int) -> None:
    body = (
        f"<header><h1>Messages</h1><p>{messages:,} messages in {len(listed):,} conversations</p>"
        f'</header><ul class="list">{"".join(listed)}</ul>'
    )
    _page(folder / "index.html", "Messages", body)


def _write(
    folder: Path, thread: Thread, number: int, page: Page, files: AttachmentFiles, is_last: bool
) -> None:
    title = thread.conversation.title
    earlier = _turn(thread, number - 1, "← Earlier") if number > 1 else NOWHERE
    later = NOWHERE if is_last else _turn(thread, number + 1, "Later →")
    turn = f'<nav>{earlier}<a href="index.html">All conversations</a>{later}</nav>'
    people = _escape(", ".join(thread.conversation.participants))
    days = [
        f"<h2>{_escape(day)}</h2>" + "".join(_message(thread, view, page, files) for view in views)
        for day, views in groupby(page.messages, key=lambda view: _day(view.time_ns))
    ]
    body = (
        f"<header><h1>{_escape(title)}</h1><p>{people}</p></header>{turn}"
        f"<main>{''.join(days)}</main>{turn}"
    )
    _page(folder / _name(thread, number), title, body)


def _turn(thread: Thread, number: int, text: str) -> str:
    return f'<a href="{_name(thread, number)}">{text}</a>'


def _page(path: Path, title: str, body: str) -> None:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
    path.write_text(text, "utf-8")


def _message(thread: Thread, view: MessageView, page: Page, files: AttachmentFiles) -> str:
    if view.event:
        said = " ".join(_escape(str(value)) for value in view.event.values())
        return f'<p class="event">{_escape(who(thread, view))}: {said}</p>'
    side = "mine" if view.from_me else "theirs"
    name = "" if view.from_me else f'<b class="who">{_escape(who(thread, view))}</b>'
    return (
        f'<article class="{side}" id="m{view.record}">{name}<div class="bubble">'
        f"{_body(view, page, files)}</div>{_reactions(view)}"
        f"<footer><time>{_time(view.time_ns)}</time>{_marks(view)}</footer></article>"
    )


def _body(view: MessageView, page: Page, files: AttachmentFiles) -> str:
    parts = [f"<strong>{_escape(view.subject)}</strong>"] if view.subject else []
    for _, attachment in shown_files(view, page.attachments):
        parts.append(_attachment(attachment, files) if attachment else "")
    if view.text:
        parts.append(f"<p>{_escape(view.text)}</p>")
    if view.unsent_parts:
        parts.append("<p><em>unsent</em></p>")
    earlier = [one for one in view.wordings if one.text != view.text]
    parts += [f"<p><del>{_escape(one.text)}</del></p>" for one in earlier]
    if view.undecoded:
        parts.append("<p><em>kept, not readable yet</em></p>")
    return "".join(parts)


def _attachment(attachment: AttachmentView, files: AttachmentFiles) -> str:
    written = files.write(attachment)
    name = _escape(attachment.name)
    if written is None:
        return f"<p><em>{name}: not in the vault</em></p>"
    link = _escape(written.path)
    if written.kind in PICTURES:
        return f'<a href="{link}"><img src="{link}" alt="{name}" loading="lazy"></a>'
    if written.kind in SOUNDS:
        return f'<audio controls preload="none" src="{link}"></audio>'
    if written.kind in FILMS:
        return f'<video controls preload="none" src="{link}"></video>'
    # It is opened, or saved, under its name here: the one it came with could make it run.
    return f'<p><a href="{link}">{name}</a></p>'


def _reactions(view: MessageView) -> str:
    if not view.reactions:
        return ""
    shown = "".join(
        f'<span title="{_escape(one.actor)}">{_escape(one.emoji or SIGNS.get(one.kind, one.kind))}'
        "</span>"
        for one in view.reactions
    )
    return f'<div class="reactions">{shown}</div>'


def _marks(view: MessageView) -> str:
    marks = [view.service] if view.service and view.service != "iMessage" else []
    if view.standing:
        marks.append(NOT_FINAL[view.standing])
    if len(view.wordings) > 1:
        marks.append("edited")
    if view.effect:
        marks.append(view.effect)
    return "".join(f" · {_escape(mark)}" for mark in marks)


def _day(time_ns: int) -> str:
    moment = _moment(time_ns)
    return moment.strftime("%A, %d %B %Y") if moment else "No date"


def _time(time_ns: int) -> str:
    moment = _moment(time_ns)
    return moment.strftime("%H:%M") if moment else ""


def _moment(time_ns: int) -> datetime.datetime | None:
    if not time_ns:
        return None
    try:
        return datetime.datetime.fromtimestamp(time_ns / 1_000_000_000).astimezone()
    except (OverflowError, OSError, ValueError):
        return None


def _escape(text: str) -> str:
    return html.escape(harmless(text))
