"""The routes that read: conversations, pages of a thread, months, search, snapshots."""

from collections import OrderedDict
from collections.abc import Sequence, Set
from threading import Lock
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import FromQuery, PathParameter, QueryParameter

from sealwax.agent.api import Agent
from sealwax.agent.browsing import Window
from sealwax.agent.port import Port
from sealwax.agent.selecting import NothingMatches
from sealwax.library.recent import Recent
from sealwax.library.select import ANYWHERE, FIRST_ORDER, Key, Moment
from sealwax.library.view import MessageView
from sealwax.web.refusals import Malformed
from sealwax.web.shapes import (
    NS_PER_MS,
    Bubble,
    Details,
    People,
    Preview,
    bubble,
    details,
    preview,
    read_key,
)

LISTS_KEPT = 6
LIST_LIMIT = 200
PAGE_LIMIT = 120
FIRST_LIMIT = 60
FIRST_MESSAGES = 20
"""As many as a screen shows; the page asks for those before them as soon as these are drawn."""
HITS_LIMIT = 200

Asked = Request[Any, Any, Any]
At = Annotated[str | None, QueryParameter(max_length=200)]
Record = Annotated[int, PathParameter(ge=0, lt=2**62)]
KeyText = Annotated[str | None, QueryParameter(max_length=50)]


class ListPage(msgspec.Struct, frozen=True):
    """Some of the list of conversations; `next_offset` is None at its end."""

    items: list[Preview]
    total: int
    next_offset: int | None


class ThreadPage(msgspec.Struct, frozen=True):
    """Consecutive messages, oldest first."""

    items: list[Bubble]
    has_older: bool
    has_newer: bool


class First(msgspec.Struct, frozen=True):
    """The first page of the list, and the end of its first thread."""

    list: ListPage
    thread: ThreadPage | None


class Head(msgspec.Struct, frozen=True):
    """A conversation's own screen: who, when, how much."""

    conversation: Preview
    messages: int
    months: list[tuple[int, int, int]]


class Found(msgspec.Struct, frozen=True):
    """A message that a search found, with the conversation that it is in."""

    message: Bubble
    conversation: int | None
    title: str


class Hits(msgspec.Struct, frozen=True):
    """What a search found: messages, and the first conversations of such a name."""

    items: list[Found]
    is_partial: bool
    conversations: list[Preview]


class SnapshotShape(msgspec.Struct, frozen=True):
    """A snapshot; `space_back_bytes` is exactly what letting it go would give back."""

    number: int
    name: str
    reason: str
    made_ms: int
    lock_until_ms: int
    messages: int
    conversations: int
    attachments: int
    file_bytes: int
    space_back_bytes: int


class Changes(msgspec.Struct, frozen=True):
    """What is otherwise now than at a snapshot, in all and by conversation."""

    added: int
    removed: int
    changed: int
    conversations: list[tuple[int, str, int, int, int]]


class Lists:
    """The lists of conversations of the moments that were asked for last: a moment's list is always
    the same, so it is made once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Moment, tuple[list[Recent], People]] = OrderedDict()
        self._lock = Lock()
        self._making = Lock()
        """Whoever asks for what is being made waits, and does not make it a second time."""

    def get(self, agent: Agent, moment: Moment) -> tuple[list[Recent], People]:
        """The conversations of a moment, newest first, and what people are called."""
        known = self._known(moment)
        if known is not None:
            return known
        with self._making:
            known = self._known(moment)
            if known is not None:
                return known
            made = (agent.browse.recent(moment), People(agent.browse.names(moment)))
            with self._lock:
                self._kept[moment] = made
                while len(self._kept) > LISTS_KEPT:
                    self._kept.popitem(last=False)
            return made

    def _known(self, moment: Moment) -> tuple[list[Recent], People] | None:
        with self._lock:
            known = self._kept.get(moment)
            if known is not None:
                self._kept.move_to_end(moment)
            return known


@get("/api/first", sync_to_thread=True)
def first(request: Asked) -> First:
    """What a page that was just opened shows, in one answer: the list, and its first thread."""

    def ask(agent: Agent) -> First:
        moment = agent.browse.moment(None)
        found, _ = _lists(request).get(agent, moment)
        page = _list_page(agent, found, 0, FIRST_LIMIT)
        if not page.items:
            return First(page, None)
        window = agent.browse.newest(page.items[0].id, moment, FIRST_MESSAGES)
        return First(page, _drawn(request, agent, window, moment, is_past=False))

    return port_of(request).read(ask)


@get("/api/conversations", sync_to_thread=True)
def conversations(
    request: Asked,
    at: At = None,
    trash: FromQuery[bool] = False,
    words: Annotated[str, QueryParameter(max_length=200)] = "",
    offset: Annotated[int, QueryParameter(ge=0, lt=10_000_000)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIST_LIMIT)] = 60,
) -> ListPage:
    """A page of the list, newest first; `words` filters titles and people."""

    def ask(agent: Agent) -> ListPage:
        found = _named(request, agent, at, trash, words)
        return _list_page(agent, found, offset, limit)

    return port_of(request).read(ask)


@get("/api/conversations/{conversation:int}", sync_to_thread=True)
def head(
    request: Asked, conversation: Record, at: At = None, trash: FromQuery[bool] = False
) -> Head | None:
    """What stands above a thread, and its months; None where the moment does not have it."""

    def ask(agent: Agent) -> Head | None:
        moment = agent.browse.moment(at, trash)
        found = _of(_lists(request).get(agent, moment)[0], conversation)
        if found is None:
            return None
        months = agent.browse.months(conversation, moment)
        total = sum(month.messages for month in months)
        return Head(preview(found.view, None), total, [(*month,) for month in months])

    return port_of(request).read(ask)


@get("/api/conversations/{conversation:int}/messages", sync_to_thread=True)
def thread(
    request: Asked,
    conversation: Record,
    at: At = None,
    trash: FromQuery[bool] = False,
    before: KeyText = None,
    after: KeyText = None,
    around: KeyText = None,
    date_ms: Annotated[int | None, QueryParameter(ge=-(10**14), le=10**14)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT)] = 60,
) -> ThreadPage:
    """A page of a thread: its end, or next to a key on either side, or around a key or a date."""
    keys = [_key(text) for text in (before, after, around)]
    if date_ms is not None:
        keys[2] = (date_ms * NS_PER_MS, FIRST_ORDER, 0)

    def ask(agent: Agent) -> ThreadPage:
        browse, moment = agent.browse, agent.browse.moment(at, trash)
        if keys[1] is not None:
            window = browse.newer(conversation, moment, limit, keys[1])
        elif keys[2] is not None:
            window = browse.around(conversation, moment, limit, keys[2])
        else:
            window = browse.older(conversation, moment, limit, keys[0])
        return _drawn(request, agent, window, moment, is_past=at is not None)

    return port_of(request).read(ask)


@get("/api/messages/{record:int}", sync_to_thread=True)
def message(
    request: Asked, record: Record, at: At = None, trash: FromQuery[bool] = False
) -> Details:
    """All of one message."""

    def ask(agent: Agent) -> Details:
        moment = agent.browse.moment(at, trash)
        found = agent.browse.message(record, moment)
        if found is None:
            raise NothingMatches("This message is not there at this moment.")
        since = agent.browse.since([found], moment) if at is not None else {}
        (drawn,) = _bubbles(request, agent, [found], moment, is_past=at is not None)
        return details(found, drawn, since.get(record))

    return port_of(request).read(ask)


@get("/api/search", sync_to_thread=True)
def search(
    request: Asked,
    words: Annotated[str, QueryParameter(max_length=1_000)],
    at: At = None,
    conversation: Annotated[int | None, QueryParameter(ge=0, lt=2**62)] = None,
    quick: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=HITS_LIMIT)] = 50,
    named: Annotated[int, QueryParameter(ge=0, le=LIST_LIMIT)] = 0,
    trash: FromQuery[bool] = False,
) -> Hits:
    """Messages that hold the words, newest first. `quick` looks at the texts kept last alone; "all"
    as `at` is every moment that is kept. With them come the first `named` conversations whose
    title or people hold the words, of the present's list or of the trash."""

    def ask(agent: Agent) -> Hits:
        browse, everywhere = agent.browse, at == "all"
        shown = browse.moment(None if everywhere else at)
        moment = shown._replace(places=ANYWHERE) if at is None or everywhere else shown
        if quick and not everywhere:
            hits, is_partial = browse.glance(words, moment, conversation, limit)
        else:
            asked = None if everywhere else moment
            hits, is_partial = browse.search(words, asked, conversation, limit), False
        _, people = _lists(request).get(agent, shown)
        homes = {hit.message.conversation for hit in hits}
        titles = _titles(request, agent, shown, homes)
        if homes - titles.keys():
            # Some are in the trash alone. A list of both is seldom needed, and takes a while.
            titles |= _titles(request, agent, moment, homes)
        items = [
            Found(
                bubble(hit.message, people, {}, {}, None),
                hit.message.conversation,
                titles.get(hit.message.conversation, ""),
            )
            for hit in hits
        ]
        called = _named(request, agent, None if everywhere else at, trash, words) if named else []
        return Hits(items, is_partial, _list_page(agent, called, 0, named).items)

    return port_of(request).read(ask)


@get("/api/snapshots", sync_to_thread=True)
def snapshots(request: Asked) -> list[SnapshotShape]:
    """All snapshots, newest first."""
    found = port_of(request).read(lambda agent: agent.snapshots())
    return [
        SnapshotShape(
            item.number,
            item.name,
            item.reason,
            item.made_ms,
            item.lock_until_ms,
            item.counts.messages,
            item.counts.conversations,
            item.counts.attachments,
            item.counts.file_bytes,
            item.space_back_bytes,
        )
        for item in reversed(found)
    ]


@get("/api/snapshots/{number:int}/changes", sync_to_thread=True)
def changes(request: Asked, number: Record) -> Changes:
    """What is otherwise now than at a snapshot."""

    def ask(agent: Agent) -> Changes:
        then, now = agent.browse.moment(str(number)), agent.browse.moment(None)
        found = agent.browse.changes_since(then)
        titles = {
            item.view.record: item.view.title
            for moment in (now, then)
            for item in _lists(request).get(agent, moment)[0]
        }
        return Changes(
            sum(item.added for item in found),
            sum(item.removed for item in found),
            sum(item.changed for item in found),
            [
                (item.conversation, titles.get(item.conversation, ""), *item[1:])
                for item in found[:LIST_LIMIT]
            ],
        )

    return port_of(request).read(ask)


ROUTES = [first, conversations, head, thread, message, search, snapshots, changes]


def _titles(
    request: Asked, agent: Agent, moment: Moment, wanted: Set[int | None]
) -> dict[int | None, str]:
    """What these conversations are called at a moment, those left out that it does not have."""
    found, _ = _lists(request).get(agent, moment)
    return {one.view.record: one.view.title for one in found if one.view.record in wanted}


def _named(request: Asked, agent: Agent, at: str | None, trash: bool, words: str) -> list[Recent]:
    """The conversations of a moment, or of the trash, whose title or people hold all the words."""
    found, _ = _lists(request).get(agent, agent.browse.moment(at, trash))
    if trash:
        found = [item for item in found if item.newest_version is not None]
    wanted = words.casefold().split()
    return [item for item in found if _has(item, wanted)] if wanted else found


def _list_page(agent: Agent, found: Sequence[Recent], offset: int, limit: int) -> ListPage:
    page = found[offset : offset + limit]
    newest = agent.browse.newest_messages(page)
    items = [preview(item.view, newest.get(item.view.record)) for item in page]
    more = offset + limit
    return ListPage(items, len(found), more if more < len(found) else None)


def _drawn(
    request: Asked, agent: Agent, window: Window, moment: Moment, is_past: bool
) -> ThreadPage:
    items = _bubbles(request, agent, window.messages, moment, is_past)
    return ThreadPage(items, window.has_older, window.has_newer)


def _bubbles(
    request: Asked, agent: Agent, messages: Sequence[MessageView], moment: Moment, is_past: bool
) -> list[Bubble]:
    _, people = _lists(request).get(agent, moment)
    files = agent.attachments(messages) if any(one.attachments for one in messages) else {}
    replied = agent.browse.replied(messages, moment._replace(places=ANYWHERE))
    since = agent.browse.since(messages, moment) if is_past else {}
    elsewhere = agent.thumbnails.elsewhere(files.values()) if files else set()
    return [
        bubble(one, people, files, replied, since.get(one.record), elsewhere) for one in messages
    ]


def _of(found: Sequence[Recent], conversation: int) -> Recent | None:
    return next((item for item in found if item.view.record == conversation), None)


def _has(item: Recent, wanted: Sequence[str]) -> bool:
    names = " ".join((item.view.title, *item.view.participants)).casefold()
    return all(word in names for word in wanted)


def _key(text: str | None) -> Key | None:
    if text is None:
        return None
    key = read_key(text)
    if key is None:
        raise Malformed("This key has no meaning.")
    return key


def port_of(request: Asked) -> Port:
    """The agent that answers this request."""
    port: Port = request.app.state.port
    return port


def _lists(request: Asked) -> Lists:
    lists: Lists = request.app.state.lists
    return lists
