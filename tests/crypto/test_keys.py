"""Keys: derived apart, wrapped, packed for one member, typed by a person."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwax.base.entropy import TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.key_packet import (
    open_earlier,
    open_packet,
    open_root,
    seal_earlier,
    seal_packet,
    seal_root,
)
from sealwax.crypto.key_tree import AccountKey, new_account_key, new_root_keys
from sealwax.crypto.keyed_hash import FileHash, chunk_salt, digest_term, record_ids
from sealwax.crypto.passphrase import KeyFileBroken, PassphraseWrong, unwrap, wrap
from sealwax.crypto.recovery_code import (
    RecoveryKeyWrong,
    new_recovery_code,
    parse_recovery_code,
    recovery_keys,
)
from sealwax.crypto.sealing import SealBroken
from sealwax.crypto.typed_code import ALPHABET
from sealwax.ledger.account import Packet

ENTROPY = TestOnlySeededEntropy("keys")
ROOTS = new_root_keys(ENTROPY)
NONCE = b"n" * 32
LEAST_MEMORY_KIB = 64


def test_all_derived_keys_differ() -> None:
    accounts = (b"a" * 32, b"b" * 32)
    keys = [AccountKey(epoch, secret * 32) for epoch in (0, 1) for secret in (b"x", b"y")]
    derived = [
        key.zone_key(account, zone).secret
        for key in keys
        for account in accounts
        for zone in ("messages", "account", "device/" + "0" * 32)
    ]
    derived += [key.chunk_key(account).secret for key in keys for account in accounts]
    assert len(set(derived)) == len(derived)
    zone = keys[0].zone_key(accounts[0], "messages")
    objects = [
        zone.object_key(suite, kind, salt * 32).secret
        for suite in (1, 2)
        for kind in (1, 2)
        for salt in (b"s", b"t")
    ]
    assert len(set(objects)) == 8


def test_record_ids_are_apart_by_kind_namespace_and_id() -> None:
    names = [(1, "a"), (2, "a"), (1, "b"), (1, "")]
    ids = record_ids(ROOTS, "imessage", names) + record_ids(ROOTS, "other", names)
    assert len(set(ids)) == 8
    assert {len(one) for one in ids} == {16}
    assert record_ids(ROOTS, "imessage", names) == ids[:4]


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_a_file_s_hash_does_not_depend_on_how_it_is_read(pieces: list[bytes]) -> None:
    whole, cut = FileHash(ROOTS), FileHash(ROOTS)
    whole.update(b"".join(pieces))
    for piece in pieces:
        cut.update(piece)
    assert whole.digest() == cut.digest()
    longer = FileHash(ROOTS)
    longer.update(b"".join(pieces) + b"\x00")
    assert longer.digest() != whole.digest()


def test_chunk_salts_follow_the_content_and_the_counter() -> None:
    key = AccountKey(0, b"k" * 32).chunk_key(b"a" * 32)
    salts = {chunk_salt(key, piece, counter) for piece in (b"", b"a", b"b") for counter in (0, 1)}
    assert len(salts) == 6
    assert chunk_salt(key, b"a", 0) == chunk_salt(key, b"a", 0)


def test_digest_terms_cover_record_and_state() -> None:
    terms = {digest_term(ROOTS, r * 16, s) for r in (b"a", b"b") for s in (b"x", b"y")}
    assert len(terms) == 4
    assert all(0 <= term < 2**256 for term in terms)


def test_a_packet_opens_for_its_member_alone() -> None:
    key = new_account_key(5, ENTROPY)
    mine, other = new_member_keys(ENTROPY), new_member_keys(ENTROPY)
    packet = seal_packet(key, mine.member(), NONCE)
    assert open_packet(packet, mine, NONCE) == key
    for bad, keys, nonce in (
        (packet, other, NONCE),
        (packet, mine, b"m" * 32),
        (Packet(6, packet.recipient, packet.sealed), mine, NONCE),
        (Packet(5, other.member().id, packet.sealed), mine, NONCE),
        (Packet(5, packet.recipient, packet.sealed[:-1]), mine, NONCE),
        (Packet(5, packet.recipient, b""), mine, NONCE),
    ):
        with pytest.raises(SealBroken):
            open_packet(bad, keys, nonce)


def test_the_newest_key_opens_earlier_ones_and_the_roots() -> None:
    old, new = new_account_key(0, ENTROPY), new_account_key(3, ENTROPY)
    account = b"a" * 32
    sealed = seal_earlier(old, new, account, b"s" * 32)
    assert open_earlier(sealed, 0, new, account) == old
    with pytest.raises(SealBroken):
        open_earlier(sealed, 0, new_account_key(3, ENTROPY), account)
    assert open_root(seal_root(ROOTS, new, account, b"t" * 32), new, account) == ROOTS
    with pytest.raises(SealBroken):
        open_root(seal_root(ROOTS, new, account, b"t" * 32), new, b"b" * 32)


def test_a_passphrase_opens_what_it_wrapped() -> None:
    wrapped = wrap(b"the secret", "right", ENTROPY, LEAST_MEMORY_KIB)
    assert unwrap(wrapped, "right") == b"the secret"
    assert b"the secret" not in wrapped
    with pytest.raises(PassphraseWrong):
        unwrap(wrapped, "wrong")


def test_a_damaged_key_file_opens_to_nothing() -> None:
    wrapped = wrap(b"the secret", "right", ENTROPY, LEAST_MEMORY_KIB)
    for place in range(len(wrapped)):
        flipped = bytearray(wrapped)
        flipped[place] ^= 1
        if flipped[20:32] != wrapped[20:32]:
            continue  # A larger cost parameter would only take long.
        with pytest.raises((PassphraseWrong, KeyFileBroken)):
            unwrap(bytes(flipped), "right")
    for bad in (b"", wrapped[:-1], b"\x00" * 100):
        with pytest.raises((PassphraseWrong, KeyFileBroken)):
            unwrap(bad, "right")


@pytest.mark.parametrize("lanes", range(1, 17))
def test_more_lanes_than_memory_are_a_broken_file(lanes: int) -> None:
    told = [b"sealwax/passphrase/v1", 8 * lanes - 1, 1, lanes, bytes(16), bytes(12), bytes(40)]
    with pytest.raises(KeyFileBroken):
        unwrap(msgspec.msgpack.encode(told), "right")
    told[1] = 8 * lanes
    with pytest.raises(PassphraseWrong):
        unwrap(msgspec.msgpack.encode(told), "right")


_SMALL = st.one_of(st.integers(-1, 40), st.binary(max_size=20), st.text(max_size=3), st.none())


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(_SMALL, st.sampled_from([b"sealwax/passphrase/v1", bytes(16), bytes(12)])),
        max_size=9,
    ),
    st.binary(max_size=60),
)
def test_any_key_file_is_opened_or_refused(told: list[object], data: bytes) -> None:
    whole = [b"sealwax/passphrase/v1", 8, 1, 1, bytes(16), bytes(12), b""]
    for stored in (msgspec.msgpack.encode(told), msgspec.msgpack.encode([*whole[:4], *told]), data):
        with pytest.raises((PassphraseWrong, KeyFileBroken)):
            unwrap(stored, "right\udcff")


def test_a_recovery_key_has_its_form() -> None:
    codes = {new_recovery_code(ENTROPY) for _ in range(50)}
    assert len(codes) == 50
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 8
        assert set(code) <= set(ALPHABET + "-")
        assert recovery_keys(code.lower().replace("-", "  ")) == recovery_keys(code)


@given(st.integers(0, 31), st.integers(1, 31))
def test_one_wrong_character_is_nearly_always_noticed(place: int, step: int) -> None:
    letters = new_recovery_code(TestOnlySeededEntropy("typo")).replace("-", "")
    other = ALPHABET[(ALPHABET.index(letters[place]) + step) % 32]
    with pytest.raises(RecoveryKeyWrong):
        parse_recovery_code(letters[:place] + other + letters[place + 1 :])


@pytest.mark.parametrize("typed", ["", "ABCD", "I" * 32, "é" * 32, "A" * 33, "A" * 10_000])
def test_what_is_no_recovery_key_is_refused(typed: str) -> None:
    with pytest.raises(RecoveryKeyWrong):
        recovery_keys(typed)
