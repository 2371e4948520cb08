"""Small pictures among purges, restores and imports of two devices, in any order and at once."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.library.parts import part_reader
from sealwax.library.pictures import Lacking
from sealwax.library.resting import note_resting
from sealwax.library.select import Moment, Selection
from sealwax.library.usage import used_chunks
from sealwax.model.field import CONTENT
from sealwax.model.pieces import pieces_of, thumbnail_of
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.plan import MERGE
from sealwax.snapshot.restore import restore
from sealwax.storage.purge import plan_selected, purge
from sealwax.sync.compaction.apply import PURGE_REST_MS, drop_purged_words
from sealwax.sync.reset.apply import planned_reset, reset
from sealwax.thumbnail.apply import Made, Maker
from sealwax.vault.writing import StoredFile, Writing, Written
from tests.homes import NOW_MS, ignore
from tests.laws import cases
from tests.storage.test_purge import MESSAGES, _bytes, _devices, _live, _purge, _row, _select
from tests.sync.devices import Device


class Pictures:
    """Makes small pictures without opening any: what comes of a file depends on it alone, and on
    the program that does it."""

    def __init__(self, program: bytes = b"") -> None:
        self.program = program

    def formats(self) -> tuple[str, ...]:
        return ("JPEG",)

    def small_picture(self, data: bytes) -> bytes | None:
        return b"small " + self.program + data[:16]

    def close(self) -> None:
        """Nothing is open."""


class Shared:
    """The shared history of a device, always there."""

    def __init__(self, device: Device) -> None:
        self._replica = device.replica

    @property
    def device(self) -> bytes:
        return self._replica.device

    def share_files(self, files: Sequence[Path | bytes]) -> list[StoredFile | OSError]:
        return self._replica.put_files(files)

    def share(self, writing: Writing) -> Written:
        return self._replica.write(writing)


def _maker(device: Device, program: bytes = b"") -> Maker:
    replica = device.replica
    read = part_reader(replica.store, replica.keys, replica.zone)
    return Maker(device.library, Shared(device), replica.store, read, Pictures(program))


def _made(device: Device, *numbers: int, program: bytes = b"") -> Made:
    """Small pictures of these files, where the device knows of the files and of no picture."""
    rows = [_row(device.library, f"a{number}") for number in numbers]
    wanted = [
        Lacking(row.record, row.uid, row.state)
        for row in rows
        if row is not None and row.state.get(CONTENT) and thumbnail_of(row.state) is None
    ]
    return _maker(device, program).make(wanted)


def _picture(device: Device, number: int, moment: Moment | None = None) -> bytes | None:
    row = _row(device.library, f"a{number}", moment)
    named = thumbnail_of(row.state) if row is not None else None
    return named[0] if named else None


def test_a_picture_that_comes_just_after_the_purge_is_gone_too() -> None:
    with _devices(2) as ((one, two), _):
        rows = [_row(two.library, "a5")]
        wanted = [Lacking(row.record, row.uid, row.state) for row in rows if row is not None]
        plan = plan_selected(one.library, _select(one.library, 5), False)
        purge(one.library, one.replica, plan, NOW_MS)
        _maker(two).make(wanted)
        one.replica.pull()
        for device in (one, two):
            assert _picture(device, 5) is None
        left = _live(one) - used_chunks(one.library.database.connection)
        assert len(left) == 1
        note_resting(one.library, NOW_MS)
        drop_purged_words(one.replica, NOW_MS + PURGE_REST_MS + 1)
        assert _live(one) == used_chunks(one.library.database.connection)


def test_a_picture_that_comes_just_before_the_purge_goes_with_the_words() -> None:
    with _devices(2) as ((one, two), _):
        plan = plan_selected(one.library, _select(one.library, 5), False)
        _made(two, 5)
        purge(one.library, one.replica, plan, NOW_MS)
        two.replica.pull()
        assert _picture(two, 5) is None
        note_resting(two.library, NOW_MS)
        drop_purged_words(two.replica, NOW_MS + PURGE_REST_MS + 1)
        assert _live(two) == used_chunks(two.library.database.connection)


def test_the_same_program_on_two_devices_makes_one_piece() -> None:
    with _devices(2) as ((one, two), _):
        before = len(_live(one))
        _made(one, 3)
        _made(two, 3)
        one.replica.pull()
        assert _picture(one, 3) == _picture(two, 3) is not None
        assert len(_live(one)) == before + 1


def test_a_reset_keeps_small_pictures() -> None:
    with _devices(2) as ((one, two), _):
        _made(one, 1, 2)
        two.replica.pull()
        kept = [_picture(two, number) for number in range(MESSAGES)]
        reset(two.replica, planned_reset(two.replica, ignore), ignore)
        one.replica.pull()
        assert [_picture(one, number) for number in range(MESSAGES)] == kept
        assert used_chunks(one.library.database.connection) <= _live(one)
        assert one.library.digest() == two.library.digest()


ACTS = ("thumbnails", "purge", "files", "import", "restore")
_steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 1), st.sets(st.integers(0, 5), min_size=1)),
    max_size=9,
)


@settings(max_examples=cases(25, 2_000), deadline=None)
@given(_steps)
def test_in_any_order_of_acts_no_picture_is_lost_and_none_outlives_its_photo(
    steps: list[tuple[str, int, set[int]]],
) -> None:
    with _devices(2) as (devices, items):
        one = devices[0]
        pinned = one.library.head_moment()
        create_snapshot(one.library, one.replica, "kept", "test")
        devices[1].replica.pull()
        for number, (act, which, chosen) in enumerate(steps):
            device, time_ms = devices[which], NOW_MS + number
            if act == "thumbnails":
                # Not after a pull: the other one may have made it, or have purged the photo.
                _made(device, *chosen, program=bytes([which]))
                continue
            device.replica.pull()
            if act in ("purge", "files"):
                _purge(device, *chosen, only_files=act == "files")
            elif act == "import":
                device.take(items, time_ms)
            else:
                some = _select(device.library, *chosen)
                restore(device.library, device.replica, pinned, some, MERGE, time_ms, ignore)
        for device in devices:
            device.replica.pull()
        assert devices[0].library.digest() == devices[1].library.digest()
        for device in devices:
            used = used_chunks(device.library.database.connection)
            assert used <= _live(device)
            for number in range(MESSAGES):
                row = _row(device.library, f"a{number}")
                assert row is not None
                if not row.state.get(CONTENT):
                    assert pieces_of(row.state) == set()
                picture = _picture(device, number)
                assert picture is None or picture in _live(device)
                assert picture is None or _bytes(device, f"a{number}") is not None
        # After everything was purged and has rested, nothing is left at the head.
        one.replica.pull()
        plan = plan_selected(one.library, Selection(), False)
        purge(one.library, one.replica, plan, NOW_MS)
        note_resting(one.library, NOW_MS)
        drop_purged_words(one.replica, NOW_MS + PURGE_REST_MS + 1)
        assert _live(one) == used_chunks(one.library.database.connection)
