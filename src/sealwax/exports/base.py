"""What every export is: the history at a moment, written out for other programs.

The contract, checked by `tests/exports/contract.py`:

1. An export holds every record that the moment shows, or says how many it left out and why.
2. What cannot be read becomes a `Problem`; the export goes on.
3. It is written into a new place: an export never overwrites anything that exists.
4. File names from messages never decide where a file is written.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from sealwax.base.errors import SealwaxError
from sealwax.base.problem import Problem
from sealwax.library.files import ReadFile
from sealwax.library.library import Library
from sealwax.library.select import Moment, Selection


class ExportExists(SealwaxError):
    """There is something at the place already."""

    code = "export-exists"
    hint = "Name a place that does not exist yet."


class ExportFailed(SealwaxError):
    """The export cannot be written there."""

    code = "export-failed"
    hint = "Check that the place is writable and not full, then run the command again."


class Exported(NamedTuple):
    """What an export wrote; of its moment, some objects may not have been readable."""

    path: Path
    records: int
    messages: int
    files: int
    file_bytes: int
    problems: tuple[Problem, ...]
    unreadable_objects: int = 0


class Wanted(NamedTuple):
    """What is to be exported, and how to get at it."""

    library: Library
    moment: Moment
    selection: Selection
    read_file: ReadFile
    made_ms: int
    report: Callable[[int], None]


class Exporter(Protocol):
    """One format."""

    def __call__(self, wanted: Wanted, out: Path) -> Exported:
        """Writes the export; raises ExportExists or ExportFailed."""
        ...
