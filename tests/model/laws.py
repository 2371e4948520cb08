"""How many cases the laws of merging are tried with: 2,000, and 100,000 in the long run."""

import os

from hypothesis import HealthCheck, settings

IS_LONG = os.environ.get("SEALWAX_LAWS") == "long"
LAWS = settings(
    max_examples=100_000 if IS_LONG else 2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
