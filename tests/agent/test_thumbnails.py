"""Small pictures: made by the device that has the photos, shown by those that have them not."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from sealwax.agent.api import Agent
from sealwax.agent.selecting import Select
from sealwax.library.view import AttachmentView
from sealwax.stores.counting import CountingStore
from tests.homes import ignore
from tests.server.running import running
from tests.sync.homes_on_server import Household
from tests.thumbnail.photos import some_photos, write_photos


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
            made = agent.thumbnails.make_all()
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
