"""A folder has one server at a time, and its operator's commands beside it."""

from pathlib import Path

import pytest

from sealwax.base.clock import SystemClock
from sealwax.base.entropy import SystemEntropy
from sealwax.server.alone import ServerRuns
from sealwax.server.serve import opened_accounts, opened_parts


def test_a_second_server_is_refused_and_the_operator_is_not(tmp_path: Path) -> None:
    def parts() -> object:
        return opened_parts(tmp_path / "server", SystemClock(), SystemEntropy())

    with parts():  # type: ignore[attr-defined]
        with pytest.raises(ServerRuns), parts():  # type: ignore[attr-defined]
            pass
        with opened_accounts(tmp_path / "server", SystemClock(), SystemEntropy()) as accounts:
            accounts.invite("ann")
    with parts() as again:  # type: ignore[attr-defined]
        assert [name for name, _ in again.accounts.all()] == []
