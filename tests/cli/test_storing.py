"""What a purge says is what it does."""

import pytest

from sealwax.agent.storing import Purge
from sealwax.cli.storing import _show_purged, _what


def test_a_purge_of_files_says_that_the_words_stay(capsys: pytest.CaptureFixture[str]) -> None:
    files = Purge(0, 2, 3, 2_000_000, None)
    assert _what(files) == "3 files (2.0 MB) in 2 conversations"
    _show_purged(files)
    told = capsys.readouterr().out
    assert "The words of the messages stay." in told
    assert "leave" not in told
    words = Purge(4, 2, 3, 2_000_000, None)
    assert _what(words) == "4 messages in 2 conversations and 3 files (2.0 MB)"
    _show_purged(words)
    assert "The words leave" in capsys.readouterr().out
    assert _what(Purge(0, 0, 0, 0, None)) == "nothing"
