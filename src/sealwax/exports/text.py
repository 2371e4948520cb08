"""Plain text: a file a conversation, attachments beside them."""

import datetime
from pathlib import Path

from sealwax.exports.attachments import AttachmentFiles
from sealwax.exports.base import Exported, Wanted
from sealwax.exports.place import new_folder
from sealwax.exports.walk import Page, Thread, harmless, pages, threads, who
from sealwax.library.view import NOT_FINAL, MessageView, shown_files


def export_text(wanted: Wanted, out: Path) -> Exported:
    """Writes the folder `out`: conversation-0001.txt and so on, newest conversation first."""
    with new_folder(out) as folder:
        files = AttachmentFiles(folder, wanted.read_file)
        messages, records = 0, 0
        for thread in threads(wanted):
            records += 1
            path = folder / f"conversation-{thread.number:04d}.txt"
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(f"{harmless(thread.conversation.title)}\n")
                file.write(f"{harmless(', '.join(thread.conversation.participants))}\n\n")
                for page in pages(wanted, thread):
                    for view in page.messages:
                        file.write(_message(thread, view, page, files))
                    messages += len(page.messages)
                    wanted.report(messages)
    return Exported(
        out, records + messages, messages, files.count, files.size_bytes, tuple(files.problems)
    )


def time_text(time_ns: int) -> str:
    """A moment in UTC, to the second; empty where there is none."""
    try:
        moment = datetime.datetime.fromtimestamp(time_ns / 1_000_000_000, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ") if time_ns else ""


def _message(thread: Thread, view: MessageView, page: Page, files: AttachmentFiles) -> str:
    standing = f" ({NOT_FINAL[view.standing]})" if view.standing else ""
    lines = [f"[{time_text(view.time_ns)}] {harmless(who(thread, view))}{standing}"]
    lines += [f"    {line}" for line in body_lines(view, page, files)]
    return "\n".join(lines) + "\n\n"


def body_lines(view: MessageView, page: Page, files: AttachmentFiles) -> list[str]:
    """All that a message says, a line each."""
    lines = [view.subject] if view.subject else []
    lines += view.text.splitlines()
    if view.event:
        lines.append("(" + ", ".join(str(value) for value in view.event.values()) + ")")
    for origin, attachment in shown_files(view, page.attachments):
        written = files.write(attachment) if attachment else None
        name = attachment.name if attachment else origin
        lines.append(f"<{name}: {written.path if written else 'not in the vault'}>")
    if view.unsent_parts:
        lines.append("(unsent)")
    lines += [f"(was: {one.text})" for one in view.wordings if one.text != view.text]
    lines += [f"({one.emoji or one.kind}: {one.actor})" for one in view.reactions]
    return [harmless(line) for line in lines]
