"""The companion that adds up segments: `python -m sealwax.snapshot.examining_companion`.

See `snapshot.examine`. It keeps nothing between two segments.
"""

from sealwax.base.companion import Messages
from sealwax.base.garbage import rarely_collect
from sealwax.crypto.key_tree import RootKeys, ZoneKey
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.snapshot.examine import Answer, Asked, decode_asked, encode, segment_digest


def main() -> None:
    """Answers one question after the other until the pipe is closed."""
    rarely_collect()
    messages = Messages()
    for message in messages:
        messages.send(encode(_answer(decode_asked(message))))


def _answer(asked: Asked) -> Answer:
    key = ZoneKey(asked.account, asked.zone, asked.epoch, asked.secret)
    try:
        return Answer(segment_digest(key, RootKeys(asked.record_id, asked.digest), asked.data), "")
    except (SealBroken, SealUnknown) as error:
        return Answer(b"", str(error))


if __name__ == "__main__":
    main()
