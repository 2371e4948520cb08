"""The companion that opens pictures: it may die, and the next picture is opened by another."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sealwax.base.companion import CompanionLost
from sealwax.thumbnail import decoder as module
from sealwax.thumbnail.decoder import Decoder
from tests.web.scene import png


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = Decoder()
    yield made
    made.close()


def test_pictures_are_made_one_after_the_other(decoder: Decoder) -> None:
    assert {"JPEG", "PNG"} <= set(decoder.formats())
    for _ in range(2):
        small = decoder.small_picture(png(900, 600))
        assert small is not None
        assert small.startswith(b"\xff\xd8")
    assert decoder.small_picture(b"junk") is None
    assert decoder.small_picture(b"") is None


def test_after_it_was_ended_the_next_picture_has_another_one(decoder: Decoder) -> None:
    assert decoder.formats()
    assert decoder._companion is not None
    decoder._companion.abandon()
    decoder._companion._process.wait()
    assert decoder.small_picture(png(900, 600)) is None
    assert decoder.small_picture(png(900, 600)) is not None


def test_one_that_never_starts_is_no_fault_of_a_picture(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPANION", "sealwax.thumbnail.nothing")
    with pytest.raises(CompanionLost):
        decoder.small_picture(png(900, 600))


def test_closed_it_begins_again(decoder: Decoder) -> None:
    formats = decoder.formats()
    decoder.close()
    assert decoder.formats() == formats
    assert decoder._companion is None
    assert decoder.small_picture(png(90, 60)) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="the bounds are the system's")
@pytest.mark.parametrize(
    ("act", "ends"),
    [
        ("while True: pass", -signal.SIGXCPU),
        ("bytearray(decoding_companion.MEMORY_LIMIT_BYTES)", 1),
    ],
)
def test_a_picture_has_a_bound_on_time_and_memory(act: str, ends: int) -> None:
    begun = (
        "from sealwax.thumbnail import decoding_companion; decoding_companion.SECONDS_LIMIT = 1;"
        "decoding_companion._bound()"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{begun}\n{act}"], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == ends, done.stderr
