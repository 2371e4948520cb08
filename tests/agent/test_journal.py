"""The journal of jobs: durable, forgiving, quiet about secrets."""

import random
from pathlib import Path

from sealwax.agent.journal import JOURNAL_FILE, Entries, Journal
from sealwax.agent.schedule import JobKind


def test_what_was_done_is_known_to_the_next_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.entries == Entries()
    journal.begin(JobKind.IMPORT, 10)
    assert Journal(tmp_path).interrupted == JobKind.IMPORT
    journal.end_well(JobKind.IMPORT, 20)
    after = Journal(tmp_path)
    assert after.interrupted is None
    assert after.entries.done_ms == {JobKind.IMPORT: 20}
    assert (tmp_path / JOURNAL_FILE).stat().st_mode & 0o777 == 0o600


def test_a_trouble_lasts_until_the_job_ends_well(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for at in (10, 20, 30):
        journal.begin(JobKind.SYNC, at)
        journal.end_badly(JobKind.SYNC, at, float(at), "store-failed", "No.", "Wait.")
    trouble = Journal(tmp_path).entries.troubles[JobKind.SYNC]
    assert (trouble.since_ms, trouble.failures, trouble.code) == (10, 3, "store-failed")
    assert journal.waits_until == {JobKind.SYNC: 30.0 + 120.0}
    journal.retry_now()
    assert journal.waits_until == {}
    journal.end_well(JobKind.SYNC, 40)
    assert Journal(tmp_path).entries.troubles == {}


def test_a_damaged_journal_is_an_empty_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.end_well(JobKind.VERIFY, 5)
    path = tmp_path / JOURNAL_FILE
    data = path.read_bytes()
    rng = random.Random(7)
    for place in range(len(data) - 1):
        flipped = bytearray(data)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        assert Journal(tmp_path).entries == Entries(), place
    path.write_bytes(b"")
    assert Journal(tmp_path).entries == Entries()
