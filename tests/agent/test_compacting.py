"""Compaction as a person meets it: daily imports, a month later, fewer and smaller files."""

from pathlib import Path

from sealwax.agent.bootstrap import open_agent
from sealwax.base.clock import SetClock
from sealwax.demo.apple_database import AppleDatabase
from sealwax.demo.chance import Chance
from tests.homes import (
    DAY_MS,
    NOW_MS,
    changed,
    environment,
    ignore,
    importing,
    made_home,
    said,
    texts,
    write_threads,
)

DAYS = 18


def _vault_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in (home / "vault").rglob("*") if path.is_file())


def test_a_month_of_daily_imports_shrinks_and_says_the_same(tmp_path: Path) -> None:
    clock = SetClock(NOW_MS)
    env = environment(clock)
    home, _ = made_home(tmp_path, env)
    phone = tmp_path / "phone"
    (chat,) = write_threads(phone, [30])
    importing(home, env, phone)
    chance = Chance("later")
    for day in range(DAYS):
        clock.advance(DAY_MS)

        def write(database: AppleDatabase, day: int = day) -> None:
            text = f"what was said on day {day}"
            database.add_messages([said(chat, 1, chance.guid(), text, NOW_MS + day * DAY_MS)])

        changed(phone, write)
        importing(home, env, phone)
    before = _vault_bytes(home)
    clock.advance(40 * DAY_MS)
    with open_agent(home, env) as agent:
        said_before = texts(agent, "+15550100000")
        planned = agent.plan_compaction()
        assert planned.deleted > 0
        done = agent.compact(ignore)
        assert (done.deleted, done.deleted_bytes) == (planned.deleted, planned.deleted_bytes)
        assert texts(agent, "+15550100000") == said_before
        assert len(said_before) == 30 + DAYS
        assert agent.verify(ignore).is_sound
        assert agent.plan_compaction().deleted == 0
    assert before - _vault_bytes(home) > done.deleted_bytes * 0.8
