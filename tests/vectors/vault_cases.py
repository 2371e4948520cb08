"""Vectors of objects and pins, sealed objects of the vault, sealed parts, checkpoints and paths."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE, device_zone
from sealwax.ledger.objects import (
    FOREVER,
    Objects,
    UnpinFacts,
    encode_facts,
)
from sealwax.stores.folder_layout import commit_path, object_path, pack_path
from sealwax.stores.pack import Pack, make_pack
from sealwax.vault.checkpoint import Checkpoint, Held, PinnedMoment, seal_checkpoint
from sealwax.vault.commit_part import Counts, Part
from sealwax.vault.objects import seal_chunk, seal_segment
from sealwax.vault.writing import Pinning
from tests.accounts import TIME_MS, Account, made_account, next_commit
from tests.vectors.crypto_cases import SALT, Case
from tests.vectors.model_cases import change

A, B, C = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
MOST = b"\xff" * 32
Step = dict[str, Any]


def vault_cases() -> Iterator[Case]:
    account = made_account("vault")
    yield from _objects(account)
    yield from _sealed(account)
    yield from _parts(account)
    yield from _paths()
    yield from _packs()


def add(*names: bytes) -> Step:
    return {"added": tuple((name, 600) for name in names)}


def say(*names: bytes, kind: CommitKind = CommitKind.CHANGE, drop: bytes = b"") -> Step:
    """Segments whose changes have the names as their digests, and what is dropped with them."""
    segments = tuple((name, 600, name) for name in names)
    return {"kind": kind, "segments": segments, "dropped": (drop,) if drop else ()}


def compaction(*digests: int, drop: tuple[bytes, ...]) -> Step:
    segments = tuple(
        (bytes((0xE0 + at,)) * 32, 600, digest.to_bytes(32, "big"))
        for at, digest in enumerate(digests)
    )
    return {"kind": CommitKind.COMPACT, "segments": segments, "dropped": drop}


def pin(lock_until_ms: int = 0, pinned_seq: int | None = None) -> Step:
    return {"kind": CommitKind.PIN, "pinning": Pinning(lock_until_ms, pinned_seq)}


def unpin(*seqs: int) -> Step:
    return {"kind": CommitKind.UNPIN, "public": encode_facts(UnpinFacts(list(seqs)))}


def _objects(account: Account) -> Iterator[Case]:
    drop: Step = {"dropped": (A,)}
    redact = {"kind": CommitKind.REDACT, "public": encode_facts([[(A, B)]]), **add(B)}
    both = int.from_bytes(A, "big") + int.from_bytes(B, "big")
    for name, what, steps in (
        ("dropped", "what is dropped is held by nothing", [add(A, B), drop]),
        ("added-twice", "adding a live name again has no effect", [add(A), add(A)]),
        ("added-after-drop", "a dropped name never comes back", [add(A), drop, add(A)]),
        ("dropped-before-added", "dropping an unknown name has no effect", [drop, add(A)]),
        ("added-and-dropped-at-once", "it is live at no moment", [{**add(A), **drop}]),
        ("pinned", "a pin holds what was live at the commit before it", [add(A), pin(), drop]),
        (
            "pin-first",
            "a pin of seq 0 has no effect",
            [{"kind": CommitKind.PIN, "public": encode_facts([0, 0])}, add(A)],
        ),
        (
            "pin-of-an-earlier-seq",
            "a pin may hold what was dropped before it",
            [add(A), drop, add(B), pin(pinned_seq=0)],
        ),
        (
            "pin-of-its-own-seq",
            "a pin holds a seq before its own, or nothing",
            [add(A), pin(pinned_seq=1)],
        ),
        (
            "segment-dropped-by-a-change",
            "in the zone of messages a change drops pieces of files, and no segment",
            [say(A), add(B), {"dropped": (A, B)}],
        ),
        (
            "segment-dropped-as-it-comes",
            "not even one that the same commit adds",
            [say(A, drop=A)],
        ),
        (
            "segment-dropped-in-an-own-zone",
            "in its own zone a device drops what it likes",
            [say(A), drop],
        ),
        (
            "compacted",
            "the sum of the digests is that of what is dropped",
            [say(A), say(B), compaction(both, drop=(A, B))],
        ),
        (
            "compacted-modulo",
            "the sum is taken modulo 2^256",
            [say(MOST), say(C), compaction(int.from_bytes(C, "big") - 1, drop=(MOST, C))],
        ),
        (
            "compacted-with-another-sum",
            "none of its drops has an effect, not even of a piece of a file; what it adds counts",
            [say(A), add(B), compaction(7, drop=(A, B))],
        ),
        (
            "compacted-by-what-is-there-already",
            "a segment that is there already stands for nothing",
            [say(A), say(A, kind=CommitKind.COMPACT, drop=A)],
        ),
        (
            "compacted-twice-the-same",
            "a name that is dropped twice in one commit counts once",
            [say(A), compaction(2 * int.from_bytes(A, "big"), drop=(A, A))],
        ),
        (
            "purged",
            "a purge drops segments without a sum",
            [say(A), say(B, kind=CommitKind.PURGE, drop=A)],
        ),
        (
            "reset",
            "so does a reset",
            [say(A), say(B, kind=CommitKind.RESET), say(kind=CommitKind.RESET, drop=A)],
        ),
        ("unpinned", "letting go of a pin", [add(A), pin(), drop, unpin(1)]),
        (
            "unpin-at-the-end-of-a-lock",
            "a lock ends at its very millisecond",
            [add(A), pin(TIME_MS), drop, unpin(1)],
        ),
        (
            "unpin-before-the-end-of-a-lock",
            "a locked pin stays",
            [add(A), pin(TIME_MS + 1), drop, unpin(1)],
        ),
        (
            "unpin-before-the-end-of-a-lock-by-the-clock-here",
            "the time that an unpin claims is believed no further than the clock of who reads",
            [add(A), pin(TIME_MS - 1), drop, unpin(1)],
        ),
        (
            "unpin-of-too-many",
            "public facts of the wrong form have no effect",
            [add(A), pin(), drop, unpin(*range(1, 1026))],
        ),
        (
            "public-facts-wrong",
            "what such a commit adds counts all the same",
            [add(A), {**add(B), "kind": CommitKind.PIN, "public": b"\x90"}],
        ),
        ("redacted", "reserved: its pairs have no effect", [add(A), pin(), redact]),
    ):
        own = device_zone(account.devices[0].member().id)
        zone = own if name.endswith("own-zone") else MESSAGES_ZONE
        now_ms = TIME_MS - 2 if name.endswith("clock-here") else TIME_MS
        yield f"objects-{name}", _folded(account, what, steps, zone, now_ms)


def _folded(
    account: Account, what: str, steps: list[Step], zone: str, now_ms: int
) -> dict[str, Any]:
    head = beginning(account.log.account, zone)
    objects, commits, refused = Objects(), [], []
    for step in steps:
        data = next_commit(account, head, **step)
        judged = judge(head, data, account.log)
        assert judged.void_reason is None, judged.void_reason
        head = judged.head
        commits.append(data)
        found = objects.apply(parse_commit(data), now_ms)
        refused += [[head.seq, one.reason, one.number] for one in found]
    return {
        "kind": "objects",
        "what": what,
        "now_ms": now_ms,
        "commits": [data.hex() for data in commits],
        "refused": refused,
        "intervals": {
            name.hex(): [
                interval.added_seq,
                None if interval.dropped_seq == FOREVER else interval.dropped_seq,
                interval.size_bytes,
                interval.change_digest.hex() if interval.change_digest is not None else None,
            ]
            for name, interval in sorted(objects.intervals.items())
        },
        "pins": [list(pin) for _, pin in sorted(objects.pins.items())],
        "held": sorted(name.hex() for name in objects.held(head.seq)),
    }


def _base(account: Account) -> dict[str, Any]:
    return {
        "account": account.keys.account.hex(),
        "account_key": account.keys.account_key(0).secret.hex(),
        "zone": MESSAGES_ZONE,
    }


def _sealed(account: Account) -> Iterator[Case]:
    keys, base = account.keys, _base(account)
    entropy = TestOnlySeededEntropy("objects")
    piece = b"a piece of a photo"
    for name, counter in (("chunk-object", 0), ("chunk-object-counter-1", 1)):
        chunk = seal_chunk(keys, MESSAGES_ZONE, 0, piece, counter)
        yield (
            name,
            {
                "kind": "chunk",
                "what": "an equal piece is sealed to equal bytes",
                **base,
                "piece": piece.hex(),
                "counter": counter,
                "name": chunk.name.hex(),
                "sealed": chunk.data.hex(),
            },
        )
    segment = seal_segment(
        keys.zone_key(MESSAGES_ZONE, 0), keys.roots, [change("text", 1, "w", 1)], entropy
    )
    sealed = {
        "kind": "segment-object",
        **base,
        "name": segment.name.hex(),
        "sealed": segment.data.hex(),
        "changes": [msgspec.msgpack.encode(change("text", 1, "w", 1)).hex()],
    }
    yield "segment-object", {"what": "a sealed segment and its name", **sealed}
    wrong = {"name": bytes(32).hex(), "error": "seal-broken"}
    yield "segment-object-fails-other-name", {"what": "not of its name", **sealed, **wrong}
    listed = Checkpoint(
        2,
        b"h" * 32,
        0,
        [Held(b"\x01" * 32, 0, None, 600, b"\x03" * 32), Held(b"\x02" * 32, 0, 2, 700, None)],
        [PinnedMoment(1, 0, 0, 5)],
    )
    pieces = seal_checkpoint(keys, MESSAGES_ZONE, 0, listed, entropy)
    yield (
        "checkpoint-object",
        {
            "kind": "checkpoint",
            "what": "what a zone holds after seq 2",
            **base,
            "pieces": [piece.data.hex() for piece in pieces],
            "checkpoint": msgspec.msgpack.encode(listed).hex(),
        },
    )


def _parts(account: Account) -> Iterator[Case]:
    full = Part(
        reason="daily",
        digest=b"\x02" * 32,
        digest_rules=1,
        heads={"account": (3, b"\x03" * 32)},
        confirmed=True,
        name="before the move",
        expires_ms=7,
        counts=Counts(messages=2, file_bytes=9),
    )
    encode = msgspec.msgpack.encode
    for name, what, content, part, error in (
        ("opens", "all that a pin may say", encode(full), full, None),
        ("opens-empty-map", "absent keys have their defaults", encode({}), Part(), None),
        (
            "opens-with-keys-from-the-future",
            "keys that are not known are ignored",
            encode({"later": [1], "reason": "import"}),
            Part(reason="import"),
            None,
        ),
        (
            "opens-with-times",
            "of two segments, the second without a message",
            encode({"times": [[-1, 5], None], "reason": "import"}),
            Part(reason="import", times=[(-1, 5), None]),
            None,
        ),
        ("fails-times-of-one", "a time alone", encode({"times": [[5]]}), None, "seal-broken"),
        ("fails-not-a-map", "an array", encode([1]), None, "seal-broken"),
    ):
        commit = _with_part(account, content)
        expected = {"error": error} if part is None else {"part": encode(part).hex()}
        yield (
            f"sealed-part-{name}",
            {
                "kind": "sealed-part",
                "what": what,
                **_base(account),
                "commit": commit.hex(),
                **expected,
            },
        )


def _with_part(account: Account, content: bytes) -> bytes:
    """A commit that adds one object, with this content in its sealed part. It is not signed."""
    head = beginning(account.log.account, MESSAGES_ZONE)
    commit = parse_commit(next_commit(account, head, **add(A)))
    zone_key = account.keys.zone_key(MESSAGES_ZONE, 0)
    sealed = seal(zone_key, SealedKind.COMMIT_PART, SALT, content)
    header = msgspec.structs.replace(commit.header, sealed=sealed)
    return msgspec.msgpack.encode((msgspec.msgpack.encode(header), commit.signatures))


def _paths() -> Iterator[Case]:
    device = "device/" + "ab" * 16
    folder = Path()
    for name, path, more in (
        ("object", object_path(folder, C), {"name": C.hex()}),
        ("commit", commit_path(folder, MESSAGES_ZONE, 1_234_567), {"zone": MESSAGES_ZONE}),
        ("pack", pack_path(folder, MESSAGES_ZONE, 1_234_567), {"zone": MESSAGES_ZONE}),
        ("device-commit", commit_path(folder, device, 0), {"zone": device}),
        ("later-device-commit", commit_path(folder, device + "/2", 0), {"zone": device + "/2"}),
    ):
        is_late = name in ("commit", "pack")
        seq = {"seq": 1_234_567 if is_late else 0} if "zone" in more else {}
        yield (
            f"store-path-of-{name}",
            {
                "kind": "store-path",
                "what": "where it lies below accounts/<account>",
                **more,
                **seq,
                "path": path.as_posix(),
            },
        )


def _packs() -> Iterator[Case]:
    """Packs of three commits, which in a folder have a thousand. What is in them is no matter."""
    commits = [b"stored bytes of a commit, " + name for name in (b"one", b"another", b"a third")]
    whole = make_pack(5_000, commits)
    assert whole is not None
    table, first = 16 + 3 * 12, len(commits[0])
    for name, at, what in (
        ("whole", None, "three commits; as a folder has it, with another count"),
        ("flipped-commit", table + first + 9, "a bit of the second commit was flipped"),
        ("flipped-table", 16 + 12, "the end of the second commit is wrong, where the third begins"),
        ("flipped-head", 2, "a bit of the first head was flipped: the last one says what it is"),
    ):
        data = bytearray(whole)
        if at is not None:
            data[at] ^= 0x80
        yield (
            f"pack-{name}",
            {
                "kind": "pack",
                "what": what,
                "seq": 5_000,
                "commits": [commit.hex() for commit in commits],
                "pack": bytes(data).hex(),
                "is_as_made": at is None,
                "damaged": Pack.of(bytes(data), 5_000, 3).damaged(),
            },
        )
