"""`init --recover`: what the account is, before anything is written; and whose its devices are."""

from contextlib import ExitStack

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.device import Environment
from sealwax.agent.devices import find_device
from sealwax.agent.home import VAULT_FOLDER
from sealwax.agent.recovering import FoundAccount, recovering
from sealwax.cli import show
from sealwax.cli.devices import show_devices
from sealwax.cli.security import recovery_key
from sealwax.cli.session import Session, can_ask
from sealwax.cli.terminal import ask, of_others, say
from sealwax.stores.server import is_server
from sealwax.trust.roster import KnownDevice

READING = "Reading the history"
LOOK = (
    "Look whether you know all of it. An old copy of an account may still have a device that was"
    " removed, and lack the newest messages."
)


def show_recovering(
    session: Session,
    store: str | None,
    name: str,
    account: str,
    wanted_gone: tuple[str, ...],
    is_yes: bool,
    environment: Environment,
) -> None:
    """Opens an account with its recovery key, shows it, asks, and makes the home."""
    with ExitStack() as stack:
        code = recovery_key(session)
        with session.progress(READING) as tell:

            def report(done: int, total: int) -> None:
                tell(READING, done, total)

            recovery = stack.enter_context(
                recovering(session.home, store, code, name, environment, account, report)
            )
        found = recovery.found()
        gone = [find_device(found.devices, wanted) for wanted in wanted_gone]
        if not session.is_json:
            _show_found(found, store or str(session.home / VAULT_FOLDER))
        session.confirm(f"Make “{of_others(name)}” one of its devices?", is_yes)
        recovery.accept()
    if not session.is_json:
        say(f"Opened: {session.home}")
        say("This device is one of the account's now, and began new keys.")
    with open_agent(session.home, environment, is_lenient=True) as agent:
        session.warn(agent.warnings())
        gone += _not_mine([one for one in found.devices if one not in gone], is_yes)
        _remove(session, agent, gone)
        messages = agent.status().counts.messages
    kept = [one for one in found.devices if one not in gone]
    told = {**found._asdict(), "home": session.home, "removed": gone, "kept": kept}
    session.give(told, lambda: _show_kept(kept))
    say(f"{show.count(messages, 'message')} here.", err=True)


def _show_found(found: FoundAccount, store: str) -> None:
    say(f"Account {found.account[:12]}", bold=True)
    show_devices(found.devices)
    say()
    when = ""
    if found.span is not None:
        oldest, newest = map(show.day, found.span)
        when = f", the oldest of {oldest}, the newest of {newest}"
    trash = f"; {found.trashed:,} in the trash" if found.trashed else ""
    say(f"{show.count(found.messages, 'message')}{when}{trash}.")
    for trouble in found.troubles:
        say(f"! {of_others(trouble)}", fg="red")
    say(LOOK)
    if not is_server(store):
        say(f"A yes writes to {store}.")
        say("To keep that as it is, say no, and open a copy of it.")


def _not_mine(devices: list[KnownDevice], is_yes: bool) -> list[KnownDevice]:
    """Those of the account's devices that a person says are not theirs any more."""
    if is_yes or not can_ask():
        return []
    return [one for one in devices if not ask(_question(one), default=True)]


def _question(device: KnownDevice) -> str:
    return f"Is “{of_others(device.name)}” ({device.id.hex()[:8]}) still yours?"


def _remove(session: Session, agent: Agent, gone: list[KnownDevice]) -> None:
    for device in gone:
        agent.devices.revoke(device.id.hex())
        if not session.is_json:
            say(f"“{of_others(device.name)}” is out.")


def _show_kept(kept: list[KnownDevice]) -> None:
    if kept:
        names = ", ".join(f"“{of_others(device.name)}”" for device in kept)
        say(f"Still devices of the account: {names}.")
        say("One that is not yours any more: sealwax device revoke NAME")
