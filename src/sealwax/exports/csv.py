"""Comma-separated values (RFC 4180): one row a message, for spreadsheets and scripts.

Every cell is in quotes, and a text that a spreadsheet would take for a formula gets an apostrophe
in front: it is a message, not a program. Source: "CSV Injection" of the OWASP project.
"""

import csv
from pathlib import Path

from sealwax.exports.attachments import AttachmentFiles
from sealwax.exports.base import Exported, Wanted
from sealwax.exports.place import new_folder
from sealwax.exports.text import time_text
from sealwax.exports.walk import Page, Thread, harmless, pages, threads, who
from sealwax.library.view import MessageView, shown_files

FILE = "messages.csv"
HEADS = (
    "time_utc",
    "conversation",
    "from",
    "from_me",
    "service",
    "subject",
    "text",
    "earlier_wordings",
    "reactions",
    "attachments",
    "attachment_names",
    "reply_to",
    "read_utc",
    "state",
    "id",
)
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in full width, as people write in Chinese, Japanese and Korean."""
_LEADING = ("\t", "\r", "\n")


def export_csv(wanted: Wanted, out: Path) -> Exported:
    """Writes the folder `out` with messages.csv and the attachments beside it."""
    with new_folder(out) as folder:
        files = AttachmentFiles(folder, wanted.read_file)
        messages, records = 0, 0
        with (folder / FILE).open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(HEADS)
            for thread in threads(wanted):
                records += 1
                for page in pages(wanted, thread):
                    writer.writerows(_row(thread, view, page, files) for view in page.messages)
                    messages += len(page.messages)
                    wanted.report(messages)
    return Exported(
        out, records + messages, messages, files.count, files.size_bytes, tuple(files.problems)
    )


def _row(thread: Thread, view: MessageView, page: Page, files: AttachmentFiles) -> list[str]:
    found = [file for _, file in shown_files(view, page.attachments) if file is not None]
    written = [files.write(attachment) for attachment in found]
    cells = (
        time_text(view.time_ns),
        thread.conversation.title,
        who(thread, view),
        "yes" if view.from_me else "no",
        view.service,
        view.subject or "",
        view.text,
        "\n".join(one.text for one in view.wordings if one.text != view.text),
        "\n".join(f"{one.emoji or one.kind}: {one.actor}" for one in view.reactions),
        "\n".join(file.path for file in written if file),
        "\n".join(attachment.name for attachment in found),
        view.reply_to or "",
        time_text(view.read_ns or 0),
        view.standing or "",
        view.origin,
    )
    return [harmless_cell(cell) for cell in cells]


def harmless_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    cell = harmless(cell)
    begins = cell.lstrip()
    # A telephone number is none.
    is_number = cell.startswith("+") and cell[1:].isascii() and cell[1:].isdigit()
    is_formula = begins.startswith(_FORMULAS) or cell.startswith(_LEADING)
    return f"'{cell}" if is_formula and not is_number else cell
