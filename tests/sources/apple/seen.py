"""What a Messages database shows, as tests like to ask for it."""

from contextlib import closing
from pathlib import Path
from typing import Any

from sealwax.base.problem import Problem
from sealwax.model.record import Kind
from sealwax.sources.base import Deletion, Observation
from sealwax.sources.registry import open_source


class Seen:
    """All observations of one reading, joined by record without any merging: the last one told."""

    def __init__(self, path: Path) -> None:
        self.records: dict[tuple[int, str], dict[str, Any]] = {}
        self.times: dict[tuple[int, str, str], list[int]] = {}
        self.files: dict[str, Path | None] = {}
        self.deletions: list[Deletion] = []
        self.problems: list[Problem] = []
        with closing(open_source(path, path.parent / "scratch")) as source:
            self.description = source.describe()
            for batch in source.read():
                for item in batch:
                    self._take(item)

    def message(self, guid: str) -> dict[str, Any]:
        """Fields of a message: a value, or a map by key for keyed fields."""
        return self.records[int(Kind.MESSAGE), guid]

    def messages(self) -> set[str]:
        return {name for kind, name in self.records if kind == Kind.MESSAGE}

    def conversation(self, canonical: str) -> dict[str, Any]:
        return self.records[int(Kind.CONVERSATION), canonical]

    def conversations(self) -> set[str]:
        return {name for kind, name in self.records if kind == Kind.CONVERSATION}

    def attachment(self, guid: str) -> dict[str, Any]:
        return self.records[int(Kind.ATTACHMENT), guid]

    def whats(self) -> list[str]:
        return [problem.what for problem in self.problems]

    def _take(self, item: object) -> None:
        if isinstance(item, Deletion):
            self.deletions.append(item)
        elif isinstance(item, Problem):
            self.problems.append(item)
        elif isinstance(item, Observation):
            known = self.records.setdefault((item.kind, item.canonical_id), {})
            for name, _, key, value in item.entries:
                self.times.setdefault((item.kind, item.canonical_id, name), []).append(item.time_ms)
                if key:
                    known.setdefault(name, {})[key] = value
                else:
                    known[name] = value
            if item.kind == Kind.ATTACHMENT:
                self.files[item.canonical_id] = item.content
