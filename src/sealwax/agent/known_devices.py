"""Which devices the account has, as far as one device's log tells: names, and since when."""

from typing import NamedTuple

from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import AccountLog, DeviceAdd, Genesis
from sealwax.vault.commit_part import open_part
from sealwax.vault.keys import AccountKeys


class KnownDevice(NamedTuple):
    """A device that the account trusts now."""

    id: bytes
    name: str
    added_ms: int


def known_devices(log: AccountLog, keys: AccountKeys) -> list[KnownDevice]:
    """The devices of the account, in the order in which they came."""
    found: dict[bytes, KnownDevice] = {}
    for commit, entry in zip(log.commits, log.entries, strict=True):
        if commit is None or not isinstance(entry, Genesis | DeviceAdd):
            continue
        try:
            name = open_part(keys, commit).device_name.strip()
        except (SealBroken, SealUnknown):
            name = ""
        device = entry.device.id
        if device in log.newest.devices:
            found[device] = KnownDevice(device, name or device.hex()[:8], commit.header.time_ms)
    return list(found.values())
