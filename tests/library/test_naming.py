"""Names become ids, and a record's namespace is its own, whoever tells of another one."""

from pathlib import Path

from sealwax.crypto.keyed_hash import record_id
from sealwax.library.library import Library
from sealwax.library.naming import checked_namespace, ids_of
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, ORIGIN, TIME_NS
from sealwax.model.record import Kind
from sealwax.model.state import empty, join_changes
from tests.accounts import made_account

ROOTS = made_account().keys.roots
MESSAGE, CONVERSATION_KIND = int(Kind.MESSAGE), int(Kind.CONVERSATION)
RECORD = record_id(ROOTS, "imessage", MESSAGE, "A-1")


def _said(time_ms: int, *entries) -> Change:  # type: ignore[no-untyped-def]
    return Change(MESSAGE, RECORD, 0, time_ms, b"d" * 16, entries)


TRUE = _said(5, entry(ORIGIN, ["imessage", "A-1"]), entry(CONVERSATION, True, "direct:a"))
TIMED = _said(5, entry(TIME_NS, 5))
FALSE = _said(1, entry(ORIGIN, ["android", "A-1"]))


def test_ids_of_names_of_several_namespaces_keep_their_order() -> None:
    names = ["a", "\x1fandroid\x1fa", "\x1fandroid\x1fb", "b"]
    assert ids_of(ROOTS, MESSAGE, names) == [
        record_id(ROOTS, namespace, MESSAGE, name)
        for namespace, name in (
            ("imessage", "a"), ("android", "a"), ("android", "b"), ("imessage", "b")
        )
    ]  # fmt: skip


def test_an_earlier_origin_that_is_not_its_own_is_not_believed() -> None:
    state = join_changes(empty(MESSAGE), (TRUE, FALSE))
    assert state.get(ORIGIN) == ["android", "A-1"]
    assert checked_namespace(ROOTS, RECORD, state) == "imessage"


def test_a_message_stays_in_its_conversation_whatever_origin_is_told(tmp_path: Path) -> None:
    (wanted,) = ids_of(ROOTS, CONVERSATION_KIND, ["direct:a"])
    for number, batches in enumerate(
        (
            ((TRUE, TIMED, FALSE),),
            ((TRUE, TIMED), (FALSE,)),
            ((FALSE,), (TRUE, TIMED)),
        )
    ):
        library = Library(tmp_path / f"{number}.db", b"k" * 32, ROOTS)
        for batch in batches:
            library.applier.apply(batch, 0, -1)
        home = library.database.connection.execute(
            "SELECT home.uid FROM version JOIN record AS home ON home.id = version.conversation"
        ).fetchall()
        assert home == [(wanted,)]
        library.close()
