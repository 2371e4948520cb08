"""The condition of this computer, by psutil and what the operating system offers.

Whether a network is metered is asked of NetworkManager, where it is installed. Nothing that cannot
be asked is guessed: no battery counts as mains power, no NetworkManager as an unmetered network.
Written for Linux and macOS, tested on Linux.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from sealwax.base.clock import Clock
from sealwax.base.condition import Condition
from sealwax.base.environment import for_children

METERED_GOOD_FOR_SECONDS = 30.0
IDLE_LOAD = 0.5
"""Fewer running programs a processor than this, over five minutes, is idle."""
_ASK_SECONDS = 2
_LOOPBACK = ("lo", "lo0")
_METERED = ("GENERAL.METERED:yes",)


class SystemConditions:
    """Asks the operating system anew each time; the network's price twice a minute."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._metered_at: float | None = None
        self._is_metered = False

    def now(self) -> Condition:
        is_on_power, percent = _power()
        return Condition(
            is_on_power,
            percent,
            self._metered(),
            _is_online(),
            _free_bytes(self._home),
            _is_idle(),
            _suspended_seconds(),
        )

    def _metered(self) -> bool:
        at, now = self._metered_at, self._clock.monotonic()
        if at is None or now - at >= METERED_GOOD_FOR_SECONDS:
            self._metered_at, self._is_metered = now, _ask_network_manager()
        return self._is_metered


def says_metered(answer: str) -> bool:
    """Whether NetworkManager's description of its devices has a metered one; it says "yes", "no",
    "unknown", or the first two with "(guessed)"."""
    return any(line.startswith(_METERED) for line in answer.splitlines())


def _ask_network_manager() -> bool:
    program = shutil.which("nmcli")
    if program is None:
        return False
    question = [program, "--terse", "--fields", "GENERAL.METERED", "device", "show"]
    try:
        done = subprocess.run(  # noqa: S603
            question,
            check=False,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            env=for_children(os.environ),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and says_metered(done.stdout)


def _power() -> tuple[bool, float | None]:
    try:
        battery = psutil.sensors_battery()
    except (OSError, AttributeError, ValueError, RuntimeError):
        # Some machines say that they have a battery and then cannot read it.
        battery = None
    if battery is None:
        return True, None
    # psutil says None where it cannot tell; then nothing is held back.
    return battery.power_plugged is not False, float(battery.percent)


def _is_online() -> bool:
    try:
        return any(
            state.isup for name, state in psutil.net_if_stats().items() if name not in _LOOPBACK
        )
    except OSError:
        return True


def _free_bytes(home: Path) -> int | None:
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return None


def _is_idle() -> bool:
    try:
        _, five_minutes, _ = os.getloadavg()
    except OSError:
        return True
    return five_minutes < IDLE_LOAD * (os.cpu_count() or 1)


def _suspended_seconds() -> float:
    """The difference of a clock that goes on in sleep and one that stands still."""
    with_sleep = getattr(time, "CLOCK_BOOTTIME", None)
    without = time.CLOCK_MONOTONIC
    if with_sleep is None:
        with_sleep, awake = time.CLOCK_MONOTONIC, getattr(time, "CLOCK_UPTIME_RAW", None)
        if awake is None:
            return 0.0
        without = awake
    return max(time.clock_gettime(with_sleep) - time.clock_gettime(without), 0.0)
