"""Resetting sync from this device, as surfaces ask for it: what it would do, then the act."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

from sealwax.agent.device import Device
from sealwax.base.errors import SealwaxError
from sealwax.sync.reset.apply import ResetProgress, planned_reset, reset
from sealwax.sync.reset.plan import ResetPlan

BEFORE = "before a reset"
"""The reason of the snapshot that is made first."""
Report = Callable[[ResetProgress], None]


class SyncPaused(SealwaxError):
    """What needs the shared place cannot be done while sync is paused."""

    code = "sync-paused"
    hint = "`sealwax status` says why, and what ends the pause. Nothing was changed."


class Reset(NamedTuple):
    """What a reset would do, or did; see `sync.reset.plan.ResetPlan`. `segments` are sealed objects
    with words. `written_bytes` is 0, and `snapshot` None, as long as nothing was done."""

    records: int
    segments: int
    size_bytes: int
    healed: int
    regained: int
    nowhere: int
    kept: int
    written_bytes: int = 0
    snapshot: int | None = None


def plan(device: Device, report: Report) -> Reset:
    """What a reset would do; raises SyncPaused or StoreError."""
    try:
        return _told(_plan(device, report))
    finally:
        device.outbox.put_on()


def act(device: Device, snapshot: Callable[[str], int], report: Report) -> Reset:
    """Resets, after a snapshot; raises SyncPaused or StoreError. Cut off, nothing is lost, and it
    begins anew the next time."""
    try:
        _bring_in_step(device)
        number = snapshot(BEFORE)
        planned = _plan(device, report)
        written_bytes = reset(device.history, planned, report)
    finally:
        device.outbox.put_on()
    device.sync.settle_held()
    return _told(planned)._replace(written_bytes=written_bytes, snapshot=number)


def _plan(device: Device, report: Report) -> ResetPlan:
    _bring_in_step(device)
    # What the shared place does not have just after a look at it is missing.
    with device.mirror.current() if device.mirror is not None else nullcontext():
        return planned_reset(device.history, report)


def _bring_in_step(device: Device) -> None:
    if not device.journal.is_sharing:
        raise SyncPaused("Sync is paused on this device at the moment.")
    device.journal.try_again()
    device.sync.pull()


def _told(planned: ResetPlan) -> Reset:
    return Reset(
        planned.records,
        planned.segments,
        planned.size_bytes,
        planned.healed,
        planned.regained,
        planned.nowhere,
        planned.kept,
    )
