"""Records that were joined as one, shown as the ones that they were, and joined again: a person's
word.

A source says that two of its threads are one, an import that two messages are, and neither is
always right. What a person says stands: no import tells again what was told once of two records.
"""

from collections.abc import Iterable, Sequence

from sealwax.base.errors import SealwaxError
from sealwax.library.library import Library
from sealwax.library.naming import own_name
from sealwax.library.project import BESIDE, NOWHERE
from sealwax.library.query import Row
from sealwax.library.select import ANYWHERE, Moment
from sealwax.model.change import Change, entry
from sealwax.model.field import ALIAS
from sealwax.model.reference import DEFAULT_NAMESPACE, named_by, own_namespace, resolve, write
from sealwax.vault.writing import Writer, write_in_batches


class NotJoined(SealwaxError):
    """A conversation or a message that was never joined with another one."""

    code = "not-joined"
    hint = (
        "`sealwax list` shows all conversations, `sealwax read CHAT` the numbers of messages."
        " `sealwax conversation join` is for a conversation that was split."
    )


class NotApart(SealwaxError):
    """A conversation or a message that nobody set apart from another one."""

    code = "not-apart"
    hint = (
        "Name one that `sealwax conversation apart` or `sealwax message apart` was for: `sealwax"
        " list` shows all conversations, `sealwax read CHAT` the numbers of messages."
    )


def apart(writer: Writer, members: Sequence[Row], now_ms: int) -> int:
    """Says of all records that are shown as one that they are several; gives how many have anything
    known of them. Raises NotJoined."""
    names = {name for row in members for name in (own_name(row.state), *_named(row, True))}
    if len(names - {""}) < 2:
        raise NotJoined("This was not joined with another one.")
    told = [_told(row, names, False, now_ms, writer.device) for row in members]
    write_in_batches(writer, told, "apart")
    return len(members)


def are_apart(library: Library, row: Row) -> list[Row]:
    """The records from which one was set apart, itself included, as far as anything is known of
    them; itself alone where it was not."""
    names = _named(row, False)
    moment = Moment(library.head_moment(), (*ANYWHERE, BESIDE, NOWHERE))
    others = library.read.by_name(row.kind, names, moment)
    return [row, *(other for other in others if other.uid != row.uid)]


def together(writer: Writer, members: Sequence[Row], now_ms: int) -> int:
    """Says that records that were set apart are one after all; gives how many. Raises NotApart."""
    names = {own_name(row.state) for row in members} - {""}
    if not any(_named(row, False) for row in members):
        raise NotApart("Nobody set this apart from another one.")
    told = [_told(row, names, True, now_ms, writer.device) for row in members]
    write_in_batches(writer, told, "together")
    return len(members)


def _named(row: Row, is_one: bool) -> list[str]:
    """The names of those that a record says it is one with, or of those that it is not."""
    own = own_namespace(row.state)
    said = row.state.keyed(ALIAS).items()
    return sorted({named_by(reference, own) for reference, told in said if told is is_one})


def _told(row: Row, names: Iterable[str], is_one: bool, now_ms: int, device: bytes) -> Change:
    own, namespace = own_name(row.state), own_namespace(row.state)
    stamps = [row.state.stamp(ALIAS, key) for key in row.state.keyed(ALIAS)]
    # Later than all that was said of it, by whatever clock.
    time_ms = max(now_ms, *(stamp.time_ms + 1 for stamp in stamps if stamp), 0)
    entries = tuple(
        entry(ALIAS, is_one, write(*resolve(name, DEFAULT_NAMESPACE), namespace))
        for name in sorted(names)
        if name not in ("", own)
    )
    return Change(row.kind, row.uid, row.state.life, time_ms, device, entries)
