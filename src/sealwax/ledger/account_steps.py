"""Where the account's log took the steps that others ask for: pure reading of a folded log."""

from sealwax.ledger.account import AccountLog, DeviceRevoke, Epoch, RecoverySet, Rotation


def newest_revocation(log: AccountLog) -> int:
    """The position of the newest counting entry that put a device out, or -1."""
    positions = (at for at, entry in enumerate(log.entries) if isinstance(entry, DeviceRevoke))
    return max(positions, default=-1)


def newest_recovery_set(log: AccountLog) -> int:
    """The position from which the recovery key of now counts: 0 for that of the genesis."""
    positions = (at for at, entry in enumerate(log.entries) if isinstance(entry, RecoverySet))
    return max(positions, default=0)


def rotations(log: AccountLog) -> dict[int, tuple[int, Rotation]]:
    """Every rotation that counts, by its epoch, with its position."""
    return {
        entry.rotation.epoch: (at, entry.rotation)
        for at, entry in enumerate(log.entries)
        if isinstance(entry, DeviceRevoke | RecoverySet | Epoch)
    }
