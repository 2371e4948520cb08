"""A talk of two messages with a picture, from a source of any namespace."""

from collections.abc import Iterator
from pathlib import Path

from sealwax.model.change import Entry, entry
from sealwax.model.field import (
    ATTACHMENT,
    CONVERSATION,
    FILE_NAME,
    FROM_ME,
    IS_GROUP,
    ORIGIN,
    PARTICIPANT,
    REACTION,
    REPLY,
    SENDER,
    SERVICE,
    TEXT,
    TIME_NS,
)
from sealwax.model.record import Kind
from sealwax.sources.base import Description, Item, Observation

NEWEST_MS = 1_790_000_000_000
THREAD, FIRST, SECOND, PICTURE = "direct:+15550100", "one", "two", "picture"
ADDRESS = "+15550100"


class ForeignTalk:
    """A source with a namespace of its own, whose ids others may have too."""

    def __init__(self, namespace: str, folder: Path, words: str = "look") -> None:
        self._namespace = namespace
        self._words = words
        self._file = folder / f"{namespace}.jpg"
        self._file.write_bytes(b"picture of " + namespace.encode())

    @property
    def namespace(self) -> str:
        return self._namespace

    def describe(self) -> Description:
        return Description("talk", self._namespace, "a talk", NEWEST_MS, 2, "1")

    def read(self) -> Iterator[list[Item]]:
        thread, picture = int(Kind.CONVERSATION), int(Kind.ATTACHMENT)
        said = [entry(IS_GROUP, False), entry(PARTICIPANT, True, ADDRESS)]
        named = [entry(FILE_NAME, f"{self._namespace}.jpg")]
        yield [
            self._told(thread, THREAD, *said),
            self._told(picture, PICTURE, *named)._replace(content=self._file),
            self._message(FIRST, "SMS", 0, entry(ATTACHMENT, 0, PICTURE)),
            self._message(SECOND, "RCS", 1, entry(REPLY, [FIRST, None])),
            Observation(
                int(Kind.MESSAGE),
                FIRST,
                NEWEST_MS,
                (entry(REACTION, ["loved", None, "three"], "0:me"),),
            ),
        ]

    def state(self) -> None:
        """It is always read whole."""

    def close(self) -> None:
        """Nothing is open."""

    def _message(self, name: str, service: str, at: int, *more: Entry) -> Observation:
        return self._told(
            int(Kind.MESSAGE),
            name,
            entry(TIME_NS, (NEWEST_MS - 10 + at) * 1_000_000),
            entry(CONVERSATION, True, THREAD),
            entry(FROM_ME, False),
            entry(SENDER, ADDRESS),
            entry(SERVICE, service),
            entry(TEXT, f"{self._words} {name}"),
            *more,
        )

    def _told(self, kind: int, name: str, *entries: Entry) -> Observation:
        origin = entry(ORIGIN, [self._namespace, name])
        return Observation(kind, name, NEWEST_MS, (origin, *entries))
