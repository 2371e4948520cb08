"""How objects, commits, devices and zones are named."""

import hashlib
import re

from sealwax.ledger.framing import frame

HASH_BYTES = 32
DEVICE_ID_BYTES = 16
OP_ID_BYTES = 16
NO_HASH = bytes(HASH_BYTES)
OBJECT_LIMIT_BYTES = 16 * 1024 * 1024
"""No object is larger: a chunk is 4 MiB and padding adds at most 12 %."""
COMMIT_HASHED_BYTES = 2 * 1024 * 1024 + 1
"""Of a commit so many bytes are hashed at most: one more than it may have."""

ACCOUNT_ZONE = "account"
MESSAGES_ZONE = "messages"
GENERATION_LIMIT = 9_999
_ZONE = re.compile(r"account|messages|device/([0-9a-f]{32})(?:/[1-9][0-9]{0,3})?")


def object_name(data: bytes | memoryview) -> bytes:
    """The name of an object: the SHA-256 of its sealed bytes."""
    return hashlib.sha256(data).digest()


def commit_hash(data: bytes) -> bytes:
    """The hash of a commit's bytes: the next commit names it. Of one that is larger than a commit
    may be, the beginning tells enough: it adds nothing, and nobody has to read the rest."""
    return hashlib.sha256(memoryview(data)[:COMMIT_HASHED_BYTES]).digest()


def device_id(sign_key: bytes, box_key: bytes) -> bytes:
    """The id of a device (or of a recovery key): a hash of its two public keys."""
    framed = frame(b"sealwax/device/v1", sign_key, box_key)
    return hashlib.sha256(framed).digest()[:DEVICE_ID_BYTES]


def device_zone(device: bytes, generation: int = 0) -> str:
    """A device's own zone. Each generation is a zone of its own: a home that was put back from an
    image goes on in the next one."""
    assert 0 <= generation <= GENERATION_LIMIT
    return f"device/{device.hex()}" + (f"/{generation}" if generation else "")


def zone_device(zone: str) -> bytes | None:
    """The device whose own zone this is; None for the zones that devices share."""
    match = _ZONE.fullmatch(zone)
    return bytes.fromhex(match[1]) if match and match[1] else None


def zone_generation(zone: str) -> int:
    """Which generation of its device's own zone a zone is."""
    assert zone_device(zone) is not None
    return int(zone.split("/")[2]) if zone.count("/") == 2 else 0


def is_zone(zone: str) -> bool:
    """Whether a name from outside is a zone's."""
    return _ZONE.fullmatch(zone) is not None


def zone_root(account: bytes, zone: str) -> bytes:
    """What the first commit of a zone names as its previous hash."""
    if zone == ACCOUNT_ZONE:
        return NO_HASH
    return hashlib.sha256(frame(b"sealwax/zone/v1", account, zone.encode())).digest()
