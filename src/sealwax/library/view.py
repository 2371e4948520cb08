"""A message, a conversation, an attachment as people see them: read off their joined states."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sealwax.library.naming import own_name
from sealwax.library.project import is_marked, position, told_time, unfinished
from sealwax.model.field import (
    ALIAS,
    APP,
    ATTACHMENT,
    CONTENT,
    CREATED_NS,
    DELIVERED_NS,
    DRAFT,
    EDIT,
    EFFECT,
    EVENT,
    FILE_NAME,
    FROM_ME,
    IS_STICKER,
    MIME_TYPE,
    PARTS,
    REACTION,
    READ_NS,
    REPLY,
    SENDER,
    SERVICE,
    STATED_BYTES,
    SUBJECT,
    TEXT,
    UNDECODED,
    UNSENT,
)
from sealwax.model.form import FAILED, SCHEDULED, SENDING, is_integer
from sealwax.model.pieces import thumbnail_of
from sealwax.model.reference import DEFAULT_NAMESPACE, named_by, own_namespace, resolve
from sealwax.model.state import State

NOT_FINAL = {SCHEDULED: "scheduled", SENDING: "being sent", FAILED: "not sent"}
"""What people are told of a message that is not final."""


class Wording(NamedTuple):
    """One wording of a part of a message; `time_ns` is when it was written."""

    part: int
    number: int
    time_ns: int
    text: str


class Reaction(NamedTuple):
    """A reaction that stands: who, on which part, what."""

    part: int
    actor: str
    kind: str
    emoji: str | None


class MessageView(NamedTuple):
    """A message as people see it. `text` is the wording that is shown now, `standing` says how it
    stands where it is not final (`scheduled`, `sending`, `failed`), `key` where it stands. `origin`
    is its name, `reply_to` and `attachments` are names of others (see model.reference). `is_one`
    says that it may be shown for several, each with its own attachments: see `shown_files`.
    """

    record: int
    conversation: int | None
    origin: str
    time_ns: int
    from_me: bool
    sender: str | None
    service: str
    text: str
    subject: str | None
    wordings: tuple[Wording, ...]
    unsent_parts: tuple[int, ...]
    reactions: tuple[Reaction, ...]
    reply_to: str | None
    effect: str | None
    app: str | None
    event: dict[str, Any] | None
    attachments: tuple[str, ...]
    read_ns: int | None
    delivered_ns: int | None
    in_trash: bool
    is_held: bool
    undecoded: tuple[str, ...]
    variants: int
    standing: str | None
    key: tuple[int, int, int]
    is_one: bool


class AttachmentView(NamedTuple):
    """An attachment: `chunks` names its pieces where its bytes are in the vault; `thumbnail` names
    the one that is a small picture of it; `created_ns` is when the source says that it was made."""

    record: int
    origin: str
    name: str
    mime_type: str | None
    stated_bytes: int | None
    size_bytes: int | None
    is_sticker: bool
    file_hash: bytes | None
    chunks: tuple[tuple[bytes, int], ...]
    thumbnail: tuple[bytes, int] | None = None
    created_ns: int | None = None


def message_view(record: int, conversation: int | None, state: State) -> MessageView:
    """Reads a message off its state. Missing facts become None or empty."""
    wordings = _wordings(state)
    unsent = tuple(sorted({int(part) for part in state.keyed(UNSENT)}))
    own, reply = own_namespace(state), state.get(REPLY)
    places = {named_by(key, own): value for key, value in state.keyed(ATTACHMENT).items()}
    time_ns, source_order = position(state)
    return MessageView(
        record=record,
        conversation=conversation,
        origin=own_name(state),
        time_ns=told_time(state) or 0,
        from_me=bool(state.get(FROM_ME)),
        sender=state.get(SENDER),
        service=state.get(SERVICE) or "",
        text=_shown_text(state, wordings, unsent),
        subject=state.get(SUBJECT),
        wordings=wordings,
        unsent_parts=unsent,
        reactions=_reactions(state),
        reply_to=named_by(reply[0], own) if reply else None,
        effect=state.get(EFFECT),
        app=state.get(APP),
        event=state.get(EVENT),
        attachments=tuple(sorted(places, key=lambda key: (_place(places[key]), key))),
        read_ns=state.get(READ_NS),
        delivered_ns=state.get(DELIVERED_NS),
        in_trash=state.life % 2 == 1,
        is_held=is_marked(state),
        undecoded=tuple((state.get(UNDECODED) or [0, []])[1]),
        variants=_variants(state),
        standing=unfinished(state),
        key=(time_ns or 0, source_order, record),
        is_one=True in state.keyed(ALIAS).values(),
    )


def shown_files(
    view: MessageView, files: Mapping[str, AttachmentView]
) -> list[tuple[str, AttachmentView | None]]:
    """The attachments of a message by name, in their order, None for one that is not known. Of a
    message that a source told several times a file is there once, though it has several ids."""
    shown: list[tuple[str, AttachmentView | None]] = []
    seen: set[tuple[bytes, str]] = set()
    for name in view.attachments:
        file = files.get(name)
        if view.is_one and file is not None and file.file_hash is not None:
            if (file.file_hash, file.name) in seen:
                continue
            seen.add((file.file_hash, file.name))
        shown.append((name, file))
    return shown


def attachment_view(record: int, state: State) -> AttachmentView:
    """Reads an attachment off its state."""
    content = state.get(CONTENT)
    origin = own_name(state)
    return AttachmentView(
        record=record,
        origin=origin,
        name=state.get(FILE_NAME) or resolve(origin, DEFAULT_NAMESPACE).id,
        mime_type=state.get(MIME_TYPE),
        stated_bytes=state.get(STATED_BYTES),
        size_bytes=content[1] if content else None,
        is_sticker=bool(state.get(IS_STICKER)),
        file_hash=content[0] if content else None,
        chunks=tuple((name, size) for name, size in content[2]) if content else (),
        thumbnail=thumbnail_of(state),
        created_ns=state.get(CREATED_NS),
    )


def _place(value: Any) -> int:
    """The place of an attachment among a message's; first where a strange device said none."""
    return value if is_integer(value) else 0


def _wordings(state: State) -> tuple[Wording, ...]:
    found = []
    for key, value in state.keyed(EDIT).items():
        part, number, _ = key.split(":")
        found.append(Wording(int(part), int(number), value[0], value[1]))
    return tuple(sorted(found))


def _shown_text(state: State, wordings: tuple[Wording, ...], unsent: tuple[int, ...]) -> str:
    """The words that are shown now: the newest wording of each part, unsent parts left out."""
    draft = state.get(DRAFT) if unfinished(state) else None
    if draft:
        return _clean(draft[1])
    newest = {wording.part: wording.text for wording in wordings}
    parts = _text_parts(state)
    if not newest and not unsent:
        return _clean(state.get(TEXT) or "")
    shown = [
        newest.get(part, parts.get(part, ""))
        for part in sorted({*parts, *newest})
        if part not in unsent
    ]
    return _clean("\n".join(text for text in shown if text))


def _text_parts(state: State) -> dict[int, str]:
    decoded = state.get(PARTS)
    if not decoded:
        text = state.get(TEXT)
        return {0: text} if text else {}
    found: dict[int, str] = {}
    for part in decoded[1]:
        if part.get("kind") == "text":
            index = part.get("index", 0)
            found[index] = found.get(index, "") + part.get("text", "")
    return found


def _clean(text: str) -> str:
    """Without the characters that stand for attachments."""
    return text.replace("\ufffc", "").strip("\n")


def _reactions(state: State) -> tuple[Reaction, ...]:
    found = []
    for key, value in state.keyed(REACTION).items():
        part, _, actor = key.partition(":")
        if value[0] is not None:
            found.append(Reaction(int(part), actor, value[0], value[1]))
    return tuple(sorted(found, key=lambda reaction: (reaction.part, reaction.actor)))


def _variants(state: State) -> int:
    """How many differing raw values of its words are kept beside the one that is shown."""
    return max(len(set(state.values(TEXT))) - 1, 0)
