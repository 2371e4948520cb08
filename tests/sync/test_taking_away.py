"""What a device of the account cannot take away from the others, whatever it writes."""

from pathlib import Path

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.ledger.commit import CommitKind
from sealwax.ledger.dropping import NOT_BY_THIS_KIND
from sealwax.ledger.objects import UnpinFacts, encode_facts
from sealwax.library.holdings import PinRow
from sealwax.library.select import Moment
from sealwax.model.change import Change, entry
from sealwax.model.field import LIFE, ORIGIN
from sealwax.model.record import Kind
from sealwax.snapshot.pins import create_snapshot
from sealwax.stores.memory import MemoryStore
from sealwax.vault.commit_part import Part
from sealwax.vault.compose import Draft
from sealwax.vault.digest import DIGEST_RULES, digest_bytes
from sealwax.vault.writing import Pinning, Writing
from tests.homes import NOW_MS
from tests.sync.devices import Device, appended, made_devices
from tests.sync.test_simulation import message

OP_ID = b"o" * 16


def _devices(folder: Path, count: int = 2) -> tuple[MemoryStore, list[Device]]:
    store, entropy = MemoryStore(), TestOnlySeededEntropy("taking away")
    return store, made_devices(folder, store, count, entropy, lambda _, inner: inner)


def _take(device: Device, first: int, count: int) -> None:
    device.take([message(n, 1, NOW_MS + n) for n in range(first, first + count)], NOW_MS + first)


def _live(device: Device) -> tuple[bytes, ...]:
    return tuple(name for name, *_ in device.library.holdings.live_in(device.replica.zone))


def _messages_at(device: Device, moment: float) -> int:
    return sum(1 for _ in device.library.read.rows(Kind.MESSAGE, Moment(moment)))


def _pins(device: Device) -> list[PinRow]:
    return device.library.holdings.pins()


def test_an_ordinary_commit_that_drops_all_messages_takes_none(tmp_path: Path) -> None:
    store, (one, two) = _devices(tmp_path)
    _take(one, 0, 6)
    two.replica.pull()
    before = two.library.digest()
    empty = Part(digest=digest_bytes(0), digest_rules=DIGEST_RULES)
    seq = appended(one, Draft(CommitKind.CHANGE, OP_ID, empty, dropped=_live(one)))
    for device in (one, two):
        device.replica.pull()
        assert device.library.counts().messages == 6
        assert device.library.digest() == before
        (refused,) = device.library.holdings.refused_drops()
        assert refused[:4] == (one.replica.zone, seq, one.replica.device, NOT_BY_THIS_KIND)
    # A library that is made anew reads the same objects, and comes to the same.
    two.library.clear()
    two.replica.pull()
    assert two.library.digest() == before
    assert len(two.library.holdings.refused_drops()) == 1
    assert store.has_objects(_live(two)) == set(_live(two))


def test_a_name_that_somebody_took_before_is_not_used(tmp_path: Path) -> None:
    """Objects go before commits, so another device can add and drop a segment before its own does:
    the segment would count for nothing."""
    _, (one, two) = _devices(tmp_path)
    _take(one, 0, 2)
    two.replica.pull()
    changes = tuple(change for name in _live(one) for change in one.replica.read_segment(name))
    sealed = one.replica._start_sealing(changes).stored()
    taken = tuple((segment.name, len(segment.data)) for segment in sealed.segments)
    names = tuple(name for name, _ in taken)
    appended(two, Draft(CommitKind.CHANGE, OP_ID, Part(), chunks=taken, dropped=names))
    one.replica.write(Writing(changes, Part()), sealed)
    two.replica.pull()
    live = {name for name, *_ in two.library.holdings.live_segments()}
    assert len(live) == 1 + len(names)
    assert not live & set(names)
    assert one.library.digest() == two.library.digest()


def test_a_compaction_is_judged_alike_by_who_pulls_it_with_the_rest_and_after_it(
    tmp_path: Path,
) -> None:
    """What was added before a pull counts for what may be dropped in it."""
    _, (one, two, three) = _devices(tmp_path, 3)
    _take(one, 0, 3)
    two.replica.pull()
    _take(one, 3, 3)
    names = _live(one)
    changes = [change for name in names for change in one.replica.read_segment(name)]
    one.replica.write(Writing(tuple(changes), Part(), CommitKind.COMPACT, dropped=names))
    assert not set(names) & two.replica._look_ahead().needed()
    for device in (two, three):
        device.replica.pull()
        assert _live(device) == _live(one)
        assert device.library.digest() == one.library.digest()


def test_a_pin_of_an_earlier_moment_shows_it_where_it_is_pulled_with_what_came_between(
    tmp_path: Path,
) -> None:
    _, (one, two) = _devices(tmp_path)
    _take(one, 0, 4)
    seq = one.replica.head().seq
    two.replica.pull()
    _edit(one, 2)
    _take(one, 4, 3)
    # Letting go of another snapshot removes what nothing shows, and must not remove this.
    create_snapshot(one.library, one.replica, "", "between")
    between = one.replica.head().seq
    appended(one, Draft(CommitKind.PIN, OP_ID, Part(name="before"), pinning=Pinning(0, seq)))
    one.replica.pull()
    facts = encode_facts(UnpinFacts([between]))
    one.replica.write(Writing((), Part(), CommitKind.UNPIN, public=facts))
    _edit(one, 3)
    two.replica.pull()
    (pin,) = _pins(two)
    assert (pin.name, pin.pinned_seq, pin.moment) == ("before", seq, seq)
    assert _messages_at(two, pin.moment) == 4
    assert _messages_at(two, two.library.head_moment()) == 5
    _same_as_made_anew(two, pin)


def test_a_pin_of_a_moment_that_is_gone_is_not_shown_until_the_library_is_made_anew(
    tmp_path: Path,
) -> None:
    _, (one, two) = _devices(tmp_path)
    _take(one, 0, 4)
    seq = one.replica.head().seq
    two.replica.pull()
    _edit(one, 1)
    two.replica.pull()
    pin_seq = appended(
        one, Draft(CommitKind.PIN, OP_ID, Part(name="late"), pinning=Pinning(0, seq))
    )
    two.replica.pull()
    assert _pins(two) == []
    (pin,) = two.library.holdings.all_pins()
    assert (pin.commit_seq, pin.pinned_seq, pin.is_shown) == (pin_seq, seq, False)
    # What it holds is held all the same.
    assert not two.library.holdings.unheld_objects(2**60, ())
    two.library.clear()
    two.replica.pull()
    (shown,) = _pins(two)
    assert shown == pin._replace(is_shown=True)
    _same_as_made_anew(two, shown)


def test_what_a_moment_shows_is_kept_for_a_pin_that_is_still_to_be_written(tmp_path: Path) -> None:
    _, (one, two) = _devices(tmp_path)
    _take(one, 0, 4)
    two.replica.pull()
    seq = two.library.head_seq()
    with two.library.transaction():
        assert two.library.keep_moments("test", (seq, seq - 1)) == {float(seq)}
    before = two.library.digest()
    _edit(one, 2)
    two.replica.pull()
    two.replica.write(Writing((), Part(), CommitKind.PIN, pinning=Pinning(0, seq)))
    (pin,) = _pins(two)
    assert two.library.applier.digest_at(pin.moment) == before != two.library.digest()


def _edit(device: Device, number: int) -> None:
    """Deletes a message: a record changes that a moment before shows otherwise."""
    uid = next(
        row.uid
        for row in device.library.read.rows(Kind.MESSAGE, device.library.now())
        if row.state.get(ORIGIN)[1] == f"m{number}"
    )
    change = Change(int(Kind.MESSAGE), uid, None, NOW_MS, device.replica.device, (entry(LIFE, 1),))
    device.replica.write(Writing((change,), Part(confirmed=True)))


def _same_as_made_anew(device: Device, pin: PinRow) -> None:
    """A library that is made from its beginning shows the very same of a pin."""
    shown = device.library.applier.digest_at(pin.moment)
    device.library.clear()
    device.replica.pull()
    assert pin in _pins(device)
    assert device.library.applier.digest_at(pin.moment) == shown
