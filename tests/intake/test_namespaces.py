"""Sources of several namespaces: what a record refers to is looked for in its own."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from sealwax.agent import importing
from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import open_agent
from sealwax.agent.selecting import Select, SeveralMatch
from sealwax.library.select import Selection
from sealwax.library.view import MessageView
from sealwax.model.field import ORIGIN
from sealwax.model.reference import DEFAULT_NAMESPACE, resolve, write
from sealwax.storage.purge import plan_selected
from tests.homes import environment, ignore, made_home
from tests.intake.foreign_talk import FIRST, PICTURE, SECOND, ForeignTalk

NAMESPACES = ("imessage", "android")


def _import(agent: Agent, source: ForeignTalk, folder: Path) -> None:
    """Imports a source for which there is no folder."""
    with patch.object(importing, "open_source", lambda *_: source):
        agent.import_source(folder, ignore)


def _chosen(agent: Agent, message: str) -> Selection:
    return agent._selection(Select(messages=(message,)), agent._library.now())


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as opened:
        yield opened


@pytest.fixture
def both(agent: Agent, tmp_path: Path) -> Agent:
    for namespace in NAMESPACES:
        _import(agent, ForeignTalk(namespace, tmp_path, namespace), tmp_path)
    return agent


def _read(agent: Agent, namespace: str) -> list[MessageView]:
    (view,) = [
        view
        for view in agent.conversations()
        if resolve(view.origin, DEFAULT_NAMESPACE).namespace == namespace
    ]
    return agent.read(view.record)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_source_of_any_namespace_comes_whole(
    agent: Agent, tmp_path: Path, namespace: str
) -> None:
    _import(agent, ForeignTalk(namespace, tmp_path), tmp_path)
    (conversation,) = agent.conversations()
    assert (conversation.title, conversation.messages) == ("+15550100", 2)
    first, second = agent.read(conversation.record)
    assert (first.text, second.reply_to) == ("look one", first.origin)
    assert agent.browse.replied([second], agent._library.now()) == {first.origin: first}
    (file,) = agent.attachments([first]).values()
    assert b"".join(agent.attachment_bytes(file)) == b"picture of " + namespace.encode()


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_purge_takes_the_files_of_its_messages_along(
    agent: Agent, tmp_path: Path, namespace: str
) -> None:
    _import(agent, ForeignTalk(namespace, tmp_path), tmp_path)
    plan = plan_selected(agent._library, _chosen(agent, FIRST), only_files=False)
    assert (len(plan.messages), plan.files) == (1, 1)


def test_equal_ids_of_two_namespaces_stay_two(both: Agent) -> None:
    assert sorted(view.messages for view in both.conversations()) == [2, 2]
    for namespace in NAMESPACES:
        first, second = _read(both, namespace)
        assert first.text == f"{namespace} {FIRST}"
        assert second.reply_to == write(namespace, FIRST, DEFAULT_NAMESPACE)
        (file,) = both.attachments([first]).values()
        assert file.origin == write(namespace, PICTURE, DEFAULT_NAMESPACE)
        assert b"".join(both.attachment_bytes(file)).endswith(namespace.encode())


def test_an_id_that_two_namespaces_have_names_no_message(both: Agent) -> None:
    with pytest.raises(SeveralMatch, match="several messages"):
        _chosen(both, FIRST)
    name = write("android", FIRST, DEFAULT_NAMESPACE)
    (target,) = plan_selected(both._library, _chosen(both, name), only_files=False).messages
    assert target.state.get(ORIGIN)[0] == "android"


def test_a_conversation_of_another_namespace_is_split_and_joined(
    agent: Agent, tmp_path: Path
) -> None:
    _import(agent, ForeignTalk("android", tmp_path), tmp_path)
    (whole,) = agent.conversations()
    agent.grouping.split(str(whole.record))
    assert sorted(view.title for view in agent.conversations()) == [
        "+15550100 (RCS)",
        "+15550100 (SMS)",
    ]
    _import(agent, ForeignTalk("android", tmp_path), tmp_path)
    assert sorted(view.messages for view in agent.conversations()) == [1, 1]
    agent.grouping.join("+15550100 (SMS)")
    (again,) = agent.conversations()
    assert (again.record, again.messages) == (whole.record, 2)


def test_an_export_of_several_namespaces_is_read_again(both: Agent, tmp_path: Path) -> None:
    both.export("jsonl", tmp_path / "export", Select())
    env = environment()
    (tmp_path / "other").mkdir()
    home, _ = made_home(tmp_path / "other", env)
    with open_agent(home, env) as other:
        other.import_source(tmp_path / "export", ignore)
        for namespace in NAMESPACES:
            assert [view.text for view in _read(other, namespace)] == [
                f"{namespace} {FIRST}",
                f"{namespace} {SECOND}",
            ]
        assert other.import_source(tmp_path / "export", ignore).changed == 0
