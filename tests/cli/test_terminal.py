"""Whatever is said on a terminal: no word of anybody steers it."""

import ast
import json
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import sealwax.cli
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.noting import Note
from sealwax.base.problem import Problem
from sealwax.cli import show
from sealwax.cli.doctor import show_finding
from sealwax.cli.session import Session, fail
from sealwax.cli.syncing import _show_outcome
from sealwax.cli.terminal import (
    OTHERS_LIMIT_CHARACTERS,
    ask,
    clean,
    json_text,
    of_others,
    say,
    say_json,
)
from sealwax.sources.base import SourceError
from sealwax.sync.apply import SyncOutcome
from sealwax.sync.waiting import Waiting
from tests.agent.using import STEERING

CLEARS = "\x1b[2J\x1b]0;title\x07\x9b31m\x9d0;title\x9c\u202eevil\u2066\r\x08words"
LONG = CLEARS + " again\nand again\n" * 1_000
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ONLY_TERMINAL = {
    f"click.{name}" for name in ("echo", "secho", "confirm", "clear", "echo_via_pager")
}


def test_every_command_says_by_one_module() -> None:
    """`click.echo` and the like stand in `terminal.py` alone."""
    (folder,) = sealwax.cli.__path__
    found = []
    for path in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ONLY_TERMINAL:
                found.append((path.name, node.attr))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
                found.append((path.name, "print"))
    assert {name for name, _ in found} == {"terminal.py"}


def _is_harmless(text: str) -> bool:
    return not (STEERING | BIDI) & set(text)


@pytest.mark.parametrize("is_json", [False, True])
def test_an_error_is_cleaned_and_cut(capfd: pytest.CaptureFixture[str], is_json: bool) -> None:
    with pytest.raises(SystemExit):
        fail(SourceError(LONG), is_json)
    told = capfd.readouterr()
    assert _is_harmless(told.err)
    assert _is_harmless(told.out)
    assert max(map(len, told.err.splitlines())) < OTHERS_LIMIT_CHARACTERS + 20
    assert len(told.err.splitlines()) == 2
    if is_json:
        assert json.loads(told.out)["message"] == LONG


def _sync() -> None:
    nothing = Waiting(0, 0, 0, 0, None)
    for waiting in (nothing, nothing._replace(messages=1)):
        done = SyncOutcome._make([None] * len(SyncOutcome._fields))
        done = done._replace(repaired=LONG, why=LONG, waiting=waiting, is_verified=False, lost=())
        _show_outcome(done, "place")


@pytest.mark.parametrize(
    "act",
    [
        _sync,
        lambda: Session(Path("x"), False, False).warn([Note("kind", LONG, LONG)]),
        lambda: show.lacking([Problem(LONG, LONG, LONG)] * 3),
        lambda: show_finding(Finding("name", "warn", LONG, LONG)),
        lambda: show.table(("a", "b"), [(CLEARS, "x\ny")]),
        lambda: say(CLEARS, fg="red", err=True),
    ],
)
def test_words_of_others_are_one_line_each(capfd: pytest.CaptureFixture[str], act: object) -> None:
    act()  # type: ignore[operator]
    told = capfd.readouterr()
    assert _is_harmless(told.out + told.err)
    assert "words" in told.out + told.err
    assert len((told.out + told.err).splitlines()) <= 6


def test_a_question_is_cleaned() -> None:
    @click.command()
    def command() -> None:
        ask(f"Remove {CLEARS}?")

    done = CliRunner().invoke(command, input="y\n")
    assert _is_harmless(done.output)


@given(st.text())
def test_no_text_steers(text: str) -> None:
    assert _is_harmless(clean(text))
    assert _is_harmless(of_others(text))
    assert "\n" not in of_others(text)
    assert len(of_others(text)) <= OTHERS_LIMIT_CHARACTERS


def test_words_stay_as_they_are() -> None:
    family = "👩\u200d👩\u200d👧 ❤\ufe0f שלום مرحبا 日本"
    assert clean(family) == of_others(family) == family


class Told(NamedTuple):
    text: str
    path: Path
    number: int


@given(st.text(st.characters(codec="utf-8")))
def test_json_escapes_what_steers_and_says_the_same(text: str) -> None:
    for is_indented in (True, False):
        told = json_text(Told(text, Path("a"), 2**62), is_indented)
        assert _is_harmless(told)
        assert json.loads(told) == {"text": text, "path": "a", "number": 2**62}


def test_json_has_escapes_for_control_and_direction() -> None:
    assert json_text("a\x9bb\u202ec", is_indented=False) == '"a\\u009bb\\u202ec"'


def test_json_takes_names_that_are_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    say_json(Told("a\udcff", Path("b\udcff"), 1), is_indented=False)
    assert set(json.loads(capfd.readouterr().out)) == {"text", "path", "number"}
