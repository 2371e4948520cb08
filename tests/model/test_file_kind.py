"""What an attachment is likely to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.file_kind import (
    ENDINGS,
    HEAD_BYTES,
    harmless_ending,
    harmless_name,
    is_likely_heif,
    likely_kind,
)


def test_a_guess_only_draws() -> None:
    assert likely_kind("image/jpeg", "a.bin") == "image"
    assert likely_kind("image/svg+xml", "a.svg") == "file"
    assert likely_kind(None, "a.HEIC") == "image"
    assert likely_kind("text/html", "a.jpg") == "file"


@pytest.mark.parametrize(
    ("stated", "name", "is_one"),
    [
        ("image/heic", "a.jpg", True),
        ("image/heif-sequence", "a", True),
        (None, "IMG_1.HEIC", True),
        ("image/jpeg", "a.jpg", False),
        (None, "heic", True),
        (None, "", False),
    ],
)
def test_pictures_of_iphones(stated: str | None, name: str, is_one: bool) -> None:
    assert is_likely_heif(stated, name) == is_one


@pytest.mark.parametrize(
    ("head", "stated", "ending"),
    [
        (b"\xff\xd8\xff\xe0", "text/html", ".jpeg"),
        (b"\0\0\0\x20ftypheic", None, ".heic"),
        (b"\0\0\0\x20ftypisom", "audio/mp4", ".m4a"),
        (b"caff\0\1", None, ".caf"),
        (b"%PDF-1.7\n%\xe2", "text/html", ".pdf"),
        (b"<!doctype html><script>1</script>", "image/png", ".txt"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='1'/>", "image/svg+xml", ".txt"),
        (b"#!/bin/sh\nrm -r x\n", "image/jpeg", ".txt"),
        ("BEGIN:VCARD\r\nFN:Zoë\r\n".encode(), "text/vcard", ".txt"),
        (("ü" * 40).encode()[:HEAD_BYTES], None, ".txt"),
        (("x" + "ü" * 40).encode()[:HEAD_BYTES], None, ".txt"),
        (b"words \x1b[2J", "text/plain", ".bin"),
        (b"\xff\xfew\0o\0", "text/plain", ".bin"),
        (b"MZ\x90\0", "image/jpeg", ".bin"),
        (b"PK\3\4", "application/zip", ".bin"),
        (b"", "text/plain", ".bin"),
    ],
)
def test_an_ending_says_what_is_in_a_file(head: bytes, stated: str | None, ending: str) -> None:
    assert harmless_ending(head, stated) == ending


@given(st.binary(max_size=80), st.sampled_from([None, "text/html", "audio/mp4", "image/svg+xml"]))
def test_no_ending_runs(head: bytes, stated: str | None) -> None:
    allowed = {*ENDINGS.values(), ".pdf", ".txt", ".bin"}
    assert harmless_ending(head, stated) in allowed
    assert not allowed & {".html", ".htm", ".svg", ".xml", ".xhtml", ".js", ".sh", ".exe"}


@pytest.mark.parametrize(
    ("name", "head", "offered"),
    [
        ("IMG_0012.JPG", b"\xff\xd8\xff\xe0", "IMG_0012.JPG"),
        ("report.docx", b"PK\3\4", "report.docx"),
        ("photo.jpeg", b"#!/bin/sh\n", "photo.jpeg"),
        ("photo.jpeg.exe", b"\xff\xd8\xff\xe0", "photo.jpeg.exe.jpeg"),
        ("invoice.pdf.lnk", b"L\0\0\0", "invoice.pdf.lnk.bin"),
        ("page.html", b"<script>1</script>", "page.html.txt"),
        ("attachment", b"%PDF-1.7", "attachment.pdf"),
        ("run.command", b"#!/bin/sh\n", "run.command.txt"),
        ("name.", b"MZ\x90\0", "name..bin"),
    ],
)
def test_a_file_is_offered_under_a_name_that_runs_nothing(
    name: str, head: bytes, offered: str
) -> None:
    assert harmless_name(name, head, None) == offered
