"""Commands about keys: security confirm-recovery, renew-keys."""

import getpass

import click

from sealwax.agent.recovery import confirm_recovery
from sealwax.base.environment import RECOVERY_VARIABLE
from sealwax.cli.options import with_session, yes_option
from sealwax.cli.session import Session, can_ask
from sealwax.cli.terminal import say


@click.group("security")
def security_group() -> None:
    """The keys of the account."""


@security_group.command("confirm-recovery")
@with_session
def security_confirm(session: Session) -> None:
    """Show that the recovery key was written down, by typing it."""
    code = recovery_key(session)
    with session.agent() as agent:
        confirm_recovery(agent.recovery, code)
    told = "That is it. Keep it away from this computer."
    session.give({"confirmed": True}, lambda: say(told))


@security_group.command("renew-keys")
@yes_option
@with_session
def security_renew(session: Session, is_yes: bool) -> None:
    """Begin new keys: what is written from now on is sealed under them, for the same devices.

    `sealwax status` says when that is needed. Removing a device does it by itself.
    """
    with session.agent() as agent:
        session.confirm("Begin new keys for all devices of the account?", is_yes)
        agent.devices.renew_keys()
    told = "What is written from now on is sealed under new keys."
    session.give({"renewed": True}, lambda: say(told))


def recovery_key(session: Session) -> str:
    """The recovery key, as typed or set for this command."""
    if session.secrets.recovery_key:
        return session.secrets.recovery_key
    if not can_ask():
        raise click.UsageError(f"Set {RECOVERY_VARIABLE} to the recovery key.")
    return getpass.getpass("Recovery key: ")
