"""A frozen vault, unpacked and read by the program: what its JSON file has to say of it."""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.recovering import recover_home
from sealwax.base.clock import SetClock
from sealwax.library.conversation import ConversationView
from sealwax.library.select import ANYWHERE, Moment
from sealwax.library.view import AttachmentView, MessageView, shown_files
from sealwax.model.record import Kind
from tests.homes import environment, ignore

FOLDER = Path(__file__).parent / "frozen"
READER = "reader"
"""The name of the device that the recovery key lets in to read."""
LIMIT_MESSAGES = 100_000
Json = dict[str, Any]


@contextmanager
def opened(tar: Path, folder: Path, recovery_key: str, now_ms: int) -> Iterator[Agent]:
    """An agent of a new device, from the vault and its recovery key alone."""
    vault = folder / "vault"
    with tarfile.open(tar) as packed:
        for member in packed:
            data = packed.extractfile(member)
            assert data is not None and ".." not in member.name
            path = vault / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.read())
    env = environment(SetClock(now_ms))
    recover_home(folder / "reader", str(vault), recovery_key, READER, env)
    with open_agent(folder / "reader", env) as agent:
        yield agent


def reading(agent: Agent) -> Json:
    """Everything that a frozen vault's JSON file says of its content."""
    return {
        "account": agent.status().account,
        "devices": [
            {"id": one.id.hex(), "name": one.name, "is_removed": one.revoked_ms is not None}
            for one in agent.devices.list(is_all=True)
            if one.name != READER
        ],
        "present": _shown(agent, None, False),
        "trash": _shown(agent, None, True),
        "snapshots": [
            {
                "name": one.name,
                "zone": one.zone,
                "number": one.number,
                "reason": one.reason,
                "made_ms": one.made_ms,
                "lock_until_ms": one.lock_until_ms,
                "present": _shown(agent, str(one.number), False),
                "trash": _shown(agent, str(one.number), True),
            }
            for one in agent.snapshots()
        ],
    }


def _shown(agent: Agent, at: str | None, in_trash: bool) -> Json:
    views = agent.conversations(at, in_trash)
    ids = _ids(agent)
    messages = [
        _message(agent, view, ids)
        for one in views
        for view in agent.read(one.record, at, LIMIT_MESSAGES, in_trash=in_trash)
    ]
    return {
        "conversations": sorted((_conversation(one, ids) for one in views), key=_id),
        "messages": sorted(messages, key=_id),
    }


def _ids(agent: Agent) -> dict[int, str]:
    """The ids of records by their numbers in this library."""
    connection = agent.device.history.library.database.connection
    return {number: uid.hex() for number, uid in connection.execute("SELECT id, uid FROM record")}


def _id(item: Json) -> str:
    return str(item["id"])


def _conversation(view: ConversationView, ids: dict[int, str]) -> Json:
    return {
        "id": ids[view.record],
        "origin": view.origin,
        "title": view.title,
        "participants": sorted(view.participants),
        "is_group": view.is_group,
    }


def _message(agent: Agent, view: MessageView, ids: dict[int, str]) -> Json:
    files = shown_files(view, agent.attachments([view]))
    return {
        "id": ids[view.record],
        "conversation": ids[view.conversation] if view.conversation else None,
        "sender": view.sender,
        "from_me": view.from_me,
        "time_ns": view.time_ns,
        "text": view.text,
        "wordings": [one.text for one in view.wordings],
        "unsent_parts": list(view.unsent_parts),
        "reactions": [[one.actor, one.kind, one.emoji] for one in view.reactions],
        "reply_to": view.reply_to,
        "undecoded": list(view.undecoded),
        "files": [_file(agent, name, one) for name, one in files],
    }


def _file(agent: Agent, name: str, view: AttachmentView | None) -> Json:
    if view is None or not view.chunks:
        return {"origin": name, "sha256": None, "size_bytes": None}
    data = b"".join(agent.attachment_bytes(view))
    return {
        "origin": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
    }


def words_anywhere(agent: Agent) -> set[str]:
    """All words of messages of the present and of each snapshot, their trash included."""
    library = agent.device.history.library
    seqs = [library.head_moment(), *(one.moment for one in library.holdings.pins())]
    moments = [Moment(seq, ANYWHERE) for seq in seqs]
    return {text for moment in moments for text in _texts(library.read.rows(Kind.MESSAGE, moment))}


def _texts(rows: Iterable[Any]) -> Iterator[str]:
    for row in rows:
        for (name, _, _), stamps in row.state.slots.items():
            if name == "text":
                yield from (str(stamp.value) for stamp in stamps)


def void_commits(agent: Agent) -> list[str]:
    """The commits that do not count, as verifying names them; it must find nothing else."""
    agent.sync.now()
    damage = agent.verify(ignore).damage
    assert all(one.kind == "commit" and "does not count" in one.what for one in damage), damage
    return [one.name for one in damage]
