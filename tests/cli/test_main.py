"""Errors of the operating system become sentences that name something."""

import errno
import sys

import pytest

from sealwax.cli import main as command


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk of the home, or of what is"),
        (OSError(errno.EDQUOT, "Quota exceeded", "/h/heads"), "The disk of /h/heads is full."),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied."),
    ],
)
def test_what_the_system_refused_is_named(
    error: OSError,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(sys, "argv", ["sealwax", "list"])
    monkeypatch.setattr(command.cli, "main", refuse)
    with pytest.raises(SystemExit):
        command.main()
    assert capsys.readouterr().err.startswith(f"sealwax: {told}")
