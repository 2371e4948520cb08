"""What a companion process is asked about, together with the keys for it."""

from typing import NamedTuple

import msgspec

from sealwax.crypto.key_tree import RootKeys, ZoneKey


class SegmentKeys(NamedTuple):
    """The key of a segment, and the roots by which its records are named, on their way to a
    companion."""

    account: bytes
    zone: str
    epoch: int
    secret: bytes
    record_id: bytes
    digest: bytes

    @classmethod
    def of(cls, key: ZoneKey, roots: RootKeys) -> "SegmentKeys":
        return cls(key.account, key.zone, key.epoch, key.secret, roots.record_id, roots.digest)

    @property
    def key(self) -> ZoneKey:
        return ZoneKey(self.account, self.zone, self.epoch, self.secret)

    @property
    def roots(self) -> RootKeys:
        return RootKeys(self.record_id, self.digest)


class KeyedSegment(NamedTuple):
    """A sealed segment, and what opens it."""

    keys: SegmentKeys
    data: bytes


encode_segment_asked = msgspec.msgpack.Encoder().encode
decode_segment_asked = msgspec.msgpack.Decoder(KeyedSegment).decode
