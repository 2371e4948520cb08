"""A set of row numbers that takes little room where they lie close together, as they nearly do."""

from collections.abc import Iterator

_SHIFT = 10
_MASK = (1 << _SHIFT) - 1


class RowSet:
    """Row numbers: any that SQLite can have. A million in a row take about 200 KB."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}

    def add(self, row: object) -> None:
        """Adds a row; what is no number of one is none."""
        if type(row) is not int:
            return
        block = row >> _SHIFT
        self._blocks[block] = self._blocks.get(block, 0) | 1 << (row & _MASK)

    def __iter__(self) -> Iterator[int]:
        """Each once, in no order."""
        for block, bits in self._blocks.items():
            first = block << _SHIFT
            yield from (first + place for place in range(_MASK + 1) if bits >> place & 1)
