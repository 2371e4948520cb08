"""How a folder store lies on the disk: names to paths and back.

    sealwax-store.json                                     says what this folder is
    accounts/<account>/objects/<first 2 hex>/<64 hex>      one file an object
    accounts/<account>/zones/<zone>/<thousands>/<12 digits>  one file a commit
    accounts/<account>/zones/<zone>/<thousands>.pack       a thousand old commits in one file
    accounts/<account>/temporary/…                         half-written files, never read
    accounts/<account>/lost/<zone>-<number>/…              commits of a history that parted

`/` in a zone's name is written `+`. Implements "The folder store" of docs/format.md.
"""

import re
from pathlib import Path

from sealwax.ledger.names import is_zone
from sealwax.stores.pack import RANGE_COMMITS

ACCOUNTS = "accounts"
OBJECTS = "objects"
ZONES = "zones"
TEMPORARY = "temporary"
LOST = "lost"
PACK_SUFFIX = ".pack"
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
    return shard_path(folder, zone, seq) / f"{seq:0{_SEQ_DIGITS}d}"


def shard_path(folder: Path, zone: str, seq: int) -> Path:
    """Where the commits of the range of a seq lie that are not packed."""
    return zone_folder(folder, zone) / f"{seq // RANGE_COMMITS:0{_SEQ_DIGITS - 3}d}"


def pack_path(folder: Path, zone: str, seq: int) -> Path:
    """Where the pack of the range of a seq lies."""
    shard = shard_path(folder, zone, seq)
    return shard.with_name(shard.name + PACK_SUFFIX)


def seq_of(file_name: str) -> int | None:
    """The seq that a file is, or None for a foreign one."""
    return int(file_name) if _SEQ.fullmatch(file_name) else None


def first_seq(folder_name: str) -> int | None:
    """The first seq whose commit lies in a folder of a zone, or None for a foreign one."""
    return int(folder_name) * RANGE_COMMITS if _SHARD.fullmatch(folder_name) else None


def pack_of(file_name: str) -> int | None:
    """The first seq of the pack that a file is, or None for a foreign one."""
    is_named = file_name.endswith(PACK_SUFFIX)
    return first_seq(file_name.removesuffix(PACK_SUFFIX)) if is_named else None
