"""A member's secret keys: signing commits, opening key packets. Made on the device, kept there."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sealwax.base.entropy import Entropy
from sealwax.ledger.account import Member
from sealwax.ledger.names import device_id

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The two secret keys of a device or of a recovery key, as seeds of 32 bytes."""

    sign_seed: bytes = field(repr=False)
    box_seed: bytes = field(repr=False)

    def member(self) -> Member:
        """The public side."""
        sign_key = Ed25519PrivateKey.from_private_bytes(self.sign_seed).public_key()
        box_key = self.box_private().public_key()
        sign_bytes, box_bytes = sign_key.public_bytes_raw(), box_key.public_bytes_raw()
        return Member(device_id(sign_bytes, box_bytes), sign_bytes, box_bytes)

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`, which `ledger.signature` framed."""
        return Ed25519PrivateKey.from_private_bytes(self.sign_seed).sign(message)

    def box_private(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.box_seed)


def new_member_keys(entropy: Entropy) -> MemberKeys:
    return MemberKeys(entropy.bytes(SEED_BYTES), entropy.bytes(SEED_BYTES))
