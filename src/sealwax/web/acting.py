"""The routes that change something, and those that tell of jobs, safety and devices."""

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import JSONBody, PathParameter

from sealwax.agent.port import DeviceView, JobView, Safety
from sealwax.web.plans import (
    Chosen,
    DeleteAsked,
    Plan,
    Plans,
    RestoreAsked,
    answering,
    plan_delete,
    plan_restore,
    undeleting,
)
from sealwax.web.reading import Asked, port_of
from sealwax.web.sources import accepting, adding, refusing

JobId = Annotated[str, PathParameter(max_length=40)]
Text = Annotated[str, msgspec.Meta(max_length=100)]
PathText = Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Yes to a plan."""

    plan: Text


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of what is held: of one question, by its number, or of all."""

    is_accepted: bool
    number: int | None = None


class SourceNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source to read from, by its path."""

    path: PathText


class SourceAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a source that is held is right all the same."""

    path: PathText
    is_right: bool


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A switch of a device as it is to be."""

    device: Text
    what: Literal["sync", "backup"]
    is_on: bool


class Started(msgspec.Struct, frozen=True):
    """A job that was begun."""

    job: str


@post("/api/plans/restore", sync_to_thread=True, status_code=200)
def restore_plan(request: Asked, data: JSONBody[RestoreAsked]) -> Plan:
    """What a restore would do. Changes nothing."""
    return port_of(request).read(lambda agent: plan_restore(_plans(request), agent, data))


@post("/api/plans/delete", sync_to_thread=True, status_code=200)
def delete_plan(request: Asked, data: JSONBody[DeleteAsked]) -> Plan:
    """What a deletion would do. Changes nothing."""
    return port_of(request).read(lambda agent: plan_delete(_plans(request), agent, data))


@post("/api/plans/confirmed", sync_to_thread=True, status_code=202)
def confirm(request: Asked, data: JSONBody[Confirmed]) -> Started:
    """Does what a plan showed."""
    kind, act = _plans(request).take(data.plan)
    return Started(port_of(request).start(kind, act))


@post("/api/undelete", sync_to_thread=True, status_code=202)
def undelete(request: Asked, data: JSONBody[Chosen]) -> Started:
    return Started(port_of(request).start("undelete", undeleting(data)))


@post("/api/held", sync_to_thread=True, status_code=202)
def held(request: Asked, data: JSONBody[Answer]) -> Started:
    return Started(port_of(request).start("held", answering(data.is_accepted, data.number)))


@post("/api/sources", sync_to_thread=True, status_code=202)
def source(request: Asked, data: JSONBody[SourceNamed]) -> Started:
    """Reads from one more source, now and from now on."""
    port = port_of(request)
    started = Started(port.start("source", adding(data.path)))
    port.again("import")
    return started


@post("/api/sources/answer", sync_to_thread=True, status_code=202)
def source_answer(request: Asked, data: JSONBody[SourceAnswer]) -> Started:
    """Reads from a source that is held, or forgets it."""
    port = port_of(request)
    if not data.is_right:
        return Started(port.start("source", refusing(data.path)))
    started = Started(port.start("source", accepting(data.path)))
    port.again("import")
    return started


@post("/api/actions/{action:str}", sync_to_thread=True, status_code=202)
def act(request: Asked, action: JobId) -> Started:
    """A button: "sync-now", "backup-now", or a job that the agent does by itself, done now."""
    port = port_of(request)
    if action == "sync-now":
        return Started(port.sync_now())
    if action == "backup-now":
        return Started(port.backup_now())
    return Started(port.again(action))


@get("/api/jobs", sync_to_thread=True)
def jobs(request: Asked) -> list[JobView]:
    return port_of(request).jobs()


@post("/api/jobs/{job:str}/cancel", sync_to_thread=True, status_code=200)
def cancel(request: Asked, job: JobId) -> bool:
    return port_of(request).cancel(job)


@get("/api/safety", sync_to_thread=True)
def safety(request: Asked) -> Safety:
    return port_of(request).safety()


@get("/api/devices", sync_to_thread=True)
def devices(request: Asked) -> list[DeviceView]:
    return port_of(request).devices()


@post("/api/devices", sync_to_thread=True, status_code=200)
def switch(request: Asked, data: JSONBody[Switched]) -> list[DeviceView]:
    """Turns sync or backup of a device on or off."""
    port = port_of(request)
    port.switch(data.device, data.what, data.is_on)
    return port.devices()


ROUTES = [
    restore_plan, delete_plan, confirm, undelete, held, source, source_answer, act, jobs, cancel,
    safety, devices, switch,
]  # fmt: skip


def _plans(request: Asked) -> Plans:
    plans: Plans = request.app.state.plans
    return plans
