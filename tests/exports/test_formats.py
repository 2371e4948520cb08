"""Every format keeps the contract; and what each has besides."""

import csv
import html.parser
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.cli.reading import media_command
from sealwax.demo.apple_database import ATTACHMENTS, AppleDatabase, AttachmentRow
from sealwax.exports.csv import harmless_cell
from tests.agent.using import run
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
    line = (out / "messages.csv").read_text("utf-8").splitlines()[1]
    assert line.startswith('"')
    assert line.endswith('"')


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *((sign + "1+1", "'" + sign + "1+1") for sign in "=+-@＝＋－＠"),
        (" =1+1", "' =1+1"),
        ("\u3000＝1+1", "'\u3000＝1+1"),
        ("\t=1", "'\t=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("+15550100001", "+15550100001"),
        ("+1555=cmd", "'+1555=cmd"),
        ("+²", "'+²"),
        ("hello;=1+1", "hello;=1+1"),
        ("1-1", "1-1"),
        ("", ""),
    ],
)
def test_no_cell_begins_a_formula(text: str, cell: str) -> None:
    assert harmless_cell(text) == cell


FILES = [
    ("evil.html", "text/html", b"<script>1</script>", ".txt"),
    ("evil.svg", "image/svg+xml", b"<svg onload='1'/>", ".txt"),
    ("photo.jpeg", "image/jpeg", b"<!doctype html><script>1</script>", ".txt"),
    ("run.desktop", "image/png", b"[Desktop Entry]\nExec=sh", ".txt"),
    ("run.hta", "application/hta", b"\xff\xfe<\0", ".bin"),
    ("run.exe", "application/pdf", b"MZ\x90\0", ".bin"),
    ("whole.html", "text/html", b"\x89PNG\r\n\x1a\n", ".png"),
]


def _with_files(folder: Path) -> None:
    database = AppleDatabase(folder)
    handle = database.handle("+15550100001")
    chat = database.direct_chat("+15550100001", handle)
    for at, (name, kind, data, _) in enumerate(FILES):
        path = f"aa/0{at}/FILE-{at}/{name}"
        target = folder / ATTACHMENTS / path
        target.parent.mkdir(parents=True)
        target.write_bytes(data)
        database.add_messages([said(chat, handle, f"M{at}", f"words {at}", NOW_MS + at)])
        attachment = AttachmentRow(f"FILE-{at}", path, name, kind, "public.data", NOW_MS, len(data))
        database.add_attachments([(f"M{at}", attachment)])
    database.close()


def test_a_click_on_a_file_runs_nothing(tmp_path: Path) -> None:
    """Its ending says what is in it; the name that it came with stands in the text."""
    env = environment()
    home, _ = made_home(tmp_path, env)
    _with_files(tmp_path / "phone")
    importing(home, env, tmp_path / "phone")
    with open_agent(home, env) as agent:
        folders = []
        for name in ("html", "text", "csv", "jsonl"):
            agent.export(name, tmp_path / name, Select())
            folders.append(tmp_path / name / "attachments")
            words = "".join(
                path.read_text("utf-8") for path in (tmp_path / name).iterdir() if path.is_file()
            )
            assert all(told in words for told, *_ in FILES)
        run(agent, media_command, "--save", str(tmp_path / "saved"))
        folders.append(tmp_path / "saved")
    for folder in folders:
        written = {path.read_bytes(): path.suffix for path in folder.iterdir()}
        assert written == {data: ending for _, _, data, ending in FILES}
    pages = "".join(path.read_text("utf-8") for path in (tmp_path / "html").glob("*.html"))
    assert "download=" not in pages
    assert pages.count("<img") == 1
