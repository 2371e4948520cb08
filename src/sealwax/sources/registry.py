"""Which source a path is, and which sources this computer has."""

from pathlib import Path

from sealwax.sources.apple.chatdb.source import ChatDatabase, SchemaTooOld
from sealwax.sources.apple.madrid import MadridDatabase, is_madrid
from sealwax.sources.apple.private_copy import (
    BESIDE,
    SourceForbidden,
    SourceMissing,
    SourceNotADatabase,
    check_database,
    file_marks,
    missing_bytes,
)
from sealwax.sources.apple.property_list import PropertyListError, read_property_list
from sealwax.sources.base import Source, SourceDamaged, SourceError
from sealwax.sources.jsonl import JsonLinesSource

DATABASES = ("chat.db", "sms.db")
BACKUP_DATABASE = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
"""The name of sms.db in a phone backup: SHA-1 of `HomeDomain-Library/SMS/sms.db`."""
BACKUP_MANIFESTS = ("Manifest.db", "Manifest.mbdb")
BACKUP_PROPERTIES = "Manifest.plist"
PROPERTIES_LIMIT_BYTES = 16 * 1024 * 1024
EXPORT_FILE = "records.jsonl"
OWN_DATABASE = Path("~/Library/Messages/chat.db")


class MessagesNotInBackup(SourceMissing):
    """A phone backup without messages."""

    code = "source-no-messages-in-backup"
    hint = (
        "When Messages in iCloud is on, a phone leaves its messages out of its backups. Read the"
        " chat.db of a Mac instead, or turn it off on the phone and back up again."
    )


class BackupEncrypted(SourceError):
    """A phone backup under a password."""

    code = "source-backup-encrypted"
    hint = (
        "Encrypted backups cannot be read yet. Make one without encryption on a disk that is"
        " encrypted itself, or read the chat.db of a Mac."
    )


def open_source(path: Path, scratch: Path, known: bytes | None = None) -> Source:
    """Opens what is at `path`; private copies go into the folder `scratch`. `known` is the state
    of its last reading, if only what changed is wanted. Raises SourceError."""
    if path.is_dir():
        return _open_folder(path, scratch, known)
    if path.suffix == ".jsonl":
        return JsonLinesSource(path)
    return _open_database(path, scratch, known)


def _open_database(path: Path, scratch: Path, known: bytes | None) -> Source:
    """A database of Messages, of whichever age."""
    try:
        return ChatDatabase(path, scratch, known)
    except SchemaTooOld as error:
        if not is_madrid(error.columns):
            raise
    return MadridDatabase(path, scratch)


def _is_encrypted(folder: Path) -> bool:
    """Whether a phone backup says that it is under a password."""
    try:
        with (folder / BACKUP_PROPERTIES).open("rb") as file:
            told = read_property_list(file.read(PROPERTIES_LIMIT_BYTES))
    except (OSError, PropertyListError):
        # Without them, or when they are damaged, the database itself says whether it opens.
        return False
    return isinstance(told, dict) and told.get("IsEncrypted") is True


def size_bytes(path: Path) -> int:
    """About how much there is to read at a path: the size of its largest file that is a source."""
    return max((_file_bytes(file) for file in _files(path)), default=0)


def source_marks(path: Path) -> tuple[object, ...]:
    """What changes when a source at a path is written: sizes, times and numbers of its files. Takes
    microseconds and never raises."""
    found: list[object] = []
    for file in _files(path):
        try:
            found.append(file_marks(file))
        except OSError as error:
            found.append(error.errno)
    return tuple(found)


def probe_source(path: Path) -> None:
    """Whether a source could be opened, told from its first bytes; raises the SourceError that
    opening it would, as far as that can be told so quickly."""
    files = [file for file in _files(path) if file.is_file()] if path.is_dir() else [path]
    if not files:
        # Nothing large is there, so this is quick.
        _open_folder(path, path, None).close()
        return
    if path.is_dir() and _is_encrypted(path):
        raise BackupEncrypted(f"The phone backup {path} is encrypted.")
    if files[0].name != EXPORT_FILE and files[0].suffix != ".jsonl":
        check_database(files[0])
        _check_length(files[0])
    elif not files[0].exists():
        raise SourceMissing(f"There is nothing at {path}.")


def _check_length(database: Path) -> None:
    """Raises SourceDamaged for a database that is cut short, with nothing beside it to fill it."""
    try:
        missing = missing_bytes(database)
    except OSError:
        return
    if missing and not any(database.with_name(database.name + name).exists() for name in BESIDE):
        raise SourceDamaged(f"{database} is cut short: {missing:,} bytes of it are not there.")


def _files(path: Path) -> list[Path]:
    """The files that a source at a path may consist of."""
    try:
        is_folder = path.is_dir()
    except OSError:
        is_folder = False
    if not is_folder:
        return [path]
    inner = (EXPORT_FILE, *DATABASES, BACKUP_DATABASE)
    return [*(path / name for name in inner), path / BACKUP_DATABASE[:2] / BACKUP_DATABASE]


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def find_sources() -> list[Path]:
    """The Messages database of this computer's user, where there is one."""
    own = OWN_DATABASE.expanduser()
    return [own] if own.exists() else []


def _open_folder(folder: Path, scratch: Path, known: bytes | None) -> Source:
    try:
        names = {child.name for child in folder.iterdir()}
    except PermissionError as error:
        raise SourceForbidden(f"{folder} may not be read.") from error
    if EXPORT_FILE in names:
        return JsonLinesSource(folder)
    for name in DATABASES:
        if name in names:
            return _open_database(folder / name, scratch, known)
    if _is_encrypted(folder):
        raise BackupEncrypted(f"The phone backup {folder} is encrypted.")
    for inner in (folder / BACKUP_DATABASE[:2] / BACKUP_DATABASE, folder / BACKUP_DATABASE):
        if inner.is_file():
            return _open_database(inner, scratch, known)
    if names & set(BACKUP_MANIFESTS):
        raise MessagesNotInBackup(f"The phone backup {folder} holds no messages.")
    raise SourceNotADatabase(f"{folder} is a folder without a database of Messages in it.")
