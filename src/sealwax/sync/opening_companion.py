"""The companion that opens segments: `python -m sealwax.sync.opening_companion`.

See `sync.opening`. It keeps nothing between two segments.
"""

from sealwax.base.companion import Messages
from sealwax.base.garbage import rarely_collect
from sealwax.crypto.key_tree import RootKeys, ZoneKey
from sealwax.crypto.sealing import SealBroken, SealUnknown
from sealwax.library.prepared import prepare
from sealwax.sync.opening import Answer, Asked, decode_asked, encode
from sealwax.vault.objects import open_rows


def main() -> None:
    """Answers one question after the other until the pipe is closed."""
    rarely_collect()
    messages = Messages()
    for message in messages:
        messages.send(encode(_answer(decode_asked(message))))


def _answer(asked: Asked) -> Answer:
    key = ZoneKey(asked.account, asked.zone, asked.epoch, asked.secret)
    try:
        return Answer(prepare(RootKeys(asked.record_id, asked.digest), open_rows(key, asked.data)))
    except SealUnknown as error:
        return Answer(None, unknown=error.sentence)
    except SealBroken as error:
        return Answer(None, broken=error.sentence)


if __name__ == "__main__":
    main()
