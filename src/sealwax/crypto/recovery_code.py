"""The recovery key: 32 characters that a person writes down, and the keys that they stand for.

28 random characters of an alphabet without look-alikes (140 bits), then 4 checksum characters, in
groups of four. Typing is forgiven: case, spaces and hyphens do not matter.

Implements "The recovery key" of docs/format.md.
"""

import hashlib

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import SEED_BYTES, MemberKeys
from sealwax.crypto.key_tree import derive_secret
from sealwax.ledger.framing import frame

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
RANDOM_CHARACTERS = 28
CHECK_CHARACTERS = 4
GROUP_CHARACTERS = 4
assert len(ALPHABET) == 32


class RecoveryKeyWrong(SealwaxError):
    """What was typed is not a recovery key, or not the one of this account."""

    code = "recovery-key-wrong"
    hint = (
        "It has 8 groups of 4 characters; the letters I and O and the digits 0 and 1 never occur."
    )


def new_recovery_code(entropy: Entropy) -> str:
    """A fresh recovery key, in groups: `ABCD-EFGH-…`."""
    # 256 is a multiple of 32, so the low five bits of a byte are uniform.
    letters = "".join(ALPHABET[byte % 32] for byte in entropy.bytes(RANDOM_CHARACTERS))
    whole = letters + _check(letters)
    return "-".join(
        whole[start : start + GROUP_CHARACTERS] for start in range(0, len(whole), GROUP_CHARACTERS)
    )


def parse_recovery_code(typed: str) -> str:
    """The 28 random characters of what a person typed; raises RecoveryKeyWrong."""
    letters = "".join(letter for letter in typed.upper() if not letter.isspace() and letter != "-")
    if len(letters) != RANDOM_CHARACTERS + CHECK_CHARACTERS:
        raise RecoveryKeyWrong(
            f"A recovery key has 32 characters; this has {min(len(letters), 1000)}."
        )
    if any(letter not in ALPHABET for letter in letters):
        raise RecoveryKeyWrong("A character in this recovery key never occurs in one.")
    if _check(letters[:RANDOM_CHARACTERS]) != letters[RANDOM_CHARACTERS:]:
        raise RecoveryKeyWrong(
            "This recovery key has a typing mistake: its last group does not fit."
        )
    return letters[:RANDOM_CHARACTERS]


def recovery_keys(typed: str) -> MemberKeys:
    """The keys that a recovery key stands for."""
    letters = parse_recovery_code(typed)
    derived = derive_secret(letters.encode(), frame(b"sealwax/recovery/v1"), 2 * SEED_BYTES)
    return MemberKeys(derived[:SEED_BYTES], derived[SEED_BYTES:])


def _check(letters: str) -> str:
    hashed = hashlib.sha256(frame(b"sealwax/recovery-check/v1", letters.encode())).digest()
    return "".join(ALPHABET[byte % 32] for byte in hashed[:CHECK_CHARACTERS])
