"""The columns of a message that are read, as one query asks for them."""

from typing import Any, NamedTuple

from sealwax.sources.apple.chatdb.columns import Columns

SEPARATOR = "\x1f"


class Row(NamedTuple):
    """One message in one chat, as SQLite gave it: any value may stand in any column.

    `chat` and `deleted` come from the join table, `attachments` are the guids of its attachments,
    separated, in their order, and `is_rare` says that it may be more than plain words.
    """

    row: Any
    chat: Any
    deleted: Any
    is_rare: Any
    attachments: Any
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


_NAMES = Row._fields[5:]
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
)


def message_columns(
    columns: Columns, chat: str, deleted: str, has_attachments: bool = True
) -> list[str]:
    """What to SELECT for a Row; `chat` and `deleted` are expressions, the message's alias is m."""
    picked = columns.pick("message", "m", _NAMES)
    attachments = _attachments(columns) if has_attachments else "NULL"
    return ["m.ROWID", chat, deleted, _is_rare(columns), attachments, *picked]


def _is_rare(columns: Columns) -> str:
    present = columns.of("message")
    tests = [f"ifnull(m.{name}, '') <> ''" for name in _RARE_WHEN_SET if name in present]
    tests += [f"ifnull(m.{name}, 0) <> 0" for name in _RARE_WHEN_NOT_ZERO if name in present]
    return f"({' OR '.join(tests)})" if tests else "1"


def _attachments(columns: Columns) -> str:
    is_joined = columns.has("message_attachment_join", "message_id", "attachment_id")
    if not is_joined or not columns.has("attachment", "ROWID", "guid"):
        return "NULL"
    return (
        "(SELECT group_concat(a.guid, char(31)) FROM message_attachment_join x"
        " CROSS JOIN attachment a ON a.ROWID = x.attachment_id WHERE x.message_id = m.ROWID)"
    )
