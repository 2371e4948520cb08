"""Small pictures: made by the device that has the photos, shown by those that have them not."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from sealwax.agent.api import Agent
from sealwax.agent.selecting import Select
from sealwax.agent.thumbnails import FULL_MS
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.library.view import AttachmentView
from sealwax.server import quota
from sealwax.stores.counting import CountingStore
from sealwax.sync.compaction.apply import PURGE_REST_MS
from sealwax.sync.journal import Journal
from sealwax.thumbnail import apply, plan
from tests.homes import DAY_MS, ignore
from tests.server.running import running
from tests.sync.homes_on_server import Household
from tests.thumbnail.photos import CHAT, bomb, made_all, photo, some_photos, write_photos
from tests.web.scene import png


@contextmanager
def _house(folder: Path) -> Iterator[Household]:
    """Two homes on a server; the second one has files on demand."""
    with running(folder / "server") as server:
        house = Household(folder, server)
        with house.agent(1) as agent:
            agent.sync.keep_files(0)
        yield house


def _photos(agent: Agent) -> list[AttachmentView]:
    return [item.attachment for item in agent.media(Select())]


def _pieces_here(agent: Agent) -> set[bytes]:
    """The pieces of photos on this device."""
    names = [name for view in _photos(agent) for name, _ in view.chunks]
    return agent.device.near.has_objects(names)


def test_a_device_without_the_photos_shows_all_small_pictures(tmp_path: Path) -> None:
    files = some_photos(4)
    write_photos(tmp_path / "phone", files)
    with _house(tmp_path) as house:
        with house.agent(0) as agent:
            agent.import_source(tmp_path / "phone", ignore)
            made = made_all(agent)
            assert (made.made, made.failed, made.why) == (4, 0, "")
            assert not agent.thumbnails.is_due()
        house.sync(0, 1)
        with house.agent(1) as agent:
            assert _pieces_here(agent) == set()
            mirror = agent.device.mirror
            assert mirror is not None
            far = CountingStore(mirror.far)
            mirror.far = far
            for view in _photos(agent):
                small = agent.thumbnails.kept(view)
                assert small is not None
                with Image.open(io.BytesIO(small)) as picture:
                    assert picture.format == "JPEG"
                    assert 160 <= max(picture.size) <= 360
            assert sum(far.calls.values()) == 0
            assert not agent.thumbnails.is_due()
            found = agent.verify(ignore)
            assert found.is_sound, found.damage
            whole = {b"".join(agent.attachment_bytes(view)) for view in _photos(agent)}
            assert whole == {data for _, data in files.values()}
            assert far.calls["get_object"] == 4


def _imported(house: Household, folder: Path, files: dict[str, tuple[str, bytes]]) -> None:
    """The first home has these; both are in step."""
    write_photos(folder / "phone", files)
    with house.agent(0) as agent:
        agent.import_source(folder / "phone", ignore)
    house.sync(0, 1)


def _kept(agent: Agent) -> dict[str, bytes]:
    """The small pictures that are kept, by the name of the photo."""
    found = {view.name: agent.thumbnails.kept(view) for view in _photos(agent)}
    return {name: small for name, small in found.items() if small is not None}


def _live_pieces(agent: Agent) -> set[bytes]:
    """What the head holds of files and small pictures."""
    live = agent.device.history.library.holdings.live_in(MESSAGES_ZONE)
    checkpoint = set(agent.device.history.library.holdings.checkpoint()[1])
    return {name for name, _, _, is_segment in live if not is_segment} - checkpoint


def test_a_purge_takes_the_small_picture_with_the_photo(tmp_path: Path) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(3))
        with house.agent(0) as agent:
            made_all(agent)
            agent.create_snapshot("with photos")
            assert len(_live_pieces(agent)) == 6
        house.sync(0, 1)
        with house.agent(1) as agent:
            # The device that purges never had the photos.
            before = _kept(agent)
            agent.storage.purge(Select((CHAT,)))
            assert _live_pieces(agent) == set()
            assert _kept(agent) == {}
        house.sync(1, 0)
        with house.agent(0) as agent:
            assert _live_pieces(agent) == set()
            assert not agent.thumbnails.is_due()
            agent.restore("with photos", Select())
            assert _kept(agent) == before
            assert len(_live_pieces(agent)) == 6
            assert not agent.thumbnails.is_due()
        house.sync(0, 1)
        with house.agent(1) as agent:
            assert _kept(agent) == before
            assert _pieces_here(agent) == set()
            assert agent.verify(ignore).is_sound


def test_equal_photos_share_a_small_picture_and_one_of_them_keeps_it(tmp_path: Path) -> None:
    (one,) = some_photos(1).values()
    with _house(tmp_path) as house:
        _imported(house, tmp_path, {"one.jpeg": one, "two.jpeg": one})
        with house.agent(0) as agent:
            made_all(agent)
            assert len(_live_pieces(agent)) == 2
            newest = agent.read(agent.conversation(CHAT).record)[-1]
            agent.storage.purge(Select(messages=(str(newest.record),)))
            assert len(_live_pieces(agent)) == 2
            assert list(_kept(agent)) == ["one.jpeg"]
            agent.storage.purge(Select((CHAT,)))
            assert _live_pieces(agent) == set()


def test_what_cannot_be_opened_is_counted_and_not_tried_again(tmp_path: Path) -> None:
    files = {
        **some_photos(1),
        "broken.jpeg": ("image/jpeg", photo("broken")[:30_000]),
        "junk.png": ("image/png", b"\x89PNG\r\n\x1a\n" + b"junk" * 10_000),
        "bomb.png": ("image/png", bomb()),
        "small.jpeg": ("image/jpeg", png(9, 9)),
        "film.mov": ("video/quicktime", b"\0" * 40_000),
        "iphone.HEIC": ("image/heic", b"\0" * 40_000),
    }
    with _house(tmp_path) as house:
        _imported(house, tmp_path, files)
        with house.agent(0) as agent:
            made = made_all(agent)
            # What was cut off has the part that is there.
            assert (made.made + made.failed, made.failed) == (4, made.failed)
            assert 2 <= made.failed <= 3
            assert "photo0.jpeg" in _kept(agent)
            assert not agent.thumbnails.is_due()
            assert made_all(agent).failed == 0
        with house.agent(0) as agent:
            agent.thumbnails._decoder.formats = lambda: ("HEIF", "JPEG", "PNG")  # type: ignore[method-assign]
            # With another plugin, all of them and the HEIC are worth a try.
            assert agent.thumbnails.is_due()
            assert agent.thumbnails.make_batch().failed == made.failed + 1


def test_without_the_plugin_heic_waits_for_it(tmp_path: Path) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, {"iphone.HEIC": ("image/heic", b"\0" * 40_000)})
        with house.agent(0) as agent:
            agent.thumbnails._decoder.formats = lambda: ("JPEG", "PNG")  # type: ignore[method-assign]
            assert not agent.thumbnails.is_due()
            made = made_all(agent)
            assert (made.made, made.failed, made.lacking_plugin) == (0, 0, 1)


def test_a_library_made_anew_has_the_same_small_pictures(tmp_path: Path) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(3))
        with house.agent(0) as agent:
            made_all(agent)
            before = _kept(agent)
            assert len(before) == 3
        for path in house.homes[0].glob("library.db*"):
            path.unlink()
        with house.agent(0) as agent:
            assert _kept(agent) == before
            assert not agent.thumbnails.is_due()
            assert agent.verify(ignore).is_sound


def test_a_device_makes_those_of_others_after_a_day(tmp_path: Path) -> None:
    with _house(tmp_path) as house:
        write_photos(tmp_path / "phone", some_photos(2))
        with house.agent(0) as agent:
            agent.import_source(tmp_path / "phone", ignore)
        house.sync(0)
        with house.agent(1) as agent:
            agent.sync.keep_files(None)
            agent.sync.now()
            assert len(_pieces_here(agent)) == 2
            assert not agent.thumbnails.is_due()
            assert made_all(agent).made == 0
            house.clock.advance(DAY_MS)
            assert agent.thumbnails.is_due()
            assert made_all(agent).made == 2
        house.sync(1, 0)
        with house.agent(0) as agent:
            assert len(_kept(agent)) == 2
            assert not agent.thumbnails.is_due()


def test_with_sync_off_none_is_made_and_later_all(tmp_path: Path) -> None:
    write_photos(tmp_path / "phone", some_photos(2))
    with _house(tmp_path) as house:
        with house.agent(0) as agent:
            agent.sync.switch(False)
            agent.import_source(tmp_path / "phone", ignore)
            assert not agent.thumbnails.is_due()
            made = made_all(agent)
            assert (made.made, made.why) == (0, "")
            agent.sync.switch(True)
            assert agent.sync.now().is_verified
            assert agent.thumbnails.is_due()
            assert made_all(agent).made == 2
        house.sync(0, 1)
        with house.agent(1) as agent:
            assert len(_kept(agent)) == 2


def test_when_the_storage_is_full_they_wait_like_files(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        _imported(house, tmp_path, some_photos(2))
        ((_, usage),) = server.parts.accounts.all()
        used_bytes = usage.head_bytes + usage.snapshot_bytes
        server.parts.accounts.grant_plan("somebody", used_bytes + 4_000)
        with house.agent(0) as agent:
            made = made_all(agent)
            assert made.made == 0
            assert "full" in made.why
            assert not agent.thumbnails.is_due()
            assert agent.sync.state().waiting.is_nothing
            assert agent.verify(ignore).is_sound
            server.parts.accounts.grant_plan("somebody", quota.FREE_PLAN_BYTES)
            house.clock.advance(FULL_MS)
            assert agent.thumbnails.is_due()
            assert made_all(agent).made == 2
        house.sync(0)


def test_while_the_server_is_away_they_wait(tmp_path: Path) -> None:
    write_photos(tmp_path / "phone", some_photos(2))
    with running(tmp_path / "server") as server:
        house = Household(tmp_path, server)
        with house.agent(0) as agent:
            agent.import_source(tmp_path / "phone", ignore)
        house.sync(0)
        port = int(server.url.rpartition(":")[2])
    with house.agent(0) as agent:
        made = made_all(agent)
        assert made.made == 0
        assert "does not answer" in made.why
        assert not agent.thumbnails.is_due()
        assert agent.sync.state().waiting.is_nothing
    with running(tmp_path / "server", port=port):
        house.sync(0)
        with house.agent(0) as agent:
            assert made_all(agent).made == 2
        house.sync(0)


def test_of_two_that_were_made_at_once_one_stays(tmp_path: Path) -> None:
    """Both devices are right; after a purge and its rest nothing of either is at the head."""
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(1))
        with house.agent(1) as agent:
            agent.sync.keep_files(None)
            agent.sync.now()
        with house.agent(0) as agent:
            made_all(agent)
        house.clock.advance(DAY_MS)
        with house.agent(1) as agent:
            # It has not heard of the first device's yet.
            decoder = agent.thumbnails._decoder
            decoder.small_picture = lambda _: png(30, 20)  # type: ignore[method-assign]
            assert agent.thumbnails.make_batch().made == 1
            assert len(_live_pieces(agent)) == 3
            kept = _kept(agent)
        house.sync(1, 0)
        with house.agent(0) as agent:
            assert _kept(agent) == kept
            agent.storage.purge(Select((CHAT,)))
            house.clock.advance(PURGE_REST_MS + DAY_MS)
            agent.compact(ignore)
            assert _live_pieces(agent) == set()


def test_a_better_one_takes_the_place_of_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(2))
        with house.agent(0) as agent:
            made_all(agent)
            before = _kept(agent)
            agent.create_snapshot("before")
            for module in (plan, apply):
                monkeypatch.setattr(module, "VERSION", 2)
            agent.thumbnails._decoder.small_picture = lambda _: png(30, 20)  # type: ignore[method-assign]
            agent.thumbnails._looked_at = None
            assert agent.thumbnails.is_due()
            assert made_all(agent).made == 2
            after = _kept(agent)
            assert set(after.values()) == {png(30, 20)}
            assert len(_live_pieces(agent)) == 3
            assert before.keys() == after.keys()
            assert not agent.thumbnails.is_due()
        monkeypatch.undo()
        with house.agent(0) as agent:
            # An older version of the program leaves them as they are.
            assert not agent.thumbnails.is_due()
            assert agent.verify(ignore).is_sound
        house.sync(0)


def test_what_comes_between_pictures_and_their_commit_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(3))

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        for where in ("share", "share_files"):
            with monkeypatch.context() as patch:
                patch.setattr(Journal, where, killed)
                with house.agent(0) as agent, pytest.raises(KeyboardInterrupt):
                    made_all(agent)
            with house.agent(0) as agent:
                assert agent.verify(ignore).is_sound
                assert agent.thumbnails.is_due()
        with house.agent(0) as agent:
            assert made_all(agent).made == 3
            assert agent.verify(ignore).is_sound
        house.sync(0, 1)
        with house.agent(1) as agent:
            assert len(_kept(agent)) == 3


def test_an_export_has_the_photos_and_no_small_pictures(tmp_path: Path) -> None:
    with _house(tmp_path) as house:
        _imported(house, tmp_path, some_photos(2))
        with house.agent(0) as agent:
            agent.export("jsonl", tmp_path / "before", Select())
            made_all(agent)
            agent.export("jsonl", tmp_path / "after", Select())
    before, after = (tmp_path / name for name in ("before", "after"))
    files = sorted(path.relative_to(before) for path in before.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(after) for path in after.rglob("*") if path.is_file())
    for path in files:
        assert (before / path).read_bytes() == (after / path).read_bytes()
