"""A device in the wrong hands changes the account's keys to garbage: the others can still read, are
told which device it was, and go on once it is removed."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from sealwax.agent.api import Agent
from sealwax.agent.bootstrap import create_home, open_agent
from sealwax.agent.doctor.examine import examine
from sealwax.agent.doctor.finding import Finding
from sealwax.agent.examining import facts_of
from sealwax.agent.recovering import recover_home, recovering
from sealwax.agent.recovery import RecoveryKeyShutOut, confirm_recovery
from sealwax.agent.selecting import Select
from sealwax.base.condition import Condition, SetConditions
from sealwax.base.entropy import SystemEntropy
from sealwax.base.errors import SealwaxError
from sealwax.cli.main import cli
from sealwax.crypto.recovery_code import recovery_keys
from sealwax.ledger.account import DeviceRevoke, Epoch, Rotation, encode_entry
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.trust.key_troubles import KeysUnusable
from tests.accounts import Account, account_commit
from tests.homes import environment, ignore, importing, texts, write_threads
from tests.rotations import CLOSED, OTHER_ROOTS, Made, Odd, made_rotation

FIRST = "+15550100000"
PACKETS = "a packet of garbage"


class Homes:
    """Two homes that share a folder; the second falls into the wrong hands."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, environment()
        self.mine, self.evil, self.vault = folder / "mine", folder / "evil", folder / "vault"
        self.key = create_home(self.mine, self.vault, "mine", self.env)
        recover_home(self.evil, self.vault, self.key, "the other", self.env)
        write_threads(self.folder / "phone", [5])
        importing(self.mine, self.env, self.folder / "phone")

    def spoil(self, odd: Odd, gone: str = "") -> None:
        """The second begins an epoch that is odd, or puts a device out with one."""
        with open_agent(self.evil, self.env) as agent:
            history, author = agent.device.history, agent.device.author
            device = agent.devices.find(gone).id if gone else b""
            made = made_rotation(history.log, history.keys, SystemEntropy(), without=device)
            account = Account(history.log, history.keys, (author,), author, made.entropy, ())  # type: ignore[arg-type]
            rotation = odd(made)
            entry: Epoch | DeviceRevoke = Epoch(rotation)
            kind = CommitKind.EPOCH
            if gone:
                entry, kind = DeviceRevoke(device, rotation), CommitKind.DEVICE_REVOKE
            data = account_commit(account, kind, encode_entry(entry), author)
            history.store.append_commit(ACCOUNT_ZONE, history.log.head + 1, data)


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    return Homes(tmp_path)


def _findings(agent: Agent, env: object) -> dict[str, Finding]:
    clock = env.clock  # type: ignore[attr-defined]
    found = examine(facts_of(agent, SetConditions(Condition()), clock)).findings
    return {finding.key: finding for finding in found}


def _check_reading(homes: Homes, out: Path) -> None:
    """All that only reads, on the device that cannot write."""
    with open_agent(homes.mine, homes.env, is_lenient=True) as agent:
        assert len(texts(agent, FIRST)) == 5
        assert agent.search("message")
        assert agent.status().counts.messages == 5
        assert [device.name for device in agent.devices.list()] == ["mine", "the other"]
        assert agent.export("jsonl", out, Select()).messages == 5
        damage = agent.verify(ignore).damage
        assert [one.kind for one in damage] == ["keys"]
        (note,) = agent.notes
        assert "“the other” changed the account's keys" in note.what
        finding = _findings(agent, homes.env)["account-keys-closed"]
        assert finding.level == "danger"
        other = agent.devices.find("the other").id.hex()
        assert f"sealwax device revoke {other[:8]}" in finding.remedy


def test_whatever_it_writes_the_others_read_and_remove_it(homes: Homes) -> None:
    for number, odd in enumerate(CLOSED.values()):
        homes.spoil(odd)
        _check_reading(homes, homes.folder / f"out{number}")
    with open_agent(homes.mine, homes.env) as agent:
        agent.devices.revoke("the other")
        assert agent.notes == ()
        write_threads(homes.folder / "more", [2], seed="more")
        agent.import_source(homes.folder / "more", ignore)
        assert len(texts(agent, FIRST)) == 7
        assert "account-keys-closed" not in _findings(agent, homes.env)
    recover_home(homes.folder / "new", homes.vault, homes.key, "new", homes.env)
    with open_agent(homes.folder / "new", homes.env) as agent:
        assert len(texts(agent, FIRST)) == 7
        assert agent.verify(ignore).is_sound


@pytest.mark.parametrize(
    "write",
    [
        lambda agent: agent.delete(Select((FIRST,))),
        lambda agent: agent.create_snapshot("one"),
        lambda agent: agent.devices.rename("mine", "other"),
    ],
)
def test_what_writes_is_refused_and_says_what_to_do(
    homes: Homes, write: Callable[[Agent], object]
) -> None:
    homes.spoil(CLOSED[PACKETS])
    with open_agent(homes.mine, homes.env) as agent:
        with pytest.raises(KeysUnusable, match="“the other” changed") as raised:
            write(agent)
        assert "sealwax device revoke" in raised.value.hint
        outcome = agent.sync.now()
        assert not outcome.is_verified
        assert "“the other” changed" in outcome.why
        assert len(texts(agent, FIRST)) == 5


def test_the_recovery_key_opens_what_it_can_and_begins_anew(homes: Homes) -> None:
    homes.spoil(CLOSED[PACKETS])
    new = homes.folder / "new"
    with recovering(new, homes.vault, homes.key, "new", homes.env) as recovery:
        found = recovery.found()
        assert found.messages == 5
        (trouble,) = found.troubles
        assert "“the other” changed the account's keys" in trouble
        recovery.accept()
    for home in (new, homes.mine):
        with open_agent(home, homes.env) as agent:
            assert agent.notes == ()
            assert len(texts(agent, FIRST)) == 5
            agent.create_snapshot(home.name)
            # It is in still, so it is named still, until a person removes it.
            assert "account-keys-closed" in _findings(agent, homes.env) or home == new
    with open_agent(new, homes.env) as agent:
        agent.devices.revoke("the other")
    with open_agent(homes.mine, homes.env) as agent:
        assert "account-keys-closed" not in _findings(agent, homes.env)
        assert [snapshot.name for snapshot in agent.snapshots()] == ["new", "mine"]


def _spoilt_for(member: bytes) -> Odd:
    """Garbage in the packet of one member alone."""

    def spoilt(made: Made) -> Rotation:
        odd = CLOSED[PACKETS](made)
        packets = [
            broken if packet.recipient == member else packet
            for packet, broken in zip(made.rotation.packets, odd.packets, strict=True)
        ]
        return msgspec.structs.replace(made.rotation, packets=packets)

    return spoilt


def test_what_others_write_under_keys_that_do_not_open_here_comes_when_they_do(
    homes: Homes,
) -> None:
    third = homes.folder / "third"
    recover_home(third, homes.vault, homes.key, "third", homes.env)
    with open_agent(homes.mine, homes.env) as agent:
        mine = agent.device.history.device
    homes.spoil(_spoilt_for(mine))
    write_threads(homes.folder / "more", [2], seed="more")
    importing(third, homes.env, homes.folder / "more")
    for _ in range(2):
        with open_agent(homes.mine, homes.env) as agent:
            assert len(texts(agent, FIRST)) == 5
            assert not agent.sync.now().is_verified
            assert "account-keys-closed" in _findings(agent, homes.env)
    with open_agent(third, homes.env) as agent:
        assert "account-keys-closed" not in _findings(agent, homes.env)
        agent.devices.revoke("the other")
    with open_agent(homes.mine, homes.env) as agent:
        assert agent.notes == ()
        assert agent.sync.now().is_verified
        assert len(texts(agent, FIRST)) == 7
        assert agent.verify(ignore).is_sound


def test_a_recovery_key_that_was_shut_out_is_found_when_it_is_confirmed(homes: Homes) -> None:
    """Only who has the recovery key can tell that its packet is garbage."""
    homes.spoil(_spoilt_for(recovery_keys(homes.key).member().id))
    with open_agent(homes.mine, homes.env) as agent:
        agent.create_snapshot("one")
        with pytest.raises(RecoveryKeyShutOut, match="“the other” changed"):
            confirm_recovery(agent.recovery, homes.key)
        assert not agent.recovery.is_confirmed()
        agent.devices.renew_keys()
        confirm_recovery(agent.recovery, homes.key)
        assert agent.recovery.is_confirmed()
    recover_home(homes.folder / "new", homes.vault, homes.key, "new", homes.env)
    with open_agent(homes.folder / "new", homes.env) as agent:
        assert [snapshot.name for snapshot in agent.snapshots()] == ["one"]
        assert len(texts(agent, FIRST)) == 5


def test_other_roots_are_told_and_used_by_nobody(homes: Homes) -> None:
    (odd,) = OTHER_ROOTS.values()
    homes.spoil(odd)
    write_threads(homes.folder / "more", [2], seed="more")
    importing(homes.mine, homes.env, homes.folder / "more", homes.folder / "phone")
    with open_agent(homes.mine, homes.env) as agent:
        assert len(texts(agent, FIRST)) == 7
        assert agent.verify(ignore).is_sound
        assert (
            "“the other” put other root keys"
            in _findings(agent, homes.env)["account-keys-other-roots"].text
        )
        agent.devices.revoke("the other")
        assert "account-keys-other-roots" not in _findings(agent, homes.env)
    recover_home(homes.folder / "new", homes.vault, homes.key, "new", homes.env)
    importing(homes.folder / "new", homes.env, homes.folder / "phone")
    with open_agent(homes.folder / "new", homes.env) as agent:
        assert len(texts(agent, FIRST)) == 7


def test_one_that_removes_itself_with_garbage_is_answered_by_new_keys(homes: Homes) -> None:
    homes.spoil(CLOSED[PACKETS], gone="the other")
    with open_agent(homes.mine, homes.env) as agent:
        (note,) = agent.notes
        assert "sealwax security renew-keys" in note.what
        with pytest.raises(KeysUnusable):
            agent.create_snapshot("one")
        agent.devices.renew_keys()
        agent.create_snapshot("one")
        assert agent.notes == ()


def test_deletions_under_keys_that_do_not_open_wait_until_they_can_be_held(homes: Homes) -> None:
    """Taking everything away and the keys at once: nothing is gone, and it is held afterwards."""
    write_threads(homes.folder / "more", [3] * 5, seed="more")
    importing(homes.mine, homes.env, homes.folder / "more")
    with open_agent(homes.evil, homes.env) as agent:
        agent.sync.pull()
        agent.delete(Select())
        assert agent.status().counts.messages == 0
    homes.spoil(CLOSED[PACKETS])
    with open_agent(homes.mine, homes.env) as agent:
        assert agent.notes
        agent.devices.revoke("the other")
        assert agent.notes == ()
        assert agent.status().counts.messages + agent.status().counts.trashed == 20


def test_commands_say_it(homes: Homes) -> None:
    env = {"SEALWAX_PASSPHRASE": "a passphrase of a test", "SEALWAX_RECOVERY_KEY": homes.key}
    home = str(homes.folder / "by command")

    def said(*words: str) -> tuple[int, str]:
        result = CliRunner(env=env).invoke(cli, ["--home", home, *words])
        error = result.exception
        hint = error.hint if isinstance(error, SealwaxError) else ""
        return result.exit_code, result.output + hint

    made = said("init", "--recover", "--yes", "--store", str(homes.vault), "--name", "third")
    assert made[0] == 0, made
    homes.spoil(CLOSED[PACKETS])
    for words in (("list",), ("status",), ("doctor",), ("device", "list"), ("read", FIRST)):
        code, told = said(*words)
        assert code in (0, 3), told
        assert "“the other” changed the account's keys" in told, words
        assert "Traceback" not in told
    code, told = said("snapshot", "create")
    assert (code, "sealwax device revoke" in told) == (1, True), told
    assert said("device", "revoke", "the other", "--yes")[0] == 0
    code, told = said("snapshot", "create")
    assert (code, "changed the account's keys" in told) == (0, False)
    code, told = said("security", "renew-keys")
    assert (code, "--yes" in told) == (1, True)
    assert said("security", "renew-keys", "--yes")[0] == 0
