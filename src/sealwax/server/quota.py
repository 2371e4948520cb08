"""Plans, and what an account may still add to what it keeps.

Charged are the sealed bytes that are live at a head or held by a snapshot. Commits are counted
apart and not charged, see `server.history`. When the plan is used
up, what is essential (words, deletions, keys) goes on until a small reserve is used too. The server
is blind: the device says what is essential, and the reserve bounds what it gains by a lie.
"""

from typing import NamedTuple

from sealwax.server.refusal import Refusal

PLANS_BYTES = tuple(gigabytes * 10**9 for gigabytes in (5, 50, 200, 2_000, 6_000, 12_000))
FREE_PLAN_BYTES = PLANS_BYTES[0]
RESERVE_LIMIT_BYTES = 50 * 10**6
RESERVE_SHARE = 100
UPLOADED_LIMIT_BYTES = 4 * 10**9
"""Objects that no commit names yet may take so much more than the plan has left."""


class Standing(NamedTuple):
    """What the database says of an account."""

    name: str
    plan_bytes: int
    asked_bytes: int | None
    head_bytes: int
    snapshot_bytes: int
    locked_ms: int | None
    lock_reason: str
    history_bytes: int

    @property
    def used_bytes(self) -> int:
        return self.head_bytes + self.snapshot_bytes

    @property
    def reserve_bytes(self) -> int:
        return min(RESERVE_LIMIT_BYTES, self.plan_bytes // RESERVE_SHARE)


def need_unlocked(standing: Standing) -> None:
    """Raises Refusal for an account that the operator locked."""
    if standing.locked_ms is not None:
        reason = standing.lock_reason or "no reason was given."
        raise Refusal(
            423,
            "account-locked",
            f"The operator locked this account: {reason}",
            since_ms=standing.locked_ms,
        )


def need_room(standing: Standing, added_bytes: int, is_essential: bool) -> None:
    """Raises Refusal when so many more bytes do not fit. Taking nothing always fits."""
    limit_bytes = standing.plan_bytes + (standing.reserve_bytes if is_essential else 0)
    if added_bytes and standing.used_bytes + added_bytes > limit_bytes:
        raise Refusal(
            507,
            "storage-full",
            "The account's storage is full.",
            used_bytes=standing.used_bytes,
            plan_bytes=standing.plan_bytes,
        )


def need_upload_room(standing: Standing, uploaded_bytes: int) -> None:
    """Raises Refusal when too much was uploaded that no commit names."""
    left_bytes = max(standing.plan_bytes - standing.used_bytes, 0)
    if uploaded_bytes > left_bytes + UPLOADED_LIMIT_BYTES:
        raise Refusal(
            507,
            "too-many-uploads",
            "Too many objects were brought that no commit names: commit them, or wait some days.",
        )
