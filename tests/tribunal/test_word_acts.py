"""Words of others on a terminal: of the place, of a device, of messages. None of them steers it."""

import contextlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable

import pytest

from sealwax.cli import main as command
from sealwax.cli import session as session_module
from sealwax.ledger.account import DeviceRename
from sealwax.ledger.commit import CommitKind
from sealwax.model.change import Change, entry
from sealwax.model.field import CONVERSATION, FILE_NAME, NAME, ORIGIN, SENDER, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.stores.base import StoreError
from sealwax.stores.server_errors import AccountLocked, ServerRefused, ServerTrouble
from sealwax.vault.commit_part import Part
from tests.tribunal.beginning import OWNER, THIEF
from tests.tribunal.court import Court

STEERING = (
    "\x1b[2J\x1b]0;owned\x07\x08\x08\r\x9b31m\x9d52;c;aGk=\x07\u202erecovery key\u2066\u2069\u200f"
    "\nYour recovery key is needed. Type it:"
)
KEPT = {"\n", "\t", "\u200d", "\ufe0f"}
COMMANDS = (
    ("status",),
    ("doctor",),
    ("list",),
    ("list", "--trash"),
    ("read", "1"),
    ("search", "thread"),
    ("media",),
    ("device", "list"),
    ("device", "list", "--all"),
    ("snapshot", "list"),
    ("sync", "status"),
    ("sync", "now"),
    ("backup", "now"),
    ("held", "list"),
    ("storage",),
    ("storage", "large"),
    ("verify",),
    ("device", "revoke", STEERING),
    ("restore", STEERING),
    ("read", STEERING),
)


def run(
    court: Court, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], *words: str
) -> str:
    """What a command of the owner prints, on both ways out."""
    patch.setattr(session_module, "system_environment", lambda _: court.env(OWNER))
    patch.setattr(command, "keep_to_itself", lambda: None)
    patch.setattr(sys, "argv", ["sealwax", "--home", str(court.home(OWNER)), *words])
    capture.readouterr()
    # Commands end with codes of their own.
    with contextlib.suppress(SystemExit):
        command.main()
    told = capture.readouterr()
    return told.out + told.err


def steering(text: str) -> list[str]:
    """The characters that would steer a terminal, or turn its words around."""
    return sorted(
        {
            hex(ord(letter))
            for letter in text
            if letter not in KEPT and unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp")
        }
    )


def check_all(court: Court, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
    for words in COMMANDS:
        told = run(court, patch, capture, *words)
        assert steering(told) == [], (words, told)
        told = run(court, patch, capture, *words, "--json")
        assert steering(told) == [], (words, told)
        if told.startswith(("{", "[")):
            json.JSONDecoder().raw_decode(told)


def place_says(error: Callable[[], StoreError]) -> Callable[[Court], None]:
    def act(court: Court) -> None:
        def refuse(*_: object) -> bool:
            raise error()

        court.place.lies.append = refuse
        court.place.lies.heads = refuse  # type: ignore[assignment]
        court.place.lies.objects = refuse  # type: ignore[assignment]

    return act


def device_is_called(court: Court) -> None:
    thief = court.intruder()
    data = thief.entry(
        CommitKind.DEVICE_RENAME, DeviceRename(court.id(THIEF)), part=Part(device_name=STEERING)
    )
    assert thief.append_entry(data) is None


def snapshot_is_called(court: Court) -> None:
    thief = court.intruder()
    head = thief.truth.head("messages").seq
    facts = b"\x92\x00" + bytes([head])
    part = Part(reason=STEERING[:60], name=STEERING)
    assert thief.append(kind=CommitKind.PIN, public=facts, part=part) is None


def messages_say(court: Court) -> None:
    thief = court.intruder()
    chat = "direct:" + STEERING
    told = [
        (Kind.CONVERSATION, b"c" * 16, (entry(ORIGIN, ["imessage", chat]), entry(NAME, STEERING))),
        (
            Kind.MESSAGE,
            b"m" * 16,
            (
                entry(ORIGIN, ["imessage", STEERING]),
                entry(CONVERSATION, True, chat),
                entry(SENDER, STEERING),
                entry(TIME_NS, 1_795_000_000_000_000_000),
                entry(TEXT, f"thread {STEERING}"),
            ),
        ),
        (
            Kind.ATTACHMENT,
            b"a" * 16,
            (entry(ORIGIN, ["imessage", "photo"]), entry(FILE_NAME, STEERING)),
        ),
    ]
    changes = [
        Change(int(kind), record, 0, thief.now_ms, thief.id, entries)
        for kind, record, entries in told
    ]
    assert thief.say(changes) is None


def a_step_says_why(court: Court) -> None:
    thief = court.intruder()
    thief.append(part=Part(reason=STEERING[:60], source={STEERING: STEERING}))
    thief.append(kind="\x1b[2J" + "\u202e" * 20)


@pytest.mark.parametrize(
    "act",
    [
        place_says(lambda: ServerRefused(STEERING)),
        place_says(lambda: ServerTrouble(STEERING * 100)),
        place_says(lambda: AccountLocked(f"The account is locked: {STEERING}", 1)),
        device_is_called,
        snapshot_is_called,
        messages_say,
        a_step_says_why,
    ],
    ids=[
        "the place refuses",
        "the place has trouble and much to say",
        "the operator says why it is locked",
        "a device is called so",
        "a snapshot is called so",
        "messages and files say so",
        "a step says why",
    ],
)
def test_words_of_others_steer_no_terminal(
    court: Court,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    act: Callable[[Court], None],
) -> None:
    act(court)
    court.day(OWNER)
    check_all(court, monkeypatch, capsys)


def test_a_sentence_of_the_place_has_its_length(
    court: Court, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place_says(lambda: ServerTrouble("word " * 100_000))(court)
    court.day(OWNER)
    for words in (("status",), ("sync", "now"), ("sync", "status"), ("doctor",)):
        told = run(court, monkeypatch, capsys, *words)
        assert len(told) < 4_000, words
        assert re.search("word", told)
