"""Every format keeps the contract; and what each has besides."""

import csv
import html.parser
from pathlib import Path

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase
from tests.exports.contract import ExportContract
from tests.homes import NOW_MS, environment, importing, made_home, said

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'one'"
FORMULA = "=HYPERLINK(1)"


class TestJsonLines(ExportContract):
    name = "jsonl"


class TestHtml(ExportContract):
    name = "html"


class TestText(ExportContract):
    name = "text"


class TestCsv(ExportContract):
    name = "csv"


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def _exported(tmp_path: Path, export_format: str) -> Path:
    env = environment()
    home, _ = made_home(tmp_path, env)
    database = AppleDatabase(tmp_path / "phone")
    handle = database.handle("+15550100001")
    chat = database.direct_chat("+15550100001", handle)
    database.add_messages(
        [said(chat, handle, "H", HOSTILE, NOW_MS), said(chat, handle, "F", FORMULA, NOW_MS + 1)]
        + [said(chat, handle, f"G{n}", f"word {n}", NOW_MS + n + 2) for n in range(1_100)]
    )
    database.close()
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        agent.export(export_format, tmp_path / "out", Select())
    return tmp_path / "out"


def test_html_runs_nothing_and_asks_nobody(tmp_path: Path) -> None:
    out = _exported(tmp_path, "html")
    pages = sorted(out.glob("*.html"))
    assert len(pages) == 4
    words = ""
    for path in pages:
        page = _Page()
        page.feed(path.read_text("utf-8"))
        words += page.words
        names = {tag for tag, _ in page.tags}
        assert not names & {"script", "iframe", "object", "embed", "link", "form"}
        for tag, attributes in page.tags:
            assert not any(name.startswith("on") for name in attributes), (tag, attributes)
            for name in ("href", "src"):
                target = attributes.get(name)
                assert target is None or (out / target).exists(), target
        policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
        assert policy is not None
        assert policy.startswith("default-src 'none'")
    assert HOSTILE in words
    assert all(f"word {n}" in words for n in range(1_100))


def test_csv_has_one_row_a_message_and_no_formulas(tmp_path: Path) -> None:
    out = _exported(tmp_path, "csv")
    with (out / "messages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1_102
    texts = [row["text"] for row in rows]
    assert texts[0] == HOSTILE
    assert texts[1] == "'" + FORMULA
    assert {row["from"] for row in rows} == {"+15550100001"}
