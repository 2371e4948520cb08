"""Columns by name: what a database has, what is asked of it, what is not known.

Apple adds columns with every version, and their order differs by the way a device was upgraded. So
every column but a handful is optional: an absent one reads as NULL, an unknown one is a warning.
"""

import apsw

from sealwax.sources.apple.chatdb.rows import select

MESSAGE_NEEDED = frozenset(("ROWID", "guid", "text", "handle_id", "date", "is_from_me"))
MARKS = (
    ("filter_action", "macOS 27", "iOS 27"),
    ("ck_chat_id", "macOS 26", "iOS 26"),
    ("associated_message_emoji", "macOS 15", "iOS 18"),
    ("date_edited", "macOS 13", "iOS 16"),
    ("thread_originator_guid", "macOS 12 or iOS 14", "iOS 14"),
    ("balloon_bundle_id", "iOS 10 to 13", "iOS 10 to 13"),
)
"""A column, and the versions of a Mac and of a phone that had it first."""
KNOWN_MESSAGE = frozenset(
    """
    ROWID guid text replace service_center handle_id subject country attributedBody version type
    service account account_guid error date date_read date_delivered is_delivered is_finished
    is_emote is_from_me is_empty is_delayed is_auto_reply is_prepared is_read is_system_message
    is_sent has_dd_results is_service_message is_forward was_downgraded is_archive
    cache_has_attachments cache_roomnames was_data_detected was_deduplicated is_audio_message
    is_played date_played item_type other_handle group_title group_action_type share_status
    share_direction is_expirable expire_state message_action_type message_source
    associated_message_guid associated_message_type balloon_bundle_id payload_data
    expressive_send_style_id associated_message_range_location associated_message_range_length
    time_expressive_send_played message_summary_info ck_sync_state ck_record_id
    ck_record_change_tag destination_caller_id sr_ck_sync_state sr_ck_record_id
    sr_ck_record_change_tag is_corrupt reply_to_guid sort_id is_spam has_unseen_mention
    thread_originator_guid thread_originator_part syndication_ranges synced_syndication_ranges
    was_delivered_quietly did_notify_recipient date_retracted date_edited was_detonated
    part_count is_stewie is_sos is_critical bia_reference_id is_kt_verified fallback_hash
    associated_message_emoji is_pending_satellite_send needs_relay schedule_type schedule_state
    sent_or_received_off_grid date_recovered is_time_sensitive ck_chat_id index_state
    filter_action filter_sub_action is_preview_sent is_preview_delivered date_preview_sent
    date_preview_delivered date_updated retry_count
    """.split()
)


_DIGITS = 19


class Columns:
    """The tables and columns of one database, whatever their names are."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Raises BrokenTable where the list of them cannot be read."""
        self._connection = connection
        rows = list(select(connection, ("name",), "FROM sqlite_schema WHERE type = 'table'"))
        self._defaults: dict[str, dict[str, object]] = {}
        self._tables = {str(name): self._read(str(name)) for (name,) in rows}

    def has_table(self, table: str) -> bool:
        return table in self._tables

    def of(self, table: str) -> frozenset[str]:
        """The columns of a table; empty when it is absent."""
        return self._tables.get(table, frozenset())

    def defaults(self, table: str) -> dict[str, object]:
        """What the columns of a table hold where nothing was said, as far as the schema states
        it and it is neither 0 nor nothing."""
        return {name: value for name, value in self._defaults.get(table, {}).items() if value}

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table has all these columns."""
        return set(columns) <= self.of(table)

    def pick(self, table: str, alias: str, wanted: tuple[str, ...]) -> list[str]:
        """What to SELECT: each wanted column, or NULL where the table lacks it."""
        present = self.of(table)
        return [f'{alias}."{name}"' if name in present else "NULL" for name in wanted]

    def schema(self, is_phone: bool) -> str:
        """What the message table looks like: the version that first had its newest columns."""
        present = self.of("message")
        marks = (phone if is_phone else mac for column, mac, phone in MARKS if column in present)
        return next(marks, "an older version")

    def unknown(self) -> list[str]:
        """Columns of the message table that this version has never heard of."""
        return sorted(self.of("message") - KNOWN_MESSAGE)

    def _read(self, table: str) -> frozenset[str]:
        wanted = ("name", "dflt_value")
        rows = list(select(self._connection, wanted, "FROM pragma_table_info(?)", (table,)))
        self._defaults[table] = {str(name): _literal(stated) for name, stated in rows if stated}
        return frozenset(str(name) for name, _ in rows)


def _literal(stated: object) -> object:
    """The value of a default as a schema states it, as far as it is a plain number or text."""
    text = str(stated)
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < _DIGITS:
        return int(text)
    return text[1:-1] if text[:1] == text[-1:] == "'" else text
