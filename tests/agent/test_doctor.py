"""The doctor names each planted fault, and nothing when there is none."""

import datetime
import shlex
from collections.abc import Callable

import click
import pytest

from sealwax.agent.doctor.checks.history import TOLD_ELSEWHERE
from sealwax.agent.doctor.examine import examine
from sealwax.agent.doctor.facts import (
    DAY_MS,
    DeviceFact,
    Facts,
    HistoryFact,
    RefusedFact,
    SourceFact,
    StoreFact,
)
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.journal import Trouble
from sealwax.agent.questions import Alarm, Asked
from sealwax.agent.schedule import JobKind
from sealwax.cli.main import cli
from sealwax.ledger.dropping import LOCKED, NOT_BY_THIS_KIND
from sealwax.sync.belied import Found
from sealwax.sync.guard.proof import TOLD_LESS
from sealwax.sync.pause import Pause
from sealwax.trust.key_troubles import KeysUnusable, KeyTrouble

NOW_MS = int(datetime.datetime(2026, 5, 3, 14, 2, tzinfo=datetime.UTC).timestamp() * 1000)
HOUR_MS = 60 * 60 * 1000
GB = 10**9
STORE = StoreFact(
    "https://example.net",
    verified_ms=NOW_MS - 60_000,
    plan_bytes=50 * GB,
    used_bytes=10 * GB,
    clock_ahead_ms=800,
)
HEALTHY = Facts(
    NOW_MS,
    "/home/ann/.local/share/sealwax",
    HistoryFact(messages=1_000, newest_snapshot_ms=NOW_MS - 9 * HOUR_MS),
    store=STORE,
    media=2,
    sources=(SourceFact("/chat.db"),),
    devices=(DeviceFact("laptop", True, NOW_MS), DeviceFact("mac", False, NOW_MS - DAY_MS)),
    used_bytes={day: day * 10_000_000 for day in range(20)},
    free_bytes=100 * GB,
    zone=datetime.UTC,
)
Plant = Callable[[Facts], Facts]


def _store(**fields: object) -> Plant:
    return lambda facts: facts._replace(store=STORE._replace(**fields))


def _source(**fields: object) -> Plant:
    return lambda facts: facts._replace(sources=(SourceFact("/chat.db", **fields),))  # type: ignore[arg-type]


def _history(**fields: object) -> Plant:
    return lambda facts: facts._replace(history=facts.history._replace(**fields))


def _facts(**fields: object) -> Plant:
    return lambda facts: facts._replace(**fields)


def _keys(is_closed: bool, is_blocking: bool, is_in: bool = True) -> KeyTrouble:
    return KeyTrouble("mac", "ab" * 16, NOW_MS - DAY_MS, is_in, is_closed, is_blocking)


DOWN = "The server does not answer."
TROUBLE = Trouble(NOW_MS - HOUR_MS, 3, "store-full", "The disk of the store is full.", "Free some.")
FAULTS: dict[str, tuple[Plant, str, str]] = {
    # name: (how it is planted, level, a part of what is said)
    "both-off": (_facts(is_sync_on=False, is_backup_on=False), "danger", "both off"),
    "sync-off": (_facts(is_sync_on=False), "warn", "Sync is off"),
    "backup-off": (_facts(is_backup_on=False), "warn", "Backup is off"),
    "no-snapshot": (_history(newest_snapshot_ms=None), "warn", "no snapshot yet"),
    "old-snapshot": (_history(newest_snapshot_ms=NOW_MS - 5 * DAY_MS), "warn", "5 days old"),
    "one-medium": (_facts(media=1), "warn", "Not from losing this disk"),
    "not-on-store": (
        _store(
            waiting_messages=214,
            waiting_bytes=1_900_000_000,
            waiting_since_ms=NOW_MS - 3 * DAY_MS,
        ),
        "danger",
        "Not on the server: 214 messages, 1.9 GB, since 30 April 14:02.",
    ),
    "storage-filling": (
        _store(used_bytes=42 * GB),
        "warn",
        "84 % full, and will be full about 11 July 2028.",
    ),
    "storage-full": (_store(used_bytes=50 * GB - 9_000_000), "danger", "Your backup is failing"),
    "disk-low": (_facts(free_bytes=10_000_000), "warn", "10.0 MB left"),
    "device-not-seen": (
        _facts(devices=(DeviceFact("old mac", False, NOW_MS - 40 * DAY_MS),)),
        "warn",
        "old mac was not seen for 40 days.",
    ),
    "device-both-off": (
        _facts(devices=(DeviceFact("mac", False, NOW_MS, False, False, NOW_MS - DAY_MS),)),
        "danger",
        "mac: sync and backup are both off since 2 May",
    ),
    "device-sync-off": (
        _facts(devices=(DeviceFact("mac", False, NOW_MS, False, True, NOW_MS - DAY_MS),)),
        "note",
        "mac: sync is off since 2 May",
    ),
    "device-backup-off": (
        _facts(devices=(DeviceFact("mac", False, NOW_MS, True, False, NOW_MS - DAY_MS),)),
        "note",
        "mac: backup is off since 2 May",
    ),
    "source-forbidden": (
        _source(code="source-forbidden", sentence="/chat.db may not be read.", hint="Full Disk"),
        "danger",
        "may not be read",
    ),
    "source-unreadable": (
        _source(
            code="source-missing",
            sentence="There is nothing at /chat.db.",
            hint="Check the path.",
            since_ms=NOW_MS - HOUR_MS,
        ),
        "danger",
        "There is nothing at /chat.db. Nothing new came since 13:02.",
    ),
    "source-of-another": (_source(is_held=True), "danger", "another person's account"),
    "messages-in-icloud": (
        _source(code="source-no-messages-in-backup", sentence="x", hint="y"),
        "danger",
        "Messages in iCloud keeps them out",
    ),
    "source-deletes": (_source(keep_days=30), "warn", "after 30 days"),
    "clock-wrong": (_store(clock_ahead_ms=-3 * HOUR_MS), "warn", "180 minutes behind"),
    "server-trouble": (
        _store(trouble=DOWN, trouble_since_ms=NOW_MS - HOUR_MS),
        "warn",
        "Server trouble since 13:02: The server does not answer. Nothing here is wrong.",
    ),
    "store-belied": (
        _store(belied=Found(7, NOW_MS - 1, 2)),
        "danger",
        "2 sealed objects did not come back when they were read",
    ),
    "server-lost": (_store(lost=2), "danger", "The sync store lost 2 sealed objects"),
    "device-not-trusted": (
        _store(trouble="It was removed on a day.", trouble_code="device-not-trusted"),
        "danger",
        "It was removed on a day.",
    ),
    "passphrase-weak": (_facts(is_passphrase_weak=True), "warn", "can be guessed"),
    "recovery-unconfirmed": (_facts(is_recovery_confirmed=False), "warn", "recovery key"),
    "recovery-changed": (
        _facts(is_recovery_confirmed=False, recovery_changed_ms=NOW_MS - DAY_MS),
        "danger",
        "The recovery key was changed on 2 May 2026",
    ),
    "account-keys-closed": (
        _facts(key_troubles=(_keys(True, True),)),
        "danger",
        "“mac” changed the account's keys to some that this device cannot use: what is here can be"
        " read, nothing can be written.",
    ),
    "account-keys-other-roots": (
        _facts(key_troubles=(_keys(False, False),)),
        "danger",
        "“mac” put other root keys into the account; nobody uses them.",
    ),
    "account-keys-not-handed-on": (_facts(are_keys_handed_on=False), "warn", "not handed on"),
    "damage": (_history(damaged_objects=2), "danger", "2 sealed objects"),
    "refused-drop": (
        _facts(refused=(RefusedFact("Ann's laptop", NOT_BY_THIS_KIND, 3, True),)),
        "danger",
        "Ann's laptop tried to take 3 sealed objects out of the history",
    ),
    "void-commits": (_history(void_commits=1), "warn", "do not count"),
    "held": (
        _history(asked=(Asked(3, "MacBook", True, NOW_MS - HOUR_MS, 60, 0, 4, 0),)),
        "warn",
        "MacBook deleted 60 messages in 4 conversations",
    ),
    "held-elsewhere": (_history(asked_elsewhere=12), "note", "12 records that were deleted here"),
    "history-mended": (
        _history(alarms=(Alarm(TOLD_LESS, "old phone", 7, NOW_MS - HOUR_MS),)),
        "danger",
        "old phone replaced parts of the history with less than was in them; 7 changes",
    ),
    "note": (_history(notes=("The vault ends 3 steps before.",)), "danger", "3 steps before"),
    "compaction-fails": (_facts(troubles={"compaction": TROUBLE}), "danger", "fails since 13:02"),
    "thumbnails-fails": (_facts(troubles={"thumbnails": TROUBLE}), "warn", "fails since 13:02"),
    "paused": (
        _facts(pause=Pause("battery", NOW_MS - HOUR_MS, "plug in", NOW_MS + HOUR_MS)),
        "note",
        "Paused on battery since 13:02: plug in, done by about 15:02.",
    ),
    "no-source": (
        lambda facts: facts._replace(
            sources=(), history=HistoryFact(messages=0, newest_snapshot_ms=None)
        ),
        "warn",
        "No messages are kept yet",
    ),
}


def _found(facts: Facts) -> dict[str, Finding]:
    return {finding.key: finding for finding in examine(facts).findings}


def test_with_a_server_one_medium_is_a_matter_of_a_sync() -> None:
    for is_on, remedy in ((True, "`sealwax sync now`"), (False, "`sealwax sync on`")):
        assert _found(HEALTHY._replace(media=1, is_sync_on=is_on))["one-medium"].remedy == remedy
    alone = HEALTHY._replace(media=1, store=STORE._replace(is_server=False))
    assert "keep it with a server" in _found(alone)["one-medium"].remedy


def test_a_healthy_home_gives_nothing() -> None:
    examined = examine(HEALTHY)
    assert examined.findings == ()
    assert not examined.needs_a_person
    assert (examined.level, examined.sentence) == (
        "ok",
        "Everything on this device is on the server, verified 14:01.",
    )


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_named_alone(name: str) -> None:
    plant, level, words = FAULTS[name]
    found = _found(plant(HEALTHY))
    assert list(found) == [name]
    assert found[name].level == level
    assert words in found[name].text
    assert found[name].remedy


@pytest.mark.parametrize("name", FAULTS)
def test_whoever_is_told_of_a_fault_gets_a_button_or_a_command(name: str) -> None:
    finding = _found(FAULTS[name][0](HEALTHY))[name]
    commands = finding.remedy.split("`")[1::2]
    assert finding.action or commands
    for command in commands:
        program, *words = shlex.split(command)
        if program == "sealwax":
            _parse(words)


def _parse(words: list[str]) -> None:
    """The command is there, and takes these words."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("", words)


def test_a_command_names_what_has_blanks_in_it_as_it_is_typed() -> None:
    held = SourceFact("/Ann's disk/chat.db", is_held=True)
    (finding,) = examine(HEALTHY._replace(sources=(held,))).findings
    first = finding.remedy.split("`")[1]
    assert shlex.split(first) == ["sealwax", "source", "accept", "/Ann's disk/chat.db"]
    assert (finding.action, finding.subject) == ("answer-source", "/Ann's disk/chat.db")


def test_a_job_that_fails_can_be_done_again() -> None:
    for kind in JobKind:
        facts = HEALTHY._replace(troubles={kind: TROUBLE})
        if kind not in TOLD_ELSEWHERE:
            (finding,) = examine(facts).findings
            assert (finding.action, finding.subject) == ("again", kind)


def test_what_a_removed_device_tried_is_a_note() -> None:
    gone = HEALTHY._replace(refused=(RefusedFact("old mac", LOCKED, 1, False),))
    (finding,) = examine(gone).findings
    assert finding.level == "note"
    assert finding.text.startswith("old mac tried to let go of a locked snapshot")


def test_all_faults_at_once_are_told_worst_first() -> None:
    facts = HEALTHY
    for name in ("old-snapshot", "one-medium", "damage", "recovery-unconfirmed", "clock-wrong"):
        facts = FAULTS[name][0](facts)
    examined = examine(facts)
    assert examined.findings[0].key == "damage"
    levels = [finding.level for finding in examined.findings]
    assert levels == sorted(levels, key=["danger", "warn", "note"].index)
    assert examined.sentence.startswith("2 sealed objects")
    assert examined.needs_a_person


def test_keys_that_do_not_open_are_no_trouble_of_the_server() -> None:
    trouble = _store(trouble="“mac” changed the account's keys.", trouble_code=KeysUnusable.code)
    facts = trouble(HEALTHY._replace(key_troubles=(_keys(True, True),)))
    assert list(_found(facts)) == ["account-keys-closed"]


def test_keys_of_a_device_that_is_out_are_answered_by_new_ones() -> None:
    facts = HEALTHY._replace(key_troubles=(_keys(True, True, is_in=False),))
    assert "`sealwax security renew-keys`" in _found(facts)["account-keys-closed"].remedy


def test_a_recovery_key_that_was_changed_and_confirmed_is_all_right() -> None:
    assert examine(HEALTHY._replace(recovery_changed_ms=NOW_MS)).findings == ()


def test_a_note_alone_needs_nobody() -> None:
    assert not examine(FAULTS["paused"][0](HEALTHY)).needs_a_person


def test_a_snapshot_that_is_two_weeks_old_is_red() -> None:
    old = _history(newest_snapshot_ms=NOW_MS - 14 * DAY_MS)(HEALTHY)
    assert _found(old)["old-snapshot"].level == "danger"
    assert "agent install" in _found(old._replace(is_agent_running=False))["old-snapshot"].remedy


def test_what_waits_for_minutes_is_on_its_way() -> None:
    waiting = _store(waiting_messages=1, waiting_bytes=9, waiting_since_ms=NOW_MS - 60_000)
    assert examine(waiting(HEALTHY)).findings == ()
    long = _store(waiting_messages=1, waiting_bytes=9, waiting_since_ms=NOW_MS - DAY_MS)
    paused = long(FAULTS["paused"][0](HEALTHY))
    assert list(_found(paused)) == ["paused"]
    assert _found(paused)["paused"].level == "warn"
    assert "1 message, 9 B wait" in _found(paused)["paused"].text


def test_the_backup_is_failing_when_what_waits_and_a_day_do_not_fit() -> None:
    """A median day is 10 MB here."""
    fits = _store(used_bytes=50 * GB - 30_000_000, waiting_bytes=20_000_000, waiting_messages=1)
    assert "storage-full" not in _found(fits(HEALTHY))
    over = _store(used_bytes=50 * GB - 30_000_000, waiting_bytes=20_000_001, waiting_messages=1)
    assert "storage-full" in _found(over(HEALTHY))
    refused = _store(is_full=True, waiting_attachments=3, trouble="Storage is full.")
    (found,) = examine(refused(HEALTHY)).findings
    assert found.key == "storage-full"
    assert "3 attachments are not on the server" in found.text


def test_a_plan_that_fills_within_a_month_is_told_before_it_is_full() -> None:
    fast = HEALTHY._replace(used_bytes={day: day * GB for day in range(20)})
    (found,) = examine(_store(used_bytes=25 * GB)(fast)).findings
    assert found.key == "storage-filling"
    assert "50 % full, and will be full about 28 May 2026" in found.text


def test_server_trouble_of_a_week_is_red() -> None:
    long = _store(trouble=DOWN, trouble_since_ms=NOW_MS - 7 * DAY_MS)
    assert _found(long(HEALTHY))["server-trouble"].level == "danger"


def test_a_home_without_a_server_is_judged_without_one() -> None:
    alone = HEALTHY._replace(store=None, media=1, is_sync_on=False)
    assert list(_found(alone)) == ["one-medium"]
    two = examine(alone._replace(media=2))
    assert (two.findings, two.sentence) == ((), "1,000 messages are kept in 2 places.")
