"""A home with everything that a page has to draw, what people send to break it included."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from PIL import Image

from sealwax.agent.bootstrap import Environment, open_agent
from sealwax.agent.ported import RunningPort, port_of
from sealwax.agent.selecting import Select
from sealwax.base.clock import SystemClock
from sealwax.base.condition import Condition, SetConditions
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds
from sealwax.demo.typedstream_writer import FILE_TRANSFER, PART, PLACE, Run, write_attributed
from sealwax.demo.world import write_world
from sealwax.sources.apple.typedstream.plain import render
from sealwax.web.serving import Served, served
from tests.homes import DAY_MS, NOW_MS, environment, importing, made_home

MUM = "+15550100101"
ATTACKER = "+15550666666"
PAYLOADS = (
    "<img src=x onerror=window.owned=1>",
    "<script>window.owned=1</script>",
    "<svg/onload=window.owned=1>",
    "<iframe srcdoc='<script>parent.owned=1</script>'></iframe>",
    '"><body onload=window.owned=1>',
    "javascript:window.owned=1",
    '<a href="javascript:window.owned=1">click</a>',
    "{{constructor.constructor('window.owned=1')()}}",
    "${window.owned=1}",
    "<style>*{display:none}</style>",
    "<math><mtext><table><mglyph><style><img src onerror=window.owned=1>",
    "</textarea><script>window.owned=1</script>",
    "&lt;img src=x onerror=window.owned=1&gt;",
    "\u202etxt.exe <b>bold</b>",
    "<form action=https://evil.example><input name=x>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
)
LONG_WORDS = "a very long message " * 52_500
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.owned=1'><script>1</script></svg>"
HTML = b"<!doctype html><script>window.owned=1</script>"


class Scene(NamedTuple):
    """A home, and what opens it."""

    home: Path
    env: Environment


def make_scene(folder: Path, talks: int = 400) -> Scene:
    """Ten years with Mum and others, a hostile sender, a snapshot, and something deleted since."""
    env = environment()
    home, _ = made_home(folder, env)
    world = write_world(folder / "phone", NOW_MS - DAY_MS, talks=talks, photos=9)
    _hostile(folder / "phone")
    importing(home, env, world.path)
    with open_agent(home, env) as agent:
        agent.create_snapshot("first")
        mum = agent.conversation(MUM)
        newest = agent.read(mum.record, limit=3)
        agent.delete(Select(messages=(str(newest[0].record), str(newest[1].record))))
        agent.create_snapshot("later")
    return Scene(home, env)


def _hostile(folder: Path) -> None:
    database = AppleDatabase(folder)
    handle = database.handle(ATTACKER)
    chat = database.direct_chat(ATTACKER, handle)
    start_ms = NOW_MS - 2 * DAY_MS
    texts = [*PAYLOADS, LONG_WORDS]
    rows = [
        _row(chat, handle, f"HOSTILE-{at}", text, start_ms + at * 60_000)
        for at, text in enumerate(texts)
    ]
    database.add_messages(rows)
    files = [
        ("evil.svg", "image/svg+xml", SVG),
        ("page.html", "text/html", HTML),
        ("photo.jpeg", "image/jpeg", HTML),
        ("fine.png", "image/png", png(900, 600)),
        ("<img src=x onerror=window.owned=1>.txt", "text/plain", b"words"),
    ]
    for at, (name, kind, data) in enumerate(files):
        guid, path = f"FILE-{at}", f"aa/0{at}/FILE-{at}/file-{at}"
        target = folder / ATTACHMENTS / path
        target.parent.mkdir(parents=True)
        target.write_bytes(data)
        row = _row(chat, handle, f"WITH-FILE-{at}", PLACE, start_ms + (50 + at) * 60_000)
        body = write_attributed([Run(PLACE, {PART: 0, FILE_TRANSFER: guid})])
        database.add_messages([row._replace(attributedBody=body, cache_has_attachments=1)])
        attachment = AttachmentRow(guid, path, name, kind, "public.data", start_ms, len(data))
        database.add_attachments([(row.guid, attachment)])
    database.close()


def _row(chat: int, handle: int, guid: str, text: str, time_ms: int) -> MessageRow:
    return MessageRow(chat, guid, nanoseconds(time_ms), text, render(text), handle)


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (120, 60, 40)).save(written, "PNG")
    return written.getvalue()


class Site(NamedTuple):
    """A page that is served, and somebody who has been let in."""

    page: Served
    port: RunningPort
    client: httpx.Client
    base: str

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an answer that must be good."""
        answer = self.client.get(self.base + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.client.post(
            self.base + path, json=body, headers={"origin": self.page.address}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def job(self, path: str, body: Any) -> Any:
        """Begins a job and waits for its end."""
        number = self.post(path, body, 202)["job"]
        while True:
            (job,) = [one for one in self.get("/api/jobs") if one["id"] == number]
            if job["state"] not in ("waiting", "running"):
                return job

    def conversation(self, title: str, at: int | None = None) -> int:
        found = self.get("/api/conversations", words=title, **({"at": at} if at else {}))
        return int(found["items"][0]["id"])


@contextmanager
def opened_site(scene: Scene, tcp_port: int = 0) -> Iterator[Site]:
    """The scene's home, opened and served; a client that went through a link."""
    clock = SystemClock()
    with (
        open_agent(scene.home, scene.env) as agent,
        port_of(agent, scene.env.clock, SetConditions(Condition())) as port,
        served(port, scene.env.entropy, clock, tcp_port) as page,
        httpx.Client() as client,
    ):
        assert client.get(page.new_link()).status_code == 200
        yield Site(page, port, client, f"{page.address}/{page.keys.run}")
        port.end_events()
