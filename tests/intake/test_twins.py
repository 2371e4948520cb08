"""Messages that Messages in iCloud writes again, and both sides of a note to oneself, are shown
once; what only looks alike is not."""

import plistlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select
from sealwax.demo.apple_database import AppleDatabase, AttachmentRow, MessageRow
from sealwax.demo.apple_time import nanoseconds, seconds
from sealwax.intake.apart import NotApart, NotJoined
from sealwax.intake.imported import Imported
from sealwax.library.select import Moment
from sealwax.library.view import MessageView, shown_files
from sealwax.sources.apple.typedstream.plain import render
from tests.homes import NOW_MS, changed, environment, ignore, made_home

BOB, ME = "+15550101234", "+15550109999"
THEN = nanoseconds(NOW_MS - 10**8) + 123_456_789
LOVED, LIKED = 2000, 2001


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as opened:
        yield opened


class Phone:
    """A Messages database whose rows a test writes, with the agent that imports it."""

    def __init__(self, agent: Agent, folder: Path) -> None:
        self._agent = agent
        self.folder = folder

    def say(
        self, guid: str, text: str | None, date: int = THEN, who: str = BOB, **more: object
    ) -> None:
        def write(database: AppleDatabase) -> None:
            known = database.connection.execute(
                "SELECT handle_id, chat_id FROM chat_handle_join JOIN chat"
                " ON chat.ROWID = chat_id WHERE chat_identifier = ?",
                (who,),
            ).fetchone()
            handle = known[0] if known else database.handle(who)
            chat = known[1] if known else database.direct_chat(who, handle)
            row = MessageRow(chat, guid, date, text, render(text) if text else None, handle)
            database.add_messages([row._replace(**more)])

        changed(self.folder, write)

    def attach(self, message: str, guid: str, content: bytes, name: str = "boat.jpg") -> None:
        path = self.folder / "Attachments" / guid / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        row = AttachmentRow(
            guid, f"{guid}/{name}", name, "image/jpeg", "public.jpeg", NOW_MS - 10**8, len(content)
        )
        changed(self.folder, lambda database: database.add_attachments([(message, row)]))

    def run(self, *statements: str) -> None:
        for sql in statements:
            changed(self.folder, lambda database, sql=sql: database.connection.execute(sql))

    def forget(self, guid: str) -> None:
        """A row goes, with the tombstone that the database's triggers write."""
        self.run(
            f"INSERT INTO deleted_messages (guid) VALUES ('{guid}')",
            f"DELETE FROM message WHERE guid = '{guid}'",
            "DELETE FROM chat_message_join WHERE message_id NOT IN (SELECT ROWID FROM message)",
        )

    def take(self, **more: bool) -> Imported:
        return self._agent.import_source(self.folder, ignore, **more)

    def shown(self, who: str = BOB, in_trash: bool = False) -> list[MessageView]:
        return self._agent.read(
            self._agent.conversation(who, in_trash=in_trash).record, in_trash=in_trash
        )

    def texts(self, who: str = BOB) -> list[str]:
        return [view.text for view in self.shown(who)]


@pytest.fixture
def phone(agent: Agent, tmp_path: Path) -> Phone:
    return Phone(agent, tmp_path / "phone")


def test_a_message_that_is_written_again_is_shown_once(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.take()
    (before,) = phone.shown()
    phone.say("B", "hello")
    phone.say("C", "another", THEN + 5)
    done = phone.take()
    assert done.new["messages"] == 1
    assert phone.texts() == ["hello", "another"]
    assert phone.shown()[0].record == before.record
    assert [view.messages for view in agent.conversations()] == [2]
    assert len(agent.search("hello")) == 1
    assert agent.verify(ignore).is_sound
    assert phone.take(is_full=True).changed == 0


def test_all_generations_are_one(phone: Phone) -> None:
    phone.say("A", "hello")
    phone.take()
    for guid in ("B", "C", "D"):
        phone.say(guid, "hello")
        phone.take()
    phone.say("E", "hello")
    phone.say("F", "hello")
    phone.take()
    assert phone.texts() == ["hello"]


def test_rows_side_by_side_in_the_first_read_are_one(phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    assert phone.texts() == ["hello"]


def test_the_same_words_a_nanosecond_apart_are_two(phone: Phone) -> None:
    phone.say("A", "ok")
    phone.say("B", "ok", THEN + 1)
    phone.take()
    phone.say("C", "ok", THEN + 2)
    phone.take()
    assert phone.texts() == ["ok"] * 3


def test_other_words_at_the_same_time_are_two(phone: Phone) -> None:
    phone.say("A", "ok")
    phone.say("B", "no")
    phone.say("C", "ok", is_from_me=1)
    phone.take()
    assert sorted(phone.texts()) == ["no", "ok", "ok"]


def _whole(date: int) -> int:
    return date - date % 10**9


def test_whole_seconds_side_by_side_are_two(phone: Phone) -> None:
    phone.say("A", "ok", _whole(THEN))
    phone.say("B", "ok", _whole(THEN))
    phone.take()
    assert phone.texts() == ["ok", "ok"]


def test_whole_seconds_told_again_later_are_matched_one_to_one(phone: Phone) -> None:
    phone.say("A", "ok", _whole(THEN))
    phone.say("B", "ok", _whole(THEN))
    phone.take()
    for guid in ("C", "D", "E"):
        phone.say(guid, "ok", _whole(THEN))
    phone.take()
    assert phone.texts() == ["ok"] * 3


def test_with_a_file_it_is_shown_once_and_so_is_the_file(agent: Agent, phone: Phone) -> None:
    phone.say("A", "look", cache_has_attachments=1)
    phone.attach("A", "file-a", b"a boat")
    phone.take()
    phone.say("B", "look", cache_has_attachments=1)
    phone.attach("B", "file-b", b"a boat")
    phone.take()
    (view,) = phone.shown()
    assert view.attachments == ("file-a", "file-b")
    assert len(shown_files(view, agent.attachments([view]))) == 1
    assert len(list(agent.media(Select()))) == 1


def test_files_without_words_are_one_by_their_files(agent: Agent, phone: Phone) -> None:
    for guid, content, name in (("A", b"a boat", "1.jpg"), ("B", b"a car!", "2.jpg")):
        phone.say(guid, None, cache_has_attachments=1)
        phone.attach(guid, f"file-{guid}", content, name)
    phone.take()
    assert len(phone.shown()) == 2
    phone.say("C", None, cache_has_attachments=1)
    phone.attach("C", "file-C", b"a boat", "1.jpg")
    phone.take()
    assert len(phone.shown()) == 2
    assert len(list(agent.media(Select()))) == 2


def test_tapbacks_and_replies_to_either_id_find_it(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.take()
    phone.say("B", "hello")
    for guid, to, kind, mine in (("T1", "A", LOVED, 1), ("T2", "B", LIKED, 0)):
        phone.say(
            guid,
            "Loved “hello”",
            THEN + 10**9,
            associated_message_guid=f"p:0/{to}",
            associated_message_type=kind,
            is_from_me=mine,
        )
    phone.say("R", "answer", THEN + 2 * 10**9, thread_originator_guid="B")
    phone.take()
    hello, answer = phone.shown()
    assert {one.kind for one in hello.reactions} == {"loved", "liked"}
    replied = agent.browse.replied([answer], Moment(agent._library.head_moment()))
    assert replied[answer.reply_to or ""].record == hello.record


def _edit(phone: Phone, guid: str, text: str, first: str = "hello") -> None:
    wordings = [
        {"d": seconds(NOW_MS - 10**8 + at), "t": render(one)}
        for at, one in enumerate([first, text])
    ]
    summary = plistlib.dumps(
        {"ec": {"0": wordings}, "ep": [0], "otr": {"0": {"lo": 0, "le": len(first)}}},
        fmt=plistlib.FMT_BINARY,
    )  # fmt: skip
    changed(
        phone.folder,
        lambda database: database.edit(guid, text, render(text), summary, NOW_MS - 10**8 + 1),
    )


@pytest.mark.parametrize("edited", ["A", "B"])
def test_an_edit_of_either_is_one_of_it(phone: Phone, edited: str) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    _edit(phone, edited, "hello, edited")
    phone.take()
    assert phone.texts() == ["hello, edited"]
    assert len(phone.shown()[0].wordings) == 2
    assert phone.take(is_full=True).changed == 0


@pytest.mark.parametrize("is_first", [True, False])
def test_one_that_is_edited_is_told_again(phone: Phone, is_first: bool) -> None:
    phone.say("A", "hello")
    if is_first:
        _edit(phone, "A", "hello, edited")
    phone.take()
    phone.say("B", "hello")
    if not is_first:
        _edit(phone, "B", "hello, edited")
    phone.take()
    assert phone.texts() == ["hello, edited"]


def test_side_by_side_and_one_of_them_edited(phone: Phone) -> None:
    phone.say("A", "hello")
    _edit(phone, "A", "hello, edited")
    phone.say("B", "hello")
    phone.take()
    assert phone.texts() == ["hello, edited"]


def test_an_unknown_id_of_a_message_means_it_in_a_selection(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    for guid in "AB":
        (row,) = agent._library.read.messages(
            agent._selection(Select(messages=(guid,)), agent._library.now()), agent._library.now()
        )
        assert row.record == phone.shown()[0].record


def test_a_source_that_replaced_its_rows_deleted_nothing(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("Z", "other", THEN + 10**9)
    phone.take()
    phone.forget("A")
    phone.say("B", "hello")
    assert phone.take(is_dry_run=True).trashed == 0
    assert phone.take().trashed == 0
    assert phone.texts() == ["hello", "other"]
    assert phone.take(is_full=True).trashed == 0


def test_it_goes_when_the_source_deleted_all_of_it(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("Z", "other", THEN + 10**9)
    phone.take()
    phone.forget("A")
    phone.say("B", "hello")
    phone.take()
    phone.forget("B")
    phone.take()
    assert phone.texts() == ["other"]
    (view,) = phone.shown(in_trash=True)
    assert view.text == "hello"
    assert agent.undelete(Select(messages=(str(view.record),))) > 0
    assert phone.texts() == ["hello", "other"]


def test_one_row_in_recently_deleted_takes_nothing_along(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    phone.run(
        "INSERT INTO chat_recoverable_message_join (chat_id, message_id, delete_date)"
        f" SELECT chat_id, message_id, {THEN + 10**12} FROM chat_message_join"
        " WHERE message_id = (SELECT ROWID FROM message WHERE guid = 'A')",
        "DELETE FROM chat_message_join"
        " WHERE message_id = (SELECT ROWID FROM message WHERE guid = 'A')",
    )
    phone.take()
    assert phone.texts() == ["hello"]


def test_a_person_deletes_and_purges_all_of_it(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello", cache_has_attachments=1)
    phone.attach("A", "file-a", b"a boat")
    phone.say("B", "hello", cache_has_attachments=1)
    phone.attach("B", "file-b", b"a boat")
    phone.say("Z", "other", THEN + 10**9)
    phone.take()
    number = str(phone.shown()[0].record)
    agent.delete(Select(messages=(number,)))
    assert phone.texts() == ["other"]
    assert len(phone.shown(in_trash=True)) == 1
    agent.undelete(Select(messages=(number,)))
    assert phone.texts() == ["hello", "other"]
    done = agent.storage.purge(Select(messages=(number,)))
    assert done.attachments == 2
    assert phone.texts() == ["other"]
    assert not [view for view in agent.conversations(in_trash=True) if view.messages]
    assert phone.take(is_full=True).new["messages"] == 0
    assert phone.texts() == ["other"]


def test_a_person_says_that_they_are_two_and_takes_it_back(agent: Agent, phone: Phone) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    number = str(phone.shown()[0].record)
    assert agent.grouping.set_message_apart(number) == 2
    assert phone.texts() == ["hello", "hello"]
    phone.take(is_full=True)
    assert phone.texts() == ["hello", "hello"]
    with pytest.raises(NotJoined):
        agent.grouping.set_message_apart(number)
    assert agent.grouping.put_message_together("B") == 2
    assert phone.texts() == ["hello"]
    with pytest.raises(NotApart):
        agent.grouping.put_message_together(number)
    phone.take(is_full=True)
    assert phone.texts() == ["hello"]


def test_a_snapshot_shows_it_once_and_an_export_too(
    agent: Agent, phone: Phone, tmp_path: Path
) -> None:
    phone.say("A", "hello")
    phone.say("B", "hello")
    phone.take()
    made = agent.create_snapshot("before")
    assert len(agent.read(agent.conversation(BOB).record, str(made.number))) == 1
    for form in ("jsonl", "csv", "text", "html"):
        out = tmp_path / form
        agent.export(form, out, Select())
    lines = (
        (tmp_path / "jsonl").rglob("*.jsonl")
        if (tmp_path / "jsonl").is_dir()
        else [tmp_path / "jsonl"]
    )
    said = [line for path in lines for line in path.read_text().splitlines() if '"message"' in line]
    assert len(said) == 1


def _note(phone: Phone, number: int, text: str | None, is_sent: bool, at: int) -> None:
    phone.say(
        f"{'S' if is_sent else 'R'}{number}",
        text,
        THEN + at,
        ME,
        is_from_me=int(is_sent),
    )


@pytest.fixture
def own(phone: Phone) -> Phone:
    phone.say("first", "hello", THEN - 10**12)
    phone.run(f"UPDATE chat SET last_addressed_handle = '{ME}'")
    return phone


def test_both_sides_of_a_note_to_oneself_are_one(own: Phone) -> None:
    second = 10**9
    for number in range(3):
        at = number * 60 * second
        _note(own, number, None if number == 0 else f"note {number}", True, at)
        _note(own, number, f"note {number}", False, at + second)
    own.take()
    assert [(view.text, view.from_me) for view in own.shown(ME)] == [
        (f"note {number}", True) for number in range(3)
    ]


def test_the_other_side_may_come_with_a_later_import(own: Phone) -> None:
    _note(own, 1, "note", False, 10**9)
    own.take()
    _note(own, 1, None, True, 0)
    own.take()
    assert [(view.text, view.from_me) for view in own.shown(ME)] == [("note", True)]


def test_a_note_written_twice_is_two(own: Phone) -> None:
    for number in range(2):
        _note(own, number, "ok", True, number * 10**9)
        _note(own, number, "ok", False, number * 10**9 + 10**8)
    own.take()
    assert own.texts(ME) == ["ok", "ok"]


def test_somebody_who_answers_with_the_same_word_is_no_note(own: Phone) -> None:
    own.say("A", "ok", THEN, is_from_me=1)
    own.say("B", "ok", THEN + 10**9)
    own.take()
    assert own.texts() == ["hello", "ok", "ok"]
