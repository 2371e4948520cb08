"""What is safe, where, since when, and the next step: facts, and sentences made from them."""

from typing import NamedTuple

from sealwax.vault.commit_part import Counts

DAY_MS = 24 * 60 * 60 * 1000
OLD_SNAPSHOT_DAYS = 7


class Line(NamedTuple):
    """One sentence of the status: how bad it is ("ok", "note", "warn", "bad") and what to do."""

    level: str
    text: str
    remedy: str = ""


class Status(NamedTuple):
    """The state of a home. Times are ms since 1970; None where there is nothing yet."""

    home: str
    store: str
    counts: Counts
    sealed_bytes: int
    snapshot_only_bytes: int
    snapshots: int
    newest_snapshot_ms: int | None
    held: int
    void_commits: int
    damaged_objects: int
    notes: tuple[str, ...]
    sources: int
    devices: int
    now_ms: int
    account: str
    epoch: int
    head: str


def lines(status: Status) -> list[Line]:
    """The status in sentences, worst first."""
    found = [*_damage(status), *_held(status), *_sources(status), *_snapshots(status)]
    found += [_media(status), _kept(status)]
    order = {"bad": 0, "warn": 1, "note": 2, "ok": 3}
    return sorted(found, key=lambda line: order[line.level])


def _damage(status: Status) -> list[Line]:
    found = [Line("bad", note, "sealwax verify") for note in status.notes]
    if status.damaged_objects:
        found.append(
            Line(
                "bad",
                f"{status.damaged_objects:,} sealed objects could not be read.",
                "sealwax verify",
            )
        )
    if status.void_commits:
        found.append(
            Line(
                "warn",
                f"{status.void_commits} entries in the history do not count: someone without the"
                " right to write, or damage.",
                "sealwax verify",
            )
        )
    return found


def _held(status: Status) -> list[Line]:
    if not status.held:
        return []
    text = f"{status.held:,} deletions wait for your answer; they are in the trash."
    return [Line("warn", text, "sealwax held accept, or sealwax held undo")]


def _sources(status: Status) -> list[Line]:
    if status.counts.messages or status.sources:
        return []
    return [Line("warn", "No messages are kept yet.", "sealwax import PATH")]


def _snapshots(status: Status) -> list[Line]:
    if status.newest_snapshot_ms is None:
        return [Line("warn", "There is no snapshot yet.", "sealwax snapshot create")]
    days = (status.now_ms - status.newest_snapshot_ms) // DAY_MS
    if days >= OLD_SNAPSHOT_DAYS:
        text = f"The last snapshot is {days} days old."
        return [Line("warn", text, "sealwax snapshot create")]
    return []


def _media(status: Status) -> Line:
    return Line(
        "note",
        "Protected from deletion. Not from losing the disk with the vault.",
        f"copy {status.store} to another disk now and then",
    )


def _kept(status: Status) -> Line:
    counts = status.counts
    return Line(
        "ok",
        f"{counts.messages:,} messages in {counts.conversations:,} conversations and"
        f" {counts.attachments:,} attachments are sealed in {status.store}.",
    )
