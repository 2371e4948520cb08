"""How much is tried: little in every run of the tests, much in `make laws`."""

import os

from hypothesis import HealthCheck, settings

IS_LONG = os.environ.get("SEALWAX_LAWS") == "long"


def cases(short: int, long: int) -> int:
    """The number of cases for this run."""
    return long if IS_LONG else short


LAWS = settings(
    max_examples=cases(2_000, 100_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
