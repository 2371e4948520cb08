"""The account's devices, as a person sees and changes them from one of them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from sealwax.agent.device import Device
from sealwax.agent.linking import (
    Asking,
    Linked,
    Offered,
    Wait,
    Within,
    here,
    letters_of,
    offer_link,
)
from sealwax.agent.selecting import NothingMatches, SeveralMatch
from sealwax.base.clock import Clock
from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.ledger.account import Member
from sealwax.ledger.commit import parse_commit
from sealwax.ledger.names import ACCOUNT_ZONE, MESSAGES_ZONE
from sealwax.snapshot.pins import create_snapshot
from sealwax.stores.base import StoreError
from sealwax.stores.server import ServerStore
from sealwax.sync.adopting import Adopting, Adoption
from sealwax.sync.closing import close_zones
from sealwax.trust.devices import DeviceBook
from sealwax.trust.key_troubles import KeysUnusable, KeyTrouble, key_troubles
from sealwax.trust.linking import Heads
from sealwax.trust.roster import KnownDevice, roster
from sealwax.vault.commit_part import Switches

SEEN_COMMITS = 5_000
"""So many of the newest commits are looked through for when a device last wrote."""
NAME_LIMIT_CHARACTERS = 100
LEAST_ID_DIGITS = 4
BEFORE_ADOPTING = "before adopting"
"""The reason of the snapshot."""


class DeviceIsThis(SealwaxError):
    """A device does not put itself out."""

    code = "device-is-this"
    hint = "Run it on another device of the account."


class DeviceNameBad(SealwaxError):
    """The name cannot be a device's."""

    code = "device-name-bad"
    hint = "Choose a name of 1 to 100 letters that no other device of the account has."


class Devices:
    """The devices of the account of an open home."""

    def __init__(self, device: Device, clock: Clock, entropy: Entropy) -> None:
        self._device = device
        self._replica = device.history
        self._clock = clock
        self._entropy = entropy
        history = device.history
        self._adopting = Adopting(history, device.outbox, device.mirror, device.sync.others)
        self._book = DeviceBook(
            history.store, history.log, history.keys, device.author, clock, entropy
        )

    def list(
        self, is_all: bool = False, asked_ms: Mapping[bytes, int] | None = None
    ) -> list[KnownDevice]:
        """The devices, in the order in which they came; with `is_all` those put out too.

        `asked_ms` says when a device last asked the server, where that is known.
        """
        seen = self._wrote_ms()
        for device, time_ms in (asked_ms or {}).items():
            seen[device] = max(time_ms, seen.get(device, 0))
        told = self._replica.library.holdings.switches()
        found = [
            _with_switches(device, told)
            for device in roster(self._replica.log, self._replica.keys, self._replica.device, seen)
        ]
        return [device for device in found if is_all or device.revoked_ms is None]

    def refused(self) -> Iterator[tuple[str, str, int, bool]]:
        """(device, why, how many, whether it is still trusted) of what devices tried to take away
        and the rules of the history kept."""
        drops = self._replica.library.holdings.refused_drops()
        known = {device.id: device for device in self.list(is_all=True)} if drops else {}
        totals: dict[tuple[bytes, str], int] = {}
        for drop in drops:
            totals[drop.author, drop.reason] = (
                totals.get((drop.author, drop.reason), 0) + drop.number
            )
        for (author, reason), number in totals.items():
            # Only a device of the account writes a commit that counts.
            yield known[author].name, reason, number, known[author].revoked_ms is None

    def asked_ms(self) -> dict[bytes, int]:
        """When devices last asked the server, as far as there is one that answers."""
        far = self._device.mirror.far if self._device.mirror is not None else None
        try:
            return far.members() if isinstance(far, ServerStore) else {}
        except StoreError:
            return {}

    def find(self, wanted: str, is_all: bool = False) -> KnownDevice:
        """The device with this name, or whose id begins so, with `is_all` among those put out too;
        raises NothingMatches or SeveralMatch."""
        listing = "sealwax device list --all" if is_all else "sealwax device list"
        return find_device(self.list(is_all), wanted, listing)

    def link(
        self,
        tell: Callable[[Offered], None],
        confirm: Callable[[Asking], bool],
        wait: Wait = time.sleep,
        within: Within = here,
    ) -> Linked:
        """Makes a code, waits for the new device for ten minutes, and lets it in.

        `tell` is given the code; `confirm` the device with its six digits, and says whether they
        agree with those on its own screen. It may be called by any thread: `within` has the device
        let in by the one that writes. Raises LinkExpired, LinkRefused, LinkBroken, NoLetterBox or
        StoreError.
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
            within,
        )

    def revoke(self, wanted: str) -> KnownDevice:
        """Puts a device out: it opens nothing that is written from now on, and nothing that it
        writes counts. What it has already stays with it. It works where the newest keys do not
        open here, and ends that if they are the device's.

        Raises DeviceIsThis, DeviceGone, DeviceLast, NothingMatches, SeveralMatch or StoreError.
        """
        with suppress(KeysUnusable):
            self._device.sync.pull()
        device = self.find(wanted)
        if device.is_this:
            raise DeviceIsThis("This is the device itself.")
        self._book.revoke(device.id)
        self._remember_log()
        self.settle()
        return device

    def renew_keys(self) -> None:
        """Begins new keys, for the same devices: what is written from now on is sealed under them.
        It hands on all that open here, so that devices which come later have them. Raises
        StoreError."""
        with suppress(KeysUnusable):
            self._device.sync.pull()
        self._book.begin_epoch()
        self._remember_log()
        self.settle()

    def key_troubles(self) -> tuple[KeyTrouble, ...]:
        """What is wrong with the account's keys."""
        return tuple(key_troubles(self._replica.log, self._replica.keys))

    def are_keys_handed_on(self) -> bool:
        """Whether a device that comes later gets all keys that open here."""
        return not self._replica.keys.not_handed_on

    def plan_adoption(self, wanted: str) -> Adoption:
        """What `adopt` would bring; raises DeviceIsThis, NothingMatches, SeveralMatch or
        StoreError."""
        device = self._other(wanted)
        return self._adopting.plan(device.id)

    def adopt(self, wanted: str) -> Adoption:
        """Takes over what a device, one that was put out or is lost, kept for itself: it waits here
        as if it were this device's own, and is shared with the next sync. A snapshot is made before
        where there is something. Raises as `plan_adoption`."""
        device = self._other(wanted)
        history, journal = self._replica, self._device.journal
        return self._adopting.adopt(
            device.id, lambda: create_snapshot(history.library, journal, "", BEFORE_ADOPTING)
        )

    def _other(self, wanted: str) -> KnownDevice:
        self._device.sync.pull()
        device = self.find(wanted, is_all=True)
        if device.is_this:
            raise DeviceIsThis("This is the device itself.")
        return device

    def rename(self, wanted: str, name: str) -> KnownDevice:
        """Gives a device another name; raises DeviceNameBad, NothingMatches, SeveralMatch or
        StoreError."""
        self._device.sync.pull()
        device = self.find(wanted)
        clean = " ".join(name.split())
        others = {one.name.casefold() for one in self.list() if one.id != device.id}
        is_short = 0 < len(clean) <= NAME_LIMIT_CHARACTERS
        if not is_short or not clean.isprintable() or clean.casefold() in others:
            raise DeviceNameBad(f"A device cannot be called “{clean[:NAME_LIMIT_CHARACTERS]}”.")
        self._book.rename(device.id, clean)
        self._remember_log()
        return device._replace(name=clean)

    def settle(self) -> tuple[str, ...]:
        """Ends a revocation that was interrupted, here or on another device: closes the zones that
        are still open to a device that was put out. Gives their names; most often there are none.
        Raises StoreError."""
        mirror = self._device.mirror
        shared = self._device.near if mirror is None else mirror.far
        try:
            return close_zones(self._replica, self._device.outbox.own, shared)
        finally:
            self._device.outbox.put_on()

    def _admit(self, device: Member, name: str) -> Heads:
        """Writes the device into the log; gives the newest heads, its own entry included."""
        self._device.sync.pull()
        self._book.add(device, name)
        self._remember_log()
        told = self._replica.heads.all()
        if self._device.mirror is None:
            return told
        # The server has nothing of zones that devices keep for themselves.
        return {zone: told[zone] for zone in (ACCOUNT_ZONE, MESSAGES_ZONE) if zone in told}

    def _remember_log(self) -> None:
        self._device.sync.pull()
        log = self._replica.log
        self._replica.heads.remember(ACCOUNT_ZONE, log.head, log.head_hash)

    def _wrote_ms(self) -> dict[bytes, int]:
        """When each device last wrote, by its own clock, among the newest commits."""
        found: dict[bytes, int] = {}
        for commit in self._replica.log.commits:
            if commit is not None:
                found[commit.header.author] = commit.header.time_ms
        newest: dict[bytes, int] = {}
        holdings = self._replica.library.holdings
        for _, data in islice(holdings.commits_backwards(self._replica.zone), SEEN_COMMITS):
            header = parse_commit(data).header
            newest.setdefault(header.author, header.time_ms)
        return {
            device: max(found.get(device, 0), newest.get(device, 0)) for device in found | newest
        }


def find_device(
    devices: Sequence[KnownDevice], wanted: str, listing: str = "sealwax device list"
) -> KnownDevice:
    """The device with this name, or whose id begins so; `listing` is the command that shows them.
    Raises NothingMatches or SeveralMatch."""
    text = wanted.strip().casefold()
    named = [device for device in devices if device.name.casefold() == text]
    by_id = [
        device
        for device in devices
        if len(text) >= LEAST_ID_DIGITS and device.id.hex().startswith(text)
    ]
    for matching in (named, by_id):
        if len(matching) == 1:
            return matching[0]
        if matching:
            ids = ", ".join(device.id.hex()[:8] for device in matching)
            raise SeveralMatch(
                f"“{wanted[:100]}” could be several devices: {ids}.", "Use one of these ids."
            )
    raise NothingMatches(f"There is no device “{wanted[:100]}”.", f"`{listing}` shows all devices.")


def _with_switches(device: KnownDevice, told: Mapping[bytes, tuple[Switches, int]]) -> KnownDevice:
    """A device with the switches that it told of."""
    if device.id not in told:
        return device
    switches, time_ms = told[device.id]
    return device._replace(
        is_sync_on=switches.sync, is_backup_on=switches.backup, switched_ms=time_ms
    )
