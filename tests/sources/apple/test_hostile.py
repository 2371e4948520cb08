"""Databases that somebody made on purpose: an end in bounded work, and no error but our own."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.sources.apple.chatdb.row_set import RowSet
from sealwax.sources.apple.chatdb.source import ChatDatabase
from sealwax.sources.apple.chatdb.tree import NotATree, Pages
from sealwax.sources.base import Item, Observation, SourceError
from tests.homes import write_threads
from tests.laws import cases
from tests.sources.apple.seen import Seen
from tests.sources.contract import can_be_kept

PAGE_BYTES = 512


def _file(pages: list[bytes]) -> Pages:
    head = b"SQLite format 3\0" + struct.pack(">H", PAGE_BYTES) + bytes(82)
    return Pages(head.ljust(PAGE_BYTES, b"\0") + b"".join(page.ljust(PAGE_BYTES) for page in pages))


def _interior(
    children: list[int], kind: int = 5, key: bytes = b"\x01", page_bytes: int = PAGE_BYTES
) -> bytes:
    """An interior page of a tree: the last child is the rightmost one."""
    *cells, right = children
    start = 12 + 2 * len(cells)
    pointers = [start + (4 + len(key)) * at for at in range(len(cells))]
    head = struct.pack(">BHHHBI", kind, 0, len(cells), start, 0, right)
    page = head + struct.pack(f">{len(cells)}H", *pointers)
    page += b"".join(struct.pack(">I", child) + key for child in cells)
    return page.ljust(page_bytes, b"\0")


@pytest.mark.parametrize("children", [[2], [2, 2], [2] * 60, [2, 3] * 30])
def test_a_page_that_names_itself_ends(children: list[int]) -> None:
    asked: list[int] = []

    class Counted(Pages):
        def page(self, number: int) -> bytes:
            asked.append(number)
            return super().page(number)

    file = _file([_interior(children), _interior([3, 2] * 20)])
    file.__class__ = Counted
    with pytest.raises(NotATree):
        list(file.leaves(2))
    assert len(asked) <= 2 * file.count


def test_a_chain_of_overflow_pages_is_walked_once() -> None:
    loop = _file([struct.pack(">I", 3), struct.pack(">I", 2), struct.pack(">I", 2)])
    assert list(loop.chain(2, {3})) == [2]
    assert list(loop.chain(4, {2, 3})) == [4]
    assert len(list(loop.chain(2))) <= loop.count


@given(st.binary(max_size=1_500), st.binary(max_size=1_500))
def test_any_bytes_are_a_tree_or_one_error(head: bytes, data: bytes) -> None:
    for told in (
        head,
        b"SQLite format 3\0\x02\0" + head,
        b"SQLite format 3\0\x02\0" + bytes(600) + data,
    ):
        try:
            pages = Pages(told)
            for leaf in pages.leaves(1 + len(head) % 5):
                for cell in pages.cells(leaf):
                    list(pages.chain(cell.overflow))
            pages.free_pages()
        except NotATree:
            continue


def test_what_is_no_row_is_none() -> None:
    found = RowSet()
    for row in (None, "7", 2.5, b"x", 7):
        found.add(row)
    assert list(found) == [7]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A database of 40 messages in one file."""
    write_threads(tmp_path, [30, 10])
    yield tmp_path / "chat.db"


def _run(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA writable_schema = ON")
    for name in ("delete_attachment_path", "before_delete_attachment_path"):
        connection.create_function(name, -1, lambda *_: None)
    connection.create_function("after_delete_message_plugin", -1, lambda *_: None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def _read(path: Path, known: bytes | None = None) -> tuple[list[Item], bytes | None]:
    with closing(ChatDatabase(path, path.parent / "scratch", known)) as source:
        items = [item for batch in source.read() for item in batch]
        for item in items:
            if isinstance(item, Observation):
                can_be_kept(item)
        return items, source.state()


HOSTILE = {
    "a table whose name is no text": ['CREATE TABLE other (x)', "UPDATE sqlite_schema SET name ="
     " CAST(x'ff41' AS TEXT), tbl_name = CAST(x'ff41' AS TEXT) WHERE name = 'other'"],
    "a column whose name is no text": ["CREATE TABLE other (xyz)", "UPDATE sqlite_schema SET sql ="
     " CAST(replace(CAST(sql AS BLOB), CAST('xyz' AS BLOB), x'ff4142') AS TEXT)"
     " WHERE name = 'other'"],
    "a definition that is no text": ["CREATE TABLE other (x)", "UPDATE sqlite_schema SET sql ="
     " CAST(CAST(sql AS BLOB) || x'202d2dff' AS TEXT) WHERE name = 'other'"],
    "a table without a root": ["CREATE TABLE other (x)",
     "UPDATE sqlite_schema SET rootpage = NULL WHERE name = 'other'"],
    "joins that join nothing": ["INSERT INTO chat_message_join (chat_id, message_id)"
     " VALUES (NULL, NULL), ('a', 'b'), (x'00', 1), (1e300, 2)"],
    "dates that are no dates": ["UPDATE message SET date = 9e999 WHERE ROWID = 1",
     "UPDATE message SET date = -9e999, date_read = 9e999 WHERE ROWID = 2",
     "UPDATE message SET date_edited = 9e999, date = 'x' WHERE ROWID = 3"],
    "numbers that are none": ["UPDATE message SET associated_message_type = 5.5,"
     " associated_message_guid = 'x' WHERE ROWID = 1",
     "UPDATE message SET item_type = 9e999, handle_id = 1.5 WHERE ROWID = 2"],
    "a message table without row numbers": ["DROP TABLE message",
     "CREATE TABLE message (guid TEXT PRIMARY KEY, text, handle_id, date, is_from_me)"
     " WITHOUT ROWID",
     "INSERT INTO message VALUES ('G', 'words', 1, 1, 0)"],
    "a message table that is computed": ["DROP TABLE message",
     "CREATE TABLE message (guid, handle_id, date, is_from_me,"
     " text GENERATED ALWAYS AS (hex(zeroblob(70000000))))",
     "INSERT INTO message (guid, handle_id, date, is_from_me) VALUES ('G', 1, 1, 0)"],
}  # fmt: skip


@pytest.mark.parametrize("way", sorted(HOSTILE))
def test_it_is_read_or_refused_both_times(path: Path, way: str) -> None:
    """Whole, and from what was remembered of a whole one before."""
    _, state = _read(path)
    _run(path, *HOSTILE[way])
    for known in (None, state):
        try:
            items, _ = _read(path, known)
        except SourceError as error:
            assert error.sentence
            continue
        assert items
    # What is remembered of it does no harm either.
    try:
        _, state = _read(path)
        _read(path, state)
    except SourceError as error:
        assert error.sentence


VALUES = [None, 5.5, 9e999, -(2**63), 2**63 - 1, b"\xff\0", "x", "", "\u2028", b"", 1e300, 2000.5]
COLUMNS = [
    "guid", "text", "handle_id", "date", "is_from_me", "service", "date_read", "attributedBody",
    "subject", "item_type", "group_action_type", "group_title", "other_handle", "share_status",
    "associated_message_guid", "associated_message_type", "associated_message_emoji",
    "balloon_bundle_id", "payload_data", "expressive_send_style_id", "thread_originator_guid",
    "thread_originator_part", "message_summary_info", "date_edited", "date_retracted",
]  # fmt: skip


@settings(max_examples=cases(40, 3_000), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(COLUMNS), st.sampled_from(VALUES)),
        min_size=1,
        max_size=16,
    )
)
def test_any_value_may_stand_in_any_column(changes: list[tuple[int, str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chat.db"
        connection = sqlite3.connect(path)
        columns = ", ".join(COLUMNS)
        connection.execute(f"CREATE TABLE message (ROWID INTEGER PRIMARY KEY, {columns})")
        connection.execute("CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id)")
        connection.execute("INSERT INTO handle VALUES (1, '+15550100001')")
        for row in range(1, 5):
            connection.execute(
                "INSERT INTO message (guid, text, handle_id, date, is_from_me)"
                " VALUES (?, 'words', 1, 600000000000000000, 0)",
                (f"G{row}",),
            )
        for row, column, value in changes:
            connection.execute(f"UPDATE message SET {column} = ? WHERE ROWID = ?", (value, row))
        connection.commit()
        connection.close()
        assert _read(path)[0]


@pytest.mark.parametrize("way", ["joins that join nothing", "dates that are no dates"])
def test_the_messages_are_there_all_the_same(path: Path, way: str) -> None:
    _run(path, *HOSTILE[way])
    assert len(Seen(path).messages()) == 40


def _multiplied(data: bytearray, page_bytes: int, root: int) -> None:
    """Makes a tree one of two levels that name the same page again and again: hundreds of
    thousands of times the rows of its first leaf, and SQLite sees nothing wrong."""
    start, pages = (root - 1) * page_bytes, len(data) // page_bytes
    leaf = bytes(data[start : start + page_bytes])
    while leaf[0] in (0x02, 0x05):
        cell = int.from_bytes(leaf[12:14], "big")
        child = int.from_bytes(leaf[cell : cell + 4], "big")
        leaf = bytes(data[(child - 1) * page_bytes : child * page_bytes])
    key = b"\x01"
    if leaf[0] == 0x0A:
        cell = int.from_bytes(leaf[8:10], "big")
        key = leaf[cell : cell + 1 + leaf[cell]]
    count = (page_bytes - 12) // (2 + 4 + len(key))
    kind = 0x05 if leaf[0] == 0x0D else 0x02
    data[start : start + page_bytes] = _interior([pages + 1] * count, kind, key, page_bytes)
    data += _interior([pages + 2] * count, kind, key, page_bytes) + leaf
    data[28:32] = struct.pack(">I", pages + 2)


@pytest.mark.parametrize("table", ["chat_message_join", "handle"])
def test_rows_that_come_again_and_again_end(path: Path, table: str) -> None:
    _run(path, "VACUUM")
    connection = sqlite3.connect(path)
    ((page_bytes,),) = connection.execute("PRAGMA page_size")
    roots = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 0", (table,)
    ).fetchall()
    connection.close()
    data = bytearray(path.read_bytes())
    for (root,) in roots:
        _multiplied(data, page_bytes, root)
    path.write_bytes(data)
    seen = Seen(path)
    assert any(problem.is_damage for problem in seen.problems)
    assert len(seen.messages()) == 40
