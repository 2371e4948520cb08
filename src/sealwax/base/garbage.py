"""How often Python looks for values that hold each other.

An import makes millions of small values without cycles. Looking for cycles among them again and
again would take a third of its time; never looking would let the few that there are pile up.
"""

import gc

THRESHOLDS = (200_000, 50, 100)


def rarely_collect() -> None:
    """For the rest of this process."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
