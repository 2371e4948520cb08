"""Bringing near what others stored: all words, and of the files as many as this device keeps."""

from sealwax.library.holdings import Holdings
from sealwax.stores.mirror import MirrorStore
from sealwax.sync.keeping import Held, plan_keeping
from sealwax.sync.progress import Report, SyncProgress

FETCHED_TOGETHER = 64


def fetch_kept(
    mirror: MirrorStore | None, holdings: Holdings, files_bytes: int | None, report: Report
) -> int:
    """Fetches all words, and files up to so many bytes; gives how many objects came. Raises
    FarAway."""
    if mirror is None:
        return 0
    live = plan_keeping(
        (
            Held(name, seq, size, digest is not None)
            for name, seq, _, size, digest in holdings.listed()
        ),
        files_bytes,
    )
    near = mirror.near.has_objects(live)
    lacking = [name for name in live if name not in near]
    total = sum(live[name] for name in lacking)
    done, done_bytes = 0, 0
    for start in range(0, len(lacking), FETCHED_TOGETHER):
        batch = lacking[start : start + FETCHED_TOGETHER]
        report(SyncProgress("Downloading", done, len(lacking), done_bytes, total))
        done += mirror.fetch(batch)
        done_bytes += sum(live[name] for name in batch)
    return done
