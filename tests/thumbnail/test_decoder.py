"""The companion that opens pictures: it may die, and the next picture is opened by another."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_it_is_root_no_longer_and_still_opens_every_format(decoder: Decoder) -> None:
    written = {}
    for name in sorted({"JPEG", "PNG", "GIF", "WEBP", "AVIF"} & set(decoder.formats())):
        file = io.BytesIO()
        Image.effect_noise((500, 400), 80).save(file, name)
        written[name] = decoder.small_picture(file.getvalue())
    assert None not in written.values()
    assert decoder._companion is not None
    status = Path(f"/proc/{decoder._companion._process.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in facts["Uid"].split()
    assert "0" not in facts["Gid"].split()
    assert facts["Groups"].strip() == ""
    assert {int(facts[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
    assert facts["NoNewPrivs"] == "1"


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
