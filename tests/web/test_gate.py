"""Who gets in: the Host, the Origin, the cookie, the link that works once, what the headers say."""

import httpx
import pytest

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.web.gate import Gate, Keys, Message, Receive, Scope, Send

HOST = "127.0.0.1:4000"
OWN = f"http://{HOST}"


async def _inside(scope: Scope, _: Receive, send: Send) -> None:
    body = f"inside {scope['path']}".encode()
    head: Message = {"type": "http.response.start", "status": 200, "headers": []}
    await send(head)
    await send({"type": "http.response.body", "body": body})


class Door:
    """A gate before an application that lets everything through."""

    def __init__(self) -> None:
        self.keys = Keys(TestOnlySeededEntropy("door"))
        self.gate = Gate(_inside, self.keys, [HOST])
        self.cookie = self.keys.cookie().partition(";")[0]

    def ask(
        self, path: str, method: str = "GET", is_let_in: bool = True, **headers: str
    ) -> httpx.Response:
        import asyncio

        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if is_let_in:
            named.setdefault("cookie", self.cookie)

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.gate)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
                return await client.request(method, path, headers=named)

        return asyncio.run(run())

    def inside(self, path: str) -> str:
        return f"/{self.keys.run}{path}"


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_page_itself_gets_in(door: Door) -> None:
    answer = door.ask(door.inside("/api/jobs"), origin=OWN, sec_fetch_site="same-origin")
    assert (answer.status_code, answer.text) == (200, "inside /api/jobs")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4000", "127.0.0.1", "127.0.0.1:4001", "0.0.0.0:4000", ""]
)
def test_a_name_that_was_pointed_at_loopback_is_refused(door: Door, host: str) -> None:
    answer = door.ask(door.inside("/"), host=host)
    assert answer.status_code == 403
    assert "inside" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_change_needs_the_own_origin(door: Door, method: str) -> None:
    for origin in (None, "null", "http://evil.example", "http://127.0.0.1:4001", "https://" + HOST):
        headers = {} if origin is None else {"origin": origin}
        assert door.ask(door.inside("/api/held"), method, **headers).status_code == 403
    assert door.ask(door.inside("/api/held"), method, origin=OWN).status_code == 200


def test_another_pages_reading_is_refused(door: Door) -> None:
    path = door.inside("/api/conversations")
    assert door.ask(path, origin="http://evil.example").status_code == 403
    assert door.ask(path, sec_fetch_site="cross-site").status_code == 403
    assert door.ask(path, sec_fetch_site="same-site").status_code == 403
    assert door.ask(path, sec_fetch_site="none").status_code == 200


def test_without_the_cookie_nothing_is_told(door: Door) -> None:
    for path in ("/", "/static/main.js", "/api/jobs", "/api/files/1"):
        answer = door.ask(door.inside(path), is_let_in=False)
        assert answer.status_code == 401
        assert "inside" not in answer.text
    wrong = door.ask(door.inside("/api/jobs"), cookie="sealwax=wrong")
    assert wrong.status_code == 401
    assert wrong.json()["code"] == "session-missing"


def test_another_path_is_no_path(door: Door) -> None:
    for path in ("/", "/api/jobs", "/wrong/api/jobs"):
        answer = door.ask(path)
        assert answer.status_code == 404
        assert "sealwax open" in answer.text


def test_a_link_works_once(door: Door) -> None:
    link = door.keys.new_link()
    first = door.ask(link, is_let_in=False)
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert f"Path=/{door.keys.run}" in cookie
    second = door.ask(link, is_let_in=False)
    assert second.status_code == 403
    assert "set-cookie" not in second.headers


def test_a_used_link_still_leads_those_in_who_are_in(door: Door) -> None:
    link = door.keys.new_link()
    door.ask(link, is_let_in=False)
    assert door.ask(link).status_code == 200


def test_a_guessed_link_does_not_work(door: Door) -> None:
    door.keys.new_link()
    assert door.ask(door.inside("/enter/guess"), is_let_in=False).status_code == 403
    assert door.ask(door.inside("/enter/"), is_let_in=False).status_code == 403


def test_every_answer_says_what_a_browser_may_do(door: Door) -> None:
    for answer in (
        door.ask(door.inside("/")),
        door.ask("/nowhere"),
        door.ask(door.inside("/"), host="evil.example"),
        door.ask(door.inside("/"), is_let_in=False),
        door.ask(door.keys.new_link(), is_let_in=False),
    ):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith(("default-src 'self'; ", "default-src 'none'; "))
        assert "require-trusted-types-for 'script'" in policy
        assert "trusted-types 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_two_runs_share_no_secret() -> None:
    one, other = (Keys(TestOnlySeededEntropy(seed)) for seed in ("one", "other"))
    assert one.run != other.run
    assert one.cookie() != other.cookie()
