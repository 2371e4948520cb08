"""The companion that adds up segments: `python -m sealwax.snapshot.examining_companion`.

See `snapshot.examine`. It keeps nothing between two segments.
"""

from sealwax.base.companion import Messages
from sealwax.base.garbage import rarely_collect
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.snapshot.examine import Answer, encode, segment_digest
from sealwax.vault.keyed_segment import KeyedSegment, decode_segment_asked


def main() -> None:
    """Answers one question after the other until the pipe is closed."""
    rarely_collect()
    messages = Messages()
    for message in messages:
        messages.send(encode(_answer(decode_segment_asked(message))))


def _answer(asked: KeyedSegment) -> Answer:
    try:
        return Answer(segment_digest(asked.keys.key, asked.keys.roots, asked.data), "")
    except (SealBroken, SealUnknown) as error:
        return Answer(b"", str(error))


if __name__ == "__main__":
    main()
