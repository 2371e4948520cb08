"""The columns of a message that are read, as one query asks for them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sealwax.sources.apple.chatdb.columns import Columns

SEPARATOR = "\x1f"


class Row(NamedTuple):
    """One message in one chat, as SQLite gave it: any value may stand in any column.

    `chat` and `deleted` come from the join table, `attachments` are the guids of its attachments,
    separated, in their order, and `is_rare` says that it may be more than plain words. `shared` and
    `alone` are what it may keep besides.
    """

    row: Any
    chat: Any
    deleted: Any
    is_rare: Any
    attachments: Any
    shared: Any
    alone: Any
    guid: Any
    text: Any
    handle_id: Any
    date: Any
    is_from_me: Any
    service: Any
    date_read: Any
    date_delivered: Any
    attributedBody: Any  # noqa: N815
    subject: Any
    date_played: Any
    item_type: Any
    group_action_type: Any
    group_title: Any
    other_handle: Any
    share_status: Any
    associated_message_guid: Any
    associated_message_type: Any
    associated_message_emoji: Any
    balloon_bundle_id: Any
    payload_data: Any
    expressive_send_style_id: Any
    thread_originator_guid: Any
    thread_originator_part: Any
    message_summary_info: Any
    date_edited: Any
    date_retracted: Any
    error: Any
    is_sent: Any
    is_finished: Any
    schedule_type: Any


_FIRST = 5
_NAMES = Row._fields[_FIRST + 2 :]
_STATED = _FIRST + len(_NAMES)
_RARE_WHEN_SET = (
    "subject",
    "group_title",
    "associated_message_guid",
    "balloon_bundle_id",
    "payload_data",
    "expressive_send_style_id",
    "thread_originator_guid",
    "message_summary_info",
)
_RARE_WHEN_NOT_ZERO = (
    "date_played",
    "item_type",
    "group_action_type",
    "associated_message_type",
    "date_edited",
    "date_retracted",
    "error",
    "schedule_type",
)


def message_columns(
    columns: Columns, kept: Sequence[str], chat: str, deleted: str, has_attachments: bool = True
) -> list[str]:
    """What to SELECT for a Row; `chat` and `deleted` are expressions, the message's alias is m,
    `kept` what to SELECT of what may be kept."""
    picked = columns.pick("message", "m", _NAMES)
    attachments = _attachments(columns) if has_attachments else "NULL"
    return ["m.ROWID", chat, deleted, _is_rare(columns), attachments, *picked, *kept]


def made(values: tuple[Any, ...], shared_count: int) -> Row:
    """The Row of what was selected."""
    alone = _STATED + shared_count
    return Row._make(
        (*values[:_FIRST], values[_STATED:alone], values[alone:], *values[_FIRST:_STATED])
    )


def _is_rare(columns: Columns) -> str:
    present = columns.of("message")
    tests = [f"ifnull(m.{name}, '') <> ''" for name in _RARE_WHEN_SET if name in present]
    tests += [f"ifnull(m.{name}, 0) <> 0" for name in _RARE_WHEN_NOT_ZERO if name in present]
    if {"is_sent", "is_finished"} <= present:
        tests.append("(m.is_from_me AND NOT m.is_sent AND NOT m.is_finished)")
    return f"({' OR '.join(tests)})" if tests else "1"


def _attachments(columns: Columns) -> str:
    is_joined = columns.has("message_attachment_join", "message_id", "attachment_id")
    if not is_joined or not columns.has("attachment", "ROWID", "guid"):
        return "NULL"
    return (
        "(SELECT group_concat(a.guid, char(31)) FROM message_attachment_join x"
        " CROSS JOIN attachment a ON a.ROWID = x.attachment_id WHERE x.message_id = m.ROWID)"
    )
