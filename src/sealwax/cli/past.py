"""Commands about the past: snapshot, restore, delete, undelete."""

from itertools import islice

import click

from sealwax.agent.api import Agent
from sealwax.agent.selecting import Select
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, select_options, with_session, yes_option
from sealwax.cli.session import Session, unread
from sealwax.cli.terminal import of_others, one_line, say
from sealwax.ledger.names import zone_device
from sealwax.snapshot.pins import Snapshot, SnapshotNameBad
from sealwax.snapshot.plan import MERGE, REPLACE

NANOSECONDS_PER_MS = 1_000_000
TEXT_WIDTH = 60


@click.group("snapshot")
def snapshot_group() -> None:
    """Moments that no deletion can touch."""


@snapshot_group.command("create")
@click.option("--name", help="What to call it.")
@with_session
def snapshot_create(session: Session, name: str | None) -> None:
    """Keep the present as it is."""
    if name is not None and not name.strip():
        raise SnapshotNameBad("A snapshot cannot be called nothing.")
    with session.agent() as agent:
        made = agent.create_snapshot(name or "")
    session.give(
        made,
        lambda: say(
            f"Snapshot {made.number} {of_others(made.name)}:"
            f" {show.count(made.counts.messages, 'message')},"
            f" {show.count(made.counts.attachments, 'attachment')}."
        ),
    )


@snapshot_group.command("list")
@with_session
def snapshot_list(session: Session) -> None:
    """All snapshots, oldest first."""
    with session.reading() as agent:
        found = agent.snapshots()
        makers = _makers(agent, found)
        unshown = agent.sync.unshown_snapshots()
    heads = ("number", "name", "made", "why", "messages", "space back")
    rows = [_row(snapshot, makers.get(snapshot.zone, "")) for snapshot in found]
    session.give(found, lambda: show.table(heads, rows))
    for snapshot in found:
        if snapshot.unreadable_objects:
            told = f"! Snapshot {snapshot.number} is not whole:"
            say(f"{told} {unread(snapshot.unreadable_objects)}", fg="red", err=True)
    if unshown:
        say(
            f"{show.count(unshown, 'more snapshot')} of other devices cannot be shown yet:"
            " `sealwax snapshot fetch`.",
            err=True,
        )


@snapshot_group.command("fetch")
@with_session
def snapshot_fetch(session: Session) -> None:
    """Show all snapshots that other devices made while they were apart from the rest.

    The library of this device is made anew for that, from its beginning.
    """
    with session.agent() as agent:
        left = agent.sync.show_snapshots()
    told = "All snapshots are shown." if not left else f"{left:,} cannot be shown here."
    session.give({"unshown": left}, lambda: say(told))


@snapshot_group.command("show")
@click.argument("snapshot")
@with_session
def snapshot_show(session: Session, snapshot: str) -> None:
    """One snapshot: what it holds, and what letting go of it gives back."""
    with session.reading() as agent:
        found = agent.snapshot(snapshot)
        session.tell_whole(found.unreadable_objects)
        differences = agent.diff(snapshot, None)

    def tell() -> None:
        show.table(("number", "name", "made", "why", "messages", "space back"), [_row(found)])
        say(
            f"{show.count(found.counts.conversations, 'conversation')},"
            f" {show.count(found.counts.attachments, 'attachment')}"
            f" ({show.size(found.counts.file_bytes)}),"
            f" {show.count(found.counts.trashed, 'message')} in the trash then."
        )
        if differences:
            say("Since then:")
            _show_differences(differences)

    session.give(found, tell)


@snapshot_group.command("diff")
@click.argument("older")
@click.argument("newer", required=False)
@click.option("--chat", help="Message by message, for this conversation.")
@click.option("--limit", default=200, show_default=True, help="So many messages at most.")
@with_session
def snapshot_diff(
    session: Session, older: str, newer: str | None, chat: str | None, limit: int
) -> None:
    """What changed from one snapshot to another, or to the present."""
    if chat is not None:
        with session.reading() as agent:
            _tell_whole(session, agent, older, newer)
            messages = list(islice(agent.diff_messages(older, newer, chat), limit + 1))
        session.give(messages[:limit], lambda: _show_messages(messages, limit))
        return
    with session.reading() as agent:
        _tell_whole(session, agent, older, newer)
        found = agent.diff(older, newer)
    listed = [{"title": title, **item._asdict()} for item, title in found]
    session.give(listed, lambda: _show_differences(found))


@snapshot_group.command("drop")
@click.argument("snapshots", nargs=-1, required=True)
@dry_run_option
@yes_option
@with_session
def snapshot_drop(
    session: Session, snapshots: tuple[str, ...], is_dry_run: bool, is_yes: bool
) -> None:
    """Let go of snapshots; what the present or another snapshot holds stays."""
    with session.agent() as agent:
        found = [agent.snapshot(wanted) for wanted in snapshots]
        back = sum(snapshot.space_back_bytes for snapshot in found)
        if not is_dry_run:
            names = ", ".join(_called(snapshot) for snapshot in found)
            session.confirm(f"Let go of snapshot {names}? It gives back {show.size(back)}.", is_yes)
            agent.drop_snapshots(snapshots)
    verb = "Would let go of" if is_dry_run else "Let go of"
    session.give(found, lambda: say(f"{verb} {len(found)}: {show.size(back)} back."))


@click.command("restore")
@click.argument("snapshot")
@select_options
@click.option(
    "--mode",
    type=click.Choice([MERGE, REPLACE]),
    default=MERGE,
    show_default=True,
    help="merge cannot lose newer data; replace makes the present what the snapshot was.",
)
@dry_run_option
@yes_option
@with_session
def restore_command(
    session: Session, snapshot: str, select: Select, mode: str, is_dry_run: bool, is_yes: bool
) -> None:
    """Bring back what SNAPSHOT showed: all of it, a conversation, a message."""
    with session.agent() as agent:
        unreadable = agent.snapshot(snapshot).unreadable_objects
        counts = agent.plan_restore(snapshot, select, mode)
        session.tell_whole(unreadable)
        told = {"plan": counts, "applied": False, "unreadable_objects": unreadable}
        if is_dry_run or counts.is_nothing:
            session.give(told, lambda: _show_plan(counts, is_dry_run))
            return
        session.confirm(f"Restore {show.plan(counts)}?", is_yes or mode == MERGE)
        total = counts.messages_back + counts.messages_gone
        with session.progress("Restoring") as tell:
            done = agent.restore(
                snapshot, select, mode, lambda records: tell("Restoring", records, total)
            )
    session.give(
        {**told, "plan": done.counts, "applied": True},
        lambda: say(f"Restored: {show.plan(done.counts)}."),
    )


@click.command("delete")
@select_options
@dry_run_option
@yes_option
@with_session
def delete_command(session: Session, select: Select, is_dry_run: bool, is_yes: bool) -> None:
    """Put messages into the trash. The phone is not touched."""
    _move(session, select, is_dry_run, is_yes, is_back=False)


@click.command("undelete")
@select_options
@dry_run_option
@yes_option
@with_session
def undelete_command(session: Session, select: Select, is_dry_run: bool, is_yes: bool) -> None:
    """Take messages out of the trash again."""
    _move(session, select, is_dry_run, is_yes, is_back=True)


def _move(session: Session, select: Select, is_dry_run: bool, is_yes: bool, is_back: bool) -> None:
    if select.is_everything:
        raise click.UsageError("Say what: --chat, --message, --person, --since or --until.")
    with session.agent() as agent:
        plan = agent.affected(select, in_trash=is_back)
        messages = show.count(plan.messages, "message")
        said = f"{messages} in {show.count(plan.conversations, 'conversation')}"
        where = "out of the trash" if is_back else "into the trash"
        if is_dry_run:
            session.give({"plan": plan, "records": 0}, lambda: say(f"Would move {said} {where}."))
            return
        if not is_back:
            session.confirm(f"Move {said} {where}?", is_yes)
        number = _apply_move(agent, select, is_back)
    session.give({"plan": plan, "records": number}, lambda: say(f"Moved {said} {where}."))


def _apply_move(agent: Agent, select: Select, is_back: bool) -> int:
    return agent.undelete(select) if is_back else agent.delete(select)


def _called(snapshot: Snapshot) -> str:
    name = f" “{one_line(snapshot.name, show.TITLE_WIDTH)}”" if snapshot.name else ""
    return f"{snapshot.number}{name}"


def _tell_whole(session: Session, agent: Agent, older: str, newer: str | None) -> None:
    session.tell_whole(max(agent.snapshot(older).unreadable_objects, agent.unreadable_at(newer)))


def _makers(agent: Agent, snapshots: list[Snapshot]) -> dict[str, str]:
    """The names of the devices in whose zones there are snapshots, by these zones."""
    if not any(snapshot.is_elsewhere for snapshot in snapshots):
        return {}
    names = {one.id: f" (on {one.name})" for one in agent.devices.list(is_all=True)}
    devices = {snapshot.zone: zone_device(snapshot.zone) for snapshot in snapshots}
    return {zone: names[device] for zone, device in devices.items() if device in names}


def _row(snapshot: Snapshot, made_on: str = "") -> tuple[object, ...]:
    name = snapshot.name + (made_on if snapshot.is_elsewhere else "")
    return (
        snapshot.number,
        one_line(name, show.TITLE_WIDTH),
        show.day_and_time(snapshot.made_ms * NANOSECONDS_PER_MS),
        of_others(snapshot.reason),
        f"{snapshot.counts.messages:,}",
        show.size(snapshot.space_back_bytes),
    )


def _show_differences(found: list) -> None:  # type: ignore[type-arg]
    rows = [
        (
            one_line(title, show.TITLE_WIDTH),
            f"+{item.added:,}",
            f"−{item.removed:,}",
            f"{item.changed:,}",
        )
        for item, title in found
    ]
    show.table(("conversation", "new", "gone", "changed"), rows)


def _show_messages(found: list, limit: int) -> None:  # type: ignore[type-arg]
    """A line a message: what is new, what is gone, and what was said otherwise."""
    for before, after in found[:limit]:
        shown = after or before
        sign = "~" if before and after else "+" if after else "−"
        who = "me" if shown.from_me else of_others(shown.sender or "unknown")
        said = one_line(shown.text, TEXT_WIDTH)
        if before and after and before.text != after.text:
            said = f"{one_line(before.text, TEXT_WIDTH)} → {said}"
        say(f"{sign} {show.day_and_time(shown.time_ns)}  {who}: {said}", nl=False)
        say(f"  #{shown.record}", dim=True)
    if len(found) > limit:
        say("There are more: --limit shows them.")
    if not found:
        say("No message of it differs.")


def _show_plan(counts, is_dry_run: bool) -> None:  # type: ignore[no-untyped-def]
    if counts.is_nothing:
        say("Nothing to restore: the present shows all of it.")
        return
    say(f"{'Would restore' if is_dry_run else 'Restores'}: {show.plan(counts)}.")
    for sample in counts.samples:
        say(f"    “{one_line(sample, 70)}”")
