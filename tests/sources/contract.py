"""The contract of every source; see the docstring of `sealwax.sources.base`."""

from sealwax.base.problem import Problem
from sealwax.model.change import Change, Entry
from sealwax.model.field import ATTACHMENT, CONVERSATION, ORIGIN, has_its_form
from sealwax.model.record import Kind
from sealwax.model.reference import resolve
from sealwax.sources.base import BATCH_ITEMS, Copied, Deletion, Item, Observation, Source
from sealwax.vault.segment import decode_segment, encode_segment
from tests.accounts import made_account

ORDER = {Kind.CONTACT: 0, Kind.CONVERSATION: 0, Kind.ATTACHMENT: 1, Kind.MESSAGE: 2}

ROOTS = made_account().keys.roots
REFERRING = {CONVERSATION.name: int(Kind.CONVERSATION), ATTACHMENT.name: int(Kind.ATTACHMENT)}


def everything(source: Source) -> list[Item]:
    return [item for batch in source.read() for item in batch]


def can_be_kept(item: Observation) -> None:
    """Whatever a source holds: what it tells has the forms of its fields, and can be sealed."""
    assert all(has_its_form(*told) for told in item.entries), item
    record = bytes([item.kind]) + b"r" * 15
    change = Change(item.kind, record, 0, item.time_ms, b"d" * 16, item.entries)
    assert len(decode_segment(ROOTS, encode_segment(ROOTS, [change]))) == 1


def _entries(item: Observation | Copied) -> tuple[Entry, ...]:
    if isinstance(item, Observation):
        return item.entries
    return tuple(one for change in item.changes for one in change.entries)


class SourceContract:
    """Inherit, and give a fixture `source`: an opened source with some messages."""

    def test_reading_twice_gives_the_same(self, source: Source) -> None:
        assert everything(source) == everything(source)

    def test_batches_are_bounded(self, source: Source) -> None:
        sizes = [len(batch) for batch in source.read()]
        assert sizes
        assert max(sizes) <= BATCH_ITEMS

    def test_deletions_come_last(self, source: Source) -> None:
        kinds = [isinstance(item, Deletion) for item in everything(source)]
        named = [item for item in everything(source) if isinstance(item, Observation)]
        assert named or not any(kinds)
        tombstones = [
            at
            for at, item in enumerate(everything(source))
            if isinstance(item, Deletion) and item.time_ms is None
        ]
        observations = [
            at for at, item in enumerate(everything(source)) if isinstance(item, Observation)
        ]
        assert not tombstones or min(tombstones) > max(observations)

    def test_attachments_come_before_messages(self, source: Source) -> None:
        kinds = [item.kind for item in everything(source) if isinstance(item, Observation | Copied)]
        first_message = kinds.index(int(Kind.MESSAGE))
        assert int(Kind.ATTACHMENT) not in kinds[first_message:]

    def test_it_describes_itself(self, source: Source) -> None:
        said = source.describe()
        assert said == source.describe()
        assert said.messages > 0
        assert said.newest_ms > 0
        assert said.label
        assert "/" not in said.identity

    def test_times_are_the_source_s_own(self, source: Source) -> None:
        newest_ms = source.describe().newest_ms
        for item in everything(source):
            if isinstance(item, Observation):
                assert item.time_ms <= newest_ms + 1

    def test_what_it_tells_has_its_form(self, source: Source) -> None:
        told = [item for item in everything(source) if isinstance(item, Observation)]
        for item in told:
            can_be_kept(item)

    def test_a_record_has_its_namespace_and_names_others_that_are_told(
        self, source: Source
    ) -> None:
        told: set[tuple[int, str, str]] = set()
        named: set[tuple[int, str, str]] = set()
        for item in everything(source):
            if isinstance(item, Observation | Copied):
                own = item.namespace if isinstance(item, Copied) else source.namespace
                told.add((item.kind, own, item.canonical_id))
                for one in _entries(item):
                    if one.name == ORIGIN.name:
                        assert list(one.value) == [own, item.canonical_id]
                    elif kind := REFERRING.get(one.name):
                        named.add((kind, *resolve(one.key, own)))
        assert named
        assert named <= told

    def test_problems_do_not_end_the_reading(self, source: Source) -> None:
        items = everything(source)
        assert not items or not isinstance(items[-1], Problem) or len(items) > 1
