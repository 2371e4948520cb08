"""Writes the test vectors of docs/format.md: one case a file, the case in the file's name.

    python -m tests.vectors.make

Bytes are hex. The vectors are part of the format: a change that alters one needs a new version of
what it describes. They are made once and then only read by `test_vectors`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.key_packet import seal_packet
from sealwax.crypto.key_tree import AccountKey, RootKeys
from sealwax.crypto.keyed_hash import FileHash, chunk_salt, digest_term, record_id
from sealwax.crypto.padding import padded_length
from sealwax.crypto.passphrase import wrap
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.crypto.sealing import SealedKind, seal
from sealwax.ledger.chain import Head, beginning, judge
from sealwax.ledger.commit import CommitKind, encode_commit
from sealwax.ledger.names import MESSAGES_ZONE, zone_root
from sealwax.ledger.objects import PinFacts, encode_facts
from sealwax.model.change import Change, Entry
from sealwax.model.state import State, empty, encode, join_change
from sealwax.trust.account import open_for_device
from sealwax.vault.checkpoint import Checkpoint, Held, PinnedMoment, seal_checkpoint
from sealwax.vault.digest import change_digest, digest_bytes
from sealwax.vault.objects import seal_chunk, seal_segment
from sealwax.vault.segment import encode_segment
from tests.accounts import Account, made_account, next_commit, revocation

FOLDER = Path(__file__).parent
ACCOUNT = bytes(range(32))
KEY = AccountKey(0, bytes(range(32, 64)))
ROOTS = RootKeys(bytes(range(64, 96)), bytes(range(96, 128)))
SALT = bytes(range(128, 160))
RECORD = bytes(range(16))
DEVICE, OTHER = b"\xaa" * 16, b"\xbb" * 16
Case = tuple[str, dict[str, Any]]


def cases() -> Iterator[Case]:
    """Every vector: its name and its content."""
    yield from _padding()
    yield from _keys()
    yield from _sealing()
    yield from _hashes()
    yield from _recovery()
    yield from _packets()
    yield from _merges()
    yield from _segments()
    yield from _commits()


def _padding() -> Iterator[Case]:
    for length in (1, 512, 513, 4_096, 100_000, 4 * 1024 * 1024 + 100):
        yield (
            f"padding-{length}-bytes",
            {
                "kind": "padding",
                "what": "the length to which so many bytes are padded",
                "length": length,
                "least": 512,
                "padded": padded_length(length, 512),
            },
        )


def _keys() -> Iterator[Case]:
    for zone in (MESSAGES_ZONE, "device/" + "ab" * 16):
        zone_key = KEY.zone_key(ACCOUNT, zone)
        made = zone_key.object_key(1, 1, SALT)
        yield (
            f"key-tree-{zone.partition('/')[0]}-zone",
            {
                "kind": "key-tree",
                "what": "from an account key to the key of one object",
                "account_key": KEY.secret.hex(),
                "epoch": 0,
                "account": ACCOUNT.hex(),
                "zone": zone,
                "object_kind": 1,
                "salt": SALT.hex(),
                "zone_key": zone_key.secret.hex(),
                "chunk_key": KEY.chunk_key(ACCOUNT).secret.hex(),
                "object_key": made.secret.hex(),
                "nonce": made.nonce.hex(),
                "commitment": made.commitment.hex(),
            },
        )


def _sealing() -> Iterator[Case]:
    zone_key = KEY.zone_key(ACCOUNT, MESSAGES_ZONE)
    data = seal(zone_key, SealedKind.SEGMENT, SALT, b"content")
    part = seal(zone_key, SealedKind.COMMIT_PART, SALT, b"content")

    def case(what: str, sealed: bytes, **more: Any) -> dict[str, Any]:
        return {
            "kind": "sealing",
            "what": what,
            "account_key": KEY.secret.hex(),
            "epoch": 0,
            "account": ACCOUNT.hex(),
            "zone": MESSAGES_ZONE,
            "object_kind": 1,
            "sealed": sealed.hex(),
            **more,
        }

    opens = {"content": b"content".hex()}
    yield "sealing-opens", case("a sealed object opens", data, **opens)
    yield (
        "sealing-opens-a-commit-part",
        case("a commit's part is padded to at least 128 bytes", part, object_kind=3, **opens),
    )
    for name, place, error in (
        ("magic", 0, "seal-broken"),
        ("version", 4, "seal-unknown"),
        ("suite", 5, "seal-unknown"),
        ("kind", 6, "seal-broken"),
        ("epoch", 11, "seal-broken"),
        ("salt", 12, "seal-broken"),
        ("commitment", 44, "seal-broken"),
        ("ciphertext", 80, "seal-broken"),
        ("tag", len(data) - 1, "seal-broken"),
    ):
        flipped = bytearray(data)
        flipped[place] ^= 1
        what = f"one bit of the {name} is flipped"
        yield f"sealing-fails-flipped-{name}", case(what, bytes(flipped), error=error)
    yield "sealing-fails-cut-short", case("cut short", data[:99], error="seal-broken")
    yield (
        "sealing-fails-other-zone",
        case("opened as an object of another zone", data, zone="account", error="seal-broken"),
    )


def _hashes() -> Iterator[Case]:
    for kind, name in ((1, "direct:+15550100101"), (2, "GUID-é"), (4, "at_0_GUID")):
        yield (
            f"record-id-of-kind-{kind}",
            {
                "kind": "record-id",
                "what": "the id of a record",
                "key": ROOTS.record_id.hex(),
                "namespace": "imessage",
                "record_kind": kind,
                "canonical_id": name,
                "id": record_id(ROOTS, "imessage", kind, name).hex(),
            },
        )
    file_hash = FileHash(ROOTS)
    file_hash.update(b"a photo")
    yield (
        "file-hash",
        {
            "kind": "file-hash",
            "what": "the keyed hash of a whole file",
            "key": ROOTS.record_id.hex(),
            "file": b"a photo".hex(),
            "hash": file_hash.digest().hex(),
        },
    )
    for counter in (0, 1):
        salt = chunk_salt(KEY.chunk_key(ACCOUNT), b"piece", counter)
        yield (
            f"chunk-salt-counter-{counter}",
            {
                "kind": "chunk-salt",
                "what": "the salt of a chunk follows its content and a counter",
                "chunk_key": KEY.chunk_key(ACCOUNT).secret.hex(),
                "piece": b"piece".hex(),
                "counter": counter,
                "salt": salt.hex(),
            },
        )
    term = digest_term(ROOTS, RECORD, b"state")
    yield (
        "digest-term",
        {
            "kind": "digest-term",
            "what": "what one record adds to the digest",
            "key": ROOTS.digest.hex(),
            "record": RECORD.hex(),
            "state": b"state".hex(),
            "term": term.to_bytes(32, "big").hex(),
        },
    )


def _recovery() -> Iterator[Case]:
    code = new_recovery_code(TestOnlySeededEntropy("vector"))
    keys = recovery_keys(code)
    good = {
        "sign_seed": keys.sign_seed.hex(),
        "box_seed": keys.box_seed.hex(),
        "id": keys.member().id.hex(),
    }
    for name, typed, more in (
        ("recovery-key-opens", code, good),
        ("recovery-key-opens-in-lower-case", code.lower().replace("-", " "), good),
        ("recovery-key-fails-one-wrong-letter", ("A" if code[0] != "A" else "B") + code[1:], {}),
        ("recovery-key-fails-letter-never-used", "0" + code[1:], {}),
        ("recovery-key-fails-too-short", code[:-1], {}),
    ):
        expected = more or {"error": "recovery-key-wrong"}
        yield (
            name,
            {"kind": "recovery-key", "what": "a typed recovery key", "typed": typed, **expected},
        )
    wrapped = wrap(b"a secret", "passphrase", TestOnlySeededEntropy("wrap"), memory_kib=64)
    for name, passphrase, more in (
        ("passphrase-opens", "passphrase", {"secret": b"a secret".hex()}),
        ("passphrase-fails-wrong", "Passphrase", {"error": "passphrase-wrong"}),
    ):
        yield (
            name,
            {
                "kind": "passphrase",
                "what": "a wrapped secret",
                "wrapped": wrapped.hex(),
                "passphrase": passphrase,
                **more,
            },
        )


def _packets() -> Iterator[Case]:
    mine = recovery_keys(new_recovery_code(TestOnlySeededEntropy("packet")))
    other = recovery_keys(new_recovery_code(TestOnlySeededEntropy("other packet")))
    nonce = bytes(32)
    packet = seal_packet(KEY, mine.member(), nonce)
    for name, keys, more in (
        ("key-packet-opens", mine, {"account_key": KEY.secret.hex()}),
        ("key-packet-fails-other-member", other, {"error": "seal-broken"}),
    ):
        yield (
            name,
            {
                "kind": "key-packet",
                "what": "an account key sealed to one member",
                "sign_seed": keys.sign_seed.hex(),
                "box_seed": keys.box_seed.hex(),
                "nonce": nonce.hex(),
                "packet": msgspec.msgpack.encode(packet).hex(),
                **more,
            },
        )


def _change(
    name: str, merge: int, value: Any, time_ms: int, device: bytes = DEVICE, life: int | None = 0
) -> Change:
    return Change(2, RECORD, life, time_ms, device, (Entry(name, merge, "", value),))


def _merges() -> Iterator[Case]:
    def merged(what: str, *items: Change) -> dict[str, Any]:
        state: State = empty(2)
        for item in items:
            state = join_change(state, item)
        return {
            "kind": "merge",
            "what": what,
            "changes": [msgspec.msgpack.encode(item).hex() for item in items],
            "state": encode(state).hex(),
        }

    one, two = _change("text", 1, "b", 5), _change("text", 1, "a", 3, OTHER)
    yield "merge-first-keeps-the-variant", merged("differing raw words are all kept", one, two)
    same = _change("text", 1, "b", 3, OTHER)
    yield "merge-first-drops-the-later-twin", merged("equal words: the first stamp", one, same)
    late, early = _change("name", 2, "new", 9), _change("name", 2, "old", 3, OTHER)
    yield "merge-last", merged("the latest wins", late, early)
    tie = _change("name", 2, "newer", 9, OTHER)
    yield "merge-last-tie", merged("a tie goes to the greater device", late, tie)
    yield (
        "merge-least",
        merged("the smallest", _change("read_ns", 3, 7, 1), _change("read_ns", 3, 5, 2)),
    )
    yield (
        "merge-greatest",
        merged(
            "the greatest", _change("life", 4, 1, 1, life=None), _change("life", 4, 2, 0, life=None)
        ),
    )
    yield (
        "merge-decoded",
        merged(
            "the newest decoder", _change("parts", 5, [2, "x"], 1), _change("parts", 5, [1, "y"], 9)
        ),
    )
    yield (
        "merge-once",
        merged("the smallest stamp", _change("unsent", 6, True, 9), _change("unsent", 6, True, 3)),
    )
    yield (
        "merge-class-from-the-future",
        merged("every stamp is kept", _change("new", 99, 1, 1), _change("new", 99, 2, 1)),
    )
    purge = _change("purged", 4, 0, 9, life=None)
    again = _change("text", 1, "again", 9, life=2)
    yield "merge-purge", merged("words of life 0 do not exist", one, purge, again)
    yield "merge-erased", merged("nothing beats it", one, _change("erased", 6, True, 1, life=None))


def _segments() -> Iterator[Case]:
    changes = [_change("text", 1, "words", 5), _change("name", 2, "n", 6, OTHER, None)]
    plain = encode_segment(changes)
    encoded = [msgspec.msgpack.encode(item).hex() for item in changes]
    yield (
        "segment-decodes",
        {"kind": "segment", "what": "a batch of changes", "data": plain.hex(), "changes": encoded},
    )
    yield (
        "segment-fails-cut-short",
        {"kind": "segment", "what": "cut", "data": plain[:-3].hex(), "error": "seal-broken"},
    )
    digest = digest_bytes(change_digest(ROOTS, changes))
    yield (
        "change-digest",
        {
            "kind": "change-digest",
            "what": "the sum over changes",
            "key": ROOTS.digest.hex(),
            "changes": encoded,
            "digest": digest.hex(),
        },
    )


def _commits() -> Iterator[Case]:
    account = made_account("vectors", devices=2)
    revoked = revocation(account, account.devices[1])
    log = [*account.commits, revoked]
    account.log.extend(revoked)
    account = account._replace(keys=open_for_device(account.log, account.devices[0]))
    head = beginning(account.log.account, MESSAGES_ZONE)
    name = b"\x01" * 32
    good = next_commit(account, head, added=((name, 1024),))
    first = judge(head, good, account.log).head
    pin = next_commit(account, first, kind=CommitKind.PIN, public=encode_facts(PinFacts(0)))
    payload, (signature,) = msgspec.msgpack.decode(good)
    flipped = bytes((signature[0] ^ 1,)) + signature[1:]
    high = next_commit(account, head)
    low = judge(head, high, account.log).head
    chains = {
        "commit-counts": ([good], [None]),
        "commit-pin-counts": ([good, pin], [None, None]),
        "commit-void-bad-signature": (
            [encode_commit(payload, (flipped,))],
            ["its signature is wrong"],
        ),
        "commit-void-does-not-follow": (
            [good, good],
            [None, "it does not follow the commit before it"],
        ),
        "commit-void-malformed-then-counts": _after_junk(account, head),
        "commit-void-old-epoch": (
            [next_commit(account, head, epoch=0)],
            ["it was written under another epoch"],
        ),
        "commit-void-position-beyond-log": (
            [next_commit(account, head, position=9)],
            ["it names a position that the account log does not reach"],
        ),
        "commit-void-older-position": (
            [high, next_commit(account, low, position=1, epoch=0)],
            [None, "it names an older position of the account log than the commit before it"],
        ),
        "commit-void-stranger": (
            [next_commit(account, head, account.recovery)],
            ["its author is not trusted"],
        ),
    }
    for case, (commits, reasons) in chains.items():
        at, judged = head, []
        for data in commits:
            found = judge(at, data, account.log)
            at = found.head
            judged.append(found.void_reason)
        assert judged == reasons, (case, judged)
        yield (
            case,
            {
                "kind": "chain",
                "what": "which commits of a zone count, and the head that they lead to",
                "account": account.log.account.hex(),
                "zone": MESSAGES_ZONE,
                "root": zone_root(account.log.account, MESSAGES_ZONE).hex(),
                "log": [data.hex() for data in log],
                "commits": [data.hex() for data in commits],
                "void_reasons": judged,
                "head": at.hash.hex(),
            },
        )
    yield from _account_log(account, log)
    yield from _objects(account)


def _after_junk(account: Account, head: Head) -> tuple[list[bytes], list[str | None]]:
    """A commit after bytes that are none: the junk keeps its seq and is hashed into the next."""
    junk = b"not a commit"
    following = judge(head, junk, account.log)
    good = next_commit(account, following.head)
    return [junk, good], [following.void_reason, None]


def _account_log(account: Account, log: list[bytes]) -> Iterator[Case]:
    yield (
        "account-log-revocation",
        {
            "kind": "account-log",
            "what": "genesis, a second device, its revocation: epoch 1, one device",
            "account": account.log.account.hex(),
            "log": [data.hex() for data in log],
            "void_reasons": [None, None, None],
            "epoch": 1,
            "devices": [account.devices[0].member().id.hex()],
        },
    )
    yield (
        "account-log-void-junk",
        {
            "kind": "account-log",
            "what": "junk keeps its seq and changes nothing",
            "account": account.log.account.hex(),
            "log": [log[0].hex(), b"junk".hex()],
            "void_reasons": [None, "its bytes do not have the form of a commit"],
            "epoch": 0,
            "devices": [account.devices[0].member().id.hex()],
        },
    )
    payload, signatures = msgspec.msgpack.decode(log[0])
    forged = encode_commit(payload, (signatures[0], bytes(64)))
    yield (
        "account-log-fails-genesis-without-recovery",
        {
            "kind": "account-log",
            "what": "the recovery key did not sign the genesis",
            "account": account.log.account.hex(),
            "log": [forged.hex()],
            "error": "it is not the beginning of this account",
        },
    )


def _objects(account: Account) -> Iterator[Case]:
    keys = account.keys
    account_key = keys.account_key(0).secret.hex()
    entropy = TestOnlySeededEntropy("objects")
    chunk = seal_chunk(keys, MESSAGES_ZONE, 0, b"a piece of a photo")
    segment = seal_segment(keys, MESSAGES_ZONE, 0, [_change("text", 1, "w", 1)], entropy)
    base = {"account": keys.account.hex(), "account_key": account_key, "zone": MESSAGES_ZONE}
    yield (
        "chunk-object",
        {
            "kind": "chunk",
            "what": "an equal piece is sealed to equal bytes",
            **base,
            "piece": b"a piece of a photo".hex(),
            "name": chunk.name.hex(),
            "sealed": chunk.data.hex(),
        },
    )
    yield (
        "segment-object",
        {
            "kind": "segment-object",
            "what": "a sealed segment and its name",
            **base,
            "name": segment.name.hex(),
            "sealed": segment.data.hex(),
            "changes": [msgspec.msgpack.encode(_change("text", 1, "w", 1)).hex()],
        },
    )
    listed = Checkpoint(
        2,
        b"h" * 32,
        0,
        [Held(b"\x01" * 32, 0, None, 600, True)],
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


def main() -> None:
    for name, content in cases():
        text = json.dumps(content, indent=1, ensure_ascii=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
