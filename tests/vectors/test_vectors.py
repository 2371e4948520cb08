"""The test vectors of docs/format.md, read and checked: one test a file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from sealwax.base.errors import SealwaxError
from sealwax.crypto.device_keys import MemberKeys
from sealwax.crypto.key_packet import open_packet
from sealwax.crypto.key_tree import AccountKey, ChunkKey, RootKeys
from sealwax.crypto.keyed_hash import FileHash, chunk_salt, digest_term, record_id
from sealwax.crypto.link_code import comparison_digits, is_committed, link_secrets
from sealwax.crypto.padding import padded_length
from sealwax.crypto.passphrase import unwrap
from sealwax.crypto.recovery_code import recovery_keys
from sealwax.crypto.sealing import SealBroken, SealedKind, open_sealed
from sealwax.ledger.account import AccountLog, Packet, VoidEntryError
from sealwax.ledger.chain import beginning, judge
from sealwax.ledger.commit import parse_commit
from sealwax.ledger.format_step import NewerFormatError
from sealwax.ledger.framing import frame
from sealwax.ledger.names import MESSAGES_ZONE, commit_hash, device_id, zone_root
from sealwax.ledger.objects import FOREVER, Interval, Objects
from sealwax.ledger.zone_fold import ZoneFold
from sealwax.library.aliases import shown_as
from sealwax.library.library import Library
from sealwax.model.change import Change, Entry
from sealwax.model.field import FIELDS
from sealwax.model.record import canonical_address
from sealwax.model.reference import named_by, resolve
from sealwax.model.state import decode, empty, encode, join_change
from sealwax.stores.folder_layout import commit_path, object_path, pack_path
from sealwax.stores.pack import Pack, is_pack, make_pack
from sealwax.trust.account import open_for_device, open_for_recovery
from sealwax.trust.linking import LinkBroken, LinkRefused
from sealwax.vault.checkpoint import open_checkpoint
from sealwax.vault.commit_part import open_part
from sealwax.vault.digest import change_digest, digest_bytes, state_term
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import check_name, open_segment, seal_chunk
from sealwax.vault.segment import decode_segment
from tests.vectors.crypto_cases import ROOTS
from tests.vectors.make import cases
from tests.vectors.model_cases import without_aliases

FILES = sorted(Path(__file__).parent.glob("*.json"))
LEAST_FILES = 210
COMPRESSED = ("segment", "segment-object", "checkpoint")
"""Kinds whose bytes another release of zstd may make differently; any of them must open."""
ROOT = Path(__file__).resolve().parents[2]
FORMAT = (ROOT / "docs" / "format.md").read_text("utf-8")
_change = msgspec.msgpack.Decoder(Change).decode


def _hex(case: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(case[name])


def _changes(case: dict[str, Any]) -> list[Change]:
    found = [_change(bytes.fromhex(item)) for item in case["changes"]]
    return [item._replace(entries=tuple(Entry(*one) for one in item.entries)) for item in found]


def _frame(case: dict[str, Any]) -> None:
    assert frame(*map(bytes.fromhex, case["parts"])) == _hex(case, "framed")


def _member_id(case: dict[str, Any]) -> None:
    assert device_id(_hex(case, "sign_key"), _hex(case, "box_key")) == _hex(case, "id")


def _zone_root(case: dict[str, Any]) -> None:
    assert zone_root(_hex(case, "account"), case["zone"]) == _hex(case, "root")


def _canonical_address(case: dict[str, Any]) -> None:
    assert canonical_address(case["address"]) == case["canonical"]


def _reference(case: dict[str, Any]) -> None:
    assert resolve(case["reference"], case["own"]) == (case["namespace"], case["id"])
    assert named_by(case["reference"], case["own"]) == case["name"]


def _aliases(case: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library.db", b"k" * 32, ROOTS, is_durable=False)
        for seq, told in enumerate(_changes(case)):
            library.applier.apply([told], seq, -1)
        run = library.database.connection.execute
        ids: dict[int, bytes] = dict(run("SELECT id, uid FROM record"))
        shown = shown_as(library.database.connection)
        library.close()
    assert {ids[one].hex(): ids[other].hex() for one, other in shown.items()} == case["shown"]


def _twins(case: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library.db", b"k" * 32, ROOTS, is_durable=False)
        for seq, told in enumerate(_changes(case)):
            library.applier.apply([told], seq, -1)
        run = library.database.connection.execute
        ids: dict[int, bytes] = dict(run("SELECT id, uid FROM record"))
        shown: dict[int, int] = dict(run("SELECT record, shown FROM twin_shown"))
        seen = run("SELECT seen FROM version WHERE seen IS NOT NULL").fetchall()
        library.close()
    assert {ids[one].hex(): ids[other].hex() for one, other in shown.items()} == case["shown"]
    shown_states = [encode(without_aliases(decode(state))).hex() for (state,) in seen]
    assert "".join(shown_states) == case["state"]


def _padding(case: dict[str, Any]) -> None:
    assert padded_length(case["length"], case["least"]) == case["padded"]


def _key_tree(case: dict[str, Any]) -> None:
    key = AccountKey(case["epoch"], _hex(case, "account_key"))
    zone_key = key.zone_key(_hex(case, "account"), case["zone"])
    assert zone_key.secret == _hex(case, "zone_key")
    assert key.chunk_key(_hex(case, "account")).secret == _hex(case, "chunk_key")
    made = zone_key.object_key(1, case["object_kind"], _hex(case, "salt"))
    assert made.secret == _hex(case, "object_key")
    assert made.nonce == _hex(case, "nonce")
    assert made.commitment == _hex(case, "commitment")


def _sealing(case: dict[str, Any]) -> None:
    key = AccountKey(case["epoch"], _hex(case, "account_key"))
    zone_key = key.zone_key(_hex(case, "account"), case["zone"])
    kind = SealedKind(case["object_kind"])
    assert open_sealed(zone_key, kind, _hex(case, "sealed")) == _hex(case, "content")


def _record_id(case: dict[str, Any]) -> None:
    roots = RootKeys(_hex(case, "key"), b"")
    name, kind = case["canonical_id"], case["record_kind"]
    assert record_id(roots, case["namespace"], kind, name) == _hex(case, "id")


def _file_hash(case: dict[str, Any]) -> None:
    made = FileHash(RootKeys(_hex(case, "key"), b""))
    made.update(_hex(case, "file"))
    assert made.digest() == _hex(case, "hash")


def _chunk_salt(case: dict[str, Any]) -> None:
    key = ChunkKey(_hex(case, "chunk_key"))
    assert chunk_salt(key, _hex(case, "piece"), case["counter"]) == _hex(case, "salt")


def _digest_term(case: dict[str, Any]) -> None:
    roots = RootKeys(b"", _hex(case, "key"))
    term = digest_term(roots, _hex(case, "record"), _hex(case, "state"))
    assert term.to_bytes(32, "big") == _hex(case, "term")


def _recovery_key(case: dict[str, Any]) -> None:
    keys = recovery_keys(case["typed"])
    assert keys.sign_seed == _hex(case, "sign_seed")
    assert keys.box_seed == _hex(case, "box_seed")
    assert keys.member().id == _hex(case, "id")


def _passphrase(case: dict[str, Any]) -> None:
    assert unwrap(_hex(case, "wrapped"), case["passphrase"]) == _hex(case, "secret")


def _key_packet(case: dict[str, Any]) -> None:
    keys = MemberKeys(_hex(case, "sign_seed"), _hex(case, "box_seed"))
    packet = msgspec.msgpack.decode(_hex(case, "packet"), type=Packet)
    assert open_packet(packet, keys, _hex(case, "nonce")).secret == _hex(case, "account_key")


def _shown(case: dict[str, Any]) -> None:
    _merge(case)
    shown = decode(bytes.fromhex(case["state"])).get(FIELDS[case["field"]])
    assert msgspec.msgpack.encode(shown).hex() == case["value"]


def _merge(case: dict[str, Any]) -> None:
    changes = _changes(case)
    for order in (changes, changes[::-1], [*changes, *changes]):
        state = empty(order[0].kind)
        for item in order:
            state = join_change(state, item)
        assert encode(state) == _hex(case, "state")


def _segment(case: dict[str, Any]) -> None:
    roots = RootKeys(_hex(case, "key"), b"")
    assert decode_segment(roots, _hex(case, "data")) == _changes(case)


def _change_digest(case: dict[str, Any]) -> None:
    roots = RootKeys(b"", _hex(case, "key"))
    assert digest_bytes(change_digest(roots, _changes(case))) == _hex(case, "digest")


def _digest(case: dict[str, Any]) -> None:
    roots = RootKeys(b"", _hex(case, "key"))
    records = [map(bytes.fromhex, record) for record in case["records"]]
    total = sum(state_term(roots, record, state) for record, state in records)
    assert digest_bytes(total) == _hex(case, "digest")


def _log(case: dict[str, Any]) -> tuple[AccountLog, list[str | None]]:
    log = AccountLog(_hex(case, "account"))
    return log, [log.extend(bytes.fromhex(data)) for data in case["log"]]


def _chain(case: dict[str, Any]) -> None:
    log, _ = _log(case)
    head = beginning(_hex(case, "account"), case["zone"])
    assert head.hash == _hex(case, "root")
    reasons = []
    for data in case["commits"]:
        judged = judge(head, bytes.fromhex(data), log)
        head = judged.head
        reasons.append(judged.void_reason)
    assert reasons == case["void_reasons"]
    assert head.hash == _hex(case, "head")
    assert head.position == case["position"]


def _account_log(case: dict[str, Any]) -> None:
    log, reasons, later_format = AccountLog(_hex(case, "account")), [], None
    for data in map(bytes.fromhex, case["log"]):
        try:
            reasons.append(log.extend(data))
        except NewerFormatError as error:
            later_format = error.format
            break
    assert later_format == case.get("later_format")
    assert reasons == case["void_reasons"]
    assert log.newest.epoch == case["epoch"]
    assert [device.hex() for device in log.newest.devices] == case["devices"]
    assert log.newest.recovery.id == _hex(case, "recovery")
    assert log.newest.protection == case["protection"]


def _opens_account(case: dict[str, Any]) -> None:
    log, _ = _log(case)
    member = MemberKeys(_hex(case, "sign_seed"), _hex(case, "box_seed"))
    is_recovery = member.member().id == log.newest.recovery.id
    opened = (open_for_recovery if is_recovery else open_for_device)(log, member)
    for epoch in range(log.newest.epoch + 1):
        if str(epoch) in case["account_keys"]:
            assert opened.account_key(epoch).secret.hex() == case["account_keys"][str(epoch)]
        else:
            with pytest.raises(SealBroken):
                opened.account_key(epoch)
    assert opened.newest_epoch == case["newest_epoch"]
    assert list(opened.not_handed_on) == case["not_handed_on"]
    assert [[one.position, str(one.flaw)] for one in opened.unsound] == case["unsound"]
    assert opened.roots.record_id == _hex(case, "record_id_key")
    assert opened.roots.digest == _hex(case, "digest_key")


def _objects(case: dict[str, Any]) -> None:
    objects = Objects()
    refused = []
    for seq, data in enumerate(case["commits"]):
        found = objects.apply(parse_commit(bytes.fromhex(data)), case["now_ms"])
        refused += [[seq, one.reason, one.number] for one in found]
    assert refused == case["refused"]
    assert len(objects.intervals) == len(case["intervals"])
    for name, (added, dropped, size_bytes, digest) in case["intervals"].items():
        end = FOREVER if dropped is None else dropped
        change_digest = None if digest is None else bytes.fromhex(digest)
        assert objects.intervals[bytes.fromhex(name)] == (added, end, size_bytes, change_digest)
    assert [list(pin) for _, pin in sorted(objects.pins.items())] == case["pins"]
    held = objects.held(len(case["commits"]) - 1)
    assert sorted(name.hex() for name in held) == case["held"]


def _disowning(case: dict[str, Any]) -> None:
    log = AccountLog(commit_hash(bytes.fromhex(case["log"][0])))
    for data in case["log"]:
        assert log.extend(bytes.fromhex(data)) is None
    commits = [bytes.fromhex(data) for data in case["commits"]]
    fold = ZoneFold(log, case["now_ms"], lambda: commits)
    head = beginning(log.account, MESSAGES_ZONE)
    for data in commits:
        judged = judge(head, data, log)
        head = judged.head
        assert judged.commit is not None
        fold.apply(judged.commit)
    objects = fold.objects
    assert fold.disowned == {int(seq): merge_seq for seq, merge_seq in case["merges"].items()}
    assert _told(objects.intervals) == case["intervals"]
    assert _told(objects.disowned) == case["disowned"]
    assert [list(pin) for _, pin in sorted(objects.pins.items())] == case["pins"]
    assert sorted(name.hex() for name in objects.held(head.seq)) == case["held"]


def _told(intervals: dict[bytes, Interval]) -> dict[str, list[Any]]:
    return {
        name.hex(): [
            interval.added_seq,
            None if interval.dropped_seq == FOREVER else interval.dropped_seq,
            interval.size_bytes,
            None if interval.change_digest is None else interval.change_digest.hex(),
        ]
        for name, interval in intervals.items()
    }


def _keys(case: dict[str, Any]) -> AccountKeys:
    key = AccountKey(0, _hex(case, "account_key"))
    return AccountKeys(_hex(case, "account"), RootKeys(b"", b""), {0: key})


def _chunk(case: dict[str, Any]) -> None:
    made = seal_chunk(_keys(case), case["zone"], 0, _hex(case, "piece"), case["counter"])
    assert made == (_hex(case, "name"), _hex(case, "sealed"))


def _segment_object(case: dict[str, Any]) -> None:
    check_name(_hex(case, "name"), _hex(case, "sealed"))
    assert open_segment(_keys(case), case["zone"], _hex(case, "sealed")) == _changes(case)


def _checkpoint(case: dict[str, Any]) -> None:
    pieces = [bytes.fromhex(piece) for piece in case["pieces"]]
    found = open_checkpoint(_keys(case), case["zone"], pieces)
    assert msgspec.msgpack.encode(found) == _hex(case, "checkpoint")


def _sealed_part(case: dict[str, Any]) -> None:
    part = open_part(_keys(case), parse_commit(_hex(case, "commit")))
    assert msgspec.msgpack.encode(part) == _hex(case, "part")


def _store_path(case: dict[str, Any]) -> None:
    if "zone" in case:
        place = pack_path if case["path"].endswith(".pack") else commit_path
        path = place(Path(), case["zone"], case["seq"])
    else:
        path = object_path(Path(), _hex(case, "name"))
    assert path.as_posix() == case["path"]


def _pack(case: dict[str, Any]) -> None:
    data, start_seq = _hex(case, "pack"), case["seq"]
    commits = [bytes.fromhex(commit) for commit in case["commits"]]
    count = len(commits)
    assert is_pack(lambda at, size: data[at : at + size], len(data), start_seq, count)
    pack = Pack.of(data, start_seq, count)
    assert pack.damaged() == case["damaged"]
    for seq, commit in enumerate(commits, start_seq):
        assert (pack.commit(seq) == commit) == (seq not in case["damaged"])
    assert (make_pack(start_seq, commits) == data) == case["is_as_made"]


def _linking(case: dict[str, Any]) -> None:
    secrets = link_secrets(case["code"])
    assert [secrets.box(turn).hex() for turn in (1, 2)] == case["boxes"]
    decode = msgspec.msgpack.decode
    version, promised = decode(secrets.open(1, "new", _hex(case, "promise")))
    hello = secrets.open(1, "trusted", _hex(case, "hello"))
    reveal = secrets.open(2, "new", _hex(case, "reveal"))
    if not is_committed(reveal, promised):
        raise LinkBroken("It was not promised.")
    assert version == 1
    assert decode(hello)[:2] == [1, _hex(case, "account")]
    assert decode(reveal)[2][0] == device_id(*decode(reveal)[2][1:]) == _hex(case, "device")
    assert decode(reveal)[3] == case["name"]
    assert comparison_digits(hello, reveal) == case["digits"]
    verdict = decode(secrets.open(2, "trusted", _hex(case, "verdict")))
    if not verdict[1]:
        raise LinkRefused("No.")
    heads = {zone: [seq, bytes.fromhex(head)] for zone, (seq, head) in case["heads"].items()}
    assert verdict == [1, True, heads]


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "frame": _frame,
    "member-id": _member_id,
    "zone-root": _zone_root,
    "canonical-address": _canonical_address,
    "reference": _reference,
    "aliases": _aliases,
    "twins": _twins,
    "padding": _padding,
    "key-tree": _key_tree,
    "sealing": _sealing,
    "record-id": _record_id,
    "file-hash": _file_hash,
    "chunk-salt": _chunk_salt,
    "digest-term": _digest_term,
    "recovery-key": _recovery_key,
    "passphrase": _passphrase,
    "linking": _linking,
    "key-packet": _key_packet,
    "merge": _merge,
    "shown": _shown,
    "segment": _segment,
    "change-digest": _change_digest,
    "digest": _digest,
    "chain": _chain,
    "account-log": _account_log,
    "opens-account": _opens_account,
    "objects": _objects,
    "disowning": _disowning,
    "chunk": _chunk,
    "segment-object": _segment_object,
    "checkpoint": _checkpoint,
    "sealed-part": _sealed_part,
    "store-path": _store_path,
    "pack": _pack,
}


def test_all_vectors_are_there() -> None:
    kinds = {json.loads(path.read_text("utf-8"))["kind"] for path in FILES}
    assert len(FILES) >= LEAST_FILES
    assert kinds == set(CHECKS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    check = CHECKS[case["kind"]]
    if "error" not in case:
        check(case)
        return
    try:
        check(case)
    except SealwaxError as error:
        assert error.code == case["error"]
    except VoidEntryError as error:
        assert str(error) == case["error"]
    else:
        pytest.fail(f"{path.name} should have failed with {case['error']}")


def test_making_them_again_changes_nothing() -> None:
    stored = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
    made = {name: json.loads(json.dumps(content)) for name, content in cases()}
    assert sorted(made) == sorted(stored)
    for name, content in made.items():
        if content["kind"] not in COMPRESSED:
            assert content == stored[name], name


def test_the_document_has_every_section_that_the_modules_name() -> None:
    named: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for quoted in re.findall(
            r"Implements ([^.]*) of docs/format\.md", path.read_text("utf-8").replace("\n", " ")
        ):
            named.update(re.findall(r'"([^"]+)"', quoted))
    assert len(named) >= 15
    assert named <= set(re.findall(r"^## (.+)$", FORMAT, re.MULTILINE))


def test_the_document_lists_every_field_as_it_is() -> None:
    rows = re.findall(
        r"^\| ([a-z_, ]+) \| (\d)(, control)? \|([^|]*)\|[^|]*\|$", FORMAT, re.MULTILINE
    )
    listed = {
        name: (int(merge), bool(control), bool(key.strip()))
        for names, merge, control, key in rows
        for name in names.split(", ")
    }
    known = {
        name: (int(field.merge), field.is_control, field.is_keyed) for name, field in FIELDS.items()
    }
    assert listed == known
