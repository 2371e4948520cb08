"""How Hypothesis runs: other cases each time at a developer's, the same ones in CI."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
if "CI" in os.environ:
    settings.load_profile("ci")
