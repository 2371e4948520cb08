"""A sealed segment together with the keys for it: what a companion process is asked about."""

from typing import NamedTuple

import msgspec

from sealwax.crypto.key_tree import RootKeys, ZoneKey


class KeyedSegment(NamedTuple):
    """A sealed segment, the key that opens it, and the roots by which its records are named."""

    account: bytes
    zone: str
    epoch: int
    secret: bytes
    record_id: bytes
    digest: bytes
    data: bytes

    @classmethod
    def of(cls, key: ZoneKey, roots: RootKeys, data: bytes) -> "KeyedSegment":
        return cls(
            key.account, key.zone, key.epoch, key.secret, roots.record_id, roots.digest, data
        )

    @property
    def key(self) -> ZoneKey:
        return ZoneKey(self.account, self.zone, self.epoch, self.secret)

    @property
    def roots(self) -> RootKeys:
        return RootKeys(self.record_id, self.digest)


encode_segment_asked = msgspec.msgpack.Encoder().encode
decode_segment_asked = msgspec.msgpack.Decoder(KeyedSegment).decode
