"""Which generation of its own zone a device writes.

It is kept in the home's settings, not in the library: that may be made anew at any time.
"""

from sealwax.base.settings import Settings
from sealwax.ledger.names import device_zone

_SETTING = "own_zone"


def current_zone(settings: Settings, device: bytes) -> str:
    """The zone that a device writes now."""
    return device_zone(device, settings.get(_SETTING, 0))


def keep_generation(settings: Settings, generation: int) -> None:
    """Durable when it returns."""
    settings.set(_SETTING, generation)
