"""Where real sample data lies, beside the checkout; tests that need it skip loudly without it."""

import os
from pathlib import Path

import pytest

SAMPLES = Path(
    os.environ.get("SEALWAX_SAMPLES", Path(__file__).resolve().parents[2] / "shared" / "data")
)
FORMATS = SAMPLES.parent / "formats"

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"REAL SAMPLE DATA IS ABSENT: {SAMPLES} does not exist"
)
