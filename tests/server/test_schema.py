"""The server's own description: it needs nothing from elsewhere, and no request that it allows, and
none that it does not, is answered with an error of the server."""

import json
from contextlib import suppress

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from sealwax.base.clock import SystemClock
from sealwax.ledger.wire import Trouble
from sealwax.server.limits import Limits, Rate
from tests.accounts import made_account
from tests.server.calling import Calls
from tests.server.running import Running

EXAMPLES = 8
FREE = Rate(100_000, 100_000)
# A line of events does not end.
ENDLESS = "/events"


def _description(server: Running) -> dict[str, object]:
    answer = httpx.get(server.url + "/schema", trust_env=False, follow_redirects=True)
    assert answer.status_code == 200
    found: dict[str, object] = json.loads(answer.content)
    return found


def test_the_description_needs_nothing_from_elsewhere(server: Running) -> None:
    found = _description(server)
    assert found["openapi"]
    for path in ("/schema", "/schema/openapi.json"):
        answer = httpx.get(server.url + path, trust_env=False, follow_redirects=True)
        assert answer.status_code == 200
        assert "cdn" not in answer.text
        assert "<script" not in answer.text
    for viewer in ("swagger", "redoc", "elements", "rapidoc", "scalar"):
        answer = httpx.get(f"{server.url}/schema/{viewer}", trust_env=False)
        assert answer.status_code == 404


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_makes_the_server_fail(
    server: Running, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Limits(SystemClock(), FREE, FREE)
    monkeypatch.setattr(server.parts.limits, "take_account", free.take_account)
    monkeypatch.setattr(server.parts.limits, "take_stranger", free.take_stranger)
    schema = schemathesis.openapi.from_dict(_description(server))
    with Calls(server, made_account(f"fuzz {mode}"), f"fuzz {mode}") as calls:
        calls.kept(b"an object")
        for operation in (result.ok() for result in schema.get_all_operations()):
            if not operation.path.endswith(ENDLESS):
                _try(operation, mode, calls)


def _try(operation: schemathesis.APIOperation, mode: GenerationMode, calls: Calls) -> None:
    """Asks for one operation in many ways, signed in, mostly of the account that is there."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_ours=st.booleans())
    def ask(case: schemathesis.Case, is_ours: bool) -> None:
        if is_ours and "account" in (case.path_parameters or {}):
            case.path_parameters["account"] = calls.account.log.account.hex()
        answer = case.call(
            base_url=calls.server.url, headers={"authorization": f"Bearer {calls.token}"}
        )
        assert answer.status_code < 500, (case.method, case.path, answer.text)
        if answer.status_code >= 400 and "problem" in str(answer.headers.get("content-type")):
            assert msgspec.json.decode(answer.content, type=Trouble).status == answer.status_code

    # Where an operation takes nothing, no request can be wrong.
    with suppress(Unsatisfiable):
        ask()
