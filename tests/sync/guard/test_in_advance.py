"""What another device purges before it was ever here: an import says that it stays away."""

from sealwax.crypto.keyed_hash import record_ids
from sealwax.intake.apply import Intake
from sealwax.model.record import NAMESPACE_APPLE, Kind
from sealwax.snapshot.pins import create_snapshot
from tests.homes import ignore
from tests.sync.devices import ListSource
from tests.sync.guard.household import CHATS, House, chat, message

HONEST = 0
NUMBERS = range(500, 520)


def test_an_import_says_what_it_does_not_bring_back_and_who_purged_it(house: House) -> None:
    device = house.homes[HONEST].device
    roots = device.history.keys.roots
    names = [(Kind.MESSAGE, f"m{number}") for number in NUMBERS]
    house.evil().purge(record_ids(roots, NAMESPACE_APPLE, names), 0)
    house.sync(HONEST)
    items = [*map(chat, range(CHATS)), *map(message, (*NUMBERS, 600))]
    with device.journal.together():
        done = Intake(
            ListSource(items, house.clocks[HONEST].now_ms()),
            device.history.library,
            device.journal,
            roots,
            lambda reason: create_snapshot(device.history.library, device.journal, "", reason),
            ignore,
            is_confirmed=False,
            now_ms=house.clocks[HONEST].now_ms(),
        ).run()
    assert done.new["messages"] == 1
    assert (done.stay_purged, done.purged_elsewhere) == (len(NUMBERS), len(NUMBERS))
