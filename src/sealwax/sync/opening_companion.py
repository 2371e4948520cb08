"""The companion that opens segments: `python -m sealwax.sync.opening_companion`.

See `sync.opening`. It keeps nothing between two segments.
"""

from sealwax.base.companion import Messages
from sealwax.base.garbage import rarely_collect
from sealwax.library.prepared import prepare
from sealwax.sync.opening import Answer, encode
from sealwax.vault.keyed_segment import KeyedSegment, decode_segment_asked
from sealwax.vault.objects import HoldsNothing, sound_groups


def main() -> None:
    """Answers one question after the other until the pipe is closed."""
    rarely_collect()
    messages = Messages()
    for message in messages:
        messages.send(encode(_answer(decode_segment_asked(message))))


def _answer(asked: KeyedSegment) -> Answer:
    try:
        keys = asked.keys
        return Answer(prepare(keys.roots, sound_groups(keys.key, keys.roots, asked.data)))
    except HoldsNothing as error:
        return Answer(None, error.sentence)


if __name__ == "__main__":
    main()
