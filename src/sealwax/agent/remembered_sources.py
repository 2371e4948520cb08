"""The sources of a home: what an import without a path reads."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.sources.registry import find_sources, open_source

_SETTING = "sources"


class NoSources(SealwaxError):
    """There is nothing to import from."""

    code = "no-sources"
    hint = "Name a file: `sealwax import ~/Library/Messages/chat.db`, or a phone backup's folder."


class SourceNotRemembered(SealwaxError):
    """A source that is to be forgotten was never remembered."""

    code = "source-not-remembered"
    hint = "`sealwax source list` shows them."


class RememberedSources:
    """Paths in the settings of a home."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self._settings = settings
        self._scratch = scratch

    def paths(self) -> list[str]:
        """Those that are remembered, in the order in which they were added."""
        return [str(path) for path in self._settings.get(_SETTING, [])]

    def add(self, path: Path) -> None:
        """Remembers a source, after opening it once; raises SourceError."""
        with closing(open_source(path, self._scratch)):
            pass
        known = [*self.paths(), str(path.resolve())]
        self._settings.set(_SETTING, list(dict.fromkeys(known)))

    def remove(self, path: Path) -> None:
        """Forgets a source; raises SourceNotRemembered."""
        left = [known for known in self.paths() if known not in (str(path), str(path.resolve()))]
        if len(left) == len(self.paths()):
            raise SourceNotRemembered(f"{path} is not among the remembered sources.")
        self._settings.set(_SETTING, left)

    def wanted(self, paths: Iterable[Path]) -> list[Path]:
        """The given paths, else those that are remembered, else what this computer has; raises
        NoSources."""
        found = [*paths] or [Path(known) for known in self.paths()] or find_sources()
        if not found:
            raise NoSources("There is nothing to import from.")
        return found
