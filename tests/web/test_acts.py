"""What the page changes: planned, confirmed, done, taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.scene import MUM, Site, make_scene, opened_site


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    with opened_site(make_scene(tmp_path, talks=40)) as opened:
        yield opened


def _ids(site: Site, conversation: int, **moment: Any) -> list[int]:
    path = f"/api/conversations/{conversation}/messages"
    page = site.get(path, limit=120, **moment)
    assert not page["has_older"]
    return [one["id"] for one in page["items"]]


def _restore(site: Site, **asked: Any) -> Any:
    plan = site.post("/api/plans/restore", asked)
    return plan, site.job("/api/plans/confirmed", {"plan": plan["id"]})


def test_a_restore_does_what_its_plan_showed_and_is_taken_back(own: Site) -> None:
    first = own.get("/api/snapshots")[-1]["number"]
    mum = own.conversation(MUM)
    before = _ids(own, mum)
    plan, job = _restore(own, snapshot=first, chosen={"conversations": [mum]})
    assert (plan["messages_back"], plan["messages_gone"]) == (2, 0)
    assert job["state"] == "done"
    assert "2 messages came back" in job["sentence"]
    assert _ids(own, mum) == _ids(own, mum, at=first)
    undo = job["result"]["undo"]["restore"]
    plan, job = _restore(own, **undo)
    assert (plan["messages_back"], plan["messages_gone"]) == (0, 2)
    assert job["state"] == "done"
    assert _ids(own, mum) == before


def test_one_message_is_restored_alone(own: Site) -> None:
    first = own.get("/api/snapshots")[-1]["number"]
    mum = own.conversation(MUM)
    gone = [one for one in _ids(own, mum, at=first) if one not in _ids(own, mum)]
    plan, job = _restore(own, snapshot=first, chosen={"messages": [gone[0]]})
    assert plan["messages_back"] == 1
    assert job["state"] == "done"
    assert gone[0] in _ids(own, mum)
    assert gone[1] not in _ids(own, mum)


def test_a_plan_changes_nothing_and_is_confirmed_once(own: Site) -> None:
    first = own.get("/api/snapshots")[-1]["number"]
    mum = own.conversation(MUM)
    before, snapshots = _ids(own, mum), len(own.get("/api/snapshots"))
    plan = own.post("/api/plans/restore", {"snapshot": first})
    assert plan["messages_back"] == 2
    assert (_ids(own, mum), len(own.get("/api/snapshots"))) == (before, snapshots)
    own.job("/api/plans/confirmed", {"plan": plan["id"]})
    assert own.post("/api/plans/confirmed", {"plan": plan["id"]}, 409)["code"] == "plan-gone"


def test_a_deleted_conversation_comes_back_as_it_was(own: Site) -> None:
    mum = own.conversation(MUM)
    before = _ids(own, mum)
    plan = own.post("/api/plans/delete", {"chosen": {"conversations": [mum]}})
    assert plan["messages_gone"] == len(before)
    job = own.job("/api/plans/confirmed", {"plan": plan["id"]})
    assert job["state"] == "done"
    assert mum not in [one["id"] for one in own.get("/api/conversations")["items"]]
    assert mum in [one["id"] for one in own.get("/api/conversations", trash=True)["items"]]
    # Two of its messages lay in the trash before: taking the deletion back leaves them there.
    _restore(own, **job["result"]["undo"]["restore"])
    assert _ids(own, mum) == before


def test_a_deleted_message_is_taken_out_of_the_trash(own: Site) -> None:
    mum = own.conversation(MUM)
    before = _ids(own, mum)
    plan = own.post("/api/plans/delete", {"chosen": {"messages": [before[0]]}})
    job = own.job("/api/plans/confirmed", {"plan": plan["id"]})
    assert _ids(own, mum) == before[1:]
    own.job("/api/undelete", job["result"]["undo"]["undelete"])
    assert _ids(own, mum) == before


def test_everything_is_never_deleted(own: Site) -> None:
    assert own.post("/api/plans/delete", {"chosen": {}}, 409)["code"] == "selection-bad"
    assert own.post("/api/undelete", {}, 409)["code"] == "nothing-to-do"


def test_back_up_now_makes_a_snapshot(own: Site) -> None:
    before = len(own.get("/api/snapshots"))
    job = own.job("/api/actions/backup-now", {})
    assert job["state"] == "done"
    assert job["sentence"]
    assert len(own.get("/api/snapshots")) == before + 1


def test_what_cannot_be_says_so(own: Site) -> None:
    assert own.post("/api/actions/sync-now", {}, 409)["code"] == "nothing-to-sync-with"
    assert own.post("/api/actions/nonsense", {}, 409)["code"] == "no-such-job"
    body = {"device": "00", "what": "sync", "is_on": True}
    assert own.post("/api/devices", body, 409)["code"] == "device-elsewhere"


def test_a_device_turns_its_switches(own: Site) -> None:
    (device,) = own.get("/api/devices")
    assert (device["is_this"], device["name"]) == (True, "test")
    for is_on in (False, True):
        body = {"device": device["id"], "what": "backup", "is_on": is_on}
        (told,) = own.post("/api/devices", body)
        assert told["is_backup_on"] is is_on


def test_a_job_that_fails_is_told_with_what_to_do(own: Site) -> None:
    job = own.job("/api/actions/import", {})
    assert job["state"] == "failed"
    assert job["error_code"] == "no-sources"
    assert job["hint"]


def test_held_deletions_are_answered(own: Site) -> None:
    job = own.job("/api/held", {"is_accepted": False})
    assert job["state"] == "done"
    assert job["sentence"] == "Answered: 0 are back."


def test_safety_names_the_worst_first(own: Site) -> None:
    safety = own.get("/api/safety")
    order = {"danger": 0, "warn": 1, "note": 2, "ok": 3}
    levels = [order[line["level"]] for line in safety["lines"]]
    assert levels == sorted(levels)
    assert safety["sentence"] == safety["lines"][0]["text"]
    assert any("Not from losing" in line["text"] for line in safety["lines"])


@pytest.mark.parametrize(
    "body",
    [
        {"snapshot": "first"},
        {"snapshot": 1, "chosen": {"messages": ["one"]}},
        {"snapshot": 1, "chosen": {"messages": list(range(501))}},
        {"snapshot": 1, "mode": "erase"},
        {"snapshot": 1, "more": 1},
        [],
        {},
    ],
)
def test_a_request_of_another_form_is_refused(own: Site, body: Any) -> None:
    answer = own.client.post(
        f"{own.base}/api/plans/restore", json=body, headers={"origin": own.page.address}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "page-request-malformed"


def test_events_tell_of_a_job_and_of_a_changed_history(own: Site) -> None:
    happening = own.port.events()
    assert next(happening) is None
    own.job("/api/actions/backup-now", {})
    kinds = set()
    while (event := next(happening)) is not None:
        kinds.add(event.kind)
    assert {"jobs", "history", "safety"} <= kinds
    with own.client.stream("GET", f"{own.base}/api/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = stream.iter_lines()
        assert [next(told), next(told)] == ["retry: 1000", "event: jobs"]


def test_everything_is_checked_by_a_button(own: Site) -> None:
    job = own.job("/api/actions/verify", {})
    assert job["state"] == "done"
    assert "as it was written" in job["sentence"]
