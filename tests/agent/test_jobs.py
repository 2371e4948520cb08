"""The queue of jobs: one of a kind, cancelled between steps, told without secrets."""

from threading import Thread

import pytest

from sealwax.agent.jobs import (
    ENDED_KEPT,
    AgentStops,
    JobCancelled,
    Jobs,
    JobState,
    JobTold,
    OwnMistake,
    Report,
    Step,
    SystemRefused,
)
from sealwax.base.clock import SetClock
from sealwax.base.errors import SealwaxError


def test_a_job_runs_and_tells_how_far_it_is() -> None:
    clock, seen = SetClock(1_000_000), list[JobTold]()
    jobs = Jobs(clock, seen.append)

    def work(report: Report) -> str:
        report(Step("Reading", 0, 100, "messages"))
        clock.advance(10_000)
        report(Step("Reading", 25, 100, "messages"))
        return "result"

    job = jobs.start("import", work)
    assert jobs.run_next()
    assert job.future.result() == "result"
    assert [told.state for told in seen] == ["waiting", "running", "running", "running", "done"]
    assert seen[3].step == Step("Reading", 25, 100, "messages", left_ms=30_000)
    assert (seen[4].began_ms, seen[4].ended_ms) == (1_000_000, 1_010_000)
    assert not jobs.run_next()


def test_there_is_one_job_of_a_kind() -> None:
    jobs = Jobs(SetClock(0))
    inner: list[object] = []

    def work(_: Report) -> None:
        inner.append(jobs.start("import", work))

    first = jobs.start("import", work)
    assert jobs.start("import", work) is first
    assert jobs.start("sync", lambda _: None) is not first
    assert jobs.start("import", work, is_single=False) is not first
    jobs.run_next()
    # The one that was asked for on its own still waits, and stands for the kind.
    assert len(inner) == 1
    assert inner[0] is not first


def test_a_job_is_cancelled_between_two_steps() -> None:
    jobs = Jobs(SetClock(0))
    done: list[int] = []

    def work(report: Report) -> None:
        for at in range(3):
            report(Step("Working", at, 3))
            done.append(at)
            if at == 0:
                assert jobs.cancel(1)

    running = jobs.start("long", work)
    waiting = jobs.start("other", lambda _: done.append(99))
    jobs.cancel(waiting.number)
    jobs.run_next()
    assert done == [0]
    for job in (running, waiting):
        assert job.told.state == JobState.CANCELLED
        with pytest.raises(JobCancelled):
            job.future.result()
    assert not jobs.cancel(running.number)
    assert not jobs.cancel(4_711)


class _Refused(SealwaxError):
    code = "error"
    hint = "Wait."


def test_each_kind_of_failure_is_named_and_the_next_job_runs() -> None:
    log: list[str] = []
    jobs = Jobs(SetClock(0), log=log.append)

    def failing(error: Exception) -> object:
        def work(_: Report) -> None:
            raise error

        return work

    for error, kind in (
        (_Refused("No."), _Refused),
        (PermissionError(13, "Permission denied", "/a/path"), SystemRefused),
        (ValueError("the words of a message"), OwnMistake),
    ):
        job = jobs.start("x", failing(error))  # type: ignore[arg-type]
        jobs.run_next()
        assert job.told.state == JobState.FAILED
        with pytest.raises(kind):
            job.future.result()
    told = jobs.told()
    assert [item.failure.code for item in told if item.failure] == [
        "error",
        "job-refused",
        "own-mistake",
    ]
    everything = repr(told) + "".join(log)
    assert "words of a message" not in everything
    assert "ValueError" in log[0]
    assert jobs.start("y", lambda _: 7)
    assert jobs.run_next()


def test_the_end_of_the_agent_ends_all_jobs() -> None:
    jobs = Jobs(SetClock(0))

    def work(report: Report) -> None:
        jobs.close()
        report(Step("Working"))

    first, second = jobs.start("a", work), jobs.start("b", lambda _: None)
    jobs.run_next()
    for job in (first, second):
        with pytest.raises(AgentStops):
            job.future.result()
    with pytest.raises(AgentStops):
        jobs.start("c", lambda _: None)
    assert not jobs.run_next(5.0)


def test_a_new_job_wakes_the_thread_that_waits() -> None:
    jobs = Jobs(SetClock(0))
    thread = Thread(target=lambda: jobs.run_next(60.0))
    thread.start()
    job = jobs.start("now", lambda _: "done")
    thread.join(30)
    # When the thread had not begun to wait yet, it found the job all the same.
    assert job.future.result(30) == "done"


def test_few_of_those_that_ended_are_remembered() -> None:
    jobs = Jobs(SetClock(0))
    for _ in range(ENDED_KEPT + 5):
        jobs.start("x", lambda _: None)
        jobs.run_next()
    assert len(jobs.told()) == ENDED_KEPT
    assert not jobs.is_busy()
