"""What a simulated world is about: which acts and mishaps there are, and how wrong clocks are."""

from dataclasses import dataclass, replace

from tests.sync.simulation.acts import ACTS, collect_unheld, make_locked_snapshot
from tests.sync.simulation.clocks import DAY_MS, YEAR_MS
from tests.sync.simulation.infected import (
    break_a_rule,
    take_away,
    write_into_an_own_zone,
    write_out_of_time,
)
from tests.sync.simulation.lying import tell_lies, tell_the_truth
from tests.sync.simulation.mishaps import (
    clone,
    come_back,
    copy_disk,
    end_clone,
    jump,
    kill,
    pass_months,
    put_back,
    take_image,
)
from tests.sync.simulation.removed import (
    forget_removal,
    remove_device,
    write_although_removed,
)
from tests.sync.simulation.world import Turns

ROUGH: Turns = {**ACTS, kill: 1, copy_disk: 1}
"""Every day, with a faulty line."""


@dataclass(frozen=True, eq=False)
class Story:
    """The acts, and by how much the clock of each device is wrong at first. In an honest one nobody
    means harm and the place does not lie, so no alarm may be raised. A place that `is_judging` is a
    server, not a folder."""

    turns: Turns
    off_ms: tuple[int, ...] = (0, DAY_MS, -DAY_MS)
    is_honest: bool = True
    is_judging: bool = False


PLAIN = Story(ROUGH)
CLOCKS = Story(
    {**ROUGH, come_back: 1, jump: 1, pass_months: 1, collect_unheld: 1},
    (0, -7 * YEAR_MS, 4 * YEAR_MS),
)
"""One clock is right, one says 2019, one is years ahead; all of them jump; months pass."""
IMAGES = Story({**ROUGH, take_image: 2, put_back: 1, clone: 1, end_clone: 1})
"""Homes are put back from images of their disks, and copied."""
HONEST = Story({**CLOCKS.turns, **IMAGES.turns}, CLOCKS.off_ms)
"""All that befalls honest devices."""
INFECTED = Story(
    {
        **ROUGH,
        break_a_rule: 3,
        write_into_an_own_zone: 1,
        write_out_of_time: 1,
        make_locked_snapshot: 1,
        remove_device: 1,
    },
    (0, DAY_MS, -DAY_MS, 0),
    is_honest=False,
)
"""One device breaks the rules of the chain. (Another one is put out.)"""
STOLEN = Story({**ROUGH, take_away: 3, make_locked_snapshot: 1}, is_honest=False)
"""One device takes away all that it may."""
REMOVED = Story(
    {
        **ROUGH,
        come_back: 1,
        remove_device: 1,
        write_although_removed: 3,
        forget_removal: 2,
    },
    (0, DAY_MS, -DAY_MS, 0),
    is_honest=False,
)
"""The last device is put out, and goes on writing."""
LYING = Story({**ROUGH, tell_lies: 1, tell_the_truth: 2}, is_honest=False, is_judging=True)
"""The place, a server, answers falsely for a while."""
LYING_FOLDER = replace(LYING, is_judging=False)
"""A folder does."""
