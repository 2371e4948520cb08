"""Which attachments get a small picture from which device."""

from typing import Any

import pytest

from sealwax.model.change import Change, entry
from sealwax.model.field import CONTENT, FILE_NAME, MIME_TYPE, THUMBNAIL
from sealwax.model.record import Kind
from sealwax.model.state import State, from_change
from sealwax.thumbnail.plan import (
    FILE_LIMIT_BYTES,
    PATIENCE_MS,
    VERSION,
    Judged,
    Known,
    Verdict,
    first_verdict,
    judge,
    tried_by,
)
from sealwax.vault.objects import SMALL_BYTES

MINE, OTHERS = b"m" * 16, b"o" * 16
RECORD, ONE, TWO = b"r" * 16, b"1" * 32, b"2" * 32
NOW_MS = 10 * PATIENCE_MS


def photo(size_bytes: int = 100_000, device: bytes = MINE, *more: Any) -> State:
    told = (
        entry(CONTENT, [b"h" * 32, size_bytes, [[ONE, size_bytes - 1], [TWO, 1]]]),
        entry(MIME_TYPE, "image/jpeg"),
        *more,
    )
    return from_change(Change(int(Kind.ATTACHMENT), RECORD, 0, 1, device, told))


def known(**fields: Any) -> Known:
    since = {ONE: NOW_MS - 1, TWO: NOW_MS - 2}
    return Known(MINE, NOW_MS, ("JPEG",), set(), since, {ONE, TWO})._replace(**fields)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (photo(), Verdict.WANTED),
        (photo(SMALL_BYTES + 1), Verdict.WANTED),
        (photo(SMALL_BYTES), Verdict.SMALL_ITSELF),
        (photo(FILE_LIMIT_BYTES + 1), Verdict.TOO_LARGE),
        (photo(100_000, MINE, entry(THUMBNAIL, [VERSION, [ONE, 1]])), Verdict.HAS_ONE),
        (photo(100_000, MINE, entry(THUMBNAIL, [VERSION + 1, "?"])), Verdict.HAS_ONE),
        (photo(100_000, MINE, entry(THUMBNAIL, [VERSION - 1, [ONE, 1]])), Verdict.WANTED),
    ],
)
def test_an_attachment_by_itself(state: State, verdict: Verdict) -> None:
    assert first_verdict(state) == verdict


def test_what_is_no_picture_or_not_there_gets_none() -> None:
    told = (entry(CONTENT, [b"h" * 32, 100_000, [[ONE, 100_000]]]), entry(FILE_NAME, "a.mov"))
    film = from_change(Change(int(Kind.ATTACHMENT), RECORD, 0, 1, MINE, told))
    lost = from_change(
        Change(int(Kind.ATTACHMENT), RECORD, 0, 1, MINE, (entry(MIME_TYPE, "image/png"),))
    )
    assert first_verdict(film) == first_verdict(lost) == Verdict.NO_PICTURE


def test_who_has_the_photo_and_stored_it_makes_it_at_once() -> None:
    assert judge(RECORD, photo(), known()) == Judged(Verdict.WANTED)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"failed": {RECORD}}, Verdict.FAILED),
        ({"shared_ms": {ONE: 1}}, Verdict.NOT_SHARED),
        ({"here": {TWO}}, Verdict.NOT_HERE),
    ],
)
def test_what_stands_in_the_way(fields: dict[str, Any], verdict: Verdict) -> None:
    assert judge(RECORD, photo(), known(**fields)) == Judged(verdict)


def test_others_have_a_day_for_theirs() -> None:
    theirs = photo(100_000, OTHERS)
    assert judge(RECORD, theirs, known()) == Judged(Verdict.OTHERS_TURN, NOW_MS - 1 + PATIENCE_MS)
    later = known(now_ms=NOW_MS - 1 + PATIENCE_MS)
    assert judge(RECORD, theirs, later) == Judged(Verdict.WANTED)
    ahead = known(shared_ms={ONE: NOW_MS + 1, TWO: NOW_MS})
    assert judge(RECORD, theirs, ahead) == Judged(Verdict.WANTED)


def test_heic_waits_for_the_plugin() -> None:
    heic = photo(100_000, MINE, entry(FILE_NAME, "IMG_1.HEIC"))
    assert judge(RECORD, heic, known()) == Judged(Verdict.LACKS_PLUGIN)
    assert judge(RECORD, heic, known(formats=("HEIF", "JPEG"))) == Judged(Verdict.WANTED)


def test_what_failed_is_tried_again_by_something_else() -> None:
    assert tried_by(("JPEG",)) != tried_by(("HEIF", "JPEG"))
    assert str(VERSION) in tried_by(())
