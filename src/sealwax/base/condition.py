"""What the computer is like at this moment: power, network, disk, load, sleep.

`base.system_conditions` asks the operating system; tests and simulations set what they want.
"""

from typing import NamedTuple, Protocol


class Condition(NamedTuple):
    """One moment of a computer.

    `battery_percent` is None where there is no battery, `free_bytes` None where the disk with the
    home cannot be asked. `is_online` says that some network other than this computer's own is up.
    `suspended_seconds` counts all sleep since the computer was started.
    """

    is_on_power: bool = True
    battery_percent: float | None = None
    is_metered: bool = False
    is_online: bool = True
    free_bytes: int | None = None
    is_idle: bool = True
    suspended_seconds: float = 0.0


class Conditions(Protocol):
    """Whoever knows the present condition."""

    def now(self) -> Condition:
        """The condition at this moment; never raises, and takes milliseconds."""
        ...


class SetConditions:
    """A condition that stays as it is until it is set: for tests and simulations."""

    def __init__(self, condition: Condition | None = None) -> None:
        self.condition = condition or Condition()

    def now(self) -> Condition:
        return self.condition

    def change(self, **fields: object) -> None:
        """Sets some fields."""
        self.condition = Condition(**{**self.condition._asdict(), **fields})
