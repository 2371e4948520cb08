"""A home that was put back from an image of its disk, and two copies of one home at work at once.

With sync off, what is new waits in the device's own zone, and a backup copies that to the server.
What was said to be backed up has to come back on another device.
"""

import shutil
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import open_agent
from tests.homes import ignore, texts
from tests.sync.homes_on_server import Household, phone_with
from tests.sync.restored import Machine, put_back

SIZES = {"first": 3, "second": 5, "third": 7, "fourth": 9}


def _apart(folder: Path, house: Household) -> None:
    """Home 1 goes on with its sync off, and has three messages of its own at the server."""
    house.sync(0, 1)
    with house.agent(1) as agent:
        agent.sync.switch(False)
    _takes(house, folder, "first")


def _takes(house: Household, folder: Path, seed: str, home: Path | None = None) -> None:
    """Imports messages and backs them up."""
    with open_agent(home or house.homes[1], house.env) as agent:
        agent.import_source(_phone(folder, seed), ignore)
        assert agent.sync.back_up_now().is_whole


def _phone(folder: Path, seed: str) -> Path:
    phone = folder / f"phone {seed}"
    # One conversation each: the number of its place says whose messages they are.
    return phone if phone.exists() else phone_with(phone, SIZES[seed], seed=seed)


def _adopted(house: Household) -> list[str]:
    """What another device gets of what home 1 backed up, when that is lost."""
    with house.agent(0) as agent:
        agent.devices.adopt("home 1")
        return texts(agent, "+15550100000")


def test_a_home_that_is_only_behind_fetches_the_rest_and_goes_on(tmp_path: Path) -> None:
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        _apart(tmp_path, house)
        put_back(house.homes[1], tmp_path / "image")
        _takes(house, tmp_path, "second")
        put_back(tmp_path / "image", house.homes[1])
        with house.agent(1) as agent:
            assert agent.sync.back_up_now().is_whole
            assert len(texts(agent, "+15550100000")) == 8
        _takes(house, tmp_path, "third")
        assert len(_adopted(house)) == 15


def test_what_was_sent_since_is_shown_by_a_home_that_does_not_sync(tmp_path: Path) -> None:
    """The own zone has let go of it: it is in the shared history, and the image knew neither."""
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        _apart(tmp_path, house)
        put_back(house.homes[1], tmp_path / "image")
        with house.agent(1) as agent:
            agent.sync.switch(True)
        house.sync(1)
        put_back(tmp_path / "image", house.homes[1])
        with house.agent(1) as agent:
            assert len(texts(agent, "+15550100000")) == 3
            assert agent.sync.back_up_now().is_whole
            assert len(texts(agent, "+15550100000")) == 3
            assert agent.verify(ignore).damage == ()


def test_a_home_that_went_on_before_it_heard_loses_nothing_of_either(tmp_path: Path) -> None:
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        _apart(tmp_path, house)
        put_back(house.homes[1], tmp_path / "image")
        _takes(house, tmp_path, "second")
        put_back(tmp_path / "image", house.homes[1])
        # Both have gone on: this one from the image, and the one that is gone.
        _takes(house, tmp_path, "third")
        with house.agent(1) as agent:
            assert len(texts(agent, "+15550100000")) == 15
            assert agent.verify(ignore).damage == ()
        assert len(_adopted(house)) == 15
        with house.agent(1) as agent:
            agent.sync.switch(True)
        house.sync(1, 0, 1)
        for number in (0, 1):
            assert len(house.texts(number, "+15550100000")) == 15


def test_two_copies_of_one_home_at_work_lose_nothing_and_are_told(tmp_path: Path) -> None:
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        _apart(tmp_path, house)
        twin = tmp_path / "twin"
        put_back(house.homes[1], twin)
        for home, seed in ((twin, "second"), (None, "third"), (twin, "fourth")):
            _takes(house, tmp_path, seed, home)
        assert len(_adopted(house)) == 24
        for home in (twin, house.homes[1]):
            with open_agent(home, house.env) as agent:
                agent.sync.back_up_now()
                assert agent.status().is_other_copy


@pytest.mark.parametrize("how", ["gone", "older", "cut"])
def test_a_vault_near_that_lost_its_end_is_whole_again(tmp_path: Path, how: str) -> None:
    """The server is whole; of what this device alone has, the library has kept the steps."""
    with Machine(tmp_path).serving() as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(_phone(tmp_path, "first"), ignore)
        house.sync(0, 1)
        vault = house.homes[1] / "vault"
        put_back(vault, tmp_path / "older")
        with house.agent(0) as agent:
            agent.import_source(_phone(tmp_path, "second"), ignore)
        house.sync(0, 1)
        with house.agent(1) as agent:
            agent.sync.switch(False)
            agent.create_snapshot("mine")
        if how == "gone":
            shutil.rmtree(vault)
        elif how == "older":
            put_back(tmp_path / "older", vault)
        else:
            for zone in (vault / "accounts").glob("*/zones/*/*"):
                sorted(zone.iterdir())[-1].unlink()
        with house.agent(1) as agent:
            assert agent.notes == ()
            assert len(texts(agent, "+15550100000", "mine")) == 8
            agent.sync.switch(True)
        house.sync(1, 0)
        with house.agent(1) as agent:
            assert agent.verify(ignore).damage == ()
