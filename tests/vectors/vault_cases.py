"""Vectors of objects and pins, sealed objects of the vault, sealed parts, checkpoints and paths."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import CommitKind, parse_commit
from sealwax.ledger.names import MESSAGES_ZONE
from sealwax.ledger.objects import (
    FOREVER,
    Objects,
    PinFacts,
    RedactFacts,
    UnpinFacts,
    encode_facts,
)
from sealwax.stores.folder_layout import commit_path, object_path
from sealwax.vault.checkpoint import Checkpoint, Held, PinnedMoment, seal_checkpoint
from sealwax.vault.commit_part import Counts, Part
from sealwax.vault.objects import seal_chunk, seal_segment
from tests.accounts import TIME_MS, Account, made_account, next_commit
from tests.vectors.crypto_cases import SALT, Case
from tests.vectors.model_cases import change

A, B, C = b"\x0a" * 32, b"\x0b" * 32, b"\x0c" * 32
Step = dict[str, Any]


def vault_cases() -> Iterator[Case]:
    account = made_account("vault")
    yield from _objects(account)
    yield from _sealed(account)
    yield from _parts(account)
    yield from _paths()


def _add(*names: bytes) -> Step:
    return {"added": tuple((name, 600) for name in names)}


def _pin(lock_until_ms: int = 0) -> Step:
    return {"kind": CommitKind.PIN, "public": encode_facts(PinFacts(lock_until_ms))}


def _unpin(*seqs: int) -> Step:
    return {"kind": CommitKind.UNPIN, "public": encode_facts(UnpinFacts(list(seqs)))}


def _redact(pairs: list[tuple[bytes, bytes | None]], *added: bytes) -> Step:
    public = encode_facts(RedactFacts(pairs))
    return {"kind": CommitKind.REDACT, "public": public, **_add(*added)}


def _objects(account: Account) -> Iterator[Case]:
    drop: Step = {"dropped": (A,)}
    for name, what, steps in (
        ("dropped", "what is dropped is held by nothing", [_add(A, B), drop]),
        ("added-twice", "adding a live name again has no effect", [_add(A), _add(A)]),
        ("added-after-drop", "a dropped name never comes back", [_add(A), drop, _add(A)]),
        ("dropped-before-added", "dropping an unknown name has no effect", [drop, _add(A)]),
        ("added-and-dropped-at-once", "it is live at no moment", [{**_add(A), **drop}]),
        ("pinned", "a pin holds what was live at the commit before it", [_add(A), _pin(), drop]),
        ("pin-first", "a pin of seq 0 has no effect", [_pin(), _add(A)]),
        ("unpinned", "letting go of a pin", [_add(A), _pin(), drop, _unpin(1)]),
        (
            "unpin-at-the-end-of-a-lock",
            "a lock ends at its very millisecond",
            [_add(A), _pin(TIME_MS), drop, _unpin(1)],
        ),
        (
            "unpin-before-the-end-of-a-lock",
            "a locked pin stays",
            [_add(A), _pin(TIME_MS + 1), drop, _unpin(1)],
        ),
        (
            "unpin-of-too-many",
            "public facts of the wrong form have no effect",
            [_add(A), _pin(), drop, _unpin(*range(1, 1026))],
        ),
        (
            "public-facts-wrong",
            "what such a commit adds counts all the same",
            [_add(A), {**_add(B), "kind": CommitKind.PIN, "public": b"\x90"}],
        ),
        (
            "redacted-by-a-new-one",
            "the new object takes the interval of the old, in the pinned moment as well",
            [_add(A), _pin(), drop, _redact([(A, B)], B)],
        ),
        (
            "redacted-to-nothing",
            "the old object is live at no moment",
            [_add(A), _pin(), _redact([(A, None)])],
        ),
        (
            "redacted-never-added-again",
            "a redacted name stays known",
            [_add(A), _redact([(A, None)]), _add(A)],
        ),
        (
            "redacted-one-after-the-other",
            "a name that came with the first pair goes with the second",
            [_add(A), _pin(), _redact([(A, B), (B, C)], B, C)],
        ),
        (
            "redacted-by-one-that-is-known",
            "only an object that the redaction itself adds takes the place",
            [_add(A), _add(B), _redact([(A, B)])],
        ),
        (
            "redacted-twice-by-the-same",
            "a new object takes one place only",
            [_add(A), _add(C), _redact([(A, B), (C, B)], B)],
        ),
        ("redacted-unknown", "such a pair has no effect", [_add(A), _redact([(C, B)], B)]),
    ):
        yield f"objects-{name}", _folded(account, what, steps)


def _folded(account: Account, what: str, steps: list[Step]) -> dict[str, Any]:
    head = beginning(account.log.account, MESSAGES_ZONE)
    objects, commits = Objects(), []
    for step in steps:
        data = next_commit(account, head, **step)
        judged = judge(head, data, account.log)
        assert judged.void_reason is None, judged.void_reason
        head = judged.head
        commits.append(data)
        objects.apply(parse_commit(data))
    return {
        "kind": "objects",
        "what": what,
        "commits": [data.hex() for data in commits],
        "intervals": {
            name.hex(): [
                interval.added_seq,
                None if interval.dropped_seq == FOREVER else interval.dropped_seq,
                interval.size_bytes,
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
        [Held(b"\x01" * 32, 0, None, 600, True), Held(b"\x02" * 32, 0, 2, 700, False)],
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
        segments=1,
        change_digests=[b"\x01" * 32],
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
            "fails-more-segments-than-added",
            "the commit adds one object",
            encode({"segments": 2}),
            None,
            "seal-broken",
        ),
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
    commit = parse_commit(next_commit(account, head, **_add(A)))
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
        ("device-commit", commit_path(folder, device, 0), {"zone": device}),
    ):
        seq = {"seq": 1_234_567 if name == "commit" else 0} if "zone" in more else {}
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
