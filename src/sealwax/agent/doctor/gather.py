"""Gathering the facts: the one place that asks the home, its sources and the computer."""

import datetime
from itertools import starmap
from pathlib import Path

from sealwax.agent.api import Agent
from sealwax.agent.doctor.facts import (
    DeviceFact,
    Facts,
    HistoryFact,
    RefusedFact,
    SourceFact,
    StoreFact,
)
from sealwax.agent.home import WEAK, WEAK_SETTING
from sealwax.agent.journal import Entries, Trouble
from sealwax.agent.noting import key_note
from sealwax.agent.schedule import JobKind
from sealwax.agent.sync_state import SyncState, seen_by_id
from sealwax.base.condition import Condition
from sealwax.base.errors import SealwaxError
from sealwax.base.settings import Settings
from sealwax.library.holdings import SourceTrouble
from sealwax.sources.apple.keeping import keep_days
from sealwax.sources.registry import probe_source


def gather(
    agent: Agent,
    sync: SyncState,
    journal: Entries,
    condition: Condition,
    now_ms: int,
    zone: datetime.tzinfo | None = None,
) -> Facts:
    """From a reader or from an agent of this process. Sources are only probed, so this takes
    milliseconds."""
    status = agent.status()
    held = set(agent.owners.held())
    key_troubles = agent.devices.key_troubles()
    told_apart = {key_note(trouble).what for trouble in key_troubles}
    return Facts(
        now_ms=now_ms,
        home=status.home,
        vault=status.store,
        history=HistoryFact(
            status.counts.messages,
            status.newest_snapshot_ms,
            tuple(agent.held.questions()),
            agent.held.asked_elsewhere(),
            tuple(agent.held.alarms()),
            status.damaged_objects,
            status.void_commits,
            tuple(note for note in status.notes if note not in told_apart),
            status.is_lacking,
            "" if sync.is_shared else sync.doubt,
            status.is_other_copy,
            status.taken_back,
            sync.unproved,
        ),
        is_sync_on=sync.is_on,
        is_backup_on=sync.is_backup_on,
        store=_store(sync, journal.troubles.get(JobKind.SYNC)) if sync.is_shared else None,
        media=sync.media,
        pause=sync.pause,
        sources=tuple(
            _source(
                Path(path),
                journal.sources.get(path) or agent.source_trouble(Path(path)),
                path in held,
            )
            for path in agent.sources()
        ),
        devices=tuple(
            DeviceFact(
                device.name,
                device.is_this,
                device.seen_ms or device.added_ms,
                device.is_sync_on,
                device.is_backup_on,
                device.switched_ms,
            )
            for device in agent.devices.list(asked_ms=seen_by_id(sync))
        ),
        refused=tuple(starmap(RefusedFact, agent.devices.refused())),
        troubles={str(kind): told for kind, told in journal.troubles.items()},
        used_bytes=journal.used_bytes,
        free_bytes=condition.free_bytes,
        clock_doubt_ms=agent.time.ahead_ms(),
        is_recovery_confirmed=agent.recovery.is_confirmed(),
        is_passphrase_weak=Settings(agent.home).get(WEAK_SETTING, "") == WEAK,
        recovery_changed_ms=agent.recovery.changed_ms(),
        key_troubles=key_troubles,
        are_keys_handed_on=agent.devices.are_keys_handed_on(),
        zone=zone,
    )


def _store(sync: SyncState, trouble: Trouble | None) -> StoreFact:
    waiting, usage = sync.waiting, sync.usage
    ahead_ms = None
    if sync.store_now_ms is not None and sync.answered_ms is not None:
        ahead_ms = sync.answered_ms - sync.store_now_ms
    said = trouble.sentence if trouble else sync.trouble
    return StoreFact(
        name=sync.store,
        is_server=sync.is_remote,
        waiting_messages=waiting.messages,
        waiting_attachments=waiting.attachments,
        waiting_bytes=waiting.size_bytes,
        waiting_snapshots=waiting.snapshots,
        waiting_since_ms=waiting.since_ms,
        verified_ms=sync.verified_ms,
        trouble=said,
        trouble_code=sync.trouble_code or (trouble.code if trouble else ""),
        trouble_since_ms=trouble.since_ms if trouble else sync.trouble_since_ms,
        is_full=sync.is_full,
        plan_bytes=usage.plan_bytes if usage else None,
        used_bytes=usage.used_bytes if usage else 0,
        clock_ahead_ms=ahead_ms,
        lost=sync.lost,
        doubt=sync.doubt,
        belied=sync.belied,
    )


def _source(path: Path, trouble: Trouble | SourceTrouble | None, is_held: bool) -> SourceFact:
    fact = SourceFact(str(path), is_held=is_held, keep_days=keep_days(path))
    try:
        probe_source(path)
    except SealwaxError as error:
        since_ms = trouble.since_ms if trouble else None
        return fact._replace(
            code=error.code, sentence=error.sentence, hint=error.hint, since_ms=since_ms
        )
    if trouble is not None and not is_held:
        # It can be opened, and could not be read to its end when that was last tried.
        return fact._replace(
            code=trouble.code,
            sentence=trouble.sentence,
            hint=trouble.hint,
            since_ms=trouble.since_ms,
        )
    return fact
