"""The account's devices, as a person sees and changes them from one of them."""

import time
from collections.abc import Callable

from sealwax.agent.linking import Linked, Offered, Wait, letters_of, offer_link
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.ledger.account import Member
from sealwax.ledger.names import ACCOUNT_ZONE
from sealwax.sync.replica import Replica
from sealwax.trust.devices import DeviceBook
from sealwax.trust.linking import Candidate, Heads


class Devices:
    """The devices of the account of an open home."""

    def __init__(self, replica: Replica, clock: Clock, entropy: Entropy) -> None:
        self._replica = replica
        self._clock = clock
        self._entropy = entropy
        self._book = DeviceBook(
            replica.store, replica.log, replica.keys, replica.author, clock, entropy
        )

    def link(
        self,
        tell: Callable[[Offered], None],
        confirm: Callable[[Candidate], bool],
        wait: Wait = time.sleep,
    ) -> Linked:
        """Makes a code, waits for the new device for ten minutes, and lets it in.

        `tell` is given the code; `confirm` the device with its six digits, and says whether they
        agree with those on its own screen. Raises LinkExpired, LinkRefused, LinkBroken, NoLetterBox
        or StoreError.
        """
        return offer_link(
            letters_of(self._replica.store),
            self._replica.keys.account,
            self._admit,
            tell,
            confirm,
            self._clock,
            self._entropy,
            wait,
        )

    def _admit(self, device: Member, name: str) -> Heads:
        """Writes the device into the log; gives the newest heads, its own entry included."""
        self._replica.pull()
        self._book.add(device, name)
        self._remember_log()
        return self._replica.heads.all()

    def _remember_log(self) -> None:
        log = self._replica.log
        self._replica.heads.remember(ACCOUNT_ZONE, log.head, log.head_hash)
