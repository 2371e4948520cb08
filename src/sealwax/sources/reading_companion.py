"""The companion that reads a source: `python -m sealwax.sources.reading_companion`.

Its first message is a request; it answers with what it opened, then with batches for each `READ`
and with the source's state for each `STATE`. See `sources.elsewhere`.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sealwax.base.companion import Messages
from sealwax.base.errors import SealwaxError
from sealwax.base.garbage import rarely_collect
from sealwax.base.problem import Problem
from sealwax.sources.base import Copied, Deletion, Item, Observation, Source
from sealwax.sources.elsewhere import END, READ, Batch, Failure, Opened, decode_request, encode
from sealwax.sources.registry import open_source


def main() -> None:
    """Serves one source until the pipe is closed."""
    rarely_collect()
    messages = Messages()
    requests = iter(messages)
    request = decode_request(next(requests))
    try:
        source = open_source(Path(request.path), Path(request.scratch), request.known)
    except SealwaxError as error:
        messages.send(encode((None, _failure(error))))
        return
    with closing(source):
        messages.send(encode((Opened(source.namespace, source.describe()), None)))
        for wanted in requests:
            if wanted == READ:
                _read(source, messages)
            else:
                messages.send(source.state() or b"")


def _read(source: Source, messages: Messages) -> None:
    try:
        for batch in source.read():
            messages.send(encode((_sorted(batch), None)))
    except SealwaxError as error:
        messages.send(encode((None, _failure(error))))
    messages.send(END)


def _sorted(items: Iterable[Item]) -> Batch:
    batch = Batch([], [], [], [])
    for item in items:
        if isinstance(item, Observation):
            batch.observations.append(item)
        elif isinstance(item, Copied):
            batch.copies.append(item)
        elif isinstance(item, Deletion):
            batch.deletions.append(item)
        else:
            batch.problems.append(_told(item))
    return batch


def _told(problem: Problem) -> tuple[str, str, str, bool]:
    return problem.where, problem.what, problem.excerpt, problem.is_damage


def _failure(error: SealwaxError) -> Failure:
    return Failure(error.code, error.sentence, error.hint)


if __name__ == "__main__":
    main()
