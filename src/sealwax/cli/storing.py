"""Commands about the space that a vault takes."""

from collections.abc import Callable

import click

from sealwax.agent.compacting import Compaction
from sealwax.agent.selecting import Select
from sealwax.agent.storing import TRASH_DAYS, Purge, Room
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, select_options, with_session, yes_option
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, one_line, say
from sealwax.storage.usage import LargeFile, Overview

LARGE = "10MB"
SHOWN = 50


@click.group("storage", invoke_without_command=True)
@with_session
@click.pass_context
def storage_group(context: click.Context, session: Session) -> None:
    """The space that the vault takes."""
    if context.invoked_subcommand is not None:
        return
    with session.reading() as agent:
        found, titles = agent.storage.overview(), agent.storage.titles()
    session.give(found, lambda: _show_overview(found, titles))


@storage_group.command("large")
@click.option("--larger-than", default=LARGE, metavar="SIZE", help=f"From this size on ({LARGE}).")
@with_session
def storage_large(session: Session, larger_than: str) -> None:
    """The largest files, with the conversation and the day that they came."""
    with session.reading() as agent:
        found, titles = agent.storage.large(larger_than), agent.storage.titles()
    session.give(found, lambda: _show_large(found, titles))


@storage_group.command("purge")
@click.option("--files", "only_files", is_flag=True, help="Only the files; the words stay.")
@select_options
@dry_run_option
@yes_option
@with_session
def storage_purge(
    session: Session, select: Select, only_files: bool, is_dry_run: bool, is_yes: bool
) -> None:
    """Take messages and their files out of the present and the trash.

    Snapshots keep them until you let go of these. A source that still has them does not bring them
    back; a restore does.
    """
    with session.agent() as agent:
        _purge(
            session,
            agent.storage.plan_purge(select, only_files),
            lambda: agent.storage.purge(select, only_files),
            is_dry_run,
            is_yes,
        )


@storage_group.command("empty-trash")
@dry_run_option
@yes_option
@with_session
def storage_empty_trash(session: Session, is_dry_run: bool, is_yes: bool) -> None:
    """Purge what has been in the trash for 30 days."""
    with session.agent() as agent:
        planned = agent.storage.plan_empty_trash()
        _purge(session, planned, agent.storage.empty_trash, is_dry_run, is_yes)


@storage_group.command("plan")
@click.argument("size", required=False)
@with_session
def storage_plan(session: Session, size: str | None) -> None:
    """How much room there is; with SIZE, ask whoever runs the server for a plan of that size."""
    with session.agent() as agent:
        if size is not None:
            agent.storage.ask_for_plan(size)
        room = agent.storage.room()
    session.give(room, lambda: _show_room(room))


@storage_group.command("compact")
@dry_run_option
@yes_option
@with_session
def storage_compact(session: Session, is_dry_run: bool, is_yes: bool) -> None:
    """Merge small objects, and delete those that nothing has held for 30 days.

    No message and no snapshot changes. Before anything is deleted, a library is built from what
    would remain, and compared.
    """
    with session.agent() as agent:
        planned = agent.plan_compaction()
        if is_dry_run:
            session.give(planned, lambda: say(f"Would {_told(planned)}."))
            return
        if planned.deleted:
            session.confirm(f"Go on to {_told(planned)}?", is_yes)
        with session.progress("Compacting") as tell:
            done = agent.compact(lambda phase: tell(phase, 0, 0))
    session.give(done, lambda: say(f"Done: {_done(done)}."))


def _told(planned: Compaction) -> str:
    return (
        f"merge {planned.merged:,} small objects and delete {planned.deleted:,}"
        f" ({show.size(planned.deleted_bytes)}) that nothing holds{_kept(planned)}"
    )


def _done(done: Compaction) -> str:
    return (
        f"{done.merged:,} small objects merged, {done.rewritten:,} freed of purged words,"
        f" {done.deleted:,} deleted ({show.size(done.deleted_bytes)}){_kept(done)}"
    )


def _kept(compaction: Compaction) -> str:
    """What the server does not delete yet: it has a time of grace of its own."""
    if not compaction.staying:
        return ""
    until = show.day_and_time(compaction.until_ms * 1_000_000)
    return f"; the server keeps {compaction.staying:,} more, the last until {until}"


def _purge(
    session: Session, planned: Purge, act: Callable[[], Purge], is_dry_run: bool, is_yes: bool
) -> None:
    if is_dry_run or not (planned.messages or planned.attachments):
        session.give(planned, lambda: say(f"Would purge {_what(planned)}."))
        return
    session.confirm(f"Purge {_what(planned)}? Only snapshots keep them.", is_yes)
    done = act()
    session.give(done, lambda: _show_purged(done))


def _what(purge: Purge) -> str:
    files = f"{show.count(purge.attachments, 'file')} ({show.size(purge.freed_bytes)})"
    inside = f"in {show.count(purge.conversations, 'conversation')}"
    if not purge.messages:
        return f"{files} {inside}" if purge.attachments else "nothing"
    return f"{show.count(purge.messages, 'message')} {inside} and {files}"


def _show_purged(done: Purge) -> None:
    say(f"Purged {_what(done)}.")
    if done.snapshot is not None:
        say(f"Snapshot {done.snapshot} was made before.")
    say("Snapshots keep all of it; the space comes back when they are let go of.")
    if not done.messages:
        say("The words of the messages stay.")
        return
    say(
        f"The words leave the files of the present {TRASH_DAYS} days from now, at the next"
        " `sealwax storage compact`."
    )


def _show_overview(found: Overview, titles: dict[int, str]) -> None:
    show.table(
        ("what", "size"),
        [
            ("words and facts, sealed", show.size(found.word_bytes)),
            ("files, sealed", show.size(found.piece_bytes)),
            ("only in snapshots", show.size(found.snapshot_bytes)),
            (f"{found.files:,} files as they are", show.size(found.file_bytes)),
            ("of these only in the trash", show.size(found.trash_bytes)),
        ],
    )
    if found.conversations:
        say()
        show.table(
            ("conversation", "files", "size"),
            [
                (_title(use.conversation, titles), f"{use.files:,}", show.size(use.file_bytes))
                for use in found.conversations
            ],
        )


def _show_large(found: list[LargeFile], titles: dict[int, str]) -> None:
    show.table(
        ("size", "file", "conversation", "came", "message"),
        [
            (
                show.size(file.size_bytes),
                one_line(file.name, show.TITLE_WIDTH),
                _title(file.conversation, titles) + (" (in the trash)" if file.in_trash else ""),
                show.day_and_time(file.time_ns) if file.time_ns is not None else "-",
                f"#{file.message}" if file.message is not None else "-",
            )
            for file in found[:SHOWN]
        ],
    )
    if len(found) > SHOWN:
        say(f"… and {len(found) - SHOWN:,} more; --json lists all.")


def _show_room(room: Room) -> None:
    say(f"In use: {show.size(room.used_bytes)}", nl=False)
    say(f", of these {show.size(room.snapshot_bytes)} only in snapshots.")
    if room.plan_bytes is None:
        say(f"The disk of the vault has {show.size(room.free_bytes)} free.")
    else:
        say(f"Plan: {show.size(room.plan_bytes)}, {show.size(room.free_bytes)} free.")
    if room.history_bytes:
        say(f"The list of all steps takes {show.size(room.history_bytes)}, free of charge.")
    if room.asked_bytes is not None:
        say(f"Asked for: {show.size(room.asked_bytes)}. Whoever runs the server grants it.")
    if room.full_days is not None:
        say(f"At the pace of the last month it is full in {room.full_days:,} days.")


def _title(conversation: int | None, titles: dict[int, str]) -> str:
    title = titles.get(conversation, "-") if conversation is not None else "-"
    return of_others(one_line(title, show.TITLE_WIDTH))
