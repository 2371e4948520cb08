"""The code that links a new device: 24 characters, and the box names and keys that come of it.

20 random characters (100 bits) and 4 checksum characters. The code is good once, for ten minutes.
Whoever runs the letter boxes sees their names and what is sealed in them: guessing the code from
that means trying 2^100 of them.

Implements "Linking" of docs/format.md.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.key_tree import KEY_BYTES, SALT_BYTES, ZoneKey, derive_secret
from sealwax.crypto.sealing import SealedKind, open_sealed, seal
from sealwax.crypto.typed_code import MistypedError, TypedCode
from sealwax.ledger.framing import frame
from sealwax.ledger.names import HASH_BYTES, NO_HASH

RANDOM_CHARACTERS = 20
DIGITS = 6
_CODE = TypedCode("code for linking", b"sealwax/link-check/v1", RANDOM_CHARACTERS)


class LinkCodeWrong(SealwaxError):
    """What was typed is not a code for linking, or none that is known there."""

    code = "link-code-wrong"
    hint = (
        "Copy it again from the trusted device: 6 groups of 4 characters, good for ten minutes, at"
        " the same address of a server."
    )


@dataclass(frozen=True, slots=True)
class LinkSecrets:
    """What both devices derive from the code."""

    letters: str = field(repr=False)

    def box(self, turn: int) -> bytes:
        """The name of a turn's letter box, 32 bytes."""
        label = frame(b"sealwax/link-box/v1", bytes((turn,)))
        return derive_secret(self.letters.encode(), label, HASH_BYTES)

    def seal(self, turn: int, side: str, content: bytes, entropy: Entropy) -> bytes:
        """Seals a letter: nothing else than this turn and side opens it."""
        salt = entropy.bytes(SALT_BYTES)
        return seal(self._key(turn, side), SealedKind.LINK, salt, content)

    def open(self, turn: int, side: str, letter: bytes) -> bytes:
        """The content of a letter; raises SealBroken or SealUnknown."""
        return open_sealed(self._key(turn, side), SealedKind.LINK, letter)

    def _key(self, turn: int, side: str) -> ZoneKey:
        secret = derive_secret(self.letters.encode(), frame(b"sealwax/link-key/v1"), KEY_BYTES)
        return ZoneKey(NO_HASH, f"link/{side}/{turn}", 0, secret)


def new_link_code(entropy: Entropy) -> str:
    """A fresh code, in groups: `ABCD-EFGH-…`."""
    return _CODE.new(entropy)


def link_secrets(typed: str) -> LinkSecrets:
    """What a code stands for; raises LinkCodeWrong."""
    try:
        return LinkSecrets(_CODE.parse(typed))
    except MistypedError as error:
        raise LinkCodeWrong(str(error)) from None


def commitment(reveal: bytes) -> bytes:
    """What binds the new device to words that it says only later."""
    return hashlib.sha256(frame(b"sealwax/link-commitment/v1", reveal)).digest()


def is_committed(reveal: bytes, promised: bytes) -> bool:
    """Whether these are the words that were promised."""
    return hmac.compare_digest(commitment(reveal), promised)


def comparison_digits(hello: bytes, reveal: bytes) -> str:
    """Six digits that two people compare: they differ unless both devices heard the same."""
    hashed = hashlib.sha256(frame(b"sealwax/link-digits/v1", hello, reveal)).digest()
    return f"{int.from_bytes(hashed[:8], 'big') % 10**DIGITS:0{DIGITS}d}"
