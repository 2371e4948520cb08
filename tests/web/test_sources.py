"""Sources in the page: one more, and the answer about one that is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from tests.agent.test_owners import give_to
from tests.homes import environment, ignore, made_home, write_threads
from tests.web.scene import Scene, Site, opened_site


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    return tmp_path / "ann's phone"


@pytest.fixture
def own(tmp_path: Path, phone: Path) -> Iterator[Site]:
    """A home with a source of Ann, which holds Bob's messages when it is read next."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    write_threads(phone, [3])
    give_to(phone, "E:ann@example.org")
    with open_agent(home, env) as agent:
        agent.add_source(phone)
        agent.import_source(phone, ignore)
    write_threads(tmp_path / "other", [7], seed="other")
    for file in (tmp_path / "other").iterdir():
        if file.is_file():
            (phone / file.name).write_bytes(file.read_bytes())
    give_to(phone, "P:+15550107777")
    with opened_site(Scene(home, env)) as opened:
        yield opened


def _held(site: Site) -> list[str]:
    lines = site.get("/api/safety")["lines"]
    return [line["subject"] for line in lines if line["action"] == "answer-source"]


def _messages(site: Site) -> int:
    return site.port.read(lambda agent: agent.status().counts.messages)


def test_a_source_of_another_waits_and_is_accepted(own: Site, phone: Path) -> None:
    failed = own.job("/api/actions/import", {})
    assert (failed["state"], failed["error_code"]) == ("failed", "source-of-another")
    assert (_held(own), _messages(own)) == ([str(phone)], 3)
    done = own.job("/api/sources/answer", {"path": str(phone), "is_right": True})
    assert done["state"] == "done"
    imported = own.job("/api/actions/import", {})
    assert imported["state"] == "done"
    assert (_held(own), _messages(own)) == ([], 10)
    undo = own.post("/api/plans/restore", done["result"]["undo"]["restore"])
    assert (undo["messages_back"], undo["messages_gone"]) == (0, 7)
    # What was wrong with the source is over.
    assert not [line for line in own.get("/api/safety")["lines"] if str(phone) in line["text"]]


def test_a_source_of_another_is_refused(own: Site, phone: Path) -> None:
    own.job("/api/actions/import", {})
    done = own.job("/api/sources/answer", {"path": str(phone), "is_right": False})
    assert done["state"] == "done"
    assert own.port.read(lambda agent: agent.sources()) == []
    assert (_held(own), _messages(own)) == ([], 3)


@pytest.mark.parametrize("is_right", [True, False])
def test_only_a_source_that_waits_is_answered(own: Site, phone: Path, is_right: bool) -> None:
    done = own.job("/api/sources/answer", {"path": str(phone), "is_right": is_right})
    assert (done["state"], done["error_code"]) == ("failed", "source-not-held")
    assert own.port.read(lambda agent: agent.sources()) == [str(phone)]


def test_a_source_is_added_and_imported(own: Site, tmp_path: Path) -> None:
    write_threads(tmp_path / "more", [4], seed="more")
    done = own.job("/api/sources", {"path": str(tmp_path / "more")})
    assert done["state"] == "done"
    own.job("/api/actions/import", {})
    assert _messages(own) == 7


@pytest.mark.parametrize("path", ["phone", "~nobody-of-this-name/x", "/a\0b", "./x"])
def test_a_path_that_begins_nowhere_is_refused(own: Site, path: str) -> None:
    assert own.post("/api/sources", {"path": path}, 409)["code"] == "source-path-not-whole"
    assert own.post("/api/sources", {"path": ""}, 400)
    assert own.post("/api/sources", {"path": "/" * 5_000}, 400)


def test_a_source_that_is_not_there_is_told(own: Site, tmp_path: Path) -> None:
    done = own.job("/api/sources", {"path": str(tmp_path / "nowhere")})
    assert (done["state"], done["error_code"]) == ("failed", "source-missing")
    assert done["hint"]
