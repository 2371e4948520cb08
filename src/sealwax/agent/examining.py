"""The doctor's facts for an agent of this process, where none runs in another one."""

from collections.abc import Callable

from sealwax.agent.api import Agent
from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.gather import gather
from sealwax.agent.doctor.missing import Way, follow
from sealwax.agent.journal import Journal
from sealwax.agent.remote.client import RemoteAgent
from sealwax.agent.sync_bridge import SyncBridge
from sealwax.base.clock import Clock
from sealwax.base.condition import Conditions


def facts_of(agent: Agent, conditions: Conditions, clock: Clock) -> Facts:
    """From the agent that runs, which knows more, or from this one."""
    if isinstance(agent, RemoteAgent):
        told: Facts = agent.running.facts()
        return told
    state = SyncBridge(agent, clock).state()
    journal = Journal(agent.home).entries
    found = gather(agent, state, journal, conditions.now(), clock.now_ms())
    return found._replace(is_agent_running=False)


def follow_chat(agent: Agent, facts: Facts, chat: str | None, report: Callable[[int], None]) -> Way:
    """Where a conversation stops on its way; see `doctor.missing`."""
    return follow(agent.tracing.trace(chat, report), facts)
