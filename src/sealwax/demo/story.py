"""The demo: one made-up history, lost on the phone and back again; then a server and three devices.

Everything is the real thing: a database in Apple's schema, a real home, a real vault. Each step
says what it shows; nothing outside one temporary folder is touched.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent, system_environment
from sealwax.agent.device import Environment
from sealwax.agent.recovering import recover_home
from sealwax.agent.selecting import Select
from sealwax.demo.household import Household
from sealwax.demo.talk import PEOPLE
from sealwax.demo.world import CAKE_WORDS, World, delete_thread, write_world
from sealwax.library.view import MessageView

PASSPHRASE = "only for the demo"  # noqa: S105
MUM = PEOPLE[0].address
BEFORE = "before"
DAY_MS = 24 * 60 * 60 * 1000
SECRET_WORDS = (b"lemon", b"Lisbon", b"blue bicycle", b"jpeg", MUM.encode())
_SHOWN_PHOTOS = 2


@click.command("demo")
@click.option("--keep", type=click.Path(path_type=Path), help="Do it in this folder and keep it.")
def demo_command(keep: Path | None) -> None:
    """Ten made-up years, lost and found again: the whole of Sealwax in a minute."""
    with _folder(keep) as folder:
        story = Story(folder)
        story.tell()
        if _is_person_there():
            story.leave_open()
    if keep is not None:
        click.echo(f"Kept: SEALWAX_PASSPHRASE='{PASSPHRASE}' sealwax --home {keep / 'home'}")


def _is_person_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("CI") != "true"


class Story:
    """The demo in one folder."""

    def __init__(self, folder: Path) -> None:
        self._source = folder / "phone"
        self._home = folder / "home"
        self._second_home = folder / "new computer"
        self._fresh_source = folder / "phone before"
        self._household = folder / "household"
        system = system_environment(PASSPHRASE)
        # The demo's keys must not end up in this person's own keyring.
        self._env = Environment(system.clock, system.entropy, PASSPHRASE, None)
        self._step = 0

    def leave_open(self) -> None:
        """Serves the app on this history until Enter."""
        from sealwax.web.opening import serve_page

        click.echo()
        click.secho("Look around: the app shows this history.", bold=True)
        with open_agent(self._home, self._env) as agent:
            serve_page(agent)

    def tell(self) -> None:
        """All steps, in order."""
        start = time.monotonic()
        click.secho("Sealwax: ten made-up years, lost and found again.", bold=True)
        world = self._write()
        recovery_key = self._init()
        with open_agent(self._home, self._env) as agent:
            self._import(agent, world)
            self._snapshot(agent)
            lost = self._lose(agent, world)
            self._look_back(agent)
            self._restore(agent, lost)
            self._import_again(agent, world, lost)
            self._verify(agent)
        self._prove_sealed()
        self._recover(recovery_key, lost)
        self._share()
        _say_what_next(time.monotonic() - start)

    def _write(self) -> World:
        self._title("A phone with ten years of messages")
        world = write_world(self._source, self._env.clock.now_ms() - DAY_MS)
        _say(f"{world.messages:,} rows in Apple's own schema (macOS 26), {world.photos} photos.")
        return world

    def _init(self) -> str:
        self._title("A home for them: keys, a library, a sealed vault")
        code = create_home(self._home, None, "this computer", self._env)
        _say(f"The recovery key, the one secret to write down: {code}")
        return code

    def _import(self, agent: Agent, world: World) -> None:
        self._title("Import")
        began = time.monotonic()
        done = agent.import_source(world.path, lambda _: None)
        new = ", ".join(f"{count:,} {kind}" for kind, count in done.new.items() if count)
        _say(f"{new}, in {time.monotonic() - began:.1f} s. The phone's database was not touched.")

    def _snapshot(self, agent: Agent) -> None:
        self._title("A snapshot: a moment that no deletion can touch")
        made = agent.create_snapshot(BEFORE)
        _say(f"“{made.name}”: {made.counts.messages:,} messages. It copied nothing.")

    def _lose(self, agent: Agent, world: World) -> int:
        self._title("On the phone, the thread with Mum is deleted. Sealwax imports again")
        held = _messages_with_mum(agent)
        delete_thread(self._source, world.mum_chat, self._env.clock.now_ms() - 60_000)
        done = agent.import_source(world.path, lambda _: None)
        titles = [view.title for view in agent.conversations() if view.messages]
        assert MUM not in titles, "the thread should have left the present"
        _say(f"{done.trashed:,} messages were deleted on purpose: they left the present here too.")
        _say("A copy that only follows the phone would end here.")
        assert done.trashed == held, (done.trashed, held)
        return held

    def _look_back(self, agent: Agent) -> None:
        self._title("Back in time: the thread, read and searched as it was")
        (hit, *_) = agent.search(CAKE_WORDS, BEFORE)
        _show(hit.message)
        _say(f"The first wording is there too: “{hit.message.wordings[0].text}”")
        photos = list(agent.media(Select(chats=(MUM,)), BEFORE))
        for item in photos[:_SHOWN_PHOTOS]:
            size = sum(len(piece) for piece in agent.attachment_bytes(item.attachment))
            _say(f"{item.attachment.name}, {size:,} bytes")
        _say(f"and {len(photos) - _SHOWN_PHOTOS} more photos.")

    def _restore(self, agent: Agent, lost: int) -> None:
        self._title("Restore just that thread")
        select = Select(chats=(MUM,))
        plan = agent.plan_restore(BEFORE, select)
        _say(f"Planned: +{plan.messages_back:,} messages, {plan.attachments_back} photos.")
        agent.restore(BEFORE, select)
        assert _messages_with_mum(agent) == lost, "all of the thread should be back"
        originals = {_hash(file.read_bytes()) for file in self._source.rglob("*.jpeg")}
        photos = list(agent.media(select))
        assert all(
            _hash(b"".join(agent.attachment_bytes(item.attachment))) in originals for item in photos
        )
        _say(f"{lost:,} messages and {len(photos)} photos are back, each photo bit for bit.")

    def _import_again(self, agent: Agent, world: World, lost: int) -> None:
        self._title("The phone still says deleted. Import once more")
        agent.import_source(world.path, lambda _: None)
        assert _messages_with_mum(agent) == lost, "what was restored should stay"
        _say("What was restored stays: a deletion counts once.")

    def _verify(self, agent: Agent) -> None:
        self._title("Verify: every commit, every object, every key")
        found = agent.verify(lambda _: None)
        assert found.is_sound, found.damage
        _say(f"{found.commits} commits, {found.objects} objects: everything is as it must be.")

    def _prove_sealed(self) -> None:
        self._title("What someone sees who takes the vault")
        vault = self._home / "vault"
        files = [path for path in vault.rglob("*") if path.is_file()]
        assert not any(word in path.read_bytes() for path in files for word in SECRET_WORDS)
        _say(f"{len(files)} files; not one holds a word, a name, a number or a picture.")

    def _recover(self, recovery_key: str, lost: int) -> None:
        self._title("A new computer, with the vault and the recovery key alone")
        vault = self._home / "vault"
        recover_home(self._second_home, vault, recovery_key, "new computer", self._env)
        with open_agent(self._second_home, self._env) as agent:
            assert _messages_with_mum(agent) == lost
            counts = agent.status().counts
        _say(f"All {counts.messages:,} messages are there.")

    def _share(self) -> None:
        """The same phone, as it was before the thread was deleted, and a server."""
        world = write_world(self._fresh_source, self._env.clock.now_ms() - DAY_MS)
        Household(self._household, self._env, self._title, _say).tell(world, SECRET_WORDS)

    def _title(self, text: str) -> None:
        self._step += 1
        click.echo()
        click.secho(f"{self._step}. {text}", bold=True, fg="cyan")


def _messages_with_mum(agent: Agent) -> int:
    return agent.conversation(MUM).messages


def _say(text: str) -> None:
    click.echo(f"   {text}")


def _show(view: MessageView) -> None:
    _say(f"{view.sender}: {view.text}")


def _say_what_next(seconds: float) -> None:
    click.echo()
    click.secho(f"Done in {seconds:.0f} s. Now your own messages:", bold=True)
    for line in (
        "sealwax init                                    # keys, and a recovery key to write down",
        "sealwax import ~/Library/Messages/chat.db       # a Mac; or a phone backup's folder",
        "sealwax snapshot create --name first",
        "sealwax                                         # what is safe, where, the next step",
    ):
        click.echo(f"   .venv/bin/{line}")
    click.echo("   Sealwax only reads them. README.md says more.")


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        if keep.exists():
            raise click.UsageError(f"There is something at {keep} already.")
        keep.mkdir(parents=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="sealwax-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
