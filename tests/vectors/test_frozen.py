"""Vaults that earlier versions wrote: each opens, is sound, and says what its file says."""

import json
from pathlib import Path

import pytest

from tests.vectors.frozen_reading import FOLDER, opened, reading, void_commits, words_anywhere

TARS = sorted(FOLDER.glob("*.tar"))
READ_WITH = ("recovery_key", "read_at_ms", "gone", "void")
"""What a file says besides what is read in its vault."""


def test_each_frozen_vault_has_its_file() -> None:
    assert TARS
    assert [one.with_suffix(".json") for one in TARS] == sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("tar", TARS, ids=lambda path: path.stem)
def test_a_frozen_vault_is_sound_and_says_the_same(tar: Path, tmp_path: Path) -> None:
    told = json.loads(tar.with_suffix(".json").read_text("utf-8"))
    recovery_key, read_at_ms, gone, void = (told.pop(name) for name in READ_WITH)
    with opened(tar, tmp_path, recovery_key, read_at_ms) as agent:
        assert reading(agent) == told
        assert not set(gone) & words_anywhere(agent)
        done = agent.sync.now()
        assert done.is_verified, done
        assert void_commits(agent) == void
        # To make sure of that changed nothing of what is read.
        assert reading(agent) == told
