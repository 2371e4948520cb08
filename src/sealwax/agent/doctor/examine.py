"""The doctor: all checks over the facts, worst first; and the one sentence for every screen."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sealwax.agent.doctor.checks.backup import check_backup
from sealwax.agent.doctor.checks.clock import WRONG_MS, check_clock
from sealwax.agent.doctor.checks.copies import check_copies
from sealwax.agent.doctor.checks.devices import check_devices
from sealwax.agent.doctor.checks.held import check_held
from sealwax.agent.doctor.checks.history import check_history
from sealwax.agent.doctor.checks.keys import check_keys
from sealwax.agent.doctor.checks.media import check_media
from sealwax.agent.doctor.checks.refused import check_refused
from sealwax.agent.doctor.checks.server import check_belied, check_doubt, check_lost, check_server
from sealwax.agent.doctor.checks.snapshots import check_snapshots
from sealwax.agent.doctor.checks.sources import check_sources
from sealwax.agent.doctor.checks.space import check_space
from sealwax.agent.doctor.checks.switches import check_switches
from sealwax.agent.doctor.checks.waiting import check_waiting
from sealwax.agent.doctor.facts import Facts
from sealwax.agent.doctor.finding import ORDER, Finding, Level, moment
from sealwax.agent.wording import count

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    check_history,
    check_held,
    check_refused,
    check_switches,
    check_space,
    check_sources,
    check_waiting,
    check_server,
    check_lost,
    check_belied,
    check_doubt,
    check_backup,
    check_snapshots,
    check_media,
    check_keys,
    check_copies,
    check_devices,
    check_clock,
)


class Examined(NamedTuple):
    """What the doctor found, worst first, and the sentence that says whether all is safe."""

    findings: tuple[Finding, ...]
    sentence: str
    level: Level

    @property
    def needs_a_person(self) -> bool:
        return any(finding.needs_a_person for finding in self.findings)


def examine(facts: Facts) -> Examined:
    """Pure: the same facts, the same findings."""
    found = [finding for check in CHECKS for finding in check(facts)]
    found.sort(key=lambda finding: ORDER[finding.level])
    if found:
        return Examined(tuple(found), found[0].text, found[0].level)
    return Examined((), _all_well(facts), "ok")


def _all_well(facts: Facts) -> str:
    messages = count(facts.history.messages, "message")
    if facts.store is None:
        return f"{messages} are kept in {facts.media} places."
    place = "server" if facts.store.is_server else "shared store"
    verified = ""
    verified_ms = facts.store.verified_ms
    if verified_ms is not None and verified_ms <= facts.now_ms + WRONG_MS:
        verified = f", verified {moment(verified_ms, facts.now_ms, facts.zone)}"
    return f"Everything on this device is on the {place}{verified}."
