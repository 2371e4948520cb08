"""How a trusted device lets a new one in: four letters, sealed under a code that a person carries.

    new      1  a promise: the hash of what it will say
    trusted  1  the account, and a nonce
    new      2  what it promised: a nonce, its public keys, its name
    trusted  2  yes, with the heads that it has seen; or no

Both then show six digits, a hash of the second and third letters. The promise comes first so that
nobody in between, who has seen the code, can try out keys until the digits agree: each try is one
of a million, and needs a person to say yes.

Pure: letters in, letters out. Implements "Linking" of docs/format.md.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.link_code import (
    LinkSecrets,
    commitment,
    comparison_digits,
    is_committed,
)
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.ledger.account import Member
from sealwax.ledger.commit import Count, Hash
from sealwax.ledger.names import ACCOUNT_ZONE, HASH_BYTES, MESSAGES_ZONE, is_zone

LINK_VERSION = 1
NEW, TRUSTED = "new", "trusted"
FIRST, SECOND = 1, 2
HEADS_LIMIT = 128
"""So many heads are handed over at most: a letter has 16 KiB."""

Heads = dict[str, tuple[int, bytes]]
DeviceName = Annotated[str, Meta(min_length=1, max_length=256)]


class LinkBroken(SealwaxError):
    """A letter is not what it must be: damaged, forged, or of another version."""

    code = "link-broken"
    hint = (
        "Make a new code and try again. If it happens again, somebody between the two devices"
        " interferes: use another server or network."
    )


class LinkRefused(SealwaxError):
    """The trusted device said no."""

    code = "link-refused"
    hint = "Make a new code on the trusted device, and compare the digits on both screens."


class LinkExpired(SealwaxError):
    """The other device did not answer in time."""

    code = "link-expired"
    hint = "Make a new code with `sealwax device link`: it is good for ten minutes."


class _Promise(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    commitment: Hash


class _Hello(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    account: Hash
    nonce: Hash


class _Reveal(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    nonce: Hash
    device: Member
    name: DeviceName


class _Verdict(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    is_accepted: bool
    heads: Annotated[dict[str, tuple[Count, Hash]], Meta(max_length=HEADS_LIMIT)]


class Candidate(NamedTuple):
    """A device that proved the code: its public keys, its name, the digits to compare."""

    device: Member
    name: str
    digits: str


_encode = msgspec.msgpack.Encoder().encode
_T = TypeVar("_T", _Promise, _Hello, _Reveal, _Verdict)


class NewDevice:
    """The side of the device that is to be let in. `account` and `digits` are known after the
    trusted device's first letter."""

    def __init__(self, secrets: LinkSecrets, device: Member, name: str, entropy: Entropy) -> None:
        self._secrets = secrets
        self._entropy = entropy
        self._reveal = _encode(_Reveal(LINK_VERSION, entropy.bytes(HASH_BYTES), device, name))
        self.account = b""
        self.digits = ""

    def promise(self) -> bytes:
        """The first letter."""
        content = _encode(_Promise(LINK_VERSION, commitment(self._reveal)))
        return self._secrets.seal(FIRST, NEW, content, self._entropy)

    def reveal(self, letter: bytes) -> bytes:
        """The second letter, in answer to the trusted device's first; raises LinkBroken."""
        content = _opened(self._secrets, FIRST, TRUSTED, letter)
        self.account = _parsed(_Hello, content).account
        self.digits = comparison_digits(content, self._reveal)
        return self._secrets.seal(SECOND, NEW, self._reveal, self._entropy)

    def verdict(self, letter: bytes) -> Heads:
        """The heads that the trusted device has seen; raises LinkRefused or LinkBroken."""
        found = _parsed(_Verdict, _opened(self._secrets, SECOND, TRUSTED, letter))
        if not found.is_accepted:
            raise LinkRefused("The other device did not let this one in.")
        if (
            not self.account
            or ACCOUNT_ZONE not in found.heads
            or not all(map(is_zone, found.heads))
        ):
            raise LinkBroken("The other device's last letter does not have its form.")
        return found.heads


class TrustedDevice:
    """The side of the device that lets another one in."""

    def __init__(self, secrets: LinkSecrets, account: bytes, entropy: Entropy) -> None:
        self._secrets = secrets
        self._entropy = entropy
        self._hello = _encode(_Hello(LINK_VERSION, account, entropy.bytes(HASH_BYTES)))
        self._promised = b""

    def hello(self, letter: bytes) -> bytes:
        """The first letter, in answer to a promise; raises LinkBroken."""
        content = _opened(self._secrets, FIRST, NEW, letter)
        self._promised = _parsed(_Promise, content).commitment
        return self._secrets.seal(FIRST, TRUSTED, self._hello, self._entropy)

    def candidate(self, letter: bytes) -> Candidate:
        """Who it is that wants in; raises LinkBroken when it is not what was promised."""
        content = _opened(self._secrets, SECOND, NEW, letter)
        found = _parsed(_Reveal, content)
        if not is_committed(content, self._promised):
            raise LinkBroken("The new device says something else than it promised.")
        if not found.device.is_sound():
            raise LinkBroken("The new device's id is not the hash of its keys.")
        return Candidate(found.device, found.name, comparison_digits(self._hello, content))

    def accept(self, heads: Mapping[str, tuple[int, bytes]]) -> bytes:
        """The last letter: the heads that the new device must find at least."""
        order = sorted(heads, key=lambda zone: (zone not in (ACCOUNT_ZONE, MESSAGES_ZONE), zone))
        told = {zone: heads[zone] for zone in order[:HEADS_LIMIT]}
        return self._last(_Verdict(LINK_VERSION, True, told))

    def refuse(self) -> bytes:
        """The last letter: no."""
        return self._last(_Verdict(LINK_VERSION, False, {}))

    def _last(self, verdict: _Verdict) -> bytes:
        return self._secrets.seal(SECOND, TRUSTED, _encode(verdict), self._entropy)


def _opened(secrets: LinkSecrets, turn: int, side: str, letter: bytes) -> bytes:
    try:
        return secrets.open(turn, side, letter)
    except (SealBroken, SealUnknown) as error:
        raise LinkBroken("A letter of the other device does not open.") from error


def _parsed(kind: type[_T], content: bytes) -> _T:
    try:
        version = msgspec.msgpack.decode(content, type=list[msgspec.Raw])[0]
        if bytes(version) != _encode(LINK_VERSION):
            raise LinkBroken("The other device runs another version of Sealwax: update both.")
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise LinkBroken("A letter of the other device does not have its form.") from error
