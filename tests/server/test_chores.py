"""What a server does by itself: in a thread that goes on when something fails, and that ends."""

import logging
import threading

import pytest

from sealwax.base.clock import SystemClock
from sealwax.server import chores
from sealwax.server.chores import Chores


class _Freeing:
    """Says when it is asked; the first time it fails."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.forgotten = threading.Event()
        self._has_failed = False

    def delete_let_go(self) -> int:
        if not self._has_failed:
            self._has_failed = True
            raise OSError("disk")
        self.let_go.set()
        return 0

    def forget_unnamed(self, now_ms: int) -> int:
        self.forgotten.set()
        return 0


class _Packs:
    """Says when it is asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def pack_commits(self) -> int:
        self.asked.set()
        return 0


def test_all_is_done_though_one_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chores, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(chores, "FIRST_SECONDS", 0.0)
    freeing, packs = _Freeing(), _Packs()
    made = Chores(freeing, packs, SystemClock())  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        made.start()
        assert freeing.let_go.wait(20)
        assert freeing.forgotten.wait(20)
        assert packs.asked.wait(20)
        made.stop()
    assert not made._thread.is_alive()
    assert "failed" in caplog.text
