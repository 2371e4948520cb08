"""Following one conversation from its sources to this device: where does it stop?

Every message of the conversation that a source shows is looked for in the library. A source is read
whole for that, through a private copy, so this takes as long as a first import does.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sealwax.agent.selecting import NothingMatches, find_conversation, known_conversations
from sealwax.base.errors import SealwaxError
from sealwax.base.problem import Problem
from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.library.conversation import ConversationView
from sealwax.library.library import Library
from sealwax.library.select import ANYWHERE
from sealwax.model.field import CONVERSATION, ORIGIN
from sealwax.model.record import Kind, canonical_direct
from sealwax.model.reference import DEFAULT_NAMESPACE, resolve
from sealwax.model.state import State, decode
from sealwax.sources.base import Observation, SourceDamaged
from sealwax.sources.registry import open_source


class SourceTrace(NamedTuple):
    """What of a conversation is in one source, and what became of it here: `absent` is not here,
    `trashed` is in the trash, `purged` was removed for good. `trouble` says why it could not be
    read."""

    path: str
    messages: int = 0
    absent: int = 0
    trashed: int = 0
    purged: int = 0
    trouble: str = ""
    hint: str = ""


class Traced(NamedTuple):
    """A conversation (`title` is empty for all of them) in all sources, and how much of it is in
    the present and in the trash here."""

    title: str
    sources: tuple[SourceTrace, ...]
    present: int
    trashed: int


class _Wanted(NamedTuple):
    """A conversation of one namespace, or (None) of any."""

    namespace: str | None
    id: str

    def is_named_by(self, reference: str, own: str) -> bool:
        namespace, canonical = resolve(reference, own)
        return canonical == self.id and self.namespace in (None, namespace)


class Tracing:
    """A part of the agent; see `agent.api`."""

    def __init__(
        self,
        library: Library,
        roots: RootKeys,
        scratch: Path,
        sources: Callable[[], list[str]],
    ) -> None:
        self._library = library
        self._roots = roots
        self._scratch = scratch
        self._sources = sources

    def trace(self, chat: str | None, report: Callable[[int], None]) -> Traced:
        """Follows a conversation, or all; `report` is told how many messages were looked at."""
        view = self._find(chat) if chat is not None else None
        wanted = _wanted(chat, view)
        seen = [0]
        traces = []
        for path in self._sources():
            traces.append(self._source(Path(path), wanted, seen, report))
        present, trashed = self._here(view, chat is None)
        title = view.title if view is not None else (chat or "")
        return Traced(title, tuple(traces), present, trashed)

    def _find(self, chat: str) -> ConversationView | None:
        """A conversation of the present or the trash."""
        known = known_conversations(self._library, self._library.head_moment())
        try:
            return find_conversation(known, chat)
        except NothingMatches:
            return None

    def _source(
        self, path: Path, wanted: _Wanted | None, seen: list[int], report: Callable[[int], None]
    ) -> SourceTrace:
        found, is_damaged = SourceTrace(str(path)), False
        try:
            with closing(open_source(path, self._scratch)) as source:
                for batch in source.read():
                    is_damaged |= any(
                        isinstance(item, Problem) and item.is_damage for item in batch
                    )
                    items = [item for item in batch if isinstance(item, Observation)]
                    names = list(_messages(items, source.namespace, wanted))
                    seen[0] += len(names)
                    report(seen[0])
                    found = self._count(found, source.namespace, names)
        except SealwaxError as error:
            return found._replace(trouble=error.sentence, hint=error.hint)
        if is_damaged:
            told = f"{path} is damaged: a part of it cannot be read."
            return found._replace(trouble=told, hint=SourceDamaged.hint)
        return found

    def _count(self, found: SourceTrace, namespace: str, names: list[str]) -> SourceTrace:
        kind = int(Kind.MESSAGE)
        ids = record_ids(self._roots, namespace, [(kind, name) for name in names])
        stored = self._library.applier.fetch(ids)
        states = [
            decode(stored[uid].state) if uid in stored and stored[uid].version else None
            for uid in ids
        ]
        return found._replace(
            messages=found.messages + len(ids),
            absent=found.absent + sum(state is None or not _is_told(state) for state in states),
            trashed=found.trashed + sum(_is_trashed(state) for state in states),
            purged=found.purged + sum(_is_purged(state) for state in states),
        )

    def _here(self, view: ConversationView | None, is_all: bool) -> tuple[int, int]:
        if is_all:
            counts = self._library.counts()
            return counts.messages, counts.trashed
        everywhere = self._library.now()._replace(places=ANYWHERE)
        if view is None:
            return 0, 0
        views = {
            len(places): sum(
                found.messages
                for found in self._library.read.conversations(moment)
                if found.record == view.record
            )
            for places, moment in (
                ((1,), self._library.now()),
                (ANYWHERE, everywhere),
            )
        }
        present, everything = views[1], views[len(ANYWHERE)]
        return present, everything - present


def _wanted(chat: str | None, view: ConversationView | None) -> _Wanted | None:
    """The conversation in a source; one that was never imported is called by the address."""
    if chat is None:
        return None
    if view is None:
        return _Wanted(None, canonical_direct(chat))
    return _Wanted(*resolve(view.origin, DEFAULT_NAMESPACE))


def _messages(items: list[Observation], own: str, wanted: _Wanted | None) -> Iterator[str]:
    """The canonical ids of the messages of a conversation in a source whose namespace is `own`."""
    for item in items:
        is_own = item.kind == Kind.MESSAGE and any(
            entry.name == ORIGIN.name for entry in item.entries
        )
        is_wanted = wanted is None or any(
            entry.name == CONVERSATION.name and wanted.is_named_by(entry.key, own)
            for entry in item.entries
        )
        if is_own and is_wanted:
            yield item.canonical_id


def _is_told(state: State) -> bool:
    """Whether more is known of a message than a reaction to it or its deletion."""
    return state.get(ORIGIN) is not None or _is_purged(state)


def _is_purged(state: State | None) -> bool:
    return state is not None and state.life <= state.purged


def _is_trashed(state: State | None) -> bool:
    return state is not None and state.life % 2 == 1 and not _is_purged(state)
