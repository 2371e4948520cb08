"""The line to the server: news come at once, and a line that breaks is opened again."""

from collections.abc import Iterator
from threading import Event

import pytest

from sealwax.agent import listening
from sealwax.agent.listening import Listening
from sealwax.stores.base import StoreError


def test_each_line_and_each_event_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(listening, "LAST_WAIT_SECONDS", 0.001)
    news: list[str] = []
    opened: list[int] = []
    is_done, may_end = Event(), Event()

    def listen() -> Iterator[object | None]:
        opened.append(len(opened))
        if opened[-1] == 1:
            raise StoreError("It does not answer.")
        yield None
        yield None
        yield "a commit"
        if opened[-1] == 0:
            raise StoreError("The line broke.")
        is_done.set()
        may_end.wait(60)
        yield "after the end"

    made = Listening(listen, lambda: news.append("news"))
    made.start()
    assert is_done.wait(60)
    assert opened == [0, 1, 2]
    assert len(news) == 4
    made.close()
    may_end.set()
    made._thread.join(60)
    assert not made._thread.is_alive()
    assert len(news) == 4
