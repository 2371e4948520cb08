"""What is read from a Messages database: words, tapbacks, edits, groups, files."""

import plistlib
from pathlib import Path

import pytest

from sealwax.demo.apple_database import AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds, seconds
from sealwax.demo.typedstream_writer import FILE_TRANSFER, PART, PLACE, Run, write_attributed
from sealwax.sources.apple.meanings import TAPBACKS
from sealwax.sources.apple.typedstream.plain import render
from tests.homes import NOW_MS
from tests.sources.apple.seen import Seen

ANNA, BOB = "+1 (555) 010-0001", "Bob@Example.com"


class Phone:
    """A database with a direct thread with Anna, and a group with Anna and Bob."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = AppleDatabase(folder)
        self.anna = self.database.handle(ANNA)
        self.bob = self.database.handle(BOB)
        self.direct = self.database.direct_chat(ANNA, self.anna)
        self.group = self.database.group_chat(
            "chat77", "Team", [self.anna, self.bob], "0AAA-GROUP-ID"
        )
        self._at_ms = NOW_MS - 10**8

    def say(self, guid: str, text: str | None = "hi", **more: object) -> MessageRow:
        """Adds a message from Anna; any column may be given."""
        self._at_ms += 60_000
        columns: dict[str, object] = {
            "chat": self.direct,
            "guid": guid,
            "date": nanoseconds(self._at_ms),
            "text": text,
            "handle_id": self.anna,
            **more,
        }
        row = MessageRow(**columns)  # type: ignore[arg-type]
        self.database.add_messages([row])
        return row

    def sql(self, statement: str, *values: object) -> None:
        self.database.connection.execute(statement, values)

    def seen(self) -> Seen:
        self.database.close()
        return Seen(self.folder / "chat.db")


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def test_plain_words(phone: Phone) -> None:
    row = phone.say("A", "hello", attributedBody=render("hello"), date_read=nanoseconds(NOW_MS))
    phone.say("B", "mine", is_from_me=1, service="SMS")
    seen = phone.seen()
    message = seen.message("A")
    assert message == {
        "origin": ["imessage", "A"],
        "time_ns": row.date + 978_307_200 * 10**9,
        "conversation": {"direct:+15550100001": True},
        "from_me": False,
        "sender": ANNA,
        "service": "iMessage",
        "text": "hello",
        "read_ns": NOW_MS * 10**6,
        "order": 1,
        "row": {"message": {"account": "e:me@example.net"}},
    }
    mine = seen.message("B")
    assert (mine["from_me"], mine["service"], "sender" in mine) == (True, "SMS", False)
    assert seen.problems == []


def test_words_that_stand_in_the_body_alone(phone: Phone) -> None:
    phone.say("A", None, attributedBody=render("only there"))
    phone.say("B", "", attributedBody=render("there too", is_mutable=True))
    seen = phone.seen()
    assert seen.message("A")["text"] == "only there"
    assert seen.message("B")["text"] == "there too"
    assert "body" not in seen.message("A")


def test_text_and_body_that_differ_are_both_kept(phone: Phone) -> None:
    phone.say("A", "the column", attributedBody=render("the body"))
    message = phone.seen().message("A")
    assert message["text"] == "the column"
    assert message["body"] == render("the body")


def test_a_styled_body_is_kept_and_decoded(phone: Phone) -> None:
    body = write_attributed([Run("bold", {PART: 0, "__kIMTextBoldAttributeName": 1})])
    phone.say("A", "bold", attributedBody=body)
    message = phone.seen().message("A")
    assert message["body"] == body
    assert message["parts"][1][0]["runs"] == [[0, 4, {"bold": 1}]]


@pytest.mark.parametrize("kind", sorted(TAPBACKS))
def test_tapbacks_and_their_removal(phone: Phone, kind: int) -> None:
    phone.say("T", "target")
    emoji = "🦊" if kind == 2006 else None
    phone.say(
        "R1",
        associated_message_guid="p:1/T",
        associated_message_type=kind,
        associated_message_emoji=emoji,
    )
    gone = phone.say(
        "R2",
        is_from_me=1,
        associated_message_guid="bp:T",
        associated_message_type=kind + 1000,
    )
    seen = phone.seen()
    assert seen.message("T")["reaction"] == {
        "1:+15550100001": [TAPBACKS[kind], emoji, "R1"],
        "0:me": [None, None, "R2"],
    }
    assert seen.messages() == {"T"}
    times = seen.times[2, "T", "reaction"]
    assert max(times) == gone.date // 10**6 + 978_307_200_000


def test_a_placed_sticker(phone: Phone) -> None:
    phone.say("T", "target")
    phone.say("S", associated_message_guid="p:0/T", associated_message_type=1000)
    assert phone.seen().message("T")["sticker"] == {"0:+15550100001:S": [None, False]}


def test_what_is_not_decoded_yet_is_kept_and_named(phone: Phone) -> None:
    phone.say("V", associated_message_guid="POLL", associated_message_type=4000)
    phone.sql(
        "UPDATE message SET payload_data = ?, balloon_bundle_id = 'a.b' WHERE guid = 'V'", b"x"
    )
    message = phone.seen().message("V")
    assert message["raw"] == {
        "payload_data": b"x",
        "associated_message_type": 4000,
        "associated_message_guid": "POLL",
    }
    assert message["undecoded"][1] == [
        "payload_data",
        "associated_message_type",
        "associated_message_guid",
    ]
    assert message["app"] == "a.b"


def test_a_body_that_cannot_be_read_is_kept_named_and_counted(phone: Phone) -> None:
    phone.say("A", "the words", attributedBody=b"\x04\x0bstreamtyped garbage")
    phone.say("B", None, attributedBody=render("cut off in the middle")[:-60])
    seen = phone.seen()
    message = seen.message("A")
    assert message["text"] == "the words"
    assert list(message["raw"].values()) == [b"\x04\x0bstreamtyped garbage"]
    assert message["undecoded"][1] == ["attributedBody"]
    assert seen.message("B")["text"] == "cut off in the middle"
    assert len(seen.problems) == 2


def test_replies_effects_subjects(phone: Phone) -> None:
    phone.say("A")
    phone.say("B", thread_originator_guid="A", thread_originator_part="0:0:2")
    style = "com.apple.MobileSMS.expressivesend.impact"
    phone.say("C", expressive_send_style_id=style)
    phone.say("D", expressive_send_style_id="com.apple.messages.effect.CKHappyBirthdayEffect")
    phone.sql("UPDATE message SET subject = 'About' WHERE guid = 'D'")
    seen = phone.seen()
    assert seen.message("B")["reply"] == ["A", "0:0:2"]
    assert seen.message("C")["effect"] == "slam"
    assert (seen.message("D")["effect"], seen.message("D")["subject"]) == ("balloons", "About")


def _summary(wordings: list[tuple[int, str]], unsent: tuple[int, ...] = ()) -> bytes:
    edited = {"0": [{"d": seconds(at), "t": render(text)} for at, text in wordings]}
    content: dict[str, object] = {"ust": True, "ec": edited if wordings else {}}
    if unsent:
        content["rp"] = list(unsent)
    return plistlib.dumps(content, fmt=plistlib.FMT_BINARY)


def test_edits_keep_every_wording_and_the_first_is_the_text(phone: Phone) -> None:
    summary = _summary([(NOW_MS - 900_000, "one"), (NOW_MS - 800_000, "two"), (NOW_MS, "three")])
    phone.say("A", "three", attributedBody=render("three"), message_summary_info=summary)
    message = phone.seen().message("A")
    assert message["text"] == "one"
    wordings = {key.rsplit(":", 1)[0]: value[1] for key, value in message["edit"].items()}
    assert wordings == {"0:0": "one", "0:1": "two", "0:2": "three"}
    assert [value[0] for value in message["edit"].values()][2] == NOW_MS * 10**6


def test_an_unsent_message_keeps_that_it_was_and_claims_no_words(phone: Phone) -> None:
    phone.say("A", None, message_summary_info=_summary([], (0,)), date_edited=nanoseconds(NOW_MS))
    message = phone.seen().message("A")
    assert message["unsent"] == {"0": True}
    assert "text" not in message


def test_what_is_left_of_a_partly_unsent_message_is_told_later_than_it_was_sent(
    phone: Phone,
) -> None:
    row = phone.say(
        "A",
        "second part",
        attributedBody=write_attributed([Run("second part", {PART: 1})]),
        message_summary_info=_summary([], (0,)),
        date_edited=nanoseconds(NOW_MS),
    )
    seen = phone.seen()
    assert seen.message("A")["text"] == "second part"
    assert seen.times[2, "A", "text"] == [NOW_MS]
    assert seen.times[2, "A", "time_ns"] == [row.date // 10**6 + 978_307_200_000]


def test_group_events_and_who_is_in(phone: Phone) -> None:
    phone.say("N", None, chat=phone.group, item_type=2, group_title="New name")
    phone.say("X", None, chat=phone.group, item_type=1, group_action_type=1, other_handle=phone.bob)
    phone.say("L", None, chat=phone.group, item_type=3)
    seen = phone.seen()
    assert seen.message("N")["event"] == {"kind": "name-changed", "title": "New name"}
    assert seen.message("X")["event"] == {"kind": "participant-removed", "other": BOB}
    assert seen.message("L")["event"] == {"kind": "participant-left"}
    group = seen.conversation("group:0aaa-group-id")
    assert (group["name"], group["is_group"]) == ("Team", True)
    assert group["participant"][BOB] is False


def test_one_person_is_one_conversation_whatever_the_service(phone: Phone) -> None:
    handle = phone.database.handle("+15550100001", "SMS")
    sms = phone.database.direct_chat("+15550100001", handle, "SMS")
    phone.say("A")
    phone.say("B", chat=sms, handle_id=handle, service="SMS")
    seen = phone.seen()
    assert seen.message("A")["conversation"] == seen.message("B")["conversation"]
    assert len(seen.conversation("direct:+15550100001")["source_guid"]) == 2


def test_orphans_are_kept(phone: Phone) -> None:
    phone.say("A")
    phone.say("B", handle_id=999)
    phone.sql("DELETE FROM chat_message_join")
    phone.sql("DROP TRIGGER IF EXISTS after_delete_on_chat_message_join")
    phone.say("C")
    phone.say("D", handle_id=0)
    phone.sql("DELETE FROM chat_message_join")
    seen = phone.seen()
    assert seen.message("C")["conversation"] == {"direct:+15550100001": True}
    assert seen.message("D")["conversation"] == {"orphans:": True}
    assert {"direct:+15550100001", "orphans:"} <= seen.conversations()


def test_a_message_in_two_chats_is_in_both(phone: Phone) -> None:
    phone.say("A")
    phone.sql("INSERT INTO chat_message_join (chat_id, message_id) VALUES (?, 1)", phone.group)
    assert set(phone.seen().message("A")["conversation"]) == {
        "direct:+15550100001",
        "group:0aaa-group-id",
    }


def test_recently_deleted_and_tombstones(phone: Phone) -> None:
    for guid in ("A", "B", "C"):
        phone.say(guid)
    phone.database.move_to_recently_deleted(phone.direct, NOW_MS)
    phone.sql("INSERT INTO deleted_messages (guid) VALUES ('GONE'), ('A')")
    seen = phone.seen()
    assert {(item.canonical_id, item.key, item.time_ms) for item in seen.deletions} == {
        ("A", f"recoverable:{NOW_MS}", NOW_MS),
        ("B", f"recoverable:{NOW_MS}", NOW_MS),
        ("C", f"recoverable:{NOW_MS}", NOW_MS),
        ("GONE", "tombstone:", None),
    }
    assert seen.message("A")["text"] == "hi"


def test_attachments_and_their_files(phone: Phone) -> None:
    phone.say(
        "A", PLACE, attributedBody=write_attributed([Run(PLACE, {PART: 0, FILE_TRANSFER: "F"})])
    )
    phone.say("B", PLACE)
    file = phone.folder / "Attachments" / "aa" / "photo.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"photo")
    (phone.folder / "Attachments" / "link").symlink_to("/etc/hostname")
    for guid, path in (("F", "aa/photo.jpg"), ("L", "link"), ("U", "../../../etc/hostname")):
        row = AttachmentRow(guid, path, "photo.jpg", "image/jpeg", "public.jpeg", NOW_MS, 5)
        phone.database.add_attachments([("A" if guid == "F" else "B", row)])
    phone.sql("UPDATE attachment SET filename = '/etc/hostname' WHERE guid = 'none'")
    seen = phone.seen()
    assert seen.files == {"F": file, "L": None, "U": None}
    assert seen.message("A")["attachment"] == {"F": 0}
    assert set(seen.message("B")["attachment"]) == {"L", "U"}
    assert seen.attachment("F")["stated_bytes"] == 5
    assert seen.attachment("F")["created_ns"] == NOW_MS // 1000 * 10**9
    assert seen.whats() == ["its file lies outside the folder", "its file is not there"]
