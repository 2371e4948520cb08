"""Measures Sealwax beside restic on the same files in one run. `python -m benchmarks --help`."""
