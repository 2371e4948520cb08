"""The own zones of an account's devices, and what the snapshots in them stand on."""

from collections.abc import Iterable

from sealwax.ledger.account import AccountLog
from sealwax.ledger.names import MESSAGES_ZONE, zone_device
from sealwax.sync.replay import shown_by_pins, told_ones
from sealwax.sync.replica import Replica


def known_zones(log: AccountLog, zones: Iterable[str]) -> list[str]:
    """The own zones of devices that the account's log names or named."""
    devices = {device for state in log.states for device in state.devices}
    return sorted(zone for zone in set(zones) if zone_device(zone) in devices)


def pinned_bases(history: Replica) -> set[int]:
    """The seqs of the messages zone on which snapshots in devices' own zones stand, shown here or
    not: what is live there is held."""
    bases = set()
    for zone in known_zones(history.log, history.store.list_zones()):
        commits = list(
            told_ones(history, zone, (data for _, data in history.store.read_commits(zone, 0)))
        )
        shown = shown_by_pins(commits, history.clock.now_ms())
        for told in commits:
            if told.judged.head.seq in shown and MESSAGES_ZONE in told.part.heads:
                bases.add(told.part.heads[MESSAGES_ZONE][0])
    return bases
