"""Small pictures of large ones: decoded within bounds, without what the file says of its maker.

HEIC, which iPhones send, needs the plugin of the extra `media`. Whoever opens foreign pictures does
it in a process of its own: see `decoder`.
"""

import importlib
import io
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from sealwax.thumbnail.plan import FILE_LIMIT_BYTES, HEIF

PIXELS_LIMIT = 60_000_000
"""More than any phone takes in one picture; a file that unpacks to more is not one."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "MPO", HEIF)
_HEIF_PLUGIN = "pillow_heif"


class Try(NamedTuple):
    """The longest side of a small picture, and the quality of its JPEG."""

    side_pixels: int
    quality: int


TRIES = (Try(360, 72), Try(360, 55), Try(320, 45), Try(240, 40), Try(160, 30), Try(96, 20))
"""One after the other, until the picture is small enough."""


@cache
def known_formats() -> tuple[str, ...]:
    """Those of FORMATS that this computer reads, sorted; HEIF with the plugin alone."""
    with suppress(ImportError, OSError, RuntimeError, AttributeError):
        importlib.import_module(_HEIF_PLUGIN).register_heif_opener()
    Image.init()
    return tuple(sorted(name for name in FORMATS if name in Image.OPEN))


def load_decoders() -> None:
    """Loads whatever opening and writing a picture takes, parts that Pillow loads late too."""
    written = io.BytesIO()
    Image.new("RGB", (1, 1)).save(written, "JPEG")
    small_picture(written.getvalue(), written.tell())


def small_picture(data: bytes, limit_bytes: int) -> bytes | None:
    """A JPEG of at most so many bytes, turned upright; None for what cannot be shown so."""
    if len(data) > FILE_LIMIT_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=known_formats()) as image:
            if image.width * image.height > PIXELS_LIMIT:
                return None
            return _smallest_that_fits(image, limit_bytes)
    except (
        UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError,
        ArithmeticError, LookupError, TypeError, RuntimeError, EOFError, MemoryError,
    ):  # fmt: skip
        # What Pillow and its plugins say of broken pictures is of all these kinds.
        return None


def _smallest_that_fits(image: Image.Image, limit_bytes: int) -> bytes | None:
    side = TRIES[0].side_pixels
    # A JPEG is decoded at about the size that is needed, which takes a fraction of the time.
    image.draft("RGB", (side * 2, side * 2))
    image.thumbnail((side, side))
    upright = _opaque(ImageOps.exif_transpose(image))
    for attempt in TRIES:
        upright.thumbnail((attempt.side_pixels, attempt.side_pixels))
        written = io.BytesIO()
        upright.save(written, "JPEG", quality=attempt.quality, optimize=True)
        if written.tell() <= limit_bytes:
            return written.getvalue()
    return None


def _opaque(image: Image.Image) -> Image.Image:
    """On white, where it lets something through. A new image has none of the file's facts."""
    layer = image.convert("RGBA") if image.mode in ("RGBA", "LA", "P", "PA") else None
    opaque = Image.new("RGB", image.size, (255, 255, 255))
    if layer is not None:
        opaque.paste(layer, mask=layer.getchannel("A"))
    else:
        opaque.paste(image.convert("RGB"))
    return opaque
