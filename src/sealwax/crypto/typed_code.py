"""Codes that a person types: random characters, then a few that check them, in groups of four.

The alphabet has no look-alikes. Typing is forgiving: case, spaces and hyphens do not matter.
"""

import hashlib
from typing import NamedTuple

from sealwax.base.entropy import Entropy
from sealwax.ledger.framing import frame

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CHECK_CHARACTERS = 4
GROUP_CHARACTERS = 4
assert len(ALPHABET) == 32


class MistypedError(ValueError):
    """What was typed is no such code; the text is a sentence for people."""


class TypedCode(NamedTuple):
    """One kind of code: what people call it, the label of its check, its random characters."""

    what: str
    check_label: bytes
    random_characters: int

    def new(self, entropy: Entropy) -> str:
        """A fresh code, in groups: `ABCD-EFGH-…`. Each random character is worth 5 bits."""
        # 256 is a multiple of 32, so the low five bits of a byte are uniform.
        letters = "".join(ALPHABET[byte % 32] for byte in entropy.bytes(self.random_characters))
        whole = letters + self._check(letters)
        return "-".join(
            whole[start : start + GROUP_CHARACTERS]
            for start in range(0, len(whole), GROUP_CHARACTERS)
        )

    def parse(self, typed: str) -> str:
        """The random characters of what a person typed; raises MistypedError."""
        letters = "".join(
            letter for letter in typed.upper() if not letter.isspace() and letter != "-"
        )
        length = self.random_characters + CHECK_CHARACTERS
        if len(letters) != length:
            raise MistypedError(
                f"A {self.what} has {length} characters; this has {min(len(letters), 1000)}."
            )
        if any(letter not in ALPHABET for letter in letters):
            raise MistypedError(f"A character in this {self.what} never occurs in one.")
        if self._check(letters[: self.random_characters]) != letters[self.random_characters :]:
            raise MistypedError(
                f"This {self.what} has a typing mistake: its last group does not fit."
            )
        return letters[: self.random_characters]

    def _check(self, letters: str) -> str:
        hashed = hashlib.sha256(frame(self.check_label, letters.encode())).digest()
        return "".join(ALPHABET[byte % 32] for byte in hashed[:CHECK_CHARACTERS])
