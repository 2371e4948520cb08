"""Mistakes planted in the rules that hold against anyone; each has to be caught."""

from collections.abc import Iterable, Iterator

import msgspec
import pytest

from sealwax.agent import devices as agent_devices
from sealwax.ledger import chain, dropping
from sealwax.ledger.account import AccountLog, AccountState
from sealwax.ledger.chain import Head
from sealwax.ledger.commit import SAID_ALREADY, Commit, CommitKind, parse_commit
from sealwax.ledger.disowning import Disowning
from sealwax.library import folding, project, seen
from sealwax.library.library import Library
from sealwax.library.own_time import Reckoned
from sealwax.model.merge import Merge
from sealwax.model.state import State
from sealwax.stores import mirror, mirrored_history
from sealwax.stores.vetting import Chain, ToldHead
from sealwax.stores.zone_copy import ZoneStanding
from sealwax.sync import repair, replica
from sealwax.sync.agreement import AGREES, Agreement
from sealwax.sync.compaction import collect, grace
from sealwax.sync.guard import weighing
from sealwax.sync.guard.pinning import PastPins
from sealwax.sync.guard.plan import Loss
from sealwax.sync.guard.proof import Proving
from sealwax.sync.guard.tellings import Telling
from sealwax.sync.other_self import OtherSelf
from sealwax.sync.removed_tail import RemovedTail
from tests.sync.simulation.planted_in_step import Planted
from tests.sync.simulation.stories import CLOCKS, IMAGES, INFECTED, LYING, REMOVED, STOLEN

# The chain.


def drops_by_a_change_are_obeyed(patch: pytest.MonkeyPatch) -> None:
    """Any commit may end messages."""
    patch.setattr(dropping, "SAID_ALREADY", (*SAID_ALREADY, CommitKind.CHANGE))


def sums_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """A compaction may hold less than what it drops, and nobody reads what it dropped."""
    patch.setattr(dropping, "_sum", lambda _: 0)
    nothing_is_proved(patch)


def own_zones_are_everybodys(patch: pytest.MonkeyPatch) -> None:
    """What others write into a device's own zone counts."""
    patch.setattr(chain, "_may_write", lambda _: True)


def locks_end_by_claims(patch: pytest.MonkeyPatch) -> None:
    """A lock has run out when a commit says that it is late enough."""
    patch.setattr(folding, "let_go_ms", lambda commit, _: commit.header.time_ms)


def erased_is_obeyed(patch: pytest.MonkeyPatch) -> None:
    """A reserved field takes messages away."""
    real, slot = project._place, ("erased", int(Merge.ONCE), "")

    def place(state: State, origin: object) -> int:
        return project.NOWHERE if slot in state.slots else real(state, origin)

    patch.setattr(project, "_place", place)


class _AnyEpoch(int):
    """An epoch that is equal to every other."""

    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def old_epochs_count(patch: pytest.MonkeyPatch) -> None:
    """What is written under keys that a removed device has counts."""
    real = AccountLog.at

    def at(self: AccountLog, position: int) -> AccountState | None:
        state = real(self, position)
        return state and msgspec.structs.replace(state, epoch=_AnyEpoch(state.epoch))

    patch.setattr(AccountLog, "at", at)


def old_positions_count(patch: pytest.MonkeyPatch) -> None:
    """A commit may name a position before that of the commit before it: nothing is ever closed."""
    real = chain._void_reason

    def reason(head: Head, commit: Commit, log: AccountLog) -> str | None:
        return real(head._replace(position=0), commit, log)

    patch.setattr(chain, "_void_reason", reason)


# Time.


def grace_by_claims(patch: pytest.MonkeyPatch) -> None:
    """An object is free for long enough when commits say that so much time has passed."""

    def seen_at(library: Library, zone: str, time_ms: int) -> int:
        for seq, data in library.holdings.commits_backwards(zone):
            if parse_commit(data).header.time_ms < time_ms:
                return seq
        return -1

    patch.setattr(grace, "_seen_at", seen_at)


def no_grace(patch: pytest.MonkeyPatch) -> None:
    """What nothing holds is deleted at once."""
    patch.setattr(collect, "GRACE_MS", 0)


def jumps_are_time(patch: pytest.MonkeyPatch) -> None:
    """A clock that jumped ahead by years is believed: so much time has passed."""

    def reckon(newest_ms: int, now_ms: int) -> Reckoned:
        return Reckoned(now_ms, max(newest_ms, now_ms), False)

    patch.setattr(seen, "reckon", reckon)


# Removed devices and homes that were put back.


def a_removed_tail_is_merged(patch: pytest.MonkeyPatch) -> None:
    """What a removed device wrote on an old disk is taken in like anything else."""

    def removed_tail(_: Iterable[Commit], start_seq: int, __: AccountLog) -> RemovedTail:
        return RemovedTail(start_seq, {})

    patch.setattr(repair, "removed_tail", removed_tail)


def disowned_commits_count(patch: pytest.MonkeyPatch) -> None:
    """A merge that disowns has no effect."""
    patch.setattr(Disowning, "merges", lambda _: {})


def nothing_is_closed(patch: pytest.MonkeyPatch) -> None:
    """After a revocation no zone is closed."""
    patch.setattr(agent_devices, "close_zones", lambda *_: ())


def numbers_are_compared(patch: pytest.MonkeyPatch) -> None:
    """An own zone is at the place when that has as many commits."""

    def standing(near: mirror.Store, _: object, zone: str, far_seq: int, __: bytes) -> ZoneStanding:
        near_seq = near.head_seq(zone)
        return ZoneStanding(zone, min(near_seq, far_seq), near_seq, far_seq)

    patch.setattr(mirror, "zone_standing", standing)


def a_home_that_is_behind_fetches_nothing(patch: pytest.MonkeyPatch) -> None:
    """What a home that was put back has forgotten of its own zone stays away."""
    patch.setattr(OtherSelf, "_fetch", lambda *_: "")


def both_go_on_in_one_zone(patch: pytest.MonkeyPatch) -> None:
    """A home that parted from its own zone goes on in it."""
    patch.setattr(OtherSelf, "_go_on_apart", lambda *_: "")


# Places.


def answers_are_not_judged(patch: pytest.MonkeyPatch) -> None:
    """What a place tells comes near as it is."""

    def vetted(
        _: Chain, commits: Iterable[bytes], __: ToldHead, ___: bool
    ) -> Iterator[list[bytes]]:
        yield list(commits)

    patch.setattr(mirrored_history, "vetted", vetted)


def a_head_without_a_digest_is_verified(patch: pytest.MonkeyPatch) -> None:
    """Who says nothing agrees."""
    real = Agreement.doubt

    def doubt(self: Agreement) -> str:
        newest = self._newest()
        is_silent = newest is not None and newest.part is not None and newest.part.digest is None
        return AGREES if is_silent else real(self)

    patch.setattr(Agreement, "doubt", doubt)
    patch.setattr(Agreement, "_lacks_digest", lambda _: False)


def damage_signs(patch: pytest.MonkeyPatch) -> None:
    """A device that could not read everything signs what it has as the state of all."""
    patch.setattr(replica, "unread", lambda *_: 0)


# The guard.


def the_taker_confirms(patch: pytest.MonkeyPatch) -> None:
    """What a device says of itself having been confirmed is believed."""

    def is_answered(loss: Loss, tellings: Iterable[Telling]) -> bool:
        return any(one.record == loss.record and one.teller.is_confirmed for one in tellings)

    patch.setattr(weighing, "is_answered", is_answered)


def nothing_is_proved(patch: pytest.MonkeyPatch) -> None:
    """A purge and a reset are believed to have lost nothing."""
    patch.setattr(Proving, "prove", lambda *_: None)


def the_moment_before_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Of what is held there is no snapshot."""
    patch.setattr(PastPins, "pin", lambda _: None)


RULES = (
    Planted(drops_by_a_change_are_obeyed, INFECTED),
    Planted(sums_are_not_compared, INFECTED),
    Planted(own_zones_are_everybodys, INFECTED),
    Planted(locks_end_by_claims, INFECTED),
    Planted(erased_is_obeyed, INFECTED, is_subtle=True),
    Planted(old_epochs_count, INFECTED),
    Planted(old_positions_count, INFECTED),
    Planted(grace_by_claims, CLOCKS, is_subtle=True),
    Planted(no_grace, CLOCKS),
    Planted(jumps_are_time, CLOCKS, is_subtle=True),
    Planted(a_removed_tail_is_merged, REMOVED, is_subtle=True),
    Planted(disowned_commits_count, REMOVED, is_subtle=True),
    Planted(nothing_is_closed, REMOVED, is_subtle=True),
    Planted(numbers_are_compared, IMAGES),
    Planted(a_home_that_is_behind_fetches_nothing, IMAGES, is_subtle=True),
    Planted(both_go_on_in_one_zone, IMAGES),
    Planted(answers_are_not_judged, LYING, is_subtle=True),
    Planted(a_head_without_a_digest_is_verified, INFECTED),
    Planted(damage_signs, LYING, is_subtle=True),
    # These depend on worlds of a stolen device, of which not every one passes yet.
    Planted(the_taker_confirms, STOLEN, is_subtle=True),
    Planted(nothing_is_proved, STOLEN, is_subtle=True),
    Planted(the_moment_before_is_not_kept, STOLEN, is_subtle=True),
)
