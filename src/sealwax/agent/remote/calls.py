"""What another process of the same person may ask a running agent: which methods, in which form.

A request is msgpack of [method, {argument: value}]. The answer is frames of a four-byte length and
so many bytes of msgpack: [tag, value], any number of `progress` and `item`, then one `done` or
`error`. Values have the form that their annotations in `agent.api` give them. Nothing secret is
among the arguments or the results of these methods, but for the code of a link, which is good for
ten minutes.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from sealwax.agent.api import Agent
from sealwax.agent.devices import Devices
from sealwax.agent.grouping import Grouping
from sealwax.agent.held import Held
from sealwax.agent.link_desk import LinkDesk
from sealwax.agent.owners import Owners
from sealwax.agent.recovery import Recovery
from sealwax.agent.running import RunningAgent
from sealwax.agent.storing import Storing
from sealwax.agent.syncing import Syncing
from sealwax.agent.thumbnails import Thumbnails
from sealwax.agent.tracing import Tracing
from sealwax.agent.upkeep import Upkeep
from sealwax.base.errors import SealwaxError, codes

READING = frozenset(
    """
    warnings
    conversations conversation read attachments search media attachment_bytes status sources
    sources_to_import plan_compaction affected snapshots snapshot diff plan_restore export
    upkeep.plan_retention upkeep.rhythm owners.held running.told recovery.member
    recovery.entries recovery.is_confirmed running.examine running.facts running.sync_state
    running.page_link running.is_page_link_open
    tracing.trace devices.list devices.find devices.asked_ms sync.state
    sync.unshown_snapshots
    diff_messages unreadable_at source_trouble
    storage.overview storage.titles storage.large storage.plan_purge storage.plan_empty_trash
    storage.room
    held.questions held.alarms held.asked_elsewhere held.waiting
    links.begin links.look links.answer links.end
    """.split()
)
"""Answered by a reader, at the same time as anything else."""
WRITING = frozenset(
    """
    verify add_source remove_source accept_source import_source
    grouping.split grouping.join grouping.set_apart grouping.put_together
    grouping.set_message_apart grouping.put_message_together
    compact delete undelete answer_held create_snapshot drop_snapshots restore
    upkeep.apply_retention recovery.note_confirmed
    storage.purge storage.empty_trash storage.ask_for_plan
    sync.now sync.keep_files sync.switch sync.switch_backup sync.back_up_now
    sync.plan_reset sync.reset sync.show_snapshots sync.plan_resolution sync.resolve
    thumbnails.make_some held.take_back
    devices.revoke devices.rename devices.plan_adoption devices.adopt devices.renew_keys
    """.split()
)
"""Done by the one thread that writes, one after the other."""
RUNNING, LINKS = "running", "links"
PARTS: dict[str, type] = {
    "upkeep": Upkeep,
    "held": Held,
    "grouping": Grouping,
    "owners": Owners,
    "recovery": Recovery,
    "tracing": Tracing,
    "sync": Syncing,
    "devices": Devices,
    "storage": Storing,
    "thumbnails": Thumbnails,
    RUNNING: RunningAgent,
    LINKS: LinkDesk,
}
"""Parts of the agent by the name of their attribute; their methods are called as `part.method`.
`running` is the running agent itself, `links` its links."""
REQUEST_LIMIT_BYTES = 16 * 1024 * 1024
FRAME_LIMIT_BYTES = 256 * 1024 * 1024
LENGTH_BYTES = 4
PROGRESS, ITEM, DONE, ERROR = "progress", "item", "done", "error"


class CallRefused(SealwaxError):
    """What was asked of the agent is not among what it answers."""

    code = "call-refused"
    hint = "The agent may be of another version: end it, and start it again."


class Told(msgspec.Struct, frozen=True, array_like=True):
    """A SealwaxError on its way to another process."""

    code: str
    sentence: str
    hint: str


class Call(NamedTuple):
    """A checked request: the method's name, its arguments, whether it only reads."""

    method: str
    arguments: dict[str, Any]
    is_reading: bool


class _Shape(NamedTuple):
    """A method's arguments and result by annotation; `report` is that of what is reported."""

    arguments: dict[str, Any]
    needed: frozenset[str]
    result: Any
    is_stream: bool
    report: Any


def _to_wire(value: Any) -> Any:
    """A path means the same in another process only when it is whole."""
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, Iterable):
        return list(value)
    raise NotImplementedError(type(value))


def _from_wire(kind: type, value: Any) -> Any:
    assert kind is Path, kind
    return Path(value)


encode = msgspec.msgpack.Encoder(enc_hook=_to_wire).encode
_decode_request = msgspec.msgpack.Decoder(tuple[str, dict[str, msgspec.Raw]]).decode
_decode_frame = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw]).decode


def encode_call(method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bytes:
    """A request, without the functions that want to be told of progress."""
    signature = inspect.signature(function_of(method))
    bound = signature.bind(None, *arguments, **named).arguments
    told = {name: value for name, value in bound.items() if name != "self" and not callable(value)}
    return encode((method, told))


def decode_call(body: bytes) -> Call:
    """Checks a request; raises CallRefused."""
    try:
        method, told = _decode_request(body)
        if method not in READING and method not in WRITING:
            raise CallRefused(f"The agent has no “{method[:50]}” to be called.")
        shape = shape_of(method)
        arguments = {name: decode(raw, shape.arguments[name]) for name, raw in told.items()}
    except (msgspec.MsgspecError, KeyError, ValueError, UnicodeDecodeError) as error:
        raise CallRefused("The agent was asked in a form that it does not know.") from error
    if not shape.needed <= arguments.keys():
        raise CallRefused("The agent was asked for too little.")
    return Call(method, arguments, method in READING)


def frame(tag: str, value: Any) -> bytes:
    """One frame of an answer."""
    body = encode((tag, value))
    assert len(body) <= FRAME_LIMIT_BYTES
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_frame(body: bytes) -> tuple[str, msgspec.Raw]:
    """(tag, value still encoded); raises CallRefused."""
    try:
        return _decode_frame(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CallRefused("The agent answered in a form that is not known here.") from error


def decode(raw: bytes | msgspec.Raw, kind: Any) -> Any:
    """A value of an annotation; raises msgspec.MsgspecError."""
    return msgspec.msgpack.decode(raw, type=kind, dec_hook=_from_wire)


def as_error(told: Told) -> SealwaxError:
    """The error as the class that it was, where that is known here."""
    kind = codes().get(told.code, SealwaxError)
    # A class may want more to be made; what it says is all that is left of it here.
    error = kind.__new__(kind)
    SealwaxError.__init__(error, told.sentence, told.hint)
    return error


def function_of(method: str) -> Callable[..., Any]:
    """The function behind a method that may be called."""
    part, _, name = method.rpartition(".")
    function: Callable[..., Any] = getattr(PARTS[part] if part else Agent, name)
    return function


@lru_cache(maxsize=128)
def shape_of(method: str) -> _Shape:
    """The annotations of a method of the agent."""
    function = function_of(method)
    hints = get_type_hints(function)
    result = hints.pop("return")
    is_stream = get_origin(result) is not None and issubclass(get_origin(result), Iterator)
    report = next((_reported(hint) for hint in hints.values() if _is_report(hint)), None)
    needed = {
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and parameter.default is inspect.Parameter.empty
    }
    arguments = {name: _listed(hint) for name, hint in hints.items() if not _is_report(hint)}
    return _Shape(
        arguments,
        frozenset(needed & arguments.keys()),
        get_args(result)[0] if is_stream else result,
        is_stream,
        report,
    )


def report_name(method: str) -> str | None:
    """The argument of a method that wants to be told of progress."""
    hints = get_type_hints(function_of(method))
    return next((name for name, hint in hints.items() if _is_report(hint)), None)


def _is_report(hint: Any) -> bool:
    return get_origin(hint) is not None and get_origin(hint) is get_origin(Callable[[int], None])


def _reported(hint: Any) -> Any:
    (kinds, _) = get_args(hint)
    return kinds[0]


def _listed(hint: Any) -> Any:
    """What can be gone through once travels as a list."""
    if get_origin(hint) is get_origin(Iterable[int]):
        return list[get_args(hint)[0]]  # type: ignore[misc]
    return hint
