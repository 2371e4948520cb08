"""Purging: gone from the head on every device, kept by snapshots, never back by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.keyed_hash import record_id
from sealwax.library.files import file_reader
from sealwax.library.library import Library
from sealwax.library.project import TRASH
from sealwax.library.query import Row
from sealwax.library.resting import note_resting
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.library.usage import files, used_chunks
from sealwax.library.view import attachment_view
from sealwax.model.change import entry
from sealwax.model.field import ATTACHMENT, CONVERSATION, FILE_NAME, ORIGIN, TEXT, TIME_NS
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.plan import MERGE
from sealwax.snapshot.restore import restore
from sealwax.sources.base import Item, Observation
from sealwax.storage.apply import delete, undelete
from sealwax.storage.purge import drop_pieces, plan_emptying, plan_selected, purge
from sealwax.storage.usage import large_files, overview
from sealwax.stores.memory import MemoryStore
from sealwax.sync.compaction.apply import PURGE_REST_MS, drop_purged_words, merge_small
from tests.homes import DAY_MS, NOW_MS, ignore
from tests.laws import cases
from tests.sync.devices import Device, made_devices

MESSAGES = 6
SAME = b"the same picture" * 100


def _items(folder: Path) -> list[Item]:
    """Six messages, each with a file of its own but the first two, which have equal ones, and a
    seventh file that two messages share."""
    items: list[Item] = [
        Observation(
            int(Kind.CONVERSATION), "direct:a", 1, (entry(ORIGIN, ["imessage", "direct:a"]),)
        )
    ]
    for number in range(MESSAGES):
        content = folder / f"file{number}"
        content.write_bytes(SAME if number < 2 else f"file {number}".encode() * (50 + number))
        items.append(_file(f"a{number}", content))
    shared = folder / "shared"
    shared.write_bytes(b"shared" * 99)
    items.append(_file("shared", shared))
    for number in range(MESSAGES):
        told = [
            entry(ORIGIN, ["imessage", f"m{number}"]),
            entry(CONVERSATION, True, "direct:a"),
            entry(TIME_NS, (NOW_MS - 10**6 + number) * 1_000_000),
            entry(TEXT, f"words of message {number}"),
            entry(ATTACHMENT, 0, f"a{number}"),
        ]
        if number in (3, 4):
            told.append(entry(ATTACHMENT, 1, "shared"))
        items.append(
            Observation(int(Kind.MESSAGE), f"m{number}", NOW_MS - 10**6 + number, tuple(told))
        )
    return items


def _file(origin: str, content: Path) -> Observation:
    told = (entry(ORIGIN, ["imessage", origin]), entry(FILE_NAME, f"{origin}.jpg"))
    return Observation(int(Kind.ATTACHMENT), origin, NOW_MS - 10**7, told, content)


@contextmanager
def _devices(count: int) -> Iterator[tuple[list[Device], list[Item]]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        store, entropy = MemoryStore(), TestOnlySeededEntropy("purge")
        devices = made_devices(folder, store, count, entropy, lambda _, shared: shared)
        items = _items(folder)
        devices[0].take(items, NOW_MS - 10**6)
        for device in devices:
            device.replica.pull()
        try:
            yield devices, items
        finally:
            for device in devices:
                device.library.close()


def _select(library: Library, *numbers: int) -> Selection:
    found = [_row(library, f"m{number}") for number in numbers]
    return Selection(messages=tuple(row.record for row in found if row is not None) or (0,))


def _row(library: Library, origin: str, moment: Moment | None = None) -> Row | None:
    roots = library.read._roots
    uids = [record_id(roots, NAMESPACE_APPLE, kind, origin) for kind in (2, 4)]
    at = moment or Moment(library.head_moment(), (0, 1, 2))
    return next(iter(library.read.by_uid(uids, at)), None)


def _purge(device: Device, *numbers: int, only_files: bool = False) -> int:
    device.replica.pull()
    plan = plan_selected(device.library, _select(device.library, *numbers), only_files)
    return purge(device.library, device.replica, plan, NOW_MS)


def _shown(library: Library, moment: Moment | None = None) -> list[str]:
    """The messages at a moment, and the files that can be read in full."""
    at = moment or Moment(library.head_moment(), ANYWHERE)
    texts = [row.state.get(TEXT) for row in library.read.messages(Selection(), at)]
    return sorted(texts)


def _bytes(device: Device, origin: str, moment: Moment | None = None) -> bytes | None:
    row = _row(device.library, origin, moment)
    if row is None or not attachment_view(row.record, row.state).chunks:
        return None
    replica = device.replica
    read = file_reader(replica.store, replica.keys, replica.zone)
    return b"".join(read(attachment_view(row.record, row.state)))


def _live(device: Device) -> set[bytes]:
    return {
        name
        for name, _, _, is_segment in device.library.holdings.live_in(device.replica.zone)
        if not is_segment
    }


def test_a_purge_takes_words_and_files_and_a_snapshot_keeps_them() -> None:
    with _devices(2) as ((one, two), items):
        pin = create_snapshot(one.library, one.replica, "kept", "test")
        before = len(_live(one))
        assert _purge(one, 2, 3) == 4
        for device in (one, two):
            device.replica.pull()
            assert _shown(device.library) == [f"words of message {n}" for n in (0, 1, 4, 5)]
            assert _bytes(device, "a2") is None
            assert _bytes(device, "a3") is None
            # What another message has too stays.
            assert _bytes(device, "shared") == b"shared" * 99
            assert len(_live(device)) == before - 2
            assert _live(device) == used_chunks(device.library.database.connection)
            then = Moment(device.library.holdings.pins()[0].moment)
            assert len(_shown(device.library, then)) == MESSAGES
            assert _bytes(device, "a2", then) is not None
        # A source that still has them does not bring them back, again and again.
        for _ in range(2):
            done = one.take(items, NOW_MS)
            assert (done.changed, done.files, done.commits) == (0, 0, 0)
        assert one.library.digest() == two.library.digest()
        assert pin >= 0


def test_equal_files_go_with_the_last_of_them() -> None:
    with _devices(1) as ((one,), _):
        _purge(one, 0)
        assert _bytes(one, "a1") == SAME
        pieces = len(_live(one))
        _purge(one, 1)
        assert len(_live(one)) == pieces - 1


def test_only_the_files() -> None:
    with _devices(1) as ((one,), _):
        _purge(one, 2, only_files=True)
        assert len(_shown(one.library)) == MESSAGES
        assert _bytes(one, "a2") is None
        assert _row(one.library, "a3") is not None


@pytest.mark.parametrize("is_everything", [False, True])
def test_a_restore_brings_words_and_files_back_for_good(is_everything: bool) -> None:
    """The pieces were dropped, so they are sealed anew: the head holds them again by itself."""
    with _devices(2) as ((one, two), items):
        pinned = one.library.head_moment()
        pin = create_snapshot(one.library, one.replica, "kept", "test")
        _purge(one, 2, 3)
        two.replica.pull()
        selection = Selection() if is_everything else _select(two.library, 2, 3)
        restore(two.library, two.replica, pinned, selection, MERGE, NOW_MS, ignore)
        one.replica.pull()
        for device in (one, two):
            assert len(_shown(device.library)) == MESSAGES
            assert _bytes(device, "a2") == b"file 2" * 52
            assert used_chunks(device.library.database.connection) <= _live(device)
        done = one.take(items, NOW_MS)
        assert (done.changed, done.files) == (0, 0)
        assert pin >= 0
        assert one.library.digest() == two.library.digest()


def test_a_file_that_another_device_imports_meanwhile_is_not_lost() -> None:
    """Two equal files: one device purges the only one known, the other one imports its twin."""
    with _devices(2) as ((one, two), _):
        twin = two.folder / "twin"
        twin.write_bytes(b"file 5" * 55)
        told = (
            entry(ORIGIN, ["imessage", "m9"]),
            entry(TIME_NS, NOW_MS * 1_000_000),
            entry(TEXT, "twin"),
            entry(ATTACHMENT, 0, "a9"),
        )
        late = [_file("a9", twin), Observation(int(Kind.MESSAGE), "m9", NOW_MS, told)]
        pull = two.replica.pull
        raced: list[bool] = []

        def racing(*arguments: int) -> object:
            # The other device purges after this one has seen the piece, before it writes.
            if two.replica.library.holdings.head("messages") and raced == [True]:
                raced.append(True)
                _purge(one, 5)
            raced.append(True)
            return pull(*arguments)

        two.replica.pull = racing  # type: ignore[method-assign]
        two.take(late, NOW_MS)
        two.replica.pull = pull  # type: ignore[method-assign]
        one.replica.pull()
        for device in (one, two):
            device.replica.pull()
            assert _bytes(device, "a9") == b"file 5" * 55
            assert used_chunks(device.library.database.connection) <= _live(device)
        assert "words of message 5" not in _shown(one.library)


def test_a_piece_that_came_into_use_is_not_dropped() -> None:
    """The same race the other way round: the import arrives just before the drop."""
    with _devices(2) as ((one, two), _):
        plan = plan_selected(one.library, _select(one.library, 5), False)
        purge(one.library, one.replica, plan._replace(chunks=frozenset()), NOW_MS)
        twin = two.folder / "twin"
        twin.write_bytes(b"file 5" * 55)
        told = (entry(ORIGIN, ["imessage", "m9"]), entry(ATTACHMENT, 0, "a9"))
        late = [_file("a9", twin), Observation(int(Kind.MESSAGE), "m9", NOW_MS, told)]
        pull = one.replica.pull
        raced: list[bool] = []

        def racing(*arguments: int) -> object:
            if not raced:
                raced.append(True)
                two.take(late, NOW_MS)
            return pull(*arguments)

        one.replica.pull = racing  # type: ignore[method-assign]
        drop_pieces(one.library, one.replica, plan.chunks)
        one.replica.pull = pull  # type: ignore[method-assign]
        two.replica.pull()
        for device in (one, two):
            assert _bytes(device, "a9") == b"file 5" * 55
            assert used_chunks(device.library.database.connection) <= _live(device)


def test_the_trash_is_emptied_after_its_time_and_not_before() -> None:
    with _devices(1) as ((one,), _):
        long_ago = NOW_MS - 400 * DAY_MS
        delete(one.library, one.replica, _select(one.library, 2), long_ago)
        delete(one.library, one.replica, _select(one.library, 3), NOW_MS + 9_000 * DAY_MS)

        def emptied(now_ms: int, held: frozenset[bytes] = frozenset()) -> int:
            found = plan_emptying(one.library, now_ms - 30 * DAY_MS, held)
            return len(found.messages)

        # A deletion may tell of a time years ago, or to come: it was seen only now.
        assert emptied(NOW_MS + 31 * DAY_MS) == 0
        note_resting(one.library, NOW_MS)
        assert emptied(NOW_MS + 29 * DAY_MS) == 0
        assert emptied(NOW_MS + 31 * DAY_MS) == 2
        (held, _) = (row.uid for row in _trashed(one.library))
        assert emptied(NOW_MS + 31 * DAY_MS, frozenset((held,))) == 1
        undelete(one.library, one.replica, _select(one.library, 2), NOW_MS)
        assert emptied(NOW_MS + 31 * DAY_MS) == 1
        # What is deleted once more begins to rest once more.
        delete(one.library, one.replica, _select(one.library, 2), long_ago)
        note_resting(one.library, NOW_MS + 20 * DAY_MS)
        assert emptied(NOW_MS + 31 * DAY_MS) == 1
        assert emptied(NOW_MS + 51 * DAY_MS) == 2


def _trashed(library: Library) -> list[Row]:
    moment = Moment(library.head_moment(), (TRASH,))
    return list(library.read.messages(Selection(), moment))


def test_what_was_left_at_the_head_goes_with_the_purged_words() -> None:
    """A purge that was cut off before the pieces were dropped."""
    with _devices(1) as ((one,), _):
        plan = plan_selected(one.library, _select(one.library, 2), False)
        purge(one.library, one.replica, plan._replace(chunks=frozenset()), NOW_MS)
        assert plan.chunks <= _live(one)
        note_resting(one.library, NOW_MS)
        drop_purged_words(one.replica, NOW_MS + PURGE_REST_MS + 1)
        assert not plan.chunks & _live(one)
        assert used_chunks(one.library.database.connection) <= _live(one)


def test_a_compaction_of_purged_changes_brings_no_piece_back() -> None:
    """Merging writes old changes again, those of purged content among them, as they are."""
    with _devices(1) as ((one,), _):
        plan = plan_selected(one.library, _select(one.library, 2), False)
        purge(one.library, one.replica, plan, NOW_MS)
        for number in range(20):
            told = (entry(TIME_NS, 1), entry(TEXT, f"later {number}"))
            one.take([Observation(int(Kind.MESSAGE), f"later{number}", NOW_MS, told)], NOW_MS)
        digest = one.library.digest()
        assert merge_small(one.replica).segments > 15
        assert not plan.chunks & _live(one)
        assert _live(one) == used_chunks(one.library.database.connection)
        assert one.library.digest() == digest


def test_what_takes_space_is_told() -> None:
    with _devices(1) as ((one,), _):
        found = overview(one.library, 10)
        assert found.files == MESSAGES + 1
        sizes = [file.size_bytes for file in files(one.library.database.connection)]
        # Equal files are the same pieces: they count once.
        assert found.file_bytes == sum(sizes) - len(SAME)
        assert found.conversations[0].files == MESSAGES + 2
        assert (found.trash_bytes, found.snapshot_bytes) == (0, 0)
        large = large_files(one.library, 1_000)
        assert {file.name for file in large} == {"a0.jpg", "a1.jpg"}
        delete(one.library, one.replica, _select(one.library, 2, 3), NOW_MS)
        assert overview(one.library, 10).trash_bytes == len(b"file 2") * 52 + len(b"file 3") * 53
        create_snapshot(one.library, one.replica, "s", "s")
        _purge(one, 2, 3)
        assert overview(one.library, 10).snapshot_bytes > 0
        assert overview(one.library, 10).files == MESSAGES - 1


ACTS = ("purge", "delete", "undelete", "import", "restore", "files")
_steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 1), st.sets(st.integers(0, 5), min_size=1)),
    max_size=8,
)


@settings(max_examples=cases(25, 2_000), deadline=None)
@given(_steps)
def test_any_order_of_acts_on_two_devices_ends_the_same(
    steps: list[tuple[str, int, set[int]]],
) -> None:
    """What was purged and not restored since never shows at the head, by whatever comes; the
    snapshot goes on showing all of it, with its files."""
    with _devices(2) as (devices, items):
        one = devices[0]
        pinned = one.library.head_moment()
        create_snapshot(one.library, one.replica, "everything", "test")
        for device in devices:
            device.replica.pull()
        purged: set[int] = set()
        for number, (act, which, chosen) in enumerate(steps):
            device, time_ms = devices[which], NOW_MS + number
            library, writer = device.library, device.replica
            device.replica.pull()
            some = _select(library, *chosen)
            if act == "purge":
                _purge(device, *chosen)
                purged |= chosen
            elif act == "files":
                _purge(device, *chosen, only_files=True)
            elif act == "delete":
                delete(library, writer, some, time_ms)
            elif act == "undelete":
                undelete(library, writer, some, time_ms)
            elif act == "import":
                device.take(items, time_ms)
            else:
                restore(library, writer, pinned, some, MERGE, time_ms, ignore)
                purged -= chosen
        for device in devices:
            device.replica.pull()
        texts = [_shown(device.library) for device in devices]
        assert texts[0] == texts[1]
        assert texts[0] == sorted(
            f"words of message {n}" for n in range(MESSAGES) if n not in purged
        )
        assert devices[0].library.digest() == devices[1].library.digest()
        for device in devices:
            assert used_chunks(device.library.database.connection) <= _live(device)
            then = Moment(device.library.holdings.pins()[0].moment)
            assert len(_shown(device.library, then)) == MESSAGES
            for number in range(MESSAGES):
                assert _bytes(device, f"a{number}", then) is not None
