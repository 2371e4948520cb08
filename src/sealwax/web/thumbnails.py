"""Small pictures of large ones: decoded within bounds, without what the file says of its maker."""

import io
from collections import OrderedDict
from threading import BoundedSemaphore, Lock

from PIL import Image, ImageOps, UnidentifiedImageError

FILE_LIMIT_BYTES = 64 * 1024 * 1024
PIXELS_LIMIT = 60_000_000
"""More than any phone takes in one picture; a file that unpacks to more is not one."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "MPO", "HEIF")
SIDE_PIXELS = 640
CACHE_LIMIT_BYTES = 24 * 1024 * 1024
AT_ONCE = 2
QUALITY = 80


def thumbnail(data: bytes) -> bytes | None:
    """A JPEG of at most SIDE_PIXELS a side, turned upright; None for what cannot be shown so."""
    if len(data) > FILE_LIMIT_BYTES:
        return None
    formats = [name for name in FORMATS if name in _known()]
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            if image.width * image.height > PIXELS_LIMIT:
                return None
            image.draft("RGB", (SIDE_PIXELS * 2, SIDE_PIXELS * 2))
            small = ImageOps.exif_transpose(image)
            small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
            return _written(small)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        # What Pillow says of broken pictures is of all these kinds.
        return None


def _written(image: Image.Image) -> bytes:
    if image.mode in ("RGBA", "LA", "P", "PA"):
        opaque = Image.new("RGB", image.size, (255, 255, 255))
        layer = image.convert("RGBA")
        opaque.paste(layer, mask=layer.getchannel("A"))
        image = opaque
    written = io.BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()


def _known() -> frozenset[str]:
    """The formats that this computer's Pillow reads; HEIF with a plugin alone."""
    Image.init()
    return frozenset(Image.OPEN)


class Thumbnails:
    """The last ones made, up to CACHE_LIMIT_BYTES; a few are made at once."""

    def __init__(self, limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[int, bytes | None] = OrderedDict()
        self._size_bytes = 0
        self._lock = Lock()
        self.slots = BoundedSemaphore(AT_ONCE)

    def get(self, record: int) -> tuple[bool, bytes | None]:
        """Whether it was made, and the picture; None for what cannot be shown."""
        with self._lock:
            if record not in self._kept:
                return False, None
            self._kept.move_to_end(record)
            return True, self._kept[record]

    def keep(self, record: int, picture: bytes | None) -> None:
        with self._lock:
            if record in self._kept:
                return
            self._kept[record] = picture
            self._size_bytes += len(picture or b"") + 64
            while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._size_bytes -= len(oldest or b"") + 64
