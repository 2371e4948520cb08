"""Small pictures within bounds, of good pictures and of hostile ones."""

import io
import os
import struct
import sys
import zlib
from unittest.mock import patch

import pytest
from PIL import Image

from sealwax.thumbnail.decode import TRIES, known_formats, small_picture
from sealwax.thumbnail.plan import HEIF
from sealwax.vault.objects import SMALL_BYTES
from tests.web.scene import HTML, SVG, png

SIDE_PIXELS = TRIES[0].side_pixels


def _made(data: bytes, limit_bytes: int = SMALL_BYTES) -> Image.Image:
    small = small_picture(data, limit_bytes)
    assert small is not None
    assert len(small) <= limit_bytes
    made = Image.open(io.BytesIO(small))
    assert made.format == "JPEG"
    return made


def test_it_is_small_and_upright_and_tells_nothing_of_its_maker() -> None:
    written = io.BytesIO()
    picture = Image.new("RGB", (2_000, 1_000), (200, 10, 10))
    picture.paste((10, 200, 10), (0, 0, 1_000, 1_000))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    picture.save(written, "JPEG", exif=exif, comment=b"comment")
    made = _made(written.getvalue())
    assert made.size == (SIDE_PIXELS // 2, SIDE_PIXELS)
    assert not made.getexif()
    assert not {"exif", "comment", "icc_profile"} & made.info.keys()
    top, bottom = made.getpixel((90, 20)), made.getpixel((90, SIDE_PIXELS - 20))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[1] > 150 > top[0]
    assert bottom[0] > 150 > bottom[1]


def test_what_lets_something_through_lies_on_white() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (800, 600), (0, 0, 0, 0)).save(written, "PNG")
    assert _made(written.getvalue()).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("limit_bytes", [24 * 1024, 6_000, 2_000])
def test_it_keeps_to_its_bound(limit_bytes: int) -> None:
    written = io.BytesIO()
    Image.frombytes("RGB", (500, 500), os.urandom(750_000)).save(written, "PNG")
    _made(written.getvalue(), limit_bytes)


def test_what_cannot_be_made_so_small_has_none() -> None:
    assert small_picture(png(900, 600), 100) is None


def test_a_small_picture_is_not_made_larger() -> None:
    assert _made(png(50, 40)).size == (50, 40)


def test_a_picture_that_unpacks_to_too_much_is_refused() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    )
    assert small_picture(bomb + chunk(b"IEND", b""), SMALL_BYTES) is None


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", png(10, 10)[:40], SVG, HTML])
def test_what_is_no_picture_has_none(data: bytes) -> None:
    assert small_picture(data, SMALL_BYTES) is None


@pytest.mark.parametrize("cut", [100, 1_000, 3_000])
def test_a_picture_that_was_cut_off_is_no_crash(cut: int) -> None:
    written = io.BytesIO()
    Image.frombytes("RGB", (60, 60), os.urandom(10_800)).save(written, "JPEG")
    small_picture(written.getvalue()[:cut], SMALL_BYTES)


def test_a_photo_of_an_iphone_where_the_plugin_is_there() -> None:
    pytest.importorskip("pillow_heif")
    assert HEIF in known_formats()
    written = io.BytesIO()
    Image.new("RGB", (1_200, 900), (200, 10, 10)).save(written, "HEIF", quality=60)
    made = _made(written.getvalue())
    assert made.size == (SIDE_PIXELS, SIDE_PIXELS * 3 // 4)
    red, green, _ = made.getpixel((5, 5))  # type: ignore[misc]
    assert red > 150 > green
    assert small_picture(written.getvalue()[:200], SMALL_BYTES) is None


def test_without_the_plugin_all_others_are_read() -> None:
    with patch.dict(sys.modules, {"pillow_heif": None}):
        known_formats.cache_clear()
        try:
            assert {"JPEG", "PNG", "GIF", "WEBP"} <= set(known_formats())
        finally:
            known_formats.cache_clear()
