"""Objects: named by their bytes, read in parts, deleted only when nothing holds them."""

import os
from pathlib import Path

import httpx

from sealwax.ledger.wire import decode_frames, encode_frames, encode_names
from sealwax.server.freeing import FORGOTTEN_MS
from tests.accounts import made_account
from tests.server.calling import Calls, trouble
from tests.server.running import running
from tests.stores.contract import named

DAY_MS = 24 * 3_600_000


def test_objects_are_named_by_what_they_are(calls: Calls) -> None:
    pieces = [b"one", b"two" * 1_000]
    names = [named(piece)[0] for piece in pieces]
    assert calls.put(*pieces).content == encode_names(names)
    assert calls.put(*pieces).content == encode_names(names)
    read = calls.ask("POST", "/objects/read", content=encode_names([*names, b"\0" * 32]))
    assert list(decode_frames(read.content)) == [*pieces, b""]


def test_odd_bodies_are_refused(calls: Calls) -> None:
    whole = encode_frames([b"object"])
    for body in (whole[:-1], whole[:3], whole + b"\0", encode_frames([b""])):
        trouble(calls.ask("POST", "/objects", content=body), 400, "request-malformed")
    trouble(calls.ask("POST", "/objects/read", content=b"x" * 33), 400, "request-malformed")
    many = encode_frames([b"x%d" % number for number in range(1_025)])
    trouble(calls.ask("POST", "/objects", content=many), 400, "request-malformed")
    assert list(calls.store.list_objects()) == []


def test_a_part_of_an_object(calls: Calls) -> None:
    name, data = named(bytes(range(256)) * 40)
    calls.put(data)

    def part(asked: str) -> httpx.Response:
        return calls.ask("GET", f"/objects/{name.hex()}", headers={"range": asked})

    middle = part("bytes=1000-1999")
    assert (middle.status_code, middle.content) == (206, data[1_000:2_000])
    assert middle.headers["content-range"] == f"bytes 1000-1999/{len(data)}"
    assert part("bytes=10000-").content == data[10_000:]
    assert part("bytes=0-999999").content == data
    trouble(part(f"bytes={len(data)}-"), 416, "range-outside")
    for odd in ("bytes=-5", "lines=0-5", "bytes=5-1", "bytes=a-b", "bytes=0-1,4-5"):
        assert part(odd).status_code in (400, 416), odd


def test_what_the_history_holds_is_not_deleted(calls: Calls) -> None:
    (held,) = calls.kept(b"held")
    free = named(b"free")
    calls.put(free[1])
    refused = calls.ask("POST", "/objects/delete", content=encode_names([free[0], held]))
    trouble(refused, 409, "object-held")
    assert calls.ask("POST", "/objects/delete", content=encode_names([free[0]])).is_success
    assert [one.name for one in calls.store.list_objects()] == [held]


def test_what_no_commit_ever_named_is_forgotten_in_time(tmp_path: Path) -> None:
    with running(tmp_path) as server, Calls(server, made_account("old"), "old") as calls:
        (kept,) = calls.kept(b"kept")
        old, fresh = named(b"old upload"), named(b"fresh upload")
        calls.put(old[1])
        calls.put(fresh[1])
        for path in (tmp_path / "objects").rglob(old[0].hex() + "*"):
            os.utime(path, (1, 1))
        for path in (tmp_path / "objects").rglob(kept.hex() + "*"):
            os.utime(path, (1, 1))
        now_ms = FORGOTTEN_MS + DAY_MS
        assert server.parts.freeing.forget_unnamed(now_ms) == 1
        assert {one.name for one in calls.store.list_objects()} == {kept, fresh[0]}
        # One that was forgotten comes again, and a commit may name it then.
        calls.kept(old[1])


def test_an_upload_is_bounded_by_the_plan(calls: Calls) -> None:
    calls.server.parts.accounts.grant_plan(calls.name, 100_000)
    full = trouble(calls.put(b"x" * 100_001), 507, "storage-full")
    assert (full.used_bytes, full.plan_bytes) == (0, 100_000)
    assert list(calls.store.list_objects()) == []
