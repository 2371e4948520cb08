"""Two agents of one account on a real server: what happens on one is on the other in a moment."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.running import RunningAgent
from sealwax.agent.selecting import Select
from sealwax.base.clock import SystemClock
from sealwax.base.condition import SetConditions
from tests.homes import changed, environment, said, texts, write_threads
from tests.server.running import Running, running
from tests.sync.homes_on_server import Household

PATIENCE_SECONDS = 90
CHAT = "+15550100000"


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


@contextmanager
def _agents(
    folder: Path, server: Running, conditions: SetConditions
) -> Iterator[list[RunningAgent]]:
    household = Household(folder, server)
    env = environment(SystemClock())
    env = type(env)(env.clock, env.entropy, None, household.env.keyring)
    with ExitStack() as stack:
        agents = []
        for home in household.homes:
            agent = stack.enter_context(open_agent(home, env))
            made = RunningAgent(agent, SystemClock(), conditions)
            thread = threading.Thread(target=made.run)
            agents.append((made, thread))
        agents[0][0].agent.add_source(folder / "phone")
        for _, thread in agents:
            thread.start()
        try:
            yield [made for made, _ in agents]
        finally:
            for made, thread in agents:
                made.stop()
                thread.join()


def _said(agent: RunningAgent) -> list[str]:
    return agent.read(lambda reader: texts(reader, CHAT))


def test_a_message_a_deletion_and_an_outage(tmp_path: Path) -> None:
    write_threads(tmp_path / "phone", [3], end_ms=SystemClock().now_ms() - 86_400_000)
    conditions = SetConditions()
    with (
        running(tmp_path / "server") as server,
        _agents(tmp_path, server, conditions) as (first, second),
    ):
        _until(lambda: len(_said(second)) == 3)
        _until(lambda: second.sync_state().verified_ms is not None)
        changed(
            tmp_path / "phone",
            lambda db: db.add_messages([said(1, 1, "new", "hello", SystemClock().now_ms())]),
        )
        _until(lambda: "hello" in _said(second))
        # On battery what is imported waits here, and goes over once there is power again.
        conditions.change(is_on_power=False, battery_percent=5.0)
        _until(lambda: first.sync_state().pause is not None)
        changed(
            tmp_path / "phone",
            lambda db: db.add_messages([said(1, 1, "late", "later", SystemClock().now_ms())]),
        )
        _until(lambda: first.sync_state().waiting.messages == 1)
        assert "later" not in _said(second)
        assert "paused" in {finding.key for finding in first.examine().findings}
        conditions.change(is_on_power=True)
        _until(lambda: "later" in _said(second))
        deleted = second.ask("delete", lambda agent, _: agent.delete(Select(chats=(CHAT,))))
        assert deleted.future.result(PATIENCE_SECONDS) > 0
        _until(lambda: _said(first) == [])
        facts = first.facts()
        assert facts.store is not None
        assert facts.store.clock_ahead_ms is not None
        assert abs(facts.store.clock_ahead_ms) < 60_000
        assert facts.store.plan_bytes
        assert len(facts.devices) == 2
