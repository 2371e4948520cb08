"""An account that goes on in a format of later: an older program says so, and harms nothing."""

from sealwax.ledger.commit import CommitKind
from sealwax.ledger.format_step import FormatStep
from sealwax.ledger.names import ACCOUNT_ZONE
from tests.homes import ignore
from tests.tribunal.beginning import OWNER, SECOND
from tests.tribunal.court import HONEST, Court, shown_by

TOLD = r"has the format 3 .* knows the formats up to 2"


def test_a_device_that_is_too_old_keeps_what_it_has_and_says_so(court: Court) -> None:
    """A newer program on another device raised the format, with the recovery key."""
    newer = court.intruder(SECOND)
    step = newer.entry(CommitKind.FORMAT, FormatStep(3), court.recovery)
    with court.agent(OWNER) as agent:
        near_before = agent.device.near.head_seq(ACCOUNT_ZONE)
    court.truth.force(ACCOUNT_ZONE, step)
    for _ in range(2):
        day = court.day(OWNER)
        assert not day.outcome or not day.outcome.is_verified
        assert day.shown == court.kept | court.said
    court.need_told(TOLD)
    with court.agent(OWNER) as agent:
        assert agent.device.near.head_seq(ACCOUNT_ZONE) == near_before
        assert agent.verify(ignore).damage == ()
        agent.create_snapshot("by the older program")
        assert shown_by(agent, "by the older program") == court.kept | court.said
    assert "account-newer" in court.findings(OWNER)


def test_a_thief_without_the_recovery_key_shuts_nobody_out(court: Court) -> None:
    """The place does not take the step; with the operator in league it stands, and is void."""
    thief = court.intruder()
    for others in ((), (thief.member,), (court.member(SECOND),)):
        step = thief.entry(CommitKind.FORMAT, FormatStep(3), *others)
        assert thief.append_entry(step) is not None
    court.truth.force(ACCOUNT_ZONE, thief.entry(CommitKind.FORMAT, FormatStep(3)))
    for number in HONEST:
        day = court.day(number)
        assert day.shown == court.kept | court.said
    court.truth.be_honest()
