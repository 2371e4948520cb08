"""Planning an import: what is news, what falls, what is held, what returns. Pure: no library."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.intake.plan import (
    Doomed,
    Seen,
    plan_copy,
    plan_deletions,
    plan_observations,
)
from sealwax.model.change import Change, Entry, entry
from sealwax.model.field import DELETION, HELD, LIFE, NAME, PURGED, REACTION, READ_NS, TEXT, TIME_NS
from sealwax.model.record import Kind
from sealwax.model.state import State, empty, encode, join_change
from sealwax.sources.base import Observation

DEVICE = b"d" * 16
OTHER = b"o" * 16
MESSAGE = int(Kind.MESSAGE)


def _id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _seen(number: int, time_ms: int, *entries: object) -> Seen:
    return Seen(_id(number), Observation(MESSAGE, f"m{number}", time_ms, entries))  # type: ignore[arg-type]


def _state(*changes: Change) -> State:
    state = empty(MESSAGE)
    for change in changes:
        state = join_change(state, change)
    return state


def _content(number: int, life: int = 0, time_ms: int = 10) -> Change:
    entries = (entry(TIME_NS, time_ms), entry(TEXT, f"words {number}"))
    return Change(MESSAGE, _id(number), life, time_ms, OTHER, entries)


def _raised(number: int, life: int, time_ms: int) -> Change:
    return Change(MESSAGE, _id(number), None, time_ms, OTHER, (entry(LIFE, life),))


def test_what_is_known_is_not_news() -> None:
    state = _state(_content(1))
    again = _seen(1, 10, entry(TIME_NS, 10), entry(TEXT, "words 1"))
    assert plan_observations([again], {_id(1): state}, DEVICE) == []


def test_only_the_new_facts_are_written() -> None:
    state = _state(_content(1))
    more = _seen(1, 10, entry(TEXT, "words 1"), entry(READ_NS, 7))
    (change,) = plan_observations([more], {_id(1): state}, DEVICE)
    assert [item.name for item in change.entries] == ["read_ns"]
    assert change.device == DEVICE


def test_a_fact_that_would_lose_is_not_news() -> None:
    state = _state(Change(MESSAGE, _id(1), 0, 1, OTHER, (entry(READ_NS, 5),)))
    assert plan_observations([_seen(1, 9, entry(READ_NS, 6))], {_id(1): state}, DEVICE) == []
    assert plan_observations([_seen(1, 9, entry(READ_NS, 4))], {_id(1): state}, DEVICE) != []


def test_the_same_record_twice_in_a_batch_is_written_once() -> None:
    batch = [_seen(1, 5, entry(TEXT, "a")), _seen(1, 5, entry(TEXT, "a"))]
    assert len(plan_observations(batch, {}, DEVICE)) == 1


def test_what_was_purged_is_not_brought_back_by_a_source() -> None:
    purge = Change(MESSAGE, _id(1), None, 50, OTHER, (entry(LIFE, 1), entry(PURGED, 1)))
    state = _state(_content(1), purge)
    assert plan_observations([_seen(1, 10, entry(TEXT, "w"))], {_id(1): state}, DEVICE) == []


def _plan(
    doomed: list[Doomed], states: dict[bytes, State], records: int = 1_000, **more: object
) -> object:
    conversations = {item.record: f"c{item.record[-1] % 7}" for item in doomed}
    reappeared = more.get("reappeared", [])
    newest_ms = more.get("newest_ms", 100)
    confirmed = bool(more.get("is_confirmed", False))
    return plan_deletions(
        doomed,
        reappeared,  # type: ignore[arg-type]
        states,
        conversations,
        records,
        newest_ms,  # type: ignore[arg-type]
        DEVICE,
        confirmed,
    )


def _doomed(number: int, time_ms: int = 60, key: str | None = None) -> Doomed:
    return Doomed(_id(number), MESSAGE, key or f"recoverable:{time_ms}", time_ms)


def test_a_deletion_raises_the_life_and_remembers_its_key() -> None:
    plan = _plan([_doomed(1)], {_id(1): _state(_content(1))})
    (move,) = plan.moves  # type: ignore[attr-defined]
    assert {(item.name, item.key): item.value for item in move.entries} == {
        ("life", ""): 1,
        ("deletion", "recoverable:60"): True,
    }
    after = _state(_content(1), move)
    again = _plan([_doomed(1)], {_id(1): after})
    assert (again.moves, again.marks) == ((), ())  # type: ignore[attr-defined]


def test_a_deletion_older_than_a_restore_is_only_remembered() -> None:
    state = _state(_content(1), _raised(1, 2, 90), _content(1, 2, 90))
    plan = _plan([_doomed(1, 60)], {_id(1): state})
    assert plan.moves == ()  # type: ignore[attr-defined]
    (mark,) = plan.marks  # type: ignore[attr-defined]
    assert [item.name for item in mark.entries] == [DELETION.name]
    newer = _plan([_doomed(1, 95)], {_id(1): state})
    assert len(newer.moves) == 1  # type: ignore[attr-defined]


def test_the_second_stage_of_an_undone_deletion_is_only_remembered() -> None:
    deleted = Change(
        MESSAGE,
        _id(1),
        None,
        60,
        OTHER,
        (entry(LIFE, 1), entry(DELETION, True, "recoverable:60")),
    )
    state = _state(_content(1), deleted, _raised(1, 2, 70), _content(1, 2, 70))
    plan = _plan([_doomed(1, 100, "tombstone:")], {_id(1): state})
    assert plan.moves == ()  # type: ignore[attr-defined]


def test_a_record_that_nobody_has_seen_is_remembered_as_deleted() -> None:
    plan = _plan([_doomed(9)], {})
    assert (plan.moves, len(plan.marks)) == ((), 1)  # type: ignore[attr-defined]


def test_the_brake_holds_at_more_than_ten_in_a_hundred() -> None:
    states = {_id(number): _state(_content(number)) for number in range(11)}
    one_chat = [Doomed(_id(number), MESSAGE, "tombstone:", 60) for number in range(11)]

    def held(count: int, records: int, is_confirmed: bool = False) -> bool:
        plan = plan_deletions(
            one_chat[:count], [], states, dict.fromkeys(states, "c"), records, 100, DEVICE,
            is_confirmed,
        )  # fmt: skip
        assert all(
            any(item.name == HELD.name for item in move.entries) == plan.is_held
            for move in plan.moves
        )
        return plan.is_held

    assert [held(10, 100), held(11, 100), held(11, 100, True)] == [False, True, False]


def test_the_brake_holds_at_more_than_three_conversations() -> None:
    states = {_id(number): _state(_content(number)) for number in range(4)}
    doomed = [_doomed(number) for number in range(4)]
    assert _plan(doomed, states, 10_000).is_held  # type: ignore[attr-defined]
    assert not _plan(doomed[:3], states, 10_000).is_held  # type: ignore[attr-defined]


def test_what_the_source_shows_again_returns_with_its_content() -> None:
    deleted = Change(
        MESSAGE,
        _id(1),
        None,
        60,
        OTHER,
        (entry(LIFE, 1), entry(DELETION, True, "recoverable:60")),
    )
    state = _state(_content(1), deleted)
    old = _plan([], {_id(1): state}, reappeared=[_id(1)], newest_ms=50)
    assert old.returns == ()  # type: ignore[attr-defined]
    new = _plan([], {_id(1): state}, reappeared=[_id(1)], newest_ms=80)
    after = state
    for change in new.returns:  # type: ignore[attr-defined]
        after = join_change(after, change)
    assert after.is_live
    assert after.get(TEXT) == "words 1"


def test_what_a_person_deleted_here_does_not_return() -> None:
    state = _state(_content(1), _raised(1, 1, 60))
    plan = _plan([], {_id(1): state}, reappeared=[_id(1)], newest_ms=80)
    assert plan.returns == ()  # type: ignore[attr-defined]


def test_a_copied_record_brings_only_its_news() -> None:
    changes = [_content(1), _raised(1, 1, 60)]
    news, after = plan_copy(_id(1), MESSAGE, changes, None)
    assert len(news) == 2
    again, same = plan_copy(_id(1), MESSAGE, changes, after)
    assert again == []
    assert encode(same) == encode(after)


def test_a_name_that_alone_changed_is_taken_over_whichever_way() -> None:
    conversation = int(Kind.CONVERSATION)

    def named(name: str, time_ms: int) -> Seen:
        told = Observation(conversation, "c1", time_ms, (entry(NAME, name),))
        return Seen(_id(1), told)

    for first, second in (("Pub", "Book club"), ("Book club", "Pub")):
        state = empty(conversation)
        for change in plan_observations([named(first, 10)], {}, DEVICE):
            state = join_change(state, change)
        found = plan_observations([named(second, 10)], {_id(1): state}, DEVICE)
        for change in found:
            state = join_change(state, change)
        assert state.get(NAME) == second
        # The same again, and an older copy that still has the first name, change nothing.
        for again in (named(second, 10), named(first, 10), named(first, 9)):
            assert plan_observations([again], {_id(1): state}, OTHER) == []
        # With a newer message it is the source's word as ever.
        (later,) = plan_observations([named(first, 20)], {_id(1): state}, DEVICE)
        assert join_change(state, later).get(NAME) == first


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(0, 5),
            st.lists(
                st.one_of(
                    st.sampled_from("ab").map(lambda text: entry(TEXT, text)),
                    st.sampled_from("ab").map(lambda name: entry(NAME, name)),
                    st.integers(0, 3).map(lambda time: entry(READ_NS, time)),
                    st.sampled_from(["0:me", "0:you"]).map(
                        lambda key: entry(REACTION, ["loved", None, "g"], key)
                    ),
                ),
                min_size=1,
                max_size=3,
            ),
        ),
        max_size=8,
    )
)
def test_a_batch_is_planned_as_its_items_one_by_one(
    told: list[tuple[int, int, list[Entry]]],
) -> None:
    seen = [_seen(number, time_ms, *entries) for number, time_ms, entries in told]
    start = {_id(1): _state(_content(1))}
    together = _after(start, plan_observations(seen, start, DEVICE))
    by_one = start
    for item in seen:
        by_one = _after(by_one, plan_observations([item], by_one, DEVICE))
    assert together == by_one
    assert encode(start[_id(1)]) == encode(_state(_content(1)))


def _after(states: dict[bytes, State], changes: list[Change]) -> dict[bytes, State]:
    after = dict(states)
    for change in changes:
        after[change.record] = join_change(after.get(change.record, empty(MESSAGE)), change)
    return after
