"""Who is and was in an account: read off its log, with names that only devices can read. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
    Entry,
    Genesis,
    RecoverySet,
)
from sealwax.ledger.commit import Commit
from sealwax.vault.commit_part import open_part
from sealwax.vault.keys import AccountKeys

RECOVERY_KEY = "recovery key"


class KnownDevice(NamedTuple):
    """A device that is, or was, one of the account's.

    `added_by` and `revoked_by` are the name that the acting device has now, or `recovery key`; a
    first device was added by nobody. `seen_ms` is when it last wrote or asked, as far as is known.
    `switched_ms` is when it told of its switches; one that never did has both on.
    """

    id: bytes
    name: str
    is_this: bool
    added_ms: int
    added_by: str | None
    seen_ms: int | None
    revoked_ms: int | None
    revoked_by: str | None
    is_sync_on: bool = True
    is_backup_on: bool = True
    switched_ms: int | None = None


class _Entered(NamedTuple):
    device: bytes
    added_ms: int
    added_by: bytes | None


def roster(
    log: AccountLog, keys: AccountKeys, this: bytes, seen_ms: Mapping[bytes, int]
) -> list[KnownDevice]:
    """All devices of the account, in the order in which they came; those put out included."""
    entered: dict[bytes, _Entered] = {}
    left: dict[bytes, Commit] = {}
    for commit, entry in _counting(log):
        author, time_ms = commit.header.author, commit.header.time_ms
        if isinstance(entry, Genesis):
            entered[entry.device.id] = _Entered(entry.device.id, time_ms, None)
        elif isinstance(entry, DeviceAdd):
            entered[entry.device.id] = _Entered(entry.device.id, time_ms, author)
            # A device that was put out may come back: it is one of the account's again.
            left.pop(entry.device.id, None)
        elif isinstance(entry, DeviceRevoke):
            left[entry.device] = commit
    names = member_names(log, keys)
    return [
        KnownDevice(
            device,
            names[device],
            device == this,
            found.added_ms,
            names[found.added_by] if found.added_by is not None else None,
            seen_ms.get(device),
            left[device].header.time_ms if device in left else None,
            names[left[device].header.author] if device in left else None,
        )
        for device, found in entered.items()
    ]


def member_names(log: AccountLog, keys: AccountKeys) -> dict[bytes, str]:
    """What every device that is or was one of the account's is called now, and every recovery key:
    whoever wrote an entry of the log is among them."""
    names: dict[bytes, str] = {}
    for commit, entry in _counting(log):
        if isinstance(entry, Genesis):
            names[entry.device.id] = _name(keys, commit) or entry.device.id.hex()
            names[entry.recovery.id] = RECOVERY_KEY
        elif isinstance(entry, DeviceAdd):
            names[entry.device.id] = _name(keys, commit) or entry.device.id.hex()
        elif isinstance(entry, DeviceRename):
            names[entry.device] = _name(keys, commit) or names[entry.device]
        elif isinstance(entry, RecoverySet):
            names[entry.recovery.id] = RECOVERY_KEY
    return names


def _counting(log: AccountLog) -> Iterator[tuple[Commit, Entry]]:
    for commit, entry in zip(log.commits, log.entries, strict=True):
        if commit is not None and entry is not None:
            yield commit, entry


def _name(keys: AccountKeys, commit: Commit) -> str:
    """The name in a commit's sealed part; one that does not open has none."""
    try:
        return open_part(keys, commit).device_name.strip()
    except (SealBroken, SealUnknown):
        return ""
