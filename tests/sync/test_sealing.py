"""Whoever seals: the segments open to the same changes, and a large import comes out the same."""

from contextlib import closing
from pathlib import Path

import pytest

from sealwax.agent import importing as agent_importing
from sealwax.agent.bootstrap import open_agent
from sealwax.base.companion import CompanionLost
from sealwax.base.entropy import SystemEntropy
from sealwax.intake import apply as intake
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.model.change import Change, entry
from sealwax.model.field import TEXT
from sealwax.sync import replica
from sealwax.sync.sealing import SealElsewhere, SealHere
from sealwax.vault.objects import check_name, open_segment
from tests.accounts import made_account
from tests.homes import environment, ignore, made_home, write_threads

CHANGES = [
    Change(2, bytes([2, *[number % 256] * 15]), 0, number, b"d" * 16, (entry(TEXT, "word " * 400),))
    for number in range(900)
]


def test_a_companion_seals_what_this_process_would() -> None:
    keys = made_account().keys
    key = keys.zone_key(MESSAGES_ZONE, 0)
    here, ready = SealHere(SystemEntropy()).start(key, keys.roots, CHANGES)()
    with closing(SealElsewhere()) as sealer:
        for _ in range(2):
            there, prepared = sealer.start(key, keys.roots, CHANGES)()
            assert prepared == ready
            assert len(there) == len(here) > 1
            for ours, theirs in zip(here, there, strict=True):
                check_name(theirs.name, theirs.data)
                opened = open_segment(keys, MESSAGES_ZONE, theirs.data)
                assert opened == open_segment(keys, MESSAGES_ZONE, ours.data)
                assert theirs.change_digest == ours.change_digest
                assert theirs.changes == ours.changes


def test_a_companion_that_is_gone_is_told() -> None:
    keys = made_account().keys
    sealer = SealElsewhere()
    sealer.close()
    with pytest.raises((CompanionLost, ValueError)):
        sealer.start(keys.zone_key(MESSAGES_ZONE, 0), keys.roots, CHANGES)


def test_an_import_with_companions_is_the_same_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = tmp_path / "phone"
    write_threads(phone, [6_000, 6_000, 300])
    monkeypatch.setattr(intake, "CHANGES_LIMIT", 1)
    env = environment()
    home, _ = made_home(tmp_path, env)
    with open_agent(home, env) as agent:
        plain = agent.import_source(phone, ignore)
        counts = agent.status().counts
    monkeypatch.setattr(agent_importing, "LARGE_SOURCE_BYTES", 0)
    monkeypatch.setattr(replica, "WORTH_A_COMPANION", 1)
    other, _ = made_home(tmp_path / "other", env)
    with open_agent(other, env) as agent:
        helped = agent.import_source(phone, ignore)
        assert agent.status().counts == counts
        assert helped.commits == plain.commits > 2
        assert (helped.seen, helped.new) == (plain.seen, plain.new)
        assert agent.verify(ignore).is_sound
    with open_agent(other, env) as agent:
        assert agent.import_source(phone, ignore).changed == 0
