"""Everything that the doctor judges by, gathered at one moment: plain values, no words of messages.

Times are ms since 1970; None where something never was or is not known.
"""

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from sealwax.agent.journal import Trouble
from sealwax.agent.questions import Alarm, Asked
from sealwax.sync.belied import Found
from sealwax.sync.pause import Pause
from sealwax.trust.key_troubles import KeyTrouble

DAY_MS = 24 * 60 * 60 * 1000


class SourceFact(NamedTuple):
    """A remembered source: what is wrong with it since when, whether it waits for an answer, and
    after how many days its own device deletes messages."""

    path: str
    code: str = ""
    sentence: str = ""
    hint: str = ""
    since_ms: int | None = None
    is_held: bool = False
    keep_days: int | None = None


class DeviceFact(NamedTuple):
    """A device of the account. `switched_ms` is when it last told of its switches."""

    name: str
    is_this: bool
    seen_ms: int | None
    is_sync_on: bool = True
    is_backup_on: bool = True
    switched_ms: int | None = None


class RefusedFact(NamedTuple):
    """What a device tried to take away and the rules kept: which device, why it was refused, how
    many objects or snapshots, and whether the device is still one of the account's."""

    device: str
    reason: str
    number: int
    is_trusted: bool


class StoreFact(NamedTuple):
    """The place that devices share: what is not there yet, when all was last known to be there,
    what is wrong with it since when. `clock_ahead_ms` is by how much this computer's clock is ahead
    of its, `lost` how many sealed objects it lost and this device cannot give, `doubt` why nobody
    can say that all is there although nothing waits, `belied` what did not come back from it when
    it was read."""

    name: str
    is_server: bool = True
    waiting_messages: int = 0
    waiting_attachments: int = 0
    waiting_bytes: int = 0
    waiting_snapshots: int = 0
    waiting_since_ms: int | None = None
    verified_ms: int | None = None
    trouble: str = ""
    trouble_code: str = ""
    trouble_since_ms: int | None = None
    is_full: bool = False
    plan_bytes: int | None = None
    used_bytes: int = 0
    clock_ahead_ms: int | None = None
    lost: int = 0
    doubt: str = ""
    belied: Found | None = None


class HistoryFact(NamedTuple):
    """What this device holds, and what is wrong with it. `asked` are the questions that wait for an
    answer, `asked_elsewhere` counts the records that this device deleted and another one asks
    about, `alarms` are what others did and this device has mended. `is_lacking` says that sealed
    objects are missing in its vault; `doubt` is for a vault that is shared with nobody.
    `is_other_copy` says that another copy of this home has written, `taken_back` what other devices
    took back of what was here, `unproved` what of a backup could not be read back."""

    messages: int = 0
    newest_snapshot_ms: int | None = None
    asked: tuple[Asked, ...] = ()
    asked_elsewhere: int = 0
    alarms: tuple[Alarm, ...] = ()
    damaged_objects: int = 0
    void_commits: int = 0
    notes: tuple[str, ...] = ()
    is_lacking: bool = False
    doubt: str = ""
    is_other_copy: bool = False
    taken_back: str = ""
    unproved: str = ""


class Facts(NamedTuple):
    """All of it. `store` is None for a home that shares with no place; `media` counts the places
    that hold all messages, `vault` is the first of them; `used_bytes` has what was charged by the
    number of the day; `troubles` are those of jobs, by kind. `clock_doubt_ms` is by how much the
    clock is ahead of what was seen here, where that is in doubt. `recovery_changed_ms` is when the
    recovery key of now took another one's place; without `are_keys_handed_on` there are keys that a
    device which comes later would not get."""

    now_ms: int
    home: str
    history: HistoryFact
    is_sync_on: bool = True
    is_backup_on: bool = True
    store: StoreFact | None = None
    media: int = 1
    vault: str = ""
    pause: Pause | None = None
    sources: tuple[SourceFact, ...] = ()
    devices: tuple[DeviceFact, ...] = ()
    refused: tuple[RefusedFact, ...] = ()
    troubles: Mapping[str, Trouble] = {}
    used_bytes: Mapping[int, int] = {}
    free_bytes: int | None = None
    clock_jump_ms: int = 0
    clock_doubt_ms: int = 0
    is_recovery_confirmed: bool = True
    is_passphrase_weak: bool = False
    recovery_changed_ms: int | None = None
    key_troubles: tuple[KeyTrouble, ...] = ()
    are_keys_handed_on: bool = True
    is_agent_running: bool = True
    zone: datetime.tzinfo | None = None
