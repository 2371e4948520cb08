"""How a folder store lies on the disk: names to paths and back.

    sealwax-store.json                                     says what this folder is
    accounts/<account>/objects/<first 2 hex>/<64 hex>      one file an object
    accounts/<account>/zones/<zone>/<thousands>/<12 digits>  one file a commit
    accounts/<account>/temporary/…                         half-written files, never read
    accounts/<account>/lost/<zone>-<number>/…              commits of a history that parted

`/` in a zone's name is written `+`. Implements "The folder store" of docs/format.md.
"""

import re
from pathlib import Path

from sealwax.ledger.names import is_zone

ACCOUNTS = "accounts"
OBJECTS = "objects"
ZONES = "zones"
TEMPORARY = "temporary"
LOST = "lost"
SHARD_COMMITS = 1000
_SEQ_DIGITS = 12
_OBJECT = re.compile(r"[0-9a-f]{64}")
_SEQ = re.compile(r"[0-9]{12}")
_SHARD = re.compile(r"[0-9]{9}")


def object_path(folder: Path, name: bytes) -> Path:
    """Where an object of an account's folder lies."""
    text = name.hex()
    return folder / OBJECTS / text[:2] / text


def object_of(file_name: str) -> bytes | None:
    """The object that a file is, or None for a foreign one."""
    return bytes.fromhex(file_name) if _OBJECT.fullmatch(file_name) else None


def zone_folder(folder: Path, zone: str) -> Path:
    """Where a zone's commits lie."""
    assert is_zone(zone), zone
    return folder / ZONES / zone.replace("/", "+")


def zone_of(file_name: str) -> str | None:
    """The zone that a folder is, or None for a foreign one."""
    zone = file_name.replace("+", "/")
    return zone if is_zone(zone) else None


def commit_path(folder: Path, zone: str, seq: int) -> Path:
    """Where a commit lies."""
    shard = f"{seq // SHARD_COMMITS:0{_SEQ_DIGITS - 3}d}"
    return zone_folder(folder, zone) / shard / f"{seq:0{_SEQ_DIGITS}d}"


def seq_of(file_name: str) -> int | None:
    """The seq that a file is, or None for a foreign one."""
    return int(file_name) if _SEQ.fullmatch(file_name) else None


def first_seq(folder_name: str) -> int | None:
    """The first seq whose commit lies in a folder of a zone, or None for a foreign one."""
    return int(folder_name) * SHARD_COMMITS if _SHARD.fullmatch(folder_name) else None
