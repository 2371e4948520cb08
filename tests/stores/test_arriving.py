"""Objects on their way: in their order, in growing groups, and waited for one by one."""

import threading

import pytest

from sealwax.stores.arriving import FIRST_GROUP, LARGEST_GROUP, Arriving
from sealwax.stores.base import StoreError

WAIT_SECONDS = 20
NAMES = [b"%d" % number for number in range(300)]


class _Line:
    """Brings groups near, and may stand still before one, or fail at it."""

    def __init__(self, stands_before: int | None = None, fails_at: int | None = None) -> None:
        self.groups: list[list[bytes]] = []
        self.goes_on = threading.Event()
        self._stands_before = stands_before
        self._fails_at = fails_at

    def fetch(self, group: list[bytes]) -> None:
        if len(self.groups) == self._stands_before:
            assert self.goes_on.wait(WAIT_SECONDS)
        if len(self.groups) == self._fails_at:
            raise StoreError("The line is cut.")
        self.groups.append(group)


def test_all_come_once_in_their_order_in_growing_groups() -> None:
    line = _Line()
    arriving = Arriving(NAMES, line.fetch)
    arriving.wait(NAMES[-1])
    arriving.close()
    assert [name for group in line.groups for name in group] == NAMES
    sizes = [len(group) for group in line.groups]
    assert sizes[0] == FIRST_GROUP
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) == LARGEST_GROUP


def test_what_has_come_is_not_waited_for_while_the_rest_stands_still() -> None:
    line = _Line(stands_before=1)
    arriving = Arriving(NAMES, line.fetch)
    for name in NAMES[:FIRST_GROUP]:
        arriving.wait(name)
    arriving.wait(b"nobody fetches this")
    assert len(line.groups) == 1
    line.goes_on.set()
    arriving.wait(NAMES[-1])
    arriving.close()


def test_who_waits_is_told_why_nothing_comes() -> None:
    line = _Line(fails_at=2)
    arriving = Arriving(NAMES, line.fetch)
    with pytest.raises(StoreError, match="cut"):
        arriving.wait(NAMES[-1])
    # What came before is there all the same.
    arriving.wait(NAMES[0])
    arriving.close()
    assert len(line.groups) == 2


def test_closing_fetches_no_further_group() -> None:
    line = _Line(stands_before=1)
    arriving = Arriving(NAMES, line.fetch)
    arriving.wait(NAMES[0])
    closing = threading.Thread(target=arriving.close)
    closing.start()
    while not arriving._is_over:
        pass
    line.goes_on.set()
    closing.join(WAIT_SECONDS)
    assert len(line.groups) == 2


def test_a_few_come_before_anybody_asks() -> None:
    line = _Line(fails_at=1)
    Arriving(NAMES[:FIRST_GROUP], line.fetch).close()
    assert line.groups == [NAMES[:FIRST_GROUP]]
    cut = Arriving(NAMES[:1], line.fetch)
    with pytest.raises(StoreError, match="cut"):
        cut.wait(NAMES[0])
