"""Types of files by their first bytes; small pictures within bounds."""

import io
import struct
import zlib

import pytest
from PIL import Image

from sealwax.web.kinds import OCTETS, guessed, is_shown, sniffed
from sealwax.web.thumbnails import SIDE_PIXELS, Thumbnails, thumbnail
from tests.web.scene import HTML, SVG, png


@pytest.mark.parametrize(
    ("head", "stated", "kind"),
    [
        (b"\xff\xd8\xff\xe0", None, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "text/html", "image/png"),
        (b"GIF89a", None, "image/gif"),
        (b"RIFF\0\0\0\0WEBP", None, "image/webp"),
        (b"RIFF\0\0\0\0EVIL", None, OCTETS),
        (b"\0\0\0\x20ftypheic", None, "image/heic"),
        (b"\0\0\0\x20ftypisom", "video/mp4", "video/mp4"),
        (b"\0\0\0\x20ftypisom", "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x20ftypqt  ", "text/html", "video/quicktime"),
        (b"ID3\x04", None, "audio/mpeg"),
        (SVG, "image/svg+xml", OCTETS),
        (HTML, "image/png", OCTETS),
        (b"%PDF-1.7", "application/pdf", OCTETS),
        (b"", "image/png", OCTETS),
    ],
)
def test_the_first_bytes_decide(head: bytes, stated: str | None, kind: str) -> None:
    assert sniffed(head, stated) == kind


def test_nothing_that_runs_is_shown() -> None:
    assert not any(
        is_shown(sniffed(data, kind))
        for data in (SVG, HTML)
        for kind in ("image/svg+xml", "text/html", "image/png")
    )


def test_a_guess_only_draws() -> None:
    assert guessed("image/jpeg", "a.bin") == "image"
    assert guessed("image/svg+xml", "a.svg") == "file"
    assert guessed(None, "a.HEIC") == "image"
    assert guessed("text/html", "a.jpg") == "file"


def test_a_thumbnail_is_small_and_upright() -> None:
    written = io.BytesIO()
    picture = Image.new("RGB", (2_000, 1_000), (200, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    picture.save(written, "JPEG", exif=exif)
    small = thumbnail(written.getvalue())
    assert small is not None
    with Image.open(io.BytesIO(small)) as made:
        assert made.size == (SIDE_PIXELS // 2, SIDE_PIXELS)
        assert not made.getexif()


def test_a_picture_that_unpacks_to_too_much_is_refused() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    )
    assert thumbnail(bomb + chunk(b"IEND", b"")) is None


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", png(10, 10)[:40], SVG, HTML])
def test_what_is_no_picture_has_no_thumbnail(data: bytes) -> None:
    assert thumbnail(data) is None


def test_few_bytes_of_thumbnails_are_kept() -> None:
    kept = Thumbnails(1_000)
    for record in range(10):
        kept.keep(record, b"x" * 300)
    kept.keep(99, None)
    assert kept.get(0) == (False, None)
    assert kept.get(9) == (True, b"x" * 300)
    assert kept.get(99) == (True, None)
