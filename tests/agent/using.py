"""Everything that a person can ask of a home, asked once: to see whether any of it fails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.testing import CliRunner

from sealwax.agent.api import EXPORTERS, Agent
from sealwax.agent.selecting import Select
from sealwax.cli.doctor import doctor_command, status_command
from sealwax.cli.keeping import export_command
from sealwax.cli.past import restore_command, snapshot_group
from sealwax.cli.reading import list_command, media_command, read_command, search_command
from sealwax.cli.session import Session
from sealwax.cli.storing import storage_group

STEERING = frozenset([*map(chr, range(9)), *map(chr, range(11, 32)), *map(chr, range(127, 160))])
"""Control characters; line ends and tabs are none here."""


class OpenSession(Session):
    """A run of the command line on a home that is open already."""

    def __init__(self, agent: Agent, is_json: bool) -> None:
        super().__init__(agent.home, is_json, is_verbose=False)
        self._agent = agent

    @contextmanager
    def agent(self, is_lenient: bool = False, is_waiting: bool = True) -> Iterator[Agent]:
        yield self._agent


def run(agent: Agent, command: click.Command, *arguments: str, is_json: bool = False) -> str:
    """What a command prints; it must not crash, nor print what steers a terminal."""
    done = CliRunner().invoke(command, arguments, obj=OpenSession(agent, is_json))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 3), done.output
    assert not STEERING & set(done.output), ascii(done.output)
    return done.stdout


def use_everything(agent: Agent, out: Path, words: str) -> None:
    """Lists, reads, searches, exports, snapshots and plans; `out` is a new folder for files."""
    for is_json in (False, True):
        for flags in ((), ("--trash",)):
            run(agent, list_command, *flags, is_json=is_json)
        run(agent, search_command, words, is_json=is_json)
        run(agent, search_command, words, "--at", "all", is_json=is_json)
        run(agent, media_command, is_json=is_json)
        for command in (status_command, doctor_command):
            run(agent, command, is_json=is_json)
        run(agent, storage_group.commands["large"], is_json=is_json)
        run(agent, storage_group, is_json=is_json)
    for in_trash in (False, True):
        for view in agent.conversations(None, in_trash):
            flags = ("--trash",) if in_trash else ()
            run(agent, read_command, str(view.record), *flags)
            json.loads(run(agent, read_command, str(view.record), *flags, is_json=True))
    for name in EXPORTERS:
        run(agent, export_command, name, str(out / name))
    run(agent, media_command, "--save", str(out / "saved"))
    snapshot = str(agent.create_snapshot("").number)
    for name in ("list", "show", "diff"):
        told = () if name == "list" else ("1",)
        run(agent, snapshot_group.commands[name], *told)
    for mode in ("merge", "replace"):
        run(agent, restore_command, "1", "--mode", mode, "--dry-run")
        agent.restore(snapshot, Select(), mode)
