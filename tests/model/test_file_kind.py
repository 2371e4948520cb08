"""What an attachment is likely to be."""

import pytest

from sealwax.model.file_kind import is_likely_heif, likely_kind


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
