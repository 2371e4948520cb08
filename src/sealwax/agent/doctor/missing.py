"""Where a conversation that somebody misses stops: source, account, import, trash, switches, queue,
server, in this order. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from sealwax.agent.doctor.checks.server import check_server
from sealwax.agent.doctor.checks.waiting import check_waiting
from sealwax.agent.doctor.facts import Facts, SourceFact
from sealwax.agent.doctor.finding import Finding, command
from sealwax.agent.tracing import Traced
from sealwax.agent.wording import count


class Stop(NamedTuple):
    """One place on the way: whether all passes there, what was seen, what to do where not."""

    place: str
    is_gap: bool
    text: str
    remedy: str = ""


class Way(NamedTuple):
    """All stops in order; `gap` is the first one where something is missing, or None."""

    stops: tuple[Stop, ...]

    @property
    def gap(self) -> Stop | None:
        return next((stop for stop in self.stops if stop.is_gap), None)


def follow(traced: Traced, facts: Facts) -> Way:
    """The way of a conversation from its sources to the place that devices share; of one that
    nobody knows, no further than the sources."""
    known = traced.present or traced.trashed or any(one.messages for one in traced.sources)
    if not known:
        return Way((*_sources(traced, facts), *_account(facts.sources)))
    stops = [
        *_sources(traced, facts),
        *_account(facts.sources),
        *_here(traced),
        *_switches(facts),
        *_store(facts),
    ]
    return Way(tuple(stops))


def _sources(traced: Traced, facts: Facts) -> Iterator[Stop]:
    if not traced.sources:
        yield Stop(
            "source",
            True,
            "No source is remembered, so nothing new comes in.",
            "`sealwax source add PATH`",
        )
    held = {source.path for source in facts.sources if source.is_held}
    for source in traced.sources:
        if source.trouble:
            yield Stop("source", True, source.trouble, source.hint)
        elif source.path in held:
            continue
        elif not source.messages and not traced.present:
            yield Stop(
                "source",
                True,
                f"{source.path} has nothing of it.",
                "look on the phone whether it is there; Messages in iCloud may not have brought it"
                " to this source yet",
            )
        else:
            yield Stop(
                "source", False, f"{source.path} has {count(source.messages, 'message')} of it."
            )


def _account(sources: tuple[SourceFact, ...]) -> Iterator[Stop]:
    for source in sources:
        if source.is_held:
            yield Stop(
                "account",
                True,
                f"{source.path} is of another person's account than before, and is not imported.",
                f"{command('source', 'accept', source.path)} if it is right",
            )


def _here(traced: Traced) -> Iterator[Stop]:
    absent = sum(source.absent for source in traced.sources)
    purged = sum(source.purged for source in traced.sources)
    if absent:
        text = f"{count(absent, 'message')} of it are in a source and not here."
        yield Stop("import", True, text, "`sealwax import --full`")
    else:
        yield Stop("import", False, "Everything that the sources have of it was imported.")
    if traced.trashed:
        yield Stop(
            "trash",
            True,
            f"{count(traced.trashed, 'record')} of it are in the trash.",
            "`sealwax list --trash`, then `sealwax undelete --chat CHAT`",
        )
    if purged:
        text = f"{count(purged, 'message')} of it were removed for good here."
        yield Stop("trash", True, text, "`sealwax restore SNAPSHOT --chat CHAT`")
    yield Stop("device", False, f"{count(traced.present, 'message')} of it are on this device.")


def _switches(facts: Facts) -> Iterator[Stop]:
    if facts.store is None:
        yield Stop("switches", False, "This home shares with no other device.")
    elif not facts.is_sync_on:
        text = "Sync is off on this device: other devices do not get it."
        yield Stop("switches", True, text, "`sealwax sync on`")
    else:
        yield Stop("switches", False, "Sync is on.")


def _store(facts: Facts) -> Iterator[Stop]:
    if facts.store is None or not facts.is_sync_on:
        return
    waiting = facts.store.waiting_messages + facts.store.waiting_attachments
    found = [*check_waiting(facts)]
    if found or waiting:
        yield _stop("queue", found, f"{waiting:,} things wait to be sent.", "`sealwax sync now`")
    else:
        yield Stop("queue", False, "Nothing waits to be sent.")
    trouble = [*check_server(facts)]
    if trouble:
        yield _stop("server", trouble, "", "")
    else:
        yield Stop("server", False, "The place that devices share has it.")


def _stop(place: str, found: list[Finding], text: str, remedy: str) -> Stop:
    if found:
        return Stop(place, True, found[0].text, found[0].remedy)
    return Stop(place, True, text, remedy)
