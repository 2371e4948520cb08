"""The recovery key: 32 characters that a person writes down, and the keys that they stand for.

28 random characters of an alphabet without look-alikes (140 bits), then 4 checksum characters, in
groups of four.

Implements "The recovery key" of docs/format.md.
"""

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import SEED_BYTES, MemberKeys
from sealwax.crypto.key_tree import derive_secret
from sealwax.crypto.typed_code import MistypedError, TypedCode
from sealwax.ledger.framing import frame

RANDOM_CHARACTERS = 28
_CODE = TypedCode("recovery key", b"sealwax/recovery-check/v1", RANDOM_CHARACTERS)


class RecoveryKeyWrong(SealwaxError):
    """What was typed is not a recovery key, or not the one of this account."""

    code = "recovery-key-wrong"
    hint = (
        "It has 8 groups of 4 characters; the letters I and O and the digits 0 and 1 never occur."
    )


def new_recovery_code(entropy: Entropy) -> str:
    """A fresh recovery key, in groups: `ABCD-EFGH-…`."""
    return _CODE.new(entropy)


def parse_recovery_code(typed: str) -> str:
    """The 28 random characters of what a person typed; raises RecoveryKeyWrong."""
    try:
        return _CODE.parse(typed)
    except MistypedError as error:
        raise RecoveryKeyWrong(str(error)) from None


def recovery_keys(typed: str) -> MemberKeys:
    """The keys that a recovery key stands for."""
    letters = parse_recovery_code(typed)
    derived = derive_secret(letters.encode(), frame(b"sealwax/recovery/v1"), 2 * SEED_BYTES)
    return MemberKeys(derived[:SEED_BYTES], derived[SEED_BYTES:])
