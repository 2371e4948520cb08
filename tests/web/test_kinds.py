"""Types of files by their first bytes; the small pictures that are kept in memory."""

import pytest

from sealwax.model.file_kind import OCTETS, sniffed
from sealwax.web.kinds import is_shown
from sealwax.web.thumbnails import Thumbnails
from tests.web.scene import HTML, SVG


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


def test_few_bytes_of_thumbnails_are_kept() -> None:
    kept = Thumbnails(1_000)
    for record in range(10):
        kept.keep(record, b"x" * 300)
    kept.keep(99, None)
    assert kept.get(0) == (False, None)
    assert kept.get(9) == (True, b"x" * 300)
    assert kept.get(99) == (True, None)
