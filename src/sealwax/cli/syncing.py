"""Commands that keep devices in step: sync, backup."""

import click

from sealwax.agent.backing_up import backed_up_sentence
from sealwax.agent.resetting import Reset
from sealwax.agent.selecting import size_bytes
from sealwax.agent.sync_state import SyncState
from sealwax.agent.thumbnails import ThumbnailProgress, ThumbnailsMade
from sealwax.agent.wording import count, waits
from sealwax.cli import show
from sealwax.cli.held import told_questions
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, say
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.presence import lost_sentence
from sealwax.sync.progress import SyncProgress
from sealwax.sync.reset.apply import ResetProgress
from sealwax.sync.resolving import Resolution
from sealwax.sync.waiting import Waiting


@click.group("sync")
def sync_group() -> None:
    """The same history on every device."""


@sync_group.command("now")
@with_session
def sync_now(session: Session) -> None:
    """Bring everything that is here to the others, and everything of theirs here."""
    with session.agent(is_waiting=False) as agent, session.progress("Syncing") as tell:

        def report(progress: SyncProgress) -> None:
            tell(progress.phase, progress.done_bytes, progress.total_bytes)

        done = agent.sync.now(report)
        store = agent.sync.state().store
        asked = agent.held.questions() if done.held else []
    session.give(done, lambda: _show_outcome(done, store))
    if asked:
        session.hold(
            "\n".join(told_questions(asked, done.verified_ms)),
            "sealwax held accept --yes   (or: sealwax held undo --yes)",
        )
    if not done.is_verified:
        raise SystemExit(1)


@sync_group.command("on")
@with_session
def sync_on(session: Session) -> None:
    """Share this device's history again: what both sides have joins."""
    with session.agent() as agent:
        agent.sync.switch(True)
        done = agent.sync.now()
        store = agent.sync.state().store
    session.give(done, lambda: _show_outcome(done, store))
    if not done.is_verified:
        raise SystemExit(1)


@sync_group.command("off")
@with_session
def sync_off(session: Session) -> None:
    """Keep to this device what it imports from now on."""
    with session.agent() as agent:
        agent.sync.switch(False)
        state = agent.sync.state()
    session.give(state, lambda: _show_state(state))


@sync_group.command("status")
@with_session
def sync_status(session: Session) -> None:
    """Whether everything is shared, and what is not."""
    with session.reading() as agent:
        state = agent.sync.state()
    session.give(state, lambda: _show_state(state))


@sync_group.command("resolve")
@click.option("--without", "way", flag_value="without", help="Go on without what it wrote.")
@click.option("--accept", "way", flag_value="accept", help="Take it in.")
@dry_run_option
@yes_option
@with_session
def sync_resolve(session: Session, way: str | None, is_dry_run: bool, is_yes: bool) -> None:
    """Say what becomes of what a removed device wrote.

    When a server comes back from a backup that is older than the removal, the removed device can
    write once more. Nothing of that is applied here before you answer. Without it, its steps count
    for nothing, on all devices. With it, they are taken in like what any device says; where they
    take away much, that is held and asked about.
    """
    with session.agent() as agent:
        planned = agent.sync.plan_resolution()
        if is_dry_run:
            session.give(planned, lambda: _show_resolution(planned))
            return
        if way is None or not is_yes:
            _show_resolution(planned, is_error=True)
        if way is None:
            session.hold(
                "Nothing is done before you say which.",
                "sealwax sync resolve --without   (or: sealwax sync resolve --accept)",
            )
        is_accepted = way == "accept"
        session.confirm("Take it in?" if is_accepted else "Go on without it?", is_yes)
        with session.progress("Syncing") as tell:

            def report(progress: SyncProgress) -> None:
                tell(progress.phase, progress.done_bytes, progress.total_bytes)

            done = agent.sync.resolve(is_accepted, report)
        store = agent.sync.state().store
    session.give(done, lambda: _show_outcome(done, store))
    if not done.is_verified:
        raise SystemExit(1)


@sync_group.command("reset")
@dry_run_option
@yes_option
@with_session
def sync_reset(session: Session, is_dry_run: bool, is_yes: bool) -> None:
    """Write all that this device knows anew, for all devices.

    For when the shared history has objects that cannot be read any more, or is thought to be wrong.
    No message changes, and no snapshot. What other devices write meanwhile stays.
    """
    with session.agent() as agent:
        with session.progress("Looking") as tell:

            def report(progress: ResetProgress) -> None:
                tell(progress.phase, progress.done, progress.total)

            planned = agent.sync.plan_reset(report)
        if is_dry_run:
            session.give(planned, lambda: _show_reset(planned))
            return
        if not is_yes:
            _show_reset(planned, is_error=True)
        session.confirm("Write all of it anew?", is_yes)
        with session.progress("Resetting") as tell:
            done = agent.sync.reset(report)
    session.give(done, lambda: _show_reset_done(done))


@sync_group.command("thumbnails")
@with_session
def sync_thumbnails(session: Session) -> None:
    """Make the small pictures of the photos on this computer that have none yet.

    The agent does so by itself. Devices without the photos show the small pictures.
    """
    total = ThumbnailsMade()
    with session.agent() as agent, session.progress("Making small pictures") as tell:

        def report(progress: ThumbnailProgress) -> None:
            tell("Making small pictures", total.made + total.failed + progress.done, 0)

        while True:
            # One batch after the other: an agent that does it has a look at its sources in between.
            batch = agent.thumbnails.make_some(report)
            total += batch
            if batch.why or batch.is_nothing:
                break
    session.give(total, lambda: _show_thumbnails(total))
    if total.why:
        raise SystemExit(1)


@sync_group.command("files")
@click.argument("how", metavar="all|on-demand|SIZE")
@with_session
def sync_files(session: Session, how: str) -> None:
    """How many photos and files of other devices come here: all, none, or the newest SIZE (20GB).

    Words and small pictures of photos always come. Files that are not here are fetched when you
    look at them. What is here stays.
    """
    wanted = {"all": None, "on-demand": 0}
    files_bytes = wanted[how] if how in wanted else size_bytes(how)
    with session.agent() as agent:
        agent.sync.keep_files(files_bytes)
    session.give({"files_bytes": files_bytes}, lambda: say(f"Files of others: {how}"))


@click.group("backup")
def backup_group() -> None:
    """Snapshots that a deletion cannot touch."""


@backup_group.command("now")
@with_session
def backup_now(session: Session) -> None:
    """Take a snapshot, bring it to the sync store where there is one, and read it back.

    It says "backed up" only when what this device wrote there came back and is the same. Otherwise
    it says what is not there, and ends with 1.
    """
    with session.agent() as agent:
        snapshot = agent.create_snapshot("")
        with session.progress("Reading the backup back"):
            done = agent.sync.back_up_now()
        now_ms = agent.status().now_ms
    session.give(
        {"snapshot": snapshot, "why": done.why, "proof": done.proof, "is_whole": done.is_whole},
        lambda: say(
            f"Snapshot {snapshot.number} is made. {of_others(backed_up_sentence(done, now_ms))}",
            fg="green" if done.is_whole else "red",
        ),
    )
    if not done.is_whole:
        raise SystemExit(1)


@backup_group.command("on")
@with_session
def backup_on(session: Session) -> None:
    """Take snapshots of this device."""
    _switch_backup(session, is_on=True)


@backup_group.command("off")
@with_session
def backup_off(session: Session) -> None:
    """Take no snapshots by itself; those that there are stay."""
    _switch_backup(session, is_on=False)


def _switch_backup(session: Session, is_on: bool) -> None:
    with session.agent() as agent:
        agent.sync.switch_backup(is_on)
        state = agent.sync.state()
    session.give(state, lambda: _show_state(state))


def _show_resolution(planned: Resolution, is_error: bool = False) -> None:
    who = " and ".join(f"“{of_others(name)}”" for name in planned.devices)
    first, last = (show.day_and_time(at * 1_000_000) for at in (planned.first_ms, planned.last_ms))
    say(
        f"{who} wrote {show.count(planned.steps, 'step')} after the removal, by its own clock from"
        f" {first} to {last}:",
        err=is_error,
    )
    told = (
        (planned.messages, "message", "that are new or changed here"),
        (planned.attachments, "attachment", "that are new or changed here"),
        (planned.deletions, "record", "that it takes away"),
        (planned.snapshots, "snapshot", "that it lets go of"),
        (planned.unreadable, "sealed object", "that cannot be read"),
    )
    for number, what, how in told:
        if number:
            say(f"  {show.count(number, what)} {how}", err=is_error)
    say(
        "  --without: all of this counts for nothing, on all devices.\n"
        "  --accept:  all of this is taken in; where it takes away much, that is held.",
        err=is_error,
    )


def _show_reset(planned: Reset, is_error: bool = False) -> None:
    say(
        f"Would write {show.count(planned.records, 'record')} anew, about"
        f" {show.size(planned.size_bytes)}, in place of"
        f" {show.count(planned.segments, 'sealed object')}, after a snapshot.",
        err=is_error,
    )
    _show_damage(planned, is_error)


def _show_reset_done(done: Reset) -> None:
    say(
        f"{show.count(done.records, 'record')} written anew ({show.size(done.written_bytes)}) in"
        f" place of {show.count(done.segments, 'sealed object')}. Snapshot {done.snapshot} has what"
        " was before.",
        fg="green",
    )
    _show_damage(done)


def _show_damage(reset: Reset, is_error: bool = False) -> None:
    told = (
        (reset.healed, "cannot be read any more; what was in them is here"),
        (reset.regained, "hold something that is missing here; that is taken in first"),
        (reset.nowhere, "are neither here nor at the sync store; they go, and a device that has"
         " them says what is in them again"),
        (reset.kept, "cannot be read and never were here; they stay, for another device may"
         " have what is in them"),
    )  # fmt: skip
    for number, what in told:
        if number:
            say(f"  {number:,} of the sealed objects {what}.", err=is_error)


def _show_outcome(done: SyncOutcome, store: str) -> None:
    if done.repaired:
        say(of_others(done.repaired))
    if done.is_verified:
        at = show.day_and_time(done.verified_ms * 1_000_000)
        say(f"Everything on this device is on {store}, verified {at}.", fg="green")
        return
    if done.waiting.is_nothing:
        say(f"Not verified: {of_others(done.why or done.doubt)}", fg="red")
        return
    say(_waits(done.waiting, store), fg="yellow")
    say(f"  {of_others(done.why)}")


def _show_state(state: SyncState) -> None:
    say(f"Sync is {'on' if state.is_on else 'off'}: {state.store}")
    say(f"Backup of this device is {'on' if state.is_backup_on else 'off'}.")
    if not state.is_on and not state.is_backup_on:
        say("Both are off: nothing protects what comes from now on.", fg="red")
    if not state.waiting.is_nothing:
        say(_waits(state.waiting, state.store), fg="yellow")
    elif state.verified_ms:
        at = show.day_and_time(state.verified_ms * 1_000_000)
        is_old = state.trouble or state.doubt
        say(f"Everything was {'last ' if is_old else ''}shared at {at}.")
    if state.trouble_since_ms:
        since = show.day_and_time(state.trouble_since_ms * 1_000_000)
        say(f"Sync does not succeed since {since}: {of_others(state.trouble)}", fg="yellow")
    elif state.trouble:
        say(f"  {of_others(state.trouble)}")
    elif state.doubt:
        say(f"  Not verified: {state.doubt}", fg="red")
    elif state.lost:
        say(f"  {lost_sentence(state.lost, state.is_remote)}", fg="red")
    if state.unproved:
        say(f"  {state.unproved}", fg="red")
    elif state.proved_ms:
        at = show.day_and_time(state.proved_ms * 1_000_000)
        say(f"The backup was last read back, whole, from {state.store} at {at}.")


def _waits(waiting: Waiting, store: str) -> str:
    since = show.day_and_time((waiting.since_ms or 0) * 1_000_000)
    return f"Not on {store}: {waits(waiting)}, since {since}."


def _show_thumbnails(made: ThumbnailsMade) -> None:
    say(f"{count(made.made, 'small picture')} made.")
    if made.failed:
        say(f"{count(made.failed, 'picture')} cannot be opened; the files are kept.")
    if made.lacking_plugin:
        say(
            f"{count(made.lacking_plugin, 'HEIC photo')} cannot be opened on this computer."
            " Installing pillow-heif lets it: docs/set-up.md."
        )
    if made.why:
        say(of_others(made.why), err=True)
