"""A source that is replaced by another person's is held until someone says that it is right."""

from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from sealwax.agent.owners import NothingToAccept, SourceOfAnother, is_anothers
from sealwax.base.settings import SETTINGS_FILE
from tests.homes import changed, environment, ignore, made_home, write_threads


def give_to(folder: Path, login: str) -> None:
    changed(
        folder,
        lambda db: db.connection.execute("UPDATE chat SET account_login = ?", (login,)),
    )
    changed(folder, lambda db: db.connection.execute("UPDATE message SET account = NULL"))


def test_who_is_another() -> None:
    assert is_anothers(["a"], ["b"])
    assert not is_anothers(["a", "b"], ["b", "c"])
    assert not is_anothers([], ["b"])
    assert not is_anothers(["a"], [])


def test_another_persons_messages_wait_for_an_answer(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [3])
    give_to(phone, "E:ann@example.org")
    with open_agent(home, env) as agent:
        agent.add_source(phone)
        agent.import_source(phone, ignore)
        write_threads(tmp_path / "other", [7], seed="other")
        for file in (tmp_path / "other").iterdir():
            if file.is_file():
                (phone / file.name).write_bytes(file.read_bytes())
        give_to(phone, "P:+15550107777")
        for _ in range(2):
            with pytest.raises(SourceOfAnother):
                agent.import_source(phone, ignore)
        assert agent.owners.held() == [str(phone)]
        assert agent.status().counts.messages == 3
    with open_agent(home, env) as agent:
        assert agent.owners.held() == [str(phone)]
        agent.accept_source(phone)
        assert agent.owners.held() == []
        agent.import_source(phone, ignore)
        assert agent.status().counts.messages == 10
        with pytest.raises(NothingToAccept):
            agent.accept_source(phone)
    told = (home / SETTINGS_FILE).read_text("utf-8")
    assert "ann@" not in told
    assert "7777" not in told


def test_the_right_source_coming_back_ends_the_wait(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [3])
    give_to(phone, "E:ann@example.org")
    with open_agent(home, env) as agent:
        agent.import_source(phone, ignore)
        give_to(phone, "E:bob@example.org")
        with pytest.raises(SourceOfAnother):
            agent.import_source(phone, ignore)
        give_to(phone, "E:ann@example.org")
        agent.import_source(phone, ignore)
        assert agent.owners.held() == []


def test_a_second_address_of_the_same_person_is_learned(tmp_path: Path) -> None:
    env = environment()
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    write_threads(phone, [2])
    with open_agent(home, env) as agent:
        for logins in ("E:a@example.org", "E:b@example.org"):
            give_to(phone, logins)
            both = "UPDATE chat SET last_addressed_handle = 'a@example.org'"
            changed(phone, lambda db, sql=both: db.connection.execute(sql))
            agent.import_source(phone, ignore)
        give_to(phone, "E:b@example.org")
        changed(
            phone, lambda db: db.connection.execute("UPDATE chat SET last_addressed_handle = NULL")
        )
        agent.import_source(phone, ignore)
