"""Reading back what a place keeps: only its bytes prove that it has them."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from sealwax.agent.chores import Chores, DamageFound
from sealwax.agent.journal import Journal
from sealwax.agent.schedule import JobKind
from sealwax.agent.sync_bridge import SyncBridge
from sealwax.agent.verifying import LOST_KIND
from sealwax.agent.watching import SourceWatch
from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.cli.main import cli
from sealwax.sync.belied import Found
from sealwax.sync.reading_back import EVERYTHING, Reading, chosen
from tests.homes import NOW_MS, ignore
from tests.lying_place import Lies, lied_to
from tests.server.running import Running, running
from tests.stores.contract import damage_file
from tests.sync.homes_on_server import Household, phone_with

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "server") as server:
        yield server


@pytest.fixture
def lies(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lies]:
    lies = Lies()
    with lied_to(monkeypatch, lies):
        yield lies


@pytest.fixture
def house(tmp_path: Path, server: Running, lies: Lies) -> Household:
    house = Household(tmp_path, server)
    for number in range(3):
        phone = phone_with(tmp_path / f"phone{number}", 40, 3, seed=f"phone {number}")
        with house.agent(0) as agent:
            agent.import_source(phone, ignore)
    house.sync(0)
    return house


def _thrown_away(lies: Lies) -> None:
    """Everything is gone there, and nothing is admitted."""
    lies.objects = lambda name, data: b""
    lies.present = lambda asked, found: set(asked)
    lies.lost = lambda lost: []


def test_a_place_that_admits_nothing_is_found_out_by_reading(house: Household, lies: Lies) -> None:
    _thrown_away(lies)
    with house.agent(0) as agent:
        assert agent.sync.now().is_verified
        assert agent.verify(ignore).is_sound
        assert agent.verify(ignore, is_deep=True).is_sound
        found = agent.verify(ignore, reading=EVERYTHING)
        names = {name.hex() for name in agent.device.history.library.holdings.live_objects()}
        assert {one.name for one in found.damage if one.kind == LOST_KIND} == names
        assert (found.there.read, found.there.objects) == (0, len(names))


def test_what_did_not_come_back_counts_as_missing_until_it_does(
    house: Household, lies: Lies
) -> None:
    """Its word is not taken again; and what it does keep at last is told for a month."""
    _thrown_away(lies)
    with house.agent(0) as agent:
        agent.verify(ignore, reading=EVERYTHING)
        objects = len(set(agent.device.history.library.holdings.live_objects()))
        for _ in range(2):
            done = agent.sync.now()
            assert not done.is_verified
            assert done.lost == objects
            assert f"{objects} sealed objects did not come back" in agent.sync.denied()
    lies.objects = lambda _, data: data
    with house.agent(0) as agent:
        assert agent.sync.now().is_verified
        assert agent.sync.denied() == ""
        belied = agent.sync.state().belied
        assert belied == Found(objects, NOW_MS, 0)


def test_the_monthly_check_reads_a_sample(house: Household, lies: Lies) -> None:
    with house.agent(0) as agent:
        chores = Chores(
            agent, SourceWatch(), Journal(agent.home), house.clock,
            lambda: SyncBridge(agent, house.clock),
        )  # fmt: skip
        told = chores.do(JobKind.VERIFY, ignore)
        assert told is not None
        assert "Read back whole from http://127.0.0.1" in told.sentence
        assert told.sentence.endswith(": 1 sealed object.")
        _thrown_away(lies)
        with pytest.raises(DamageFound):
            chores.do(JobKind.VERIFY, ignore)


def test_what_is_damaged_there_and_whole_here_is_sent_again(
    house: Household, tmp_path: Path
) -> None:
    with house.agent(0) as agent:
        holdings = agent.device.history.library.holdings
        gone, rotten, *_ = sorted(holdings.live_objects())
        objects = tmp_path / "server" / "objects"
        next(objects.rglob(gone.hex())).unlink()
        damage_file(objects, rotten, b"\0" * 600)
        found = agent.verify(ignore, is_deep=False, reading=EVERYTHING)
        assert found.is_sound
        assert found.there.sent_again == 2
        assert found.there.read + 2 == found.there.objects
        again = agent.verify(ignore, is_deep=False, reading=EVERYTHING)
        assert (again.there.read, again.there.sent_again) == (again.there.objects, 0)


def test_what_is_lost_there_and_not_here_is_named(house: Household, tmp_path: Path) -> None:
    house.sync(1)
    with house.agent(1) as agent:
        name = min(agent.device.history.library.holdings.live_objects())
        for folder in (tmp_path / "server" / "objects", house.homes[1] / "vault"):
            next(folder.rglob(name.hex())).unlink()
        found = agent.verify(ignore, reading=EVERYTHING)
        assert {one.kind for one in found.damage} == {"object", LOST_KIND}
        assert {one.name for one in found.damage} == {name.hex()}


def test_a_part_is_chosen_by_chance_and_has_bounds() -> None:
    sizes = {number.to_bytes(32, "big"): 1_000 for number in range(200)}
    one, two = (chosen(sizes, Reading(0.1), TestOnlySeededEntropy(seed)) for seed in ("one", "two"))
    assert len(one) == len(two) == 20
    assert set(one) != set(two)
    assert set(chosen(sizes, EVERYTHING, TestOnlySeededEntropy("x"))) == set(sizes)
    assert len(chosen(sizes, Reading(1.0, 5_500), TestOnlySeededEntropy("x"))) == 5
    assert len(chosen(sizes, Reading(0.0001, 1), TestOnlySeededEntropy("x"))) == 1
    assert chosen({}, EVERYTHING, TestOnlySeededEntropy("x")) == []


@pytest.fixture
def typed(tmp_path: Path, server: Running, lies: Lies) -> Iterator[tuple[CliRunner, list[str]]]:
    runner = CliRunner(env={"SEALWAX_PASSPHRASE": PASSPHRASE})
    home = ["--home", str(tmp_path / "typed")]
    invitation = server.parts.accounts.invite("typed")
    begun = runner.invoke(
        cli, [*home, "init", "--yes", "--store", server.url, "--invitation", invitation]
    )
    assert begun.exit_code == 0, begun.output
    phone = phone_with(tmp_path / "phone of typed", 5)
    assert runner.invoke(cli, [*home, "import", str(phone)]).exit_code == 0
    yield runner, home


def _verify(typed: tuple[CliRunner, list[str]], *words: str) -> Result:
    runner, home = typed
    return runner.invoke(cli, [*home, *words[:1], "verify", *words[1:]])


def test_what_was_not_read_is_not_claimed(typed: tuple[CliRunner, list[str]]) -> None:
    told = _verify(typed).output
    assert "Everything on this device is as it must be." in told
    assert "was asked what it has" in told
    assert "--read" in told
    read = _verify(typed, "--verbose", "--read").output
    assert "read back whole from http://127.0.0.1" in read
    assert "was asked what it has" not in read


def test_how_much_is_said(typed: tuple[CliRunner, list[str]], lies: Lies) -> None:
    for much in ("all", "100%"):
        there = json.loads(_verify(typed, "--json", "--read", much).stdout)["there"]
        assert there["read"] == there["objects"] > 0
    there = json.loads(_verify(typed, "--json", "--read", "1%").stdout)["there"]
    assert there["read"] == 1
    for much in ("0%", "101%", "some", "10", "-1%", "1.5%", "9999999999%"):
        assert _verify(typed, "--json", "--read", much).exit_code == 2
    _thrown_away(lies)
    assert _verify(typed, "--json").exit_code == 0
    lost = _verify(typed, "--json", "--read")
    assert lost.exit_code == 1
    assert len(json.loads(lost.stdout)["damage"]) == there["objects"]


def test_a_place_that_does_not_answer_is_not_called_whole(
    typed: tuple[CliRunner, list[str]], lies: Lies
) -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    lies.answer = refused
    plain = _verify(typed)
    assert plain.exit_code == 0
    assert "could not be asked" in plain.output
    assert _verify(typed, "--verbose", "--read").exit_code == 1
