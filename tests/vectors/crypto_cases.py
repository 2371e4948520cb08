"""Vectors of names, keys, sealing, keyed hashes, recovery keys, passphrases and key packets."""

from collections.abc import Iterator
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.key_packet import seal_packet
from sealwax.crypto.key_tree import AccountKey, RootKeys
from sealwax.crypto.keyed_hash import FileHash, chunk_salt, digest_term, record_id
from sealwax.crypto.link_code import link_secrets, new_link_code
from sealwax.crypto.padding import padded_length
from sealwax.crypto.passphrase import wrap
from sealwax.crypto.recovery_code import new_recovery_code, recovery_keys
from sealwax.crypto.sealing import HEADER_BYTES, SealedKind, seal
from sealwax.ledger.framing import frame
from sealwax.ledger.names import MESSAGES_ZONE, zone_root
from sealwax.trust.linking import NewDevice, TrustedDevice

ACCOUNT = bytes(range(32))
KEY = AccountKey(0, bytes(range(32, 64)))
ROOTS = RootKeys(bytes(range(64, 96)), bytes(range(96, 128)))
SALT = bytes(range(128, 160))
RECORD = bytes([2, *range(1, 16)])
Case = tuple[str, dict[str, Any]]


def crypto_cases() -> Iterator[Case]:
    yield from _names()
    yield from _padding()
    yield from _keys()
    yield from _sealing()
    yield from _sealed_wrongly()
    yield from _hashes()
    yield from _recovery()
    yield from _passphrase()
    yield from _packets()
    yield from _linking()


def _names() -> Iterator[Case]:
    parts = (b"", b"a", bytes(300))
    yield (
        "frame",
        {
            "kind": "frame",
            "what": "each part behind its length",
            "parts": [part.hex() for part in parts],
            "framed": frame(*parts).hex(),
        },
    )
    member = recovery_keys(new_recovery_code(TestOnlySeededEntropy("vector"))).member()
    yield (
        "member-id",
        {
            "kind": "member-id",
            "what": "the id of a device or a recovery key",
            "sign_key": member.sign_key.hex(),
            "box_key": member.box_key.hex(),
            "id": member.id.hex(),
        },
    )
    for zone in ("account", MESSAGES_ZONE, "device/" + "ab" * 16):
        yield (
            f"zone-root-of-{zone.partition('/')[0]}",
            {
                "kind": "zone-root",
                "what": "what the first commit of a zone names as its predecessor",
                "account": ACCOUNT.hex(),
                "zone": zone,
                "root": zone_root(ACCOUNT, zone).hex(),
            },
        )


def _padding() -> Iterator[Case]:
    for length, least in (
        (1, 512), (512, 512), (513, 512), (4_096, 512), (100_000, 512),
        (4 * 1024 * 1024 + 100, 512), (101, 128), (129, 128),
    ):  # fmt: skip
        name = f"padding-{length}-bytes" + ("" if least == 512 else f"-least-{least}")
        yield (
            name,
            {
                "kind": "padding",
                "what": "the length to which so many bytes are padded",
                "length": length,
                "least": least,
                "padded": padded_length(length, least),
            },
        )


def _keys() -> Iterator[Case]:
    later = AccountKey(258, KEY.secret)
    for name, key, zone in (
        ("messages-zone", KEY, MESSAGES_ZONE),
        ("device-zone", KEY, "device/" + "ab" * 16),
        ("later-epoch", later, MESSAGES_ZONE),
    ):
        zone_key = key.zone_key(ACCOUNT, zone)
        made = zone_key.object_key(1, 1, SALT)
        yield (
            f"key-tree-{name}",
            {
                "kind": "key-tree",
                "what": "from an account key to the key of one object",
                "account_key": key.secret.hex(),
                "epoch": key.epoch,
                "account": ACCOUNT.hex(),
                "zone": zone,
                "object_kind": 1,
                "salt": SALT.hex(),
                "zone_key": zone_key.secret.hex(),
                "chunk_key": key.chunk_key(ACCOUNT).secret.hex(),
                "object_key": made.secret.hex(),
                "nonce": made.nonce.hex(),
                "commitment": made.commitment.hex(),
            },
        )


def _sealing_case(what: str, sealed: bytes, **more: Any) -> dict[str, Any]:
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


def _sealing() -> Iterator[Case]:
    zone_key = KEY.zone_key(ACCOUNT, MESSAGES_ZONE)
    data = seal(zone_key, SealedKind.SEGMENT, SALT, b"content")
    part = seal(zone_key, SealedKind.COMMIT_PART, SALT, b"content")
    case, opens, broken = _sealing_case, {"content": b"content".hex()}, {"error": "seal-broken"}
    yield "sealing-opens", case("a sealed object opens", data, **opens)
    yield (
        "sealing-opens-a-commit-part",
        case("a commit's part is padded to at least 128 bytes", part, object_kind=3, **opens),
    )
    nothing = seal(zone_key, SealedKind.SEGMENT, SALT, b"")
    yield "sealing-opens-no-content", case("content may be empty", nothing, content="")
    for name, place, error in (
        ("magic", 0, "seal-broken"),
        ("version", 4, "seal-unknown"),
        ("suite", 5, "seal-unknown"),
        ("kind", 6, "seal-broken"),
        ("reserved", 7, "seal-broken"),
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
    yield "sealing-fails-cut-short", case("cut short", data[:99], **broken)
    yield "sealing-fails-cut-by-one", case("the last byte is missing", data[:-1], **broken)
    yield "sealing-fails-longer-by-one", case("a byte follows", data + b"\x00", **broken)
    yield (
        "sealing-fails-other-zone",
        case("opened as an object of another zone", data, zone="account", **broken),
    )
    other = bytes(32).hex()
    yield (
        "sealing-fails-other-account",
        case("opened as an object of another account", data, account=other, **broken),
    )
    yield (
        "sealing-fails-other-account-key",
        case("opened with another account key", data, account_key=other, **broken),
    )
    yield (
        "sealing-fails-wrong-kind",
        case("a segment is not taken for a chunk", data, object_kind=2, **broken),
    )


def _sealed_wrongly() -> Iterator[Case]:
    """Plaintexts that no honest writer makes, sealed as they should be."""
    header = seal(KEY.zone_key(ACCOUNT, MESSAGES_ZONE), SealedKind.SEGMENT, SALT, b"content")
    header = header[:HEADER_BYTES]
    key = KEY.zone_key(ACCOUNT, MESSAGES_ZONE).object_key(1, 1, SALT)
    for name, what, plain in (
        ("padding-not-zero", "a byte of the padding is not zero", frame(b"content") + b"\x01"),
        ("length-too-large", "the content is longer than what is there", b"\x00" * 7 + b"\xff"),
    ):
        padded = plain + bytes(64)
        sealed = header + AESGCM(key.secret).encrypt(key.nonce, padded, header)
        yield f"sealing-fails-{name}", _sealing_case(what, sealed, error="seal-broken")


def _hashes() -> Iterator[Case]:
    for which, kind, name in (
        ("of-kind-1", 1, "direct:+15550100101"),
        ("of-kind-2", 2, "GUID-é"),
        ("of-kind-4", 4, "at_0_GUID"),
        ("of-a-lone-surrogate", 2, "GUID-\ud83d"),
    ):
        yield (
            f"record-id-{which}",
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
    for name, file in (("file-hash", b"a photo"), ("file-hash-of-an-empty-file", b"")):
        file_hash = FileHash(ROOTS)
        file_hash.update(file)
        yield (
            name,
            {
                "kind": "file-hash",
                "what": "the keyed hash of a whole file",
                "key": ROOTS.record_id.hex(),
                "file": file.hex(),
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
        ("opens", code, good),
        ("opens-in-lower-case", code.lower().replace("-", " "), good),
        ("fails-one-wrong-letter", ("A" if code[0] != "A" else "B") + code[1:], {}),
        ("fails-bad-checksum", code[:-1] + ("A" if code[-1] != "A" else "B"), {}),
        ("fails-letter-never-used", "0" + code[1:], {}),
        ("fails-too-short", code[:-1], {}),
        ("fails-too-long", code + "A", {}),
    ):
        expected = more or {"error": "recovery-key-wrong"}
        what = "a typed recovery key"
        yield (
            f"recovery-key-{name}",
            {"kind": "recovery-key", "what": what, "typed": typed, **expected},
        )


def _passphrase() -> Iterator[Case]:
    wrapped = wrap(b"a secret", "passphrase", TestOnlySeededEntropy("wrap"), memory_kib=64)
    label, memory_kib, *rest = msgspec.msgpack.decode(wrapped)
    costly = msgspec.msgpack.encode([label, 2**40, *rest])
    cheaper = msgspec.msgpack.encode([label, memory_kib // 2, *rest])
    for name, data, passphrase, more in (
        ("opens", wrapped, "passphrase", {"secret": b"a secret".hex()}),
        ("fails-wrong", wrapped, "Passphrase", {"error": "passphrase-wrong"}),
        ("fails-damaged", wrapped[:-1] + b"\x00", "passphrase", {"error": "passphrase-wrong"}),
        ("fails-other-cost", cheaper, "passphrase", {"error": "passphrase-wrong"}),
        ("fails-cost-out-of-bounds", costly, "passphrase", {"error": "key-file-broken"}),
        ("fails-cut-short", wrapped[:-1], "passphrase", {"error": "key-file-broken"}),
    ):
        yield (
            f"passphrase-{name}",
            {
                "kind": "passphrase",
                "what": "a wrapped secret",
                "wrapped": data.hex(),
                "passphrase": passphrase,
                **more,
            },
        )


def _packets() -> Iterator[Case]:
    mine = recovery_keys(new_recovery_code(TestOnlySeededEntropy("packet")))
    other = recovery_keys(new_recovery_code(TestOnlySeededEntropy("other packet")))
    nonce = bytes(32)
    packet = seal_packet(KEY, mine.member(), nonce)
    later = msgspec.structs.replace(packet, epoch=1)
    broken = {"error": "seal-broken"}
    for name, keys, seen, item, more in (
        ("opens", mine, nonce, packet, {"account_key": KEY.secret.hex()}),
        ("fails-other-member", other, nonce, packet, broken),
        ("fails-other-account", mine, b"\x01" * 32, packet, broken),
        ("fails-other-epoch", mine, nonce, later, broken),
    ):
        yield (
            f"key-packet-{name}",
            {
                "kind": "key-packet",
                "what": "an account key sealed to one member",
                "sign_seed": keys.sign_seed.hex(),
                "box_seed": keys.box_seed.hex(),
                "nonce": seen.hex(),
                "packet": msgspec.msgpack.encode(item).hex(),
                **more,
            },
        )


def _linking() -> Iterator[Case]:
    entropy = TestOnlySeededEntropy("linking vectors")
    code = new_link_code(entropy)
    secrets = link_secrets(code)
    device = new_member_keys(entropy).member()
    new = NewDevice(secrets, device, "new device", entropy)
    trusted = TrustedDevice(secrets, ACCOUNT, entropy)
    heads = {"account": (3, bytes(range(32))), "messages": (8, bytes(range(32, 64)))}
    promise = new.promise()
    hello = trusted.hello(promise)
    reveal = new.reveal(hello)
    candidate = trusted.candidate(reveal)
    assert candidate.digits == new.digits
    shared = {
        "kind": "linking",
        "code": code,
        "boxes": [secrets.box(turn).hex() for turn in (1, 2)],
        "promise": promise.hex(),
        "hello": hello.hex(),
        "reveal": reveal.hex(),
        "account": ACCOUNT.hex(),
        "device": device.id.hex(),
        "name": candidate.name,
        "digits": candidate.digits,
    }
    yield (
        "linking",
        {
            **shared,
            "what": "the four letters of a device that is let in",
            "verdict": trusted.accept(heads).hex(),
            "heads": {zone: [seq, head.hex()] for zone, (seq, head) in heads.items()},
        },
    )
    yield (
        "linking-refused",
        {
            **shared,
            "what": "the trusted device says no",
            "verdict": trusted.refuse().hex(),
            "error": "link-refused",
        },
    )
    another = NewDevice(secrets, device, "new device", entropy)
    yield (
        "linking-fails-not-what-was-promised",
        {
            **shared,
            "what": "the reveal does not fit the promise",
            "reveal": another.reveal(hello).hex(),
            "error": "link-broken",
        },
    )
