"""How long Messages keeps messages before it deletes them by itself.

A phone and a Mac say so in the preferences of Messages: 30 days, a year, or for ever. A phone's
preferences are in its backup, a Mac's beside its other settings. Written for both, tested on files
made like theirs.
"""

import hashlib
from pathlib import Path

from sealwax.sources.apple.property_list import PropertyListError, read_property_list

PREFERENCES = "com.apple.MobileSMS.plist"
KEEP_DAYS = "KeepMessageForDays"
_IN_BACKUP = "HomeDomain-Library/Preferences/" + PREFERENCES
_ON_MAC = (
    Path("Containers/com.apple.MobileSMS/Data/Library/Preferences"),
    Path("Preferences"),
)
_LIMIT_BYTES = 4 * 1024 * 1024


def keep_days(source: Path) -> int | None:
    """After how many days a source's own device deletes messages by itself; None for never, and
    where that cannot be known."""
    for place in _places(source):
        days = _read(place)
        if days is not None:
            return days if 0 < days < 36_500 else None
    return None


def _places(source: Path) -> list[Path]:
    name = hashlib.sha1(_IN_BACKUP.encode(), usedforsecurity=False).hexdigest()
    in_backup = [source / name[:2] / name, source / name]
    # On a Mac the database is ~/Library/Messages/chat.db.
    library = source.parent.parent if source.suffix == ".db" else source.parent
    return [*in_backup, *(library / folder / PREFERENCES for folder in _ON_MAC)]


def _read(path: Path) -> int | None:
    try:
        if not path.is_file() or path.stat().st_size > _LIMIT_BYTES:
            return None
        told = read_property_list(path.read_bytes(), _LIMIT_BYTES)
    except (OSError, PropertyListError):
        return None
    days = told.get(KEEP_DAYS) if isinstance(told, dict) else None
    return days if isinstance(days, int) and not isinstance(days, bool) else None
