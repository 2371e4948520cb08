"""The command that checks everything that is kept, and mends it: verify."""

from contextlib import suppress
from typing import NamedTuple

import click

from sealwax.agent.bootstrap import repair_home
from sealwax.agent.noting import HISTORY
from sealwax.cli import show
from sealwax.cli.options import with_session
from sealwax.cli.session import EXIT_FAILED, Session
from sealwax.cli.terminal import of_others, say
from sealwax.library.database import LibraryBroken
from sealwax.snapshot.verify import Step, There, Verified
from sealwax.sync.reading_back import EVERYTHING, NOTHING, Reading
from sealwax.trust.heads import HeadsBroken

ALL = "all"


class Asked(NamedTuple):
    """How thoroughly to verify."""

    is_deep: bool
    reading: Reading


def _reading(_: click.Context, __: click.Parameter, told: str | None) -> Reading:
    """How much is to be read back: all, or a part in percent."""
    if told is None:
        return NOTHING
    if told == ALL:
        return EVERYTHING
    percent = told.removesuffix("%")
    is_part = told.endswith("%") and percent.isascii() and percent.isdecimal()
    if not is_part or not 0 < int(percent[:4]) <= 100:
        raise click.BadParameter("say how much: all, or a part like 10%.")
    return Reading(int(percent) / 100)


@click.command("verify")
@click.option("--repair", "is_repair", is_flag=True, help="Mend what can be mended.")
@click.option("--deep", "is_deep", is_flag=True, help="Add up every change and record too.")
@click.option(
    "--read",
    "reading",
    metavar="[all|PERCENT%]",
    is_flag=False,
    flag_value=ALL,
    callback=_reading,
    help="Fetch objects back from the sync store itself: all, or a part by chance (10%).",
)
@with_session
def verify_command(session: Session, is_repair: bool, is_deep: bool, reading: Reading) -> None:
    """Check every object, commit and key, and the library against them.

    The sync store only says what it has. --deep has it read that; --read reads it here, and only
    that proves it. What is lost or damaged there and whole here is sent again.

    --repair puts back objects that are damaged here from the sync store, and there from here, mends
    damaged commits, and makes a damaged library anew.
    """
    asked = Asked(is_deep, reading)
    try:
        found = _verify(session, asked)
    except (HeadsBroken, LibraryBroken):
        if not is_repair:
            raise
        repair_home(session.home)
        found = _verify(session, asked)
    if is_repair and not found.is_sound:
        # First what a library is made from.
        found = _mended(session, found, asked)
    if is_repair and any(damage.kind == "library" for damage in found.damage):
        repair_home(session.home)
        found = _verify(session, asked)
    session.give(found, lambda: _show(found))
    if not found.is_sound or (reading.share and found.there.trouble):
        raise SystemExit(EXIT_FAILED)


def _mended(session: Session, found: Verified, asked: Asked) -> Verified:
    """What is left when everything was put back from where it is whole."""
    with session.own_agent(is_lenient=True) as agent, suppress(LibraryBroken):
        agent.mend(found)
    return _verify(session, asked)


def _verify(session: Session, asked: Asked) -> Verified:
    with session.agent(is_lenient=True) as agent, session.progress("Verifying") as tell:

        def report(step: Step) -> None:
            tell(step.phase, step.done, step.total)

        return agent.verify(report, asked.is_deep, asked.reading)


def _show(found: Verified) -> None:
    say(
        f"{show.count(found.commits, 'commit')}, {show.count(found.objects, 'object')}"
        f" ({show.size(found.object_bytes)}), {show.count(found.key_packets, 'key packet')},"
        f" {show.count(found.snapshots, 'snapshot')} checked."
    )
    if found.unreferenced:
        say(f"{found.unreferenced:,} objects are not referred to yet; that is no damage.")
    for damage in found.damage:
        mark = "NOT WHOLE" if damage.kind == HISTORY else "DAMAGED"
        say(f"{mark} {damage.kind} {damage.name}: {of_others(damage.what)}", fg="red")
        if damage.cost:
            say(f"    {of_others(damage.cost)}")
    for refused in found.refused:
        say(of_others(refused), fg="red")
    if found.unasked:
        say(
            f"{show.count(found.unasked, 'object')} not on this device; the server could not be"
            " asked whether it has them.",
            fg="yellow",
        )
    if found.there.is_another:
        _show_there(found.there)
    if found.is_sound and not found.unasked:
        where = " on this device" if found.there.is_another else ""
        say(f"Everything{where} is as it must be.", fg="green")
        if not found.is_deep:
            say("  --deep also adds up what is inside: it takes longer.", dim=True)


def _show_there(there: There) -> None:
    """Prints what is known of the other place, and how."""
    if there.sent_again:
        objects = show.count(there.sent_again, "object")
        say(f"{objects} lost or damaged at {there.name}: sent again from here.")
    if there.read:
        of = f"{there.read:,} of {show.count(there.objects, 'object')}"
        say(f"{of} ({show.size(there.read_bytes)}) read back whole from {there.name}.")
    if there.trouble:
        say(f"{there.name} could not be asked: {of_others(there.trouble)}", fg="yellow")
    elif not there.is_asked:
        say(f"{there.name} was not asked what it has: sync is off.", fg="yellow")
    elif not there.read:
        say(f"{there.name} was asked what it has; `sealwax verify --read` reads it back.", dim=True)
