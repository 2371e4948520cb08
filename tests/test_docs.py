"""The documents say what the program does: every error code, every command, no dead link."""

import importlib
import pkgutil
import re
from pathlib import Path

import click

import sealwax
from sealwax.base.errors import codes

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _load_everything() -> None:
    for module in pkgutil.walk_packages(sealwax.__path__, "sealwax."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def test_every_error_code_is_described() -> None:
    _load_everything()
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    described = set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE))
    known = {code for code in codes() if code != "error"}
    assert known <= described, sorted(known - described)
    assert described <= known, sorted(described - known)


def test_every_link_leads_somewhere() -> None:
    dead = [
        (path.name, target)
        for path in DOCUMENTS
        for target in _LINK.findall(path.read_text("utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert dead == []


def test_every_command_is_named_in_the_documents() -> None:
    from sealwax.cli.main import cli

    words = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    context = click.Context(cli)
    missing = [name for name in cli.list_commands(context) if f"sealwax {name}" not in words]
    assert missing == []


def test_the_repository_names_no_registry_and_no_machine() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "--hash=sha256:" in lock
    assert "://" not in "\n".join(line for line in lock.splitlines() if not line.startswith("#"))


_NAMED_TEST = re.compile(r"`([a-z_/]+\.py)?(?:::(test_[a-z_0-9]+))?`")


def _named_tests(text: str) -> list[tuple[str, str]]:
    """(file, test) of each test that a text names; `::test` alone is of the file named before."""
    found, file = [], ""
    for path, test in _NAMED_TEST.findall(text):
        if not (path or test):
            continue
        file = path or file
        found.append((file, test))
    return found


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = _named_tests((ROOT / "docs" / "threat-model.md").read_text("utf-8"))
    assert len(named) > 60
    sources = {file: (ROOT / "tests" / file) for file, _ in named}
    lacking = [str(path) for path in sources.values() if not path.exists()]
    assert lacking == []
    missing = [
        (file, test)
        for file, test in named
        if test and f"def {test}(" not in sources[file].read_text("utf-8")
    ]
    assert missing == []
