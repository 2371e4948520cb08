"""A removed device, a server from an old backup and a home from an old image, as a person meets
them: every command is a process of its own."""

from pathlib import Path

from tests.cli.test_end_to_end import Program
from tests.sync.homes_on_server import phone_with
from tests.sync.restored import Machine, put_back


def _messages(program: Program) -> int:
    """How many messages the present shows."""
    return sum(int(chat["messages"]) for chat in program.json("list"))


def test_a_removed_device_that_writes_once_more(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    kept, gone = Program(tmp_path / "kept"), Program(tmp_path / "gone")
    with machine.serving() as server:
        secret = server.parts.accounts.invite("somebody")
        made = kept.json("init", "--store", server.url, "--invitation", secret, "--yes")
        code = {"SEALWAX_RECOVERY_KEY": made["recovery_key"]}
        kept.run("import", phone_with(tmp_path / "phone", 40))
        kept.run("snapshot", "create", "--name", "keep")
        recover = ("init", "--recover", "--store", server.url, "--name", "the laptop", "--yes")
        gone.run(*recover, **code)
        for program in (gone, kept):
            program.run("sync", "now")
    machine.copy()
    with machine.serving():
        kept.run("device", "revoke", "the laptop", "--yes")
    machine.come_back()
    with machine.serving():
        gone.run("delete", "--chat", "+15550100000", "--yes")
        gone.run("sync", "now")
        told = kept.run("sync", "now", code=1)
        assert "“the laptop”, which was removed, wrote" in told
        assert _messages(kept) == 40
        assert "sealwax sync resolve" in kept.run("doctor", code=3)
        # Nothing is done before a person has said which.
        assert "--without" in kept.run("sync", "resolve", code=3)
        planned = kept.json("sync", "resolve", "--dry-run")
        assert (planned["devices"], planned["deletions"]) == (["the laptop"], 41)
        assert "verified" in kept.run("sync", "resolve", "--without", "--yes")
        assert _messages(kept) == 40
        assert "read back from" in kept.run("backup", "now")
        assert "not-trusted" in gone.run("--json", "sync", "now", code=1)
        assert "Nothing" not in kept.run("sync", "now")


def test_a_home_that_was_put_back_goes_on(tmp_path: Path) -> None:
    with Machine(tmp_path).serving() as server:
        program = Program(tmp_path / "home")
        secret = server.parts.accounts.invite("somebody")
        made = program.json("init", "--store", server.url, "--invitation", secret, "--yes")
        program.run("sync", "off")
        put_back(program.home, tmp_path / "image")
        program.run("import", phone_with(tmp_path / "one", 3, seed="one"))
        assert "read back from" in program.run("backup", "now")
        put_back(tmp_path / "image", program.home)
        program.run("import", phone_with(tmp_path / "two", 5, seed="two"))
        assert "read back from" in program.run("backup", "now")
        assert _messages(program) == 8
        assert "nother copy of this home" in program.run("doctor", code=3)
        # The computer is lost: another device brings all of it back.
        other = Program(tmp_path / "other")
        recovered = ("init", "--recover", "--store", server.url, "--name", "another", "--yes")
        other.run(*recovered, SEALWAX_RECOVERY_KEY=made["recovery_key"])
        (device,) = [one for one in other.json("device", "list") if not one["is_this"]]
        other.run("device", "adopt", device["id"][:8], "--yes")
        assert _messages(other) == 8
