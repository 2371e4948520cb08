"""Trouble with the place that devices share, told apart from trouble with what is near."""

from typing import NamedTuple

from sealwax.ledger.format_step import FORMAT, NewerFormatError
from sealwax.stores.base import StoreError, StoreFull


class Parting(NamedTuple):
    """Where the far history of a zone leaves the near one: the last seq that both share, and both
    heads."""

    zone: str
    common_seq: int
    near_seq: int
    far_seq: int

    @property
    def is_behind(self) -> bool:
        """Whether the far store only lacks commits, and nobody has written others since."""
        return self.far_seq == self.common_seq


class FarFull(StoreFull):
    """The account's storage in the shared place is full."""

    code = "storage-full"
    hint = "`sealwax storage` shows what takes space; `sealwax storage plan` asks for more."


class FarAway(StoreError):
    """The shared place does not do what it must just now; `cause` says why."""

    code = "sync-store-away"
    hint = "Nothing is lost: it waits on this device and goes there by itself."

    def __init__(self, cause: StoreError) -> None:
        super().__init__(cause.sentence, cause.hint)
        self.cause = cause


class ZoneTrouble(FarAway):
    """The shared place answers, and one of its histories is not as it must be: what is not in that
    history can go on."""


class Parted(ZoneTrouble):
    """The far store does not go on from what the near one holds."""

    code = "sync-store-parted"

    def __init__(self, parting: Parting) -> None:
        super().__init__(
            StoreError(
                "The history at the sync store ends, or parts, before what this device has seen"
                f" ({parting.zone} from {parting.common_seq + 1} on).",
                "It may have come back from an old disk. `sealwax sync now` puts back what it"
                " lost.",
            )
        )
        self.parting = parting


class HistoryUnsound(StoreError):
    """The far store answers with commits that do not hang together, or do not count."""

    code = "history-unsound"
    hint = (
        "Nothing of it was taken in, and nothing here changed. What is new waits on this device and"
        " goes there by itself once the place is right. If it lasts, tell whoever runs it."
    )

    def __init__(self, place: str, zone: str, seq: int) -> None:
        super().__init__(
            f"{place} answers with a history that does not hang together ({zone} from {seq} on)."
        )


class AccountNewer(StoreError):
    """The account goes on in a format that this version does not know."""

    code = "account-newer"
    hint = (
        "Update Sealwax on this device. Until then what it has stays readable, and what is new"
        " waits on it."
    )

    def __init__(self, newer: NewerFormatError) -> None:
        super().__init__(
            f"The account has the format {newer.format} since its step {newer.seq}; this version of"
            f" Sealwax knows the formats up to {FORMAT}."
        )


class Incomplete(ZoneTrouble):
    """The far store lost something that this device never had whole."""

    code = "sync-store-incomplete"

    def __init__(self) -> None:
        super().__init__(
            StoreError(
                "The sync store lost a part of the history that only another device has.",
                "Sync the other devices: the one that has it puts it back.",
            )
        )
