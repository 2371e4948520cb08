"""Acts of the page about sources: one more, and the answer about one that is held."""

from pathlib import Path

from sealwax.agent.api import Agent
from sealwax.agent.owners import NothingToAccept
from sealwax.agent.port import Report
from sealwax.web.plans import Act, Done, RestoreAsked, Undo
from sealwax.web.refusals import SourceNotWhole

BEFORE_SOURCE = "before a source was accepted"


def adding(path: str) -> Act:
    """Remembers a source; raises SourceNotWhole or, later, SourceError."""
    source = _whole(path)

    def act(agent: Agent, _: Report) -> Done:
        agent.add_source(source)
        return Done(f"{source} is read from now on.")

    return act


def accepting(path: str) -> Act:
    """Says that a held source is right, after a snapshot that can take it back."""
    source = _whole(path)

    def act(agent: Agent, _: Report) -> Done:
        _check_held(agent, source)
        agent.create_snapshot("", BEFORE_SOURCE)
        before = agent.snapshots()[-1]
        agent.accept_source(source)
        undo = Undo(restore=RestoreAsked(before.number, mode="replace"))
        return Done(f"{source} was accepted: what is in it comes in now.", undo)

    return act


def refusing(path: str) -> Act:
    """Forgets a held source."""
    source = _whole(path)

    def act(agent: Agent, _: Report) -> Done:
        _check_held(agent, source)
        agent.remove_source(source)
        return Done(f"{source} is read no more. Nothing that is kept has changed.")

    return act


def _check_held(agent: Agent, source: Path) -> None:
    if str(source) not in agent.owners.held():
        raise NothingToAccept(f"{source} does not wait for an answer.")


def _whole(path: str) -> Path:
    """A path that means the same in every folder."""
    try:
        found = Path(path).expanduser()
    except RuntimeError:
        raise SourceNotWhole("This path begins in a folder of nobody's.") from None
    if not found.is_absolute() or "\0" in path:
        raise SourceNotWhole("This path does not say where it begins.")
    return found
