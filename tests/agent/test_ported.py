"""The running agent behind the interface of surfaces."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.port import Event, JobView, Port, Progress
from sealwax.agent.ported import (
    DeviceElsewhere,
    Listeners,
    NoSuchJob,
    NothingToSyncWith,
    RunningPort,
    port_of,
)
from sealwax.agent.selecting import NothingMatches
from sealwax.base.clock import SystemClock
from sealwax.base.condition import SetConditions
from tests.homes import environment, ignore, made_home, write_threads


@pytest.fixture
def port(tmp_path: Path) -> Iterator[RunningPort]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(tmp_path / "phone", [4])
    with (
        open_agent(home, env) as agent,
        port_of(agent, SystemClock(), SetConditions()) as made,
    ):
        as_port: Port = made
        assert as_port is made
        yield made


def _ended(port: RunningPort, job: str) -> JobView:
    """The job, once it has ended: waited for by events."""
    for _ in port.events():
        (view,) = [view for view in port.jobs() if view.id == job]
        if view.state not in ("waiting", "running"):
            return view
    raise AssertionError("the port was closed")


def test_a_job_changes_what_is_read(port: RunningPort, tmp_path: Path) -> None:
    def act(agent: object, report: object) -> dict[str, str]:
        report(Progress("Reading", 1, 4, remaining_seconds=2.5))  # type: ignore[operator]
        agent.import_source(tmp_path / "phone", ignore)  # type: ignore[attr-defined]
        return {"sentence": "4 messages came."}

    view = _ended(port, port.start("import", act))  # type: ignore[arg-type]
    assert (view.state, view.sentence) == ("done", "4 messages came.")
    assert view.progress is not None
    assert view.progress.remaining_seconds == 2.5
    assert view.result == {"sentence": "4 messages came."}
    assert port.read(lambda agent: agent.status().counts.messages) == 4
    made = _ended(port, port.backup_now())
    assert made.state == "done"
    assert made.sentence.startswith("A snapshot was made. Backed up, read back from ")
    assert port.read(lambda agent: len(agent.snapshots())) == 1


def test_a_failure_is_told_with_its_hint(port: RunningPort) -> None:
    def act(_: object, __: object) -> None:
        raise NothingMatches("There is no conversation “x”.")

    view = _ended(port, port.start("delete", act))
    assert (view.state, view.error_code) == ("failed", "nothing-matches")
    assert "`sealwax list`" in view.hint
    assert not port.cancel(view.id)
    assert not port.cancel("x")


def test_safety_is_what_the_doctor_says(port: RunningPort) -> None:
    safety = port.safety()
    assert safety.level == "warn"
    assert safety.sentence == safety.lines[0].text
    assert {"add-source"} <= {line.action for line in safety.lines}


def test_commands_are_told_as_they_are_typed_for_this_home(port: RunningPort) -> None:
    home = port.read(lambda agent: agent.home)
    remedies = [line.remedy for line in port.safety().lines]
    assert any(f"`sealwax --home {home} security confirm-recovery`" in told for told in remedies)
    assert not any("`sealwax s" in told for told in remedies)


def test_what_the_agent_does_by_itself_is_done_when_asked(port: RunningPort) -> None:
    failed = _ended(port, port.again("import"))
    assert (failed.state, failed.error_code) == ("failed", "no-sources")
    done = _ended(port, port.again("verify"))
    assert done.sentence == "Everything that is kept was checked, and is as it was written."
    with pytest.raises(NoSuchJob):
        port.again("delete")


def test_this_device_is_first_and_turns_its_own_switches_alone(port: RunningPort) -> None:
    (device,) = port.devices()
    assert device.is_this
    assert device.is_backup_on
    port.switch(device.id, "backup", False)
    assert not port.devices()[0].is_backup_on
    port.switch(device.id, "backup", True)
    port.switch(device.id, "sync", False)
    assert not port.devices()[0].is_sync_on
    with pytest.raises(DeviceElsewhere):
        port.switch("00" * 16, "sync", True)
    with pytest.raises(NothingToSyncWith):
        port.sync_now()


def test_listeners_that_are_slow_lose_events_and_nobody_waits() -> None:
    listeners = Listeners()
    told = listeners.listen()
    assert next(told) is None
    for _ in range(1_000):
        listeners.tell(Event("jobs"))
    assert next(told) == Event("jobs")
    listeners.close()
    assert len(list(told)) < 1_000
    listeners.tell(Event("jobs"))
