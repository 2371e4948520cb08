"""Messages that are not final: what is told of them gives way to what is final."""

from pathlib import Path

import pytest

from sealwax.demo.apple_time import nanoseconds
from tests.homes import DAY_MS, NOW_MS
from tests.sources.apple.test_chatdb import Phone

LATER_MS = NOW_MS + 300 * DAY_MS


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def waiting(phone: Phone, columns: str, guid: str = "A") -> None:
    phone.say(guid, "draft", is_from_me=1, date=nanoseconds(LATER_MS))
    phone.sql(f"UPDATE message SET {columns} WHERE guid = ?", guid)


@pytest.mark.parametrize(
    ("columns", "standing"),
    [
        ("schedule_type = 2, schedule_state = 2, is_sent = 0", "scheduled"),
        ("is_sent = 0, is_finished = 0", "sending"),
        ("is_sent = 0, error = 22", "failed"),
        ("is_sent = 1, error = 22", "failed"),
        ("is_sent = 0, schedule_type = 2, error = 4", "failed"),
    ],
)
def test_a_message_that_is_not_final_is_a_draft(phone: Phone, columns: str, standing: str) -> None:
    newest = phone.say("old")
    waiting(phone, columns)
    seen = phone.seen()
    message = seen.message("A")
    assert (message["state"], message["draft"][1]) == (standing, "draft")
    assert message["draft"][0] == LATER_MS * 10**6
    assert not {"time_ns", "text", "service"} & message.keys()
    assert message["conversation"] == {"direct:+15550100001": True}
    if standing == "scheduled":
        # Its date is to come: it says nothing of how new the source is.
        assert seen.description.newest_ms == newest.date // 10**6 + 978_307_200_000
    for column in ("schedule_type", "error"):
        if f"{column} =" in columns:
            assert message["row"]["message"][column]


@pytest.mark.parametrize(
    "columns",
    [
        "is_sent = 1, schedule_type = 2",
        "is_sent = 0, is_finished = 1",
        "is_sent = 0, is_finished = 0, date_delivered = 800000000000000000",
        "is_from_me = 0, is_sent = 0, is_finished = 0, error = 1",
    ],
)
def test_a_message_that_is_final_has_no_state(phone: Phone, columns: str) -> None:
    waiting(phone, columns)
    message = phone.seen().message("A")
    assert not {"state", "draft"} & message.keys()
    assert (message["text"], message["time_ns"]) == ("draft", LATER_MS * 10**6)


def test_what_else_a_draft_says_is_kept_as_it_is(phone: Phone) -> None:
    waiting(phone, "is_sent = 0, error = 22, subject = 'about', service = 'SMS'")
    assert phone.seen().message("A")["row"]["message.draft"] == {
        "subject": "about",
        "service": "SMS",
    }
