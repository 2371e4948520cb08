"""Attachments: what they are served as, ranges, thumbnails; nothing that runs."""

import httpx
import pytest

from sealwax.agent.selecting import Select
from tests.web.scene import ATTACKER, HTML, SVG, Site, png


@pytest.fixture
def files(site: Site) -> dict[str, int]:
    """The attachments of the hostile sender by name."""
    attacker = site.conversation(ATTACKER)
    items = site.get(f"/api/conversations/{attacker}/messages")["items"]
    return {file["name"]: file["id"] for one in items for file in one.get("files", [])}


def _get(site: Site, record: int, **headers: str) -> httpx.Response:
    return site.client.get(f"{site.base}/api/files/{record}", headers=headers)


@pytest.mark.parametrize(
    ("name", "data"), [("evil.svg", SVG), ("page.html", HTML), ("photo.jpeg", HTML)]
)
def test_what_could_run_is_a_download_of_no_type(
    site: Site, files: dict[str, int], name: str, data: bytes
) -> None:
    answer = _get(site, files[name])
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    told = answer.headers["content-disposition"]
    assert told.startswith("attachment;")
    assert told.endswith((f"''{name}.txt", "''photo.jpeg"))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_picture_is_shown(site: Site, files: dict[str, int]) -> None:
    answer = _get(site, files["fine.png"])
    assert answer.content == png(900, 600)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline;")


def test_a_name_breaks_out_of_no_header(site: Site, files: dict[str, int]) -> None:
    (name,) = [name for name in files if name.endswith(".txt")]
    answer = _get(site, files[name])
    told = answer.headers["content-disposition"]
    assert "<" not in told
    assert "%3Cimg" in told
    assert answer.content == b"words"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-5", 5, 6)],
)
def test_ranges(site: Site, files: dict[str, int], asked: str, start: int, end: int | None) -> None:
    whole = png(900, 600)
    answer = _get(site, files["fine.png"], range=asked)
    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    first = start if start >= 0 else len(whole) + start
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"


def test_a_range_beyond_the_end_and_one_of_no_meaning(site: Site, files: dict[str, int]) -> None:
    assert _get(site, files["fine.png"], range="bytes=9999999-").status_code == 416
    for asked in ("bytes=", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5"):
        assert _get(site, files["fine.png"], range=asked).status_code == 200, asked


def test_thumbnails_are_small_pictures_or_nothing(site: Site, files: dict[str, int]) -> None:
    def small(name: str) -> httpx.Response:
        return site.client.get(f"{site.base}/api/thumbnails/{files[name]}")

    answer = small("fine.png")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")
    assert small("fine.png").content == answer.content
    for name in ("evil.svg", "page.html", "photo.jpeg"):
        assert (small(name).status_code, small(name).content) == (204, b"")


def test_parts_of_a_file_come_to_the_whole(site: Site) -> None:
    def ask(agent: object) -> None:
        from sealwax.agent.api import Agent

        assert isinstance(agent, Agent)
        for item in list(agent.media(Select()))[:3]:
            if item.attachment.size_bytes is None:
                continue
            whole = b"".join(agent.attachment_bytes(item.attachment))
            half = len(whole) // 2
            browse = agent.browse
            parts = browse.part(item.attachment, 0, half)
            parts += browse.part(item.attachment, half, len(whole))
            assert parts == whole

    site.port.read(ask)


def test_an_attachment_that_is_not_there(site: Site) -> None:
    answer = _get(site, 999_999)
    assert answer.status_code == 404
    assert answer.json()["code"] == "nothing-matches"
