"""Commands about the space that a vault takes: storage compact."""

import click

from sealwax.agent.compacting import Compaction
from sealwax.cli import show
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.session import Session


@click.group("storage")
def storage_group() -> None:
    """The space that the vault takes."""


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
            session.give(planned, lambda: click.echo(f"Would {_told(planned)}."))
            return
        if planned.deleted:
            session.confirm(f"Go on to {_told(planned)}?", is_yes)
        with session.progress("Compacting") as tell:
            done = agent.compact(lambda phase: tell(phase, 0, 0))
    session.give(done, lambda: click.echo(f"Done: {_done(done)}."))


def _told(planned: Compaction) -> str:
    return (
        f"merge {planned.merged:,} small objects and delete {planned.deleted:,}"
        f" ({show.size(planned.deleted_bytes)}) that nothing holds"
    )


def _done(done: Compaction) -> str:
    return (
        f"{done.merged:,} small objects merged, {done.rewritten:,} freed of purged words,"
        f" {done.deleted:,} deleted ({show.size(done.deleted_bytes)})"
    )
