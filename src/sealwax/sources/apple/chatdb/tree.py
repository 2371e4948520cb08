"""Walking SQLite's b-trees in the file itself: from changed pages to the rows that lie on them.

Source: "Database File Format" of the SQLite project. Everything read is checked against the file's
bounds; what does not fit raises NotATree, and the caller compares everything instead.
"""

import os
from collections.abc import Container, Iterator
from typing import NamedTuple, overload

INTERIOR, LEAF = 0x05, 0x0D
_TREE_PAGES = frozenset((0x02, 0x05, 0x0A, 0x0D))
_INTERIOR_HEADER_BYTES, _LEAF_HEADER_BYTES = 12, 8
_FILE_HEADER_BYTES = 100
DEPTH_LIMIT = 16


class NotATree(Exception):
    """The pages of this file do not have the form of a database."""


class FileBytes:
    """An open file as bytes that are read when asked for. Not a memory map: a file that is cut
    short meanwhile would end the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __len__(self) -> int:
        return os.fstat(self._descriptor).st_size

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> bytes: ...

    def __getitem__(self, at: int | slice) -> int | bytes:
        if isinstance(at, slice):
            return os.pread(self._descriptor, at.stop - at.start, at.start)
        byte = os.pread(self._descriptor, 1, at)
        if not byte:
            raise NotATree("it was cut short meanwhile")
        return byte[0]


class Cell(NamedTuple):
    """A row on a leaf: its number, and its first overflow page (0: none)."""

    row: int
    overflow: int


class Pages:
    """The pages of a database file, by number from 1."""

    def __init__(self, data: "FileBytes | bytes") -> None:
        self._data = data
        stated = int.from_bytes(data[16:18], "big")
        self.page_bytes = 65_536 if stated == 1 else stated
        if self.page_bytes < 512 or self.page_bytes & (self.page_bytes - 1):
            raise NotATree("its page size is none")
        self.usable_bytes = self.page_bytes - int.from_bytes(data[20:21], "big")
        self.count = len(data) // self.page_bytes

    def page(self, number: int) -> bytes:
        if not 0 < number <= self.count:
            raise NotATree("it refers to a page that is not there")
        page = self._data[(number - 1) * self.page_bytes : number * self.page_bytes]
        if len(page) < self.page_bytes:
            raise NotATree("it was cut short meanwhile")
        return page

    def kind(self, number: int) -> int:
        """The first byte of a page's header: which kind of tree page it is, if it is one."""
        if not 0 < number <= self.count:
            raise NotATree("it refers to a page that is not there")
        return self._data[(number - 1) * self.page_bytes + _start(number)]

    def is_tree_page(self, number: int) -> bool:
        return self.kind(number) in _TREE_PAGES

    def leaves(self, root: int) -> Iterator[int]:
        """The numbers of all leaf pages of a table, in the order of their rows."""
        level, left = [root], self.count
        for _ in range(DEPTH_LIMIT):
            if self.kind(level[0]) == LEAF:
                yield from level
                return
            inner: list[int] = []
            for number in level:
                inner += self._children(number)
                if len(inner) > left:
                    # A page is in a tree once; one that names itself would have no end.
                    raise NotATree("a tree in it has more pages than there are")
            level, left = inner, left - len(inner)
        raise NotATree("a tree in it is too deep")

    def cells(self, number: int) -> Iterator[Cell]:
        """The rows of a table's leaf page."""
        page = self.page(number)
        start = _start(number)
        if page[start] != LEAF:
            raise NotATree("a leaf of a table is none")
        for cell in _pointers(page, start, _LEAF_HEADER_BYTES):
            payload_bytes, at = _varint(page, cell)
            row, at = _varint(page, at)
            yield Cell(_signed(row), self._overflow(page, at, payload_bytes))

    def chain(self, first: int, known: Container[int] = ()) -> Iterator[int]:
        """The overflow pages from `first` on, up to one that is known."""
        number, left = first, self.count
        while number and left and number not in known:
            yield number
            number = int.from_bytes(self.page(number)[:4], "big")
            left -= 1

    def free_pages(self) -> set[int]:
        """The pages that hold nothing: trunks and leaves of the free list."""
        free: set[int] = set()
        trunk = int.from_bytes(self._data[32:36], "big")
        while trunk and trunk not in free:
            free.add(trunk)
            page = self.page(trunk)
            count = min(int.from_bytes(page[4:8], "big"), self.page_bytes // 4 - 2)
            free.update(
                int.from_bytes(page[8 + 4 * at : 12 + 4 * at], "big") for at in range(count)
            )
            trunk = int.from_bytes(page[:4], "big")
        return free

    def _children(self, number: int) -> list[int]:
        page = self.page(number)
        start = _start(number)
        if page[start] != INTERIOR:
            raise NotATree("an interior page of a table is none")
        found = [
            int.from_bytes(page[at : at + 4], "big")
            for at in _pointers(page, start, _INTERIOR_HEADER_BYTES)
        ]
        return [*found, int.from_bytes(page[start + 8 : start + 12], "big")]

    def _overflow(self, page: bytes, at: int, payload_bytes: int) -> int:
        most = self.usable_bytes - 35
        if payload_bytes <= most:
            return 0
        least = (self.usable_bytes - 12) * 32 // 255 - 23
        local = least + (payload_bytes - least) % (self.usable_bytes - 4)
        at += local if local <= most else least
        return int.from_bytes(page[at : at + 4], "big")


def _start(number: int) -> int:
    """Where the header of a page begins: the first page has the file's header before it."""
    return _FILE_HEADER_BYTES if number == 1 else 0


def _pointers(page: bytes, start: int, header_bytes: int) -> Iterator[int]:
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    first = start + header_bytes
    if first + 2 * count > len(page):
        raise NotATree("a page says that it has more cells than fit")
    for at in range(first, first + 2 * count, 2):
        yield int.from_bytes(page[at : at + 2], "big")


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        if at >= len(page):
            raise NotATree("a number in it is cut short")
        byte = page[at]
        at += 1
        if step == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
