"""Devices and "Sync now" for the page."""

from sealwax.agent.api import Agent
from sealwax.agent.port import DeviceView, Progress, Report, Switch
from sealwax.base.errors import SealwaxError
from sealwax.sync.apply import SyncProgress
from sealwax.web.plans import Done


class OtherDevice(SealwaxError):
    """Only a device itself switches its sync and its backup."""

    code = "switch-of-another-device"
    hint = "Open the page on that device, or run `sealwax sync off` there."


def device_views(agent: Agent) -> list[DeviceView]:
    """The devices of the account, this one first. How another one is switched is its own
    business: it is shown as on."""
    state = agent.sync.state()
    found = [
        DeviceView(
            device.id.hex(),
            device.name,
            device.is_this,
            device.added_ms,
            device.seen_ms,
            is_sync_on=state.is_on if device.is_this else True,
            is_backup_on=state.is_backup_on if device.is_this else True,
        )
        for device in agent.devices.list()
    ]
    return sorted(found, key=lambda device: not device.is_this)


def switch_this(agent: Agent, device: str, what: Switch, is_on: bool) -> None:
    """Turns sync or backup of this device on or off; raises OtherDevice for any other."""
    this = next(known for known in agent.devices.list() if known.is_this)
    if this.id.hex() != device:
        raise OtherDevice("Only this device can be switched here.")
    if what == "sync":
        agent.sync.switch(is_on)
    else:
        agent.sync.switch_backup(is_on)


def sync_now(agent: Agent, report: Report) -> Done:
    """Brings this device and the others together; says what is true afterwards."""

    def tell(progress: SyncProgress) -> None:
        report(
            Progress(
                progress.phase,
                progress.done,
                progress.total,
                progress.done_bytes,
                progress.total_bytes,
            )
        )

    done = agent.sync.now(tell)
    if done.is_verified:
        return Done(f"Everything on this device is on {agent.sync.state().store}.")
    return Done(f"Not everything is shared: {done.why or 'the histories differ'}")
