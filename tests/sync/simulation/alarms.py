"""What devices tell of harm: after honest operations, nothing."""

from sealwax.stores.far_trouble import HistoryUnsound
from sealwax.sync.agreement import OnlyHere
from sealwax.sync.guard.plan import BEFORE
from sealwax.sync.removed_tail import RemovedDeviceWrote
from sealwax.sync.repair import AccountParted
from sealwax.sync.trouble import last_trouble
from sealwax.sync.unread import unread
from sealwax.trust.key_troubles import key_troubles
from tests.sync.simulation.home import Home
from tests.sync.simulation.world import World

ALARMING = {HistoryUnsound.code, RemovedDeviceWrote.code, AccountParted.code, OnlyHere.code}
"""Troubles of the place that honest devices and lines never make."""


def alarms(home: Home) -> list[str]:
    """What one device would tell its owner."""
    history, holdings = home.device.history, home.library.holdings
    trouble = last_trouble(holdings)
    return [
        *(f"refused: {one}" for one in holdings.refused_drops()),
        *(f"void: {one}" for one in holdings.void_commits()),
        *(f"void in the log: {one}" for one in history.log.void_reasons.items()),
        *(f"found: {one}" for one in home.library.guarded.doubts.alarms()),
        *(f"keys: {one}" for one in key_troubles(history.log, history.keys)),
        *(["unread"] if unread(home.library, home.device.outbox.zone) else []),
        *([f"trouble: {trouble}"] if trouble is not None and trouble.code in ALARMING else []),
    ]


def check_asked(world: World, home: Home) -> None:
    """Where nobody means harm, a device asks only about what people took away; and about nothing
    where they take little."""
    guarded = home.library.guarded
    if not world.is_honest or not guarded.is_asking:
        return
    assert not world.size.is_calm
    assert {row.record for row in guarded.losses.waiting()} <= world.taken
    assert all(lost.wanted.reason == BEFORE for lost in guarded.let_go.waiting())


def check_quiet(world: World, home: Home) -> None:
    """Where nobody means harm, the device tells of nothing."""
    raised = alarms(home) if world.is_honest else []
    assert not raised, raised[:3]
