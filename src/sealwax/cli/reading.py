"""Commands that read: list, read, search, media."""

from pathlib import Path

import click

from sealwax.agent.selecting import Select
from sealwax.base.errors import SealwaxError
from sealwax.cli import show
from sealwax.cli.options import at_option, select_options, with_session
from sealwax.cli.session import EXIT_FAILED, Session
from sealwax.cli.terminal import of_others, one_line, say
from sealwax.exports.attachments import AttachmentFiles

trash_option = click.option("--trash", "in_trash", is_flag=True, help="What is in the trash.")


class SaveExists(SealwaxError):
    """There is something already where files are to be saved."""

    code = "save-exists"
    hint = "Name a new folder."


@click.command("list")
@at_option
@trash_option
@with_session
def list_command(session: Session, at: str | None, in_trash: bool) -> None:
    """The conversations, newest first."""
    with session.reading() as agent:
        session.tell_whole(agent.unreadable_at(at))
        found = agent.conversations(at, in_trash)
    rows = [
        (
            view.record,
            one_line(view.title, show.TITLE_WIDTH),
            f"{view.messages:,}",
            show.day_and_time(view.newest_ns) if view.newest_ns else "",
        )
        for view in found
    ]
    session.give(found, lambda: show.table(("number", "conversation", "messages", "newest"), rows))


@click.command("read")
@click.argument("chat")
@at_option
@trash_option
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@with_session
def read_command(session: Session, chat: str, at: str | None, in_trash: bool, limit: int) -> None:
    """The newest messages of a conversation, now, in the past, or in the trash."""
    with session.reading() as agent:
        session.tell_whole(agent.unreadable_at(at))
        conversation = agent.conversation(chat, at, in_trash)
        found = agent.read(conversation.record, at, limit, in_trash=in_trash)
        files = agent.attachments(found)

    def tell() -> None:
        say(of_others(conversation.title), bold=True, underline=True)
        for view in found:
            show.message(view, files)

    session.give(found, tell)


@click.command("search")
@click.argument("words")
@click.option(
    "--at", metavar="SNAPSHOT|DATE|all", help="The past; “all” means every moment that is kept."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@select_options
@with_session
def search_command(
    session: Session, words: str, at: str | None, limit: int, select: Select
) -> None:
    """Messages that hold WORDS: any script, earlier wordings and the trash included."""
    with session.reading() as agent:
        session.tell_whole(agent.unreadable_at(at))
        hits = agent.search(words, at, select, limit + 1)
        has_more, hits = len(hits) > limit, hits[:limit]
        titles = {view.record: view.title for view in agent.conversations()} if hits else {}
        found = [hit.message for hit in hits]
        files = agent.attachments(found)

    def tell() -> None:
        for view in found:
            say(of_others(titles.get(view.conversation or 0, "")), dim=True)
            show.message(view, files)
        more = f"There are more than {limit:,}: --limit shows them."
        say(more if has_more else f"{len(found):,} found.", err=True)

    session.give(found, tell)


@click.command("media")
@at_option
@select_options
@click.option("--save", type=click.Path(path_type=Path), help="Write the files into this folder.")
@with_session
def media_command(session: Session, at: str | None, select: Select, save: Path | None) -> None:
    """The photos and files of messages."""
    with session.reading() as agent:
        session.tell_whole(agent.unreadable_at(at))
        found, problems = list(agent.media(select, at)), []
        if save is not None:
            _make_new(save)
            files = AttachmentFiles(save.parent, agent.attachment_bytes, save.name)
            for item in found:
                files.write(item.attachment)
            problems = files.problems
    rows = [
        (
            show.day_and_time(item.message.time_ns),
            one_line(item.attachment.name, show.TITLE_WIDTH),
            show.size(item.attachment.size_bytes or 0),
            "kept" if item.attachment.file_hash else "not found at the source",
        )
        for item in found
    ]
    session.give(found, lambda: show.table(("when", "file", "size", "state"), rows))
    if problems:
        show.lacking(problems)
        raise SystemExit(EXIT_FAILED)


def _make_new(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir() or any(folder.iterdir()):
            raise SaveExists(f"There is something at {folder} already.") from None
