"""The same seed has the same world: what draws by itself, or runs beside, is stilled."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sealwax.crypto import key_packet
from sealwax.sync import opening
from tests.vectors.fixed_hpke import FixedHpke


@contextmanager
def steady() -> Iterator[None]:
    """Within, key packets are the same for the same keys, and segments are opened in this process.
    Names of objects follow from the packets, and the order of calls from names."""
    with (
        patch.object(key_packet, "_HPKE", FixedHpke()),
        patch.object(opening, "can_have_companions", lambda: False),
    ):
        yield
