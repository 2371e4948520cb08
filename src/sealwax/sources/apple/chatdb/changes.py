"""What changed in a Messages database since it was last read: from dirty pages to rows.

Gives a superset of the changed rows, never less: rows that share a page with a changed one come
along. Whenever something is unclear, nothing is given and everything is compared. Deleted rows need
no notice: tombstones are read whole, and what merely vanished is no deletion.
"""

from array import array
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import apsw

from sealwax.sources.apple.chatdb.columns import Columns
from sealwax.sources.apple.chatdb.pages import Compared
from sealwax.sources.apple.chatdb.rows import BrokenTable, select, whole
from sealwax.sources.apple.chatdb.tree import FileBytes, NotATree, Pages

DIRTY_SHARE_LIMIT = 0.4
"""With more of a file changed than this, reading all of it is as fast."""
BIG_ROW_BYTES = 1_500
"""Values of a row that add up to less never need an overflow page (of 4 KiB pages)."""
_NO_ROW = -(2**63)
_TABLES = ("message", "attachment")


class Changed(NamedTuple):
    """The rows of `message` and `attachment` to be read again."""

    messages: tuple[int, ...]
    attachments: tuple[int, ...]


def changed_rows(
    connection: apsw.Connection,
    path: Path,
    columns: Columns,
    compared: Compared,
    joined: Collection[int],
) -> Changed | None:
    """The rows on dirty pages of the database at `path`, which `connection` has open, and the
    messages that were `joined` to something; None when everything is to be read."""
    if len(compared.dirty) > DIRTY_SHARE_LIMIT * max(compared.now.page_count, 1):
        return None
    roots = _roots(connection)
    if "message" not in roots or compared.now.page_bytes < 4_096:
        return None
    try:
        with path.open("rb") as file:
            pages = Pages(FileBytes(file.fileno()))
            touched = _Touched(pages, compared.dirty)
            rows = {table: touched.rows(roots[table]) for table in _TABLES if table in roots}
            messages = rows["message"].union(joined)
            if touched.has_stray_overflow():
                messages |= _big_rows(connection, columns)
    except (NotATree, BrokenTable, ValueError):
        return None
    return Changed(tuple(sorted(messages)), tuple(sorted(rows.get("attachment", ()))))


class _Touched:
    """Collects what dirty pages hold."""

    def __init__(self, pages: Pages, dirty: frozenset[int]) -> None:
        self._pages = pages
        self._dirty = dirty
        self._explained: set[int] = set()

    def rows(self, root: int) -> set[int]:
        """The rows of a table that lie on dirty leaves."""
        found: set[int] = set()
        for leaf in self._pages.leaves(root):
            if leaf in self._dirty:
                for cell in self._pages.cells(leaf):
                    found.add(cell.row)
                    # One by one: a chain that comes to a page of another one has no news.
                    for page in self._pages.chain(cell.overflow, self._explained):
                        self._explained.add(page)
        return found

    def has_stray_overflow(self) -> bool:
        """Whether a dirty page may be the overflow of a row whose leaf did not change: SQLite
        writes a value of the same length over the old one in place."""
        strays = [
            number
            for number in self._dirty - self._explained
            if number <= self._pages.count and not self._pages.is_tree_page(number)
        ]
        return bool(strays) and not set(strays) <= self._pages.free_pages()


def _roots(connection: apsw.Connection) -> dict[str, int]:
    rows = select(connection, ("name", "rootpage"), "FROM sqlite_schema WHERE type = 'table'")
    return {str(name): root for name, stated in rows if (root := whole(stated)) is not None}


def _big_rows(connection: apsw.Connection, columns: Columns) -> set[int]:
    """Every message that may have overflow pages."""
    lengths = " + ".join(
        f'ifnull(octet_length("{name}"), 0)'
        for name in sorted(columns.of("message"))
        if name != "ROWID"
    )
    found = select(connection, ("ROWID",), f"FROM message WHERE {lengths} > {BIG_ROW_BYTES}")
    return {row for (row,) in found}


def integers(rows: Iterable[int]) -> object:
    """Row numbers as a table for SQL."""
    # An empty array has no address; no row has this number.
    return apsw.carray(array("q", rows) or array("q", (_NO_ROW,)), flags=apsw.SQLITE_CARRAY_INT64)
