"""Conversations that were joined as one, shown as the ones that they were: a person's word.

A source says that two of its threads are one, and is not always right. What a person says stands:
no import tells again what was told once of two conversations.
"""

from sealwax.base.errors import SealwaxError
from sealwax.library.library import Library
from sealwax.library.naming import names_in, own_name
from sealwax.library.query import Row
from sealwax.model.change import Change, entry
from sealwax.model.field import ALIAS
from sealwax.model.reference import DEFAULT_NAMESPACE, own_namespace, resolve, write
from sealwax.vault.writing import Writer, write_in_batches


class NotJoined(SealwaxError):
    """A conversation that was never joined with another one."""

    code = "not-joined"
    hint = (
        "`sealwax list` shows all conversations; `sealwax conversation join` is for one that was"
        " split."
    )


def apart(library: Library, writer: Writer, conversation: int, now_ms: int) -> int:
    """Says of all conversations that are shown as one that they are several; gives how many have
    anything known of them. Raises NotJoined."""
    members = library.read.members(conversation)
    names = sorted({name for row in members for name in (own_name(row.state), *_others(row))})
    if len(names) < 2:
        raise NotJoined("This conversation was not joined with another one.")
    told = [_told(row, names, now_ms, writer.device) for row in members]
    write_in_batches(writer, told, "apart")
    return len(members)


def _others(row: Row) -> tuple[str, ...]:
    return names_in(row.state, ALIAS)


def _told(row: Row, names: list[str], now_ms: int, device: bytes) -> Change:
    own, namespace = own_name(row.state), own_namespace(row.state)
    stamps = [row.state.stamp(ALIAS, key) for key in row.state.keyed(ALIAS)]
    # Later than all that was said of it, by whatever clock.
    time_ms = max(now_ms, *(stamp.time_ms + 1 for stamp in stamps if stamp), 0)
    entries = tuple(
        entry(ALIAS, False, write(*resolve(name, DEFAULT_NAMESPACE), namespace))
        for name in names
        if name != own
    )
    return Change(row.kind, row.uid, row.state.life, time_ms, device, entries)
