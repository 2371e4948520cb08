"""What devices do: read their sources, delete and put back, make snapshots, compact, sync."""

from sealwax.agent.compacting import compact
from sealwax.intake.apply import Intake
from sealwax.library.project import PRESENT, TRASH
from sealwax.library.query import Row
from sealwax.library.select import ANYWHERE, Moment, Selection
from sealwax.model.brake import BRAKE_CONVERSATIONS
from sealwax.model.change import Change, entry
from sealwax.model.field import EDIT, ORIGIN, PURGED
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.snapshot.plan import MERGE
from sealwax.snapshot.restore import restore
from sealwax.sources.base import Deletion, Item
from sealwax.storage.apply import delete, undelete
from sealwax.sync.compaction.apply import drop_purged_words, merge_small
from sealwax.sync.repair import AccountParted
from sealwax.sync.unread import unread
from sealwax.vault.writing import write_in_batches
from tests.homes import ignore
from tests.sync.devices import ListSource
from tests.sync.simulation.clocks import YEAR_MS
from tests.sync.simulation.home import Home, Promised
from tests.sync.simulation.person import sync_and_answer
from tests.sync.simulation.words import CHATS, chats, later_fact, message, number_of, origin
from tests.sync.simulation.world import World

LOCKED_MS = 10 * YEAR_MS
MUCH = 1_000
"""Of so many records a few are less than a tenth."""


def import_some(world: World, home: Home) -> None:
    """A part of the phone, with a deletion in it now and then."""
    rng, size = world.rng, world.size
    start = rng.randrange(size.messages - size.imported)
    numbers = range(start, start + rng.randrange(1, size.imported))
    items: list[Item] = [*chats(), *map(message, numbers)]
    if rng.random() < 0.2 and _may_delete(world, gone := rng.choice(numbers)):
        now_ms = home.clock.now_ms()
        items.append(Deletion(int(Kind.MESSAGE), origin(gone), f"recoverable:{now_ms}", now_ms))
        world.taken |= {home.record_of(origin(gone))}
    take(world, home, items)
    home.known.said.update(map(origin, numbers))


def import_later_facts(world: World, home: Home) -> None:
    """Receipts, reactions and edits, of messages that are there or are not."""
    rng, now_ms = world.rng, home.clock.now_ms()
    facts = [
        later_fact(rng, rng.randrange(world.size.messages), now_ms)
        for _ in range(rng.randrange(1, world.size.edited))
    ]
    edited = {fact.canonical_id for fact in facts if fact.entries[0].name == EDIT.name}
    world.taken |= {home.record_of(one) for one in edited}
    take(world, home, facts)


def take(world: World, home: Home, items: list[Item]) -> None:
    """The device reads these from a source."""
    device = home.device
    world.operations += sum(item.kind == Kind.MESSAGE for item in items)
    with device.journal.together():
        Intake(
            ListSource(items, home.clock.now_ms()),
            device.history.library,
            device.journal,
            device.history.keys.roots,
            lambda reason: create_snapshot(device.history.library, device.journal, "", reason),
            ignore,
            is_confirmed=True,
            now_ms=home.clock.now_ms(),
        ).run()


def delete_some(world: World, home: Home) -> None:
    rows = _rows(home, _some(world, home, PRESENT))
    going = [row for row in rows if _may_delete(world, number_of(row.state.get(ORIGIN)[1]))]
    world.taken |= {row.uid for row in going}
    some = Selection(messages=tuple(row.record for row in going) or (0,))
    delete(home.library, home.device.journal, some, home.clock.now_ms())


def undelete_some(world: World, home: Home) -> None:
    some = _some(world, home, TRASH)
    undelete(home.library, home.device.journal, some, home.clock.now_ms())


def purge_some(world: World, home: Home) -> None:
    """Takes the words of some messages away that lie in the trash."""
    some = _some(world, home, TRASH, world.size.purged)
    rows = _rows(home, some)
    world.taken |= {row.uid for row in rows}
    assert all(row.state.life % 2 == 1 for row in rows)
    world.purged |= {row.state.get(ORIGIN)[1] for row in rows}
    changes = [
        Change(
            int(Kind.MESSAGE), row.uid, None, home.clock.now_ms(), home.device.history.device,
            (entry(PURGED, row.state.life),),
        )
        for row in rows
    ]  # fmt: skip
    write_in_batches(home.device.journal, changes, "purge")


def make_snapshot(world: World, home: Home, lock_until_ms: int = 0) -> None:
    world.operations += 1
    name = f"pin {world.operations} of {home.folder.name}"
    snapshot = create_snapshot(home.library, home.device.journal, name, "test", lock_until_ms)
    assert snapshot >= 0
    (pin,) = [pin for pin in home.library.holdings.pins() if pin.name == name] or [None]
    assert pin is not None, "A snapshot that was just made is not there."
    is_all_read = not unread(home.library, home.device.outbox.zone)
    digest = home.library.applier.digest_at(pin.moment) if is_all_read else None
    home.known.promises.append(Promised(name, pin.zone, pin.moment, digest))


def make_locked_snapshot(world: World, home: Home) -> None:
    """One that nobody may let go of for years."""
    make_snapshot(world, home, home.clock.now_ms() + LOCKED_MS)


def restore_some(world: World, home: Home) -> None:
    """Brings a part of a snapshot back."""
    pins = home.library.holdings.pins()
    if pins:
        moment = world.rng.choice(pins).moment
        some = _some(world, home, world.rng.choice((PRESENT, TRASH)))
        now_ms, journal = home.clock.now_ms(), home.device.journal
        restore(home.library, journal, moment, some, MERGE, now_ms, ignore)


def merge_segments(world: World, home: Home) -> None:
    """The small part of a compaction, which runs after each import."""
    device = home.device
    if not device.journal.is_shared_now:
        return
    world.operations += 1
    try:
        merge_small(device.history)
        drop_purged_words(device.history, home.clock.now_ms())
    finally:
        device.outbox.put_on()


def collect_unheld(world: World, home: Home) -> None:
    """All of a compaction: what nothing has held for long enough is deleted."""
    device = home.device
    if not device.journal.is_shared_now:
        return
    world.operations += 1
    home.time.note()
    now_ms = home.time.sure_now_ms()
    try:
        compact(device.history, home.scratch, now_ms, ignore)
    finally:
        device.outbox.put_on()
        world.grace.check(world.place.take_deleted())


def sync(world: World, home: Home) -> None:
    if not home.is_on:
        return
    world.operations += 1
    sync_and_answer(world, home)


def back_up(world: World, home: Home) -> None:
    """What waits on this device is copied to the place. Where that can be read back, nothing of it
    may be lost from then on, as long as the device is one of the account's."""
    world.operations += 1
    try:
        proof = home.device.sync.back_up()
    except AccountParted:
        # So it looks where a place shows another list of devices.
        assert world.is_lied_to
        return
    if proof.is_whole:
        world.place.safe.kept.setdefault(home.name, set()).update(home.waiting() & home.known.said)


def switch(world: World, home: Home) -> None:
    """Sync goes off, or on."""
    world.operations += 1
    home.switch(not home.is_on)


def _may_delete(world: World, number: int) -> bool:
    """Whether a message may go: in a calm world only those of a few conversations, and only when
    there is so much that these are little."""
    if not world.size.is_calm:
        return True
    least = min(home.library.live_records() for home in world.homes)
    return number % CHATS < BRAKE_CONVERSATIONS and least > MUCH


def _rows(home: Home, some: Selection) -> list[Row]:
    moment = Moment(home.library.head_moment(), ANYWHERE)
    return list(home.library.read.messages(some, moment))


def _some(world: World, home: Home, place: int, most: int = 0) -> Selection:
    """Up to so many messages of one conversation, one after the other."""
    rows = home.library.database.connection.execute(
        "SELECT record.id FROM record JOIN version ON version.id = record.version"
        " WHERE version.kind = 2 AND place = ? ORDER BY conversation, time_ns, record.id",
        (place,),
    ).fetchall()
    start = world.rng.randrange(len(rows) or 1)
    chosen = rows[start : start + world.rng.randrange(1, most or world.size.deleted)]
    world.operations += len(chosen)
    return Selection(messages=tuple(row for (row,) in chosen) or (0,))


ACTS = {
    import_some: 6,
    import_later_facts: 3,
    delete_some: 1,
    undelete_some: 1,
    make_snapshot: 1,
    restore_some: 1,
    merge_segments: 1,
    purge_some: 1,
    sync: 6,
    back_up: 1,
    switch: 1,
}
"""What people and their devices do every day, and how often."""
