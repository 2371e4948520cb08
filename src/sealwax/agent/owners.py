"""Whose messages the sources hold, so that another person's never join by themselves.

A computer may change hands, a folder may be overwritten with someone else's backup. So the owner's
addresses of each source are remembered, as keyed hashes, and a source that shares none of them any
more is held until a person says that it is right.
"""

from collections.abc import Iterable
from pathlib import Path

from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_id
from sealwax.model.record import Kind

OWNERS_SETTING = "source_owners"
HELD_SETTING = "source_owners_held"
OWNERS_LIMIT = 256
_HASH_BYTES = 8
_NAMESPACE = "source owners"
"""No source's: these hashes are no ids of records."""


class SourceOfAnother(SealwaxError):
    """A source is of another person's account than it was before."""

    code = "source-of-another"
    hint = (
        "Nothing was read from it. If it is right, for instance after a new Apple account: `sealwax"
        " source accept PATH`. If not: `sealwax source remove PATH`."
    )


class NothingToAccept(SealwaxError):
    """A source is not held."""

    code = "source-not-held"
    hint = "`sealwax doctor` names the sources that wait for an answer."


def is_anothers(known: Iterable[str], now: Iterable[str]) -> bool:
    """Whether a source has changed hands: it names owners, and none of those that were known."""
    before, after = set(known), set(now)
    return bool(before) and bool(after) and before.isdisjoint(after)


class Owners:
    """The owners of each source, in the settings of a home."""

    def __init__(self, settings: Settings, roots: RootKeys) -> None:
        self._settings = settings
        self._roots = roots

    def check(self, path: Path, addresses: Iterable[str], is_dry_run: bool = False) -> None:
        """Remembers the owners that a source names; raises SourceOfAnother, with the source held
        from then on. A dry run remembers nothing."""
        name, now = str(path.resolve()), self._hashes(addresses)
        known = self._known().get(name, [])
        is_held = is_anothers(known, now)
        if is_held and not is_dry_run:
            self._set(HELD_SETTING, {**self._held(), name: now})
        if is_held:
            raise SourceOfAnother(f"{path} is of another person's account than before.")
        if is_dry_run:
            return
        if set(now) - set(known):
            merged = list(dict.fromkeys([*now, *known]))[:OWNERS_LIMIT]
            self._set(OWNERS_SETTING, {**self._known(), name: merged})
        self._let_go(name)

    def held(self) -> list[str]:
        """The paths of sources that wait for an answer."""
        return sorted(self._held())

    def accept(self, path: Path) -> None:
        """A person says that a held source is right; raises NothingToAccept."""
        name = str(path.resolve())
        waiting = self._held().get(name)
        if waiting is None:
            raise NothingToAccept(f"{path} does not wait for an answer.")
        known = self._known()
        self._set(OWNERS_SETTING, {**known, name: [*waiting, *known.get(name, [])][:OWNERS_LIMIT]})
        self._let_go(name)

    def forget(self, path: Path) -> None:
        """For a source that is no longer remembered."""
        name = str(path.resolve())
        if name in self._known():
            left = {other: told for other, told in self._known().items() if other != name}
            self._set(OWNERS_SETTING, left)
        self._let_go(name)

    def _let_go(self, name: str) -> None:
        if name in self._held():
            left = {other: told for other, told in self._held().items() if other != name}
            self._set(HELD_SETTING, left)

    def _known(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = self._settings.get(OWNERS_SETTING, {})
        return known

    def _held(self) -> dict[str, list[str]]:
        held: dict[str, list[str]] = self._settings.get(HELD_SETTING, {})
        return held

    def _set(self, setting: str, value: dict[str, list[str]]) -> None:
        self._settings.set(setting, value)

    def _hashes(self, addresses: Iterable[str]) -> list[str]:
        return [
            record_id(self._roots, _NAMESPACE, int(Kind.CONTACT), address)[:_HASH_BYTES].hex()
            for address in addresses
        ]
