"""A command loads what it needs and nothing else: half of what is waited for is loading."""

import subprocess
import sys

HEAVY = ("httpx", "litestar", "uvicorn", "rich", "PIL", "watchfiles", "asyncio", "zoneinfo")


def test_the_grammar_loads_nothing_heavy() -> None:
    code = f"import sys, sealwax.cli.main; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
