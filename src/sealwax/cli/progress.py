"""A progress bar: what is being done, how much, how fast, how long it will take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from sealwax.cli.terminal import of_others

SHOW_AFTER_SECONDS = 1.0


@contextmanager
def progress_bar(phase: str) -> Iterator[Callable[[str, int, int], None]]:
    """Shows itself once the work has taken a second, on standard error."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task(of_others(phase), total=None)
    is_shown = False

    def tell(description: str, done: int, total: int) -> None:
        nonlocal is_shown
        bar.update(task, description=of_others(description), completed=done, total=total or None)
        if not is_shown and (bar.tasks[0].elapsed or SHOW_AFTER_SECONDS) >= SHOW_AFTER_SECONDS:
            bar.start()
            is_shown = True

    bar.start_task(task)
    try:
        yield tell
    finally:
        if is_shown:
            bar.stop()
