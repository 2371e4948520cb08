"""Who is and was in an account: read off its log, with names that only devices can read. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import (
    AccountLog,
    DeviceAdd,
    DeviceRename,
    DeviceRevoke,
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
    names: dict[bytes, str] = {}
    left: dict[bytes, Commit] = {}
    recoveries: set[bytes] = set()
    for commit, entry in zip(log.commits, log.entries, strict=True):
        if commit is None or entry is None:
            continue
        author, time_ms = commit.header.author, commit.header.time_ms
        if isinstance(entry, Genesis):
            entered[entry.device.id] = _Entered(entry.device.id, time_ms, None)
            names[entry.device.id] = _name(keys, commit)
            recoveries.add(entry.recovery.id)
        elif isinstance(entry, DeviceAdd):
            entered[entry.device.id] = _Entered(entry.device.id, time_ms, author)
            names[entry.device.id] = _name(keys, commit)
            # A device that was put out may come back: it is one of the account's again.
            left.pop(entry.device.id, None)
        elif isinstance(entry, DeviceRevoke):
            left[entry.device] = commit
        elif isinstance(entry, DeviceRename):
            names[entry.device] = _name(keys, commit) or names[entry.device]
        elif isinstance(entry, RecoverySet):
            recoveries.add(entry.recovery.id)

    def called(member: bytes | None) -> str | None:
        if member is None or member in recoveries:
            return RECOVERY_KEY if member is not None else None
        return names.get(member) or member.hex()

    return [
        KnownDevice(
            device,
            names[device] or device.hex(),
            device == this,
            found.added_ms,
            called(found.added_by),
            seen_ms.get(device),
            left[device].header.time_ms if device in left else None,
            called(left[device].header.author) if device in left else None,
        )
        for device, found in entered.items()
    ]


def names_of(log: AccountLog, keys: AccountKeys) -> dict[bytes, str]:
    """What devices are called, those put out included."""
    return {device.id: device.name for device in roster(log, keys, b"", {})}


def _name(keys: AccountKeys, commit: Commit) -> str:
    """The name in a commit's sealed part; one that does not open has none."""
    try:
        return open_part(keys, commit).device_name.strip()
    except (SealBroken, SealUnknown):
        return ""
