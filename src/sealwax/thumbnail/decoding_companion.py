"""The companion that opens pictures: `python -m sealwax.thumbnail.decoding_companion`.

See `thumbnail.decoder`. It is given no key, keeps nothing between two pictures, has a bound on its
memory and on the time that one picture may take, and can read the memory or the environment of no
process that holds keys (`base.private_process`).
"""

import os
import sys
from contextlib import suppress

from sealwax.base.companion import Messages
from sealwax.base.private_process import give_up_rights
from sealwax.thumbnail.decode import known_formats, load_decoders, small_picture
from sealwax.thumbnail.decoder import ASK_FORMATS
from sealwax.vault.objects import SMALL_BYTES

NICE = 5
MEMORY_LIMIT_BYTES = 2 * 1024 * 1024 * 1024
SECONDS_LIMIT = 30
"""Of the processor, for one picture."""


def main() -> None:
    """Answers one picture after the other until the pipe is closed."""
    messages = Messages()
    stand_back()
    formats = " ".join(known_formats()).encode()
    for message in messages:
        if message == ASK_FORMATS:
            messages.send(formats)
            continue
        _bound()
        messages.send(small_picture(message, SMALL_BYTES) or b"")


def stand_back() -> None:
    """Gives up what opening pictures does not need, before the first one comes."""
    # Small pictures are in no hurry: what a person does comes first.
    if hasattr(os, "nice"):
        os.nice(NICE)
    # Whoever was root may not be able to read the program's own files any more.
    load_decoders()
    give_up_rights()


def _bound() -> None:
    """The system ends this process at these bounds, where it has any."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + SECONDS_LIMIT
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, most))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


if __name__ == "__main__":
    main()
