"""Letting old snapshots go by the calendar: snapshot tidy."""

import click

from sealwax.cli import show
from sealwax.cli.options import dry_run_option, with_session, yes_option
from sealwax.cli.session import Session
from sealwax.cli.terminal import of_others, say
from sealwax.snapshot.retention import RetentionPlan


@click.command("tidy")
@dry_run_option
@yes_option
@with_session
def tidy_command(session: Session, is_dry_run: bool, is_yes: bool) -> None:
    """Keep 7 daily, 5 weekly, 12 monthly and then yearly snapshots, and let the others go.

    Those that you made or named, and locked ones, always stay. A running agent does this daily.
    """
    with session.agent() as agent:
        plan = agent.upkeep.plan_retention()
        if not is_dry_run and plan.dropped:
            if not session.is_json:
                _show(plan)
            session.confirm(f"Let go of {show.count(len(plan.dropped), 'snapshot')}?", is_yes)
            plan = agent.upkeep.apply_retention()
    session.give(plan, lambda: _show(plan) if is_dry_run or not plan.dropped else _done(plan))


def _show(plan: RetentionPlan) -> None:
    rows = [
        (kept.snapshot.number, show.day_and_time(kept.snapshot.made_ms * 1_000_000), kept.why)
        for kept in plan.kept
    ]
    rows += [
        (
            gone.number,
            show.day_and_time(gone.made_ms * 1_000_000),
            f"goes ({of_others(gone.reason)})",
        )
        for gone in plan.dropped
    ]
    show.table(("number", "made", "stays as"), sorted(rows))


def _done(plan: RetentionPlan) -> None:
    gone = show.count(len(plan.dropped), "snapshot")
    say(f"Let go of {gone}; {len(plan.kept):,} stay.")
