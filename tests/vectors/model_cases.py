"""Vectors of canonical addresses, merges, states and digests."""

from collections.abc import Iterator
from typing import Any

import msgspec

from sealwax.crypto.keyed_hash import record_id
from sealwax.library.project import project
from sealwax.library.twins import Twin, together
from sealwax.model.change import Change, Entry
from sealwax.model.record import canonical_address
from sealwax.model.reference import named_by, resolve
from sealwax.model.state import State, empty, encode, from_change, join_change
from sealwax.vault.digest import change_digest, digest_bytes, state_term
from tests.vectors.crypto_cases import RECORD, ROOTS, Case

DEVICE, OTHER = b"\xaa" * 16, b"\xbb" * 16


def change(
    name: str,
    merge: int,
    value: Any,
    time_ms: int,
    device: bytes = DEVICE,
    life: int | None = 0,
    key: str = "",
) -> Change:
    """A change of one value of the message RECORD."""
    return Change(2, RECORD, life, time_ms, device, (Entry(name, merge, key, value),))


def model_cases() -> Iterator[Case]:
    yield from _addresses()
    yield from _references()
    yield from _aliases()
    yield from _twins()
    yield from _merges()
    yield from _lives()
    yield from _thumbnails()
    yield from _shown()
    yield from _change_digests()
    yield from _digests()


def _addresses() -> Iterator[Case]:
    for name, address in (
        ("e-mail", " mailto:Anna@Example.ORG "),
        ("number", "tel:+1 (555) 010-0101"),
        ("number-with-rare-spaces", "555\u00a0010\u20110101"),
        ("short-code", "12345"),
        ("business", "urn:biz:ABC-1"),
    ):
        yield (
            f"canonical-address-{name}",
            {
                "kind": "canonical-address",
                "what": "one spelling for one address",
                "address": address,
                "canonical": canonical_address(address),
            },
        )


def _references() -> Iterator[Case]:
    """What a reference names, and the name of that."""
    for name, what, reference, own in (
        ("alone", "an id of the record's own namespace", "A-1", "imessage"),
        ("alone-elsewhere", "an id of the record's own namespace", "A-1", "android"),
        ("in-full", "another namespace", "\x1fandroid\x1fA-1", "imessage"),
        (
            "in-full-of-its-own",
            "an id that begins with U+001F",
            "\x1fimessage\x1f\x1fA",
            "imessage",
        ),
        ("id-with-a-separator", "the second separator ends the namespace", "\x1fa\x1fb\x1fc", "x"),
        ("no-end", "no full reference: the id that it is", "\x1fA-1", "android"),
        ("no-namespace", "no full reference: the id that it is", "\x1f\x1fA-1", "imessage"),
        ("no-id", "no full reference: the id that it is", "\x1fandroid\x1f", "imessage"),
    ):
        named = resolve(reference, own)
        yield (
            f"reference-{name}",
            {
                "kind": "reference",
                "what": what,
                "reference": reference,
                "own": own,
                "namespace": named.namespace,
                "id": named.id,
                "name": named_by(reference, own),
            },
        )


def _aliases() -> Iterator[Case]:
    """Which conversation is shown for which, by their ids; those that are alone are left out."""
    ids = {name: record_id(ROOTS, "imessage", 1, name) for name in "abc"}
    order = sorted(ids, key=ids.__getitem__)
    least, middle, greatest = order

    def told(name: str, field: str, merge: int, value: Any, key: str = "") -> Change:
        return Change(1, ids[name], 0, 5, DEVICE, (Entry(field, merge, key, value),))

    known = {name: told(name, "origin", 1, ["imessage", name]) for name in order}
    chain = (told(least, "alias", 2, True, middle), told(greatest, "alias", 2, True, middle))
    parted = told(middle, "alias", 2, False, least)
    for name, what, changes, shown in (
        ("in-steps", "joined in steps", (*known.values(), *chain), [order]),
        ("parted", "one word that they are two is enough", (*known.values(), *chain, parted),
         [[middle, greatest]]),
        ("not-known", "of the least id nothing is known", (*chain[1:], known[greatest]),
         [[greatest, middle]]),
        ("itself", "a record is always one with itself",
         (known[least], told(least, "alias", 2, False, least)), []),
    ):  # fmt: skip
        yield (
            f"aliases-{name}",
            {
                "kind": "aliases",
                "what": what,
                "changes": [msgspec.msgpack.encode(change).hex() for change in changes],
                "shown": {ids[one].hex(): ids[group[0]].hex() for group in shown for one in group},
            },
        )


def without_aliases(state: State) -> State:
    """A state without what only a program notes down of what it shows."""
    slots = {slot: stamps for slot, stamps in state.slots.items() if slot[0] != "alias"}
    return state._replace(slots=slots)


def _twins() -> Iterator[Case]:
    """Which message is shown for which, by their ids, and the state bytes of what is shown; those
    that are alone are left out."""
    ids = {name: record_id(ROOTS, "imessage", 2, name) for name in "abc"}

    def told(name: str, *entries: Entry, life: int | None = 0) -> Change:
        return Change(2, ids[name], life, 5, DEVICE, entries)

    def said(name: str, order: int, text: str | None, *more: Entry, **other: Any) -> Change:
        """A received message of one thread; `mine` for one that was sent, `at` for its time."""
        mine, at = other.get("mine", False), other.get("at", 7)
        return told(
            name,
            Entry("origin", 1, "", ["imessage", name]),
            Entry("time_ns", 1, "", at),
            Entry("order", 6, "", order),
            Entry("conversation", 6, "direct:+15550100101", True),
            Entry("from_me", 1, "", mine),
            *([] if mine else [Entry("sender", 1, "", "+1 555 010 0101")]),
            *([] if text is None else [Entry("text", 1, "", text)]),
            *more,
        )

    def alias(name: str, other: str) -> Change:
        return told(name, Entry("alias", 2, other, True))

    loved = Entry("reaction", 2, "0:me", ["loved", None, "r"])
    edited = Entry("edit", 6, "0:1:0123456789abcdef", [9, "edited"])
    pair = (said("a", 2, "x"), said("b", 1, "x", loved), alias("a", "b"))
    trash = told("b", Entry("life", 4, "", 1), life=None)
    note = said("b", 2, "x", at=2_000_000_007)
    for name, what, changes, shown in (
        ("pair", "the first of the source is shown, with what each says", pair, ["b", "a"]),
        ("in-the-trash", "one that is in the present comes first", (*pair, trash), ["a", "b"]),
        ("other-words", "an alias of what does not agree has no effect",
         (said("a", 1, "x"), said("b", 2, "y"), alias("a", "b")), []),
        ("edited", "what is edited otherwise does not agree",
         (*pair, told("b", edited)), []),
        ("not-all-agree", "of three that hang together two do not agree: none is joined",
         (said("a", 1, "x"), said("b", 2, "y"), told("c", loved), alias("c", "a"), alias("c", "b")),
         []),
        ("not-known", "of one of them nothing is known but a reaction",
         (said("a", 1, "x"), told("c", loved), alias("a", "c")), ["a", "c"]),
        ("note", "a note to oneself: the side that was sent has no words",
         (said("a", 1, None, mine=True), note, alias("b", "a")), ["a", "b"]),
        ("note-too-late", "more than two seconds apart",
         (said("a", 1, None, mine=True, at=6), note, alias("b", "a")), []),
    ):  # fmt: skip
        states = {one: empty(2) for one in ids}
        for item in changes:
            name_of = next(one for one in ids if ids[one] == item.record)
            states[name_of] = join_change(states[name_of], item)
        twins = [Twin(ids[one], states[one], project(states[one])) for one in shown]
        yield (
            f"twins-{name}",
            {
                "kind": "twins",
                "what": what,
                "changes": [msgspec.msgpack.encode(change).hex() for change in changes],
                "shown": {ids[one].hex(): ids[shown[0]].hex() for one in shown},
                "state": encode(without_aliases(together(twins))).hex() if twins else "",
            },
        )


def _merged(what: str, *items: Change) -> dict[str, Any]:
    state: State = empty(items[0].kind)
    for item in items:
        state = join_change(state, item)
    return {
        "kind": "merge",
        "what": what,
        "changes": [msgspec.msgpack.encode(item).hex() for item in items],
        "state": encode(state).hex(),
    }


def _merges() -> Iterator[Case]:
    one, two = change("text", 1, "b", 5), change("text", 1, "a", 3, OTHER)
    yield "merge-first-keeps-the-variant", _merged("differing raw words are all kept", one, two)
    same = change("text", 1, "b", 3, OTHER)
    yield "merge-first-drops-the-later-twin", _merged("equal words: the first stamp", one, same)
    late, early = change("name", 2, "new", 9), change("name", 2, "old", 3, OTHER)
    yield "merge-last", _merged("the latest wins", late, early)
    tie = change("name", 2, "newer", 9, OTHER)
    yield "merge-last-tie", _merged("a tie goes to the greater device", late, tie)
    short, long = change("name", 2, "z", 9), change("name", 2, "aa", 9)
    what = "the same time and device: the greater value by its msgpack bytes, not as a text"
    yield "merge-last-tie-of-values", _merged(what, short, long)
    yield (
        "merge-least",
        _merged("the smallest", change("read_ns", 3, 7, 1), change("read_ns", 3, 5, 2)),
    )
    yield (
        "merge-greatest",
        _merged(
            "the greatest", change("life", 4, 1, 1, life=None), change("life", 4, 2, 0, life=None)
        ),
    )
    yield (
        "merge-decoded",
        _merged(
            "the newest decoder", change("parts", 5, [2, "x"], 1), change("parts", 5, [1, "y"], 9)
        ),
    )
    yield (
        "merge-once",
        _merged("the smallest stamp", change("unsent", 6, True, 9), change("unsent", 6, True, 3)),
    )
    yield (
        "merge-class-from-the-future",
        _merged("every stamp is kept", change("new", 99, 1, 1), change("new", 99, 2, 1)),
    )
    keyed = (change("unsent", 6, True, 9, key="1"), change("unsent", 6, True, 3, key="0"))
    yield "merge-keys-stand-apart", _merged("each key has a state of its own", *keyed)
    classes = (change("name", 2, "a", 1), change("name", 1, "a", 1))
    yield "merge-classes-stand-apart", _merged("so has each class of one name", *classes)
    kinds = (change("name", 2, "a", 1)._replace(kind=3), change("name", 2, "b", 2))
    yield "merge-smallest-kind", _merged("two kinds under one id: the smaller", *kinds)


def _lives() -> Iterator[Case]:
    words = change("text", 1, "b", 5)
    purge = change("purged", 4, 0, 9, life=None)
    again = change("text", 1, "again", 9, life=2)
    yield "merge-purge", _merged("words of life 0 do not exist", words, purge, again)
    what = "the same words under two lives: a purge of the first leaves the second"
    yield (
        "merge-keeps-the-best-of-each-life",
        _merged(what, words, change("text", 1, "b", 7, life=2)),
    )
    later = change("name", 2, "n", 9, life=2)
    what = "an older value of an older life is covered, a newer one is not"
    older = (change("name", 2, "o", 3), change("name", 2, "p", 11))
    yield "merge-last-across-lives", _merged(what, later, *older)
    control = change("held", 2, False, 9, life=None, key="1")
    what = "a value without a life outlives every purge"
    yield "merge-purge-leaves-control-values", _merged(what, control, purge, words)
    beyond = change("purged", 4, 2**40, 9, life=None)
    lives = (change("text", 1, "gone", 5, life=2**30), change("text", 1, "b", 5, life=2**30 + 1))
    what = "no purge reaches lives above 2^30"
    yield "merge-purge-beyond-its-limit", _merged(what, beyond, *lives)
    erased = change("erased", 6, True, 1, life=None)
    yield "merge-erased", _merged("reserved: kept, and without any effect", words, erased)
    yield "merge-erased-and-purged", _merged("no purge removes it", purge, erased, again)


def _shown() -> Iterator[Case]:
    """What is shown of a field: the value, or nil."""
    words = change("text", 1, "words", 5)
    hashed = b"\xcc" * 32
    cases: list[tuple[str, str, str, Any, tuple[Change, ...]]] = [
        ("words", "a value of its form", "text", "words", (words,)),
        ("no-text", "a number where a text belongs", "text", None, (change("text", 1, 5, 5),)),
        (
            "older-of-another-form",
            "it does not hide the value that has the form",
            "text",
            "words",
            (words, change("text", 1, 5, 1)),
        ),
        (
            "later-of-another-form",
            "it covers the earlier value, whatever its form",
            "name",
            None,
            (change("name", 2, "n", 5), change("name", 2, [1], 9)),
        ),
        (
            "state-final-after-scheduled",
            "how a message stands is told last",
            "state",
            "final",
            (change("state", 2, "scheduled", 5), change("state", 2, "final", 9)),
        ),
        (
            "state-of-a-later-version",
            "a word that is not listed has not the form",
            "state",
            None,
            (change("state", 2, "recalled", 5),),
        ),
        (
            "draft-that-gave-way",
            "the draft that was told last",
            "draft",
            [7, "June"],
            (change("draft", 2, [9, "next year"], 5), change("draft", 2, [7, "June"], 6)),
        ),
        (
            "order-of-the-first-source",
            "the order that was told first stays",
            "order",
            12,
            (change("order", 6, 12, 5), change("order", 6, 3, 5, OTHER)),
        ),
        (
            "true-for-a-number",
            "a bool is no int",
            "time_ns",
            None,
            (change("time_ns", 1, True, 5),),
        ),
        ("time-of-2-63", "beyond 64 bits", "time_ns", None, (change("time_ns", 1, 2**63, 5),)),
        ("origin-of-one", "an item too few", "origin", None, (change("origin", 1, ["a"], 5),)),
        (
            "content-that-adds-up",
            "pieces of 4 and 2 bytes",
            "content",
            [hashed, 6, [[hashed, 4], [hashed, 2]]],
            (change("content", 1, [hashed, 6, [[hashed, 4], [hashed, 2]]], 5),),
        ),
        (
            "content-that-does-not-add-up",
            "pieces of 4 bytes for a file of 6",
            "content",
            None,
            (change("content", 1, [hashed, 6, [[hashed, 4]]], 5),),
        ),
    ]
    for name, what, field, value, changes in cases:
        told = {**_merged(what, *changes), "kind": "shown", "field": field}
        yield f"shown-{name}", {**told, "value": msgspec.msgpack.encode(value).hex()}


def _change_digests() -> Iterator[Case]:
    changes = [change("text", 1, "words", 5), change("name", 2, "n", 6, OTHER, None)]
    yield (
        "change-digest",
        {
            "kind": "change-digest",
            "what": "the sum over changes",
            "key": ROOTS.digest.hex(),
            "changes": [msgspec.msgpack.encode(item).hex() for item in changes],
            "digest": digest_bytes(change_digest(ROOTS, changes)).hex(),
        },
    )


def _thumbnails() -> Iterator[Case]:
    """Those of an attachment: the value names a chunk."""

    def told(value: Any, time_ms: int, device: bytes = DEVICE, life: int = 0) -> Change:
        made = change("thumbnail", 5, value, time_ms, device, life)
        return made._replace(kind=4)

    chunk, better = [b"\x11" * 32, 12_345], [b"\x22" * 32, 9_876]
    what = "a higher version takes the place of a lower one, whatever the times"
    yield "merge-thumbnail", _merged(what, told([1, chunk], 9), told([2, better], 5))
    what = "two of one version and time: the greatest device"
    yield (
        "merge-thumbnail-made-twice",
        _merged(what, told([1, better], 5, OTHER), told([1, chunk], 5)),
    )
    content = [b"\x33" * 32, 500_000, [[b"\x44" * 32, 500_000]]]
    photo = change("content", 1, content, 5)._replace(kind=4)
    purge = change("purged", 4, 1, 9, life=None)._replace(kind=4)
    again = told([1, chunk], 5, life=2)
    what = "it goes with the photo; one that a restore wrote again stays"
    yield (
        "merge-thumbnail-and-purge",
        _merged(what, photo, told([1, chunk], 5), purge, again),
    )
    what = "a form from the future is kept as it is"
    yield (
        "merge-thumbnail-from-the-future",
        _merged(what, told([1, chunk], 5), told([3, {"chunks": [chunk], "kind": "avif"}], 5)),
    )


def _digests() -> Iterator[Case]:
    states = [
        (record, encode(from_change(item)))
        for record, item in (
            (RECORD, change("text", 1, "a", 1)),
            (b"\x01" * 16, change("text", 1, "b", 1)),
            (b"\x02" * 16, change("erased", 6, True, 1, life=None)),
            (b"\x03" * 16, change("text", 1, "c", 1)),
        )
    ]
    terms = [state_term(ROOTS, record, state) for record, state in states]
    assert sum(terms) >= 2**256, "the sum of this vector should not fit into 256 bits"
    yield (
        "digest-of-a-history",
        {
            "kind": "digest",
            "what": "one term for each record, modulo 2^256",
            "key": ROOTS.digest.hex(),
            "records": [[record.hex(), state.hex()] for record, state in states],
            "digest": digest_bytes(sum(terms)).hex(),
        },
    )
    yield (
        "digest-of-nothing",
        {
            "kind": "digest",
            "what": "a history without a record",
            "key": ROOTS.digest.hex(),
            "records": [],
            "digest": bytes(32).hex(),
        },
    )
