"""How results look on a terminal: tables, messages, sizes, times."""

import datetime
from collections.abc import Iterable, Sequence

from sealwax.agent.wording import count as count
from sealwax.agent.wording import size as size
from sealwax.base.problem import Problem
from sealwax.cli.terminal import of_others, one_line, say
from sealwax.library.view import NOT_FINAL, AttachmentView, MessageView, shown_files
from sealwax.snapshot.plan import RestoreCounts

TITLE_WIDTH = 40
LACKING_SHOWN = 10
REACTION_SIGNS = {
    "loved": "♥",
    "liked": "👍",
    "disliked": "👎",
    "laughed": "ha ha",
    "emphasized": "‼",
    "questioned": "?",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table with columns as wide as they need; numbers to the right."""
    cells = [[str(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max([len(head), *(len(row[at]) for row in cells)]) for at, head in enumerate(heads)]
    say("  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)), dim=True)
    for row in cells:
        say(
            "  ".join(
                cell.rjust(width) if _is_number(cell) else cell.ljust(width)
                for cell, width in zip(row, widths, strict=True)
            ).rstrip()
        )


def day_and_time(time_ns: int) -> str:
    """A moment in this computer's time zone."""
    return _moment(time_ns, "%Y-%m-%d %H:%M")


def day(time_ns: int) -> str:
    """The day of a moment in this computer's time zone."""
    return _moment(time_ns, "%Y-%m-%d")


def _moment(time_ns: int, form: str) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(time_ns / 1_000_000_000).astimezone()
    except (OverflowError, OSError, ValueError):
        return "no date"
    return moment.strftime(form)


def message(view: MessageView, files: dict[str, AttachmentView]) -> None:
    """Prints one message with all that belongs to it."""
    who = "me" if view.from_me else of_others(view.sender or "unknown")
    marks = [mark for mark, is_set in (("in the trash", view.in_trash),) if is_set]
    if view.standing:
        marks.append(NOT_FINAL[view.standing])
    if len(view.wordings) > 1:
        marks.append("edited")
    suffix = f"  ({', '.join(marks)})" if marks else ""
    say(f"{day_and_time(view.time_ns)}  {who}{suffix}", bold=True, nl=False)
    say(f"  #{view.record}", dim=True)
    for line in _body(view, files):
        say("    " + line.replace("\n", " "))


def lacking(problems: Sequence[Problem]) -> None:
    """Says on standard error which files could not be read."""
    files = count(len(problems), "file")
    say(f"! Not whole: {files} could not be read.", fg="red", err=True)
    for problem in problems[:LACKING_SHOWN]:
        say(f"  {of_others(problem.where)}: {of_others(problem.what)}", err=True)
    if len(problems) > LACKING_SHOWN:
        say(f"  … and {len(problems) - LACKING_SHOWN:,} more.", err=True)


def plan(counts: RestoreCounts) -> str:
    """A restore's plan in one line: `+12 messages, −3, 4 attachments`."""
    parts = [f"+{count(counts.messages_back, 'message')}"]
    if counts.messages_gone:
        parts.append(f"−{counts.messages_gone:,}")
    parts.append(count(counts.attachments_back, "attachment"))
    if counts.conversations_back:
        parts.append(count(counts.conversations_back, "conversation"))
    if counts.facts_back:
        parts.append(f"{counts.facts_back:,} names and reactions set back")
    return ", ".join(parts)


def _body(view: MessageView, files: dict[str, AttachmentView]) -> list[str]:
    lines = view.text.split("\n") if view.text else []
    if view.subject:
        lines.insert(0, view.subject)
    if view.event:
        lines.append("— " + ", ".join(f"{key}: {value}" for key, value in view.event.items()))
    for _, file in shown_files(view, files):
        lines.append(f"[{file.name}, {size(file.size_bytes or 0)}]" if file else "[attachment]")
    if view.unsent_parts:
        lines.append("[unsent]")
    if view.undecoded:
        lines.append(f"[kept, not readable yet: {', '.join(view.undecoded)}]")
    earlier = [wording for wording in view.wordings if wording.text != view.text]
    lines += [f"was: {one_line(wording.text, 200)}" for wording in earlier]
    lines += [
        f"{_sign(reaction.kind, reaction.emoji)} {reaction.actor}" for reaction in view.reactions
    ]
    return lines


def _sign(kind: str, emoji: str | None) -> str:
    return emoji or REACTION_SIGNS.get(kind, kind)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").isdigit()
