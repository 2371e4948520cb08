"""The four letters of linking: who gets in, and what somebody in between can do."""

import pytest

from sealwax.base.entropy import SystemEntropy, TestOnlySeededEntropy
from sealwax.crypto.device_keys import new_member_keys
from sealwax.crypto.link_code import (
    LinkCodeWrong,
    LinkSecrets,
    comparison_digits,
    link_secrets,
    new_link_code,
)
from sealwax.ledger.names import ACCOUNT_ZONE, device_zone
from sealwax.ledger.wire import LINK_MESSAGE_LIMIT_BYTES
from sealwax.trust.linking import (
    HEADS_LIMIT,
    LinkBroken,
    LinkRefused,
    NewDevice,
    TrustedDevice,
)

ENTROPY = SystemEntropy()
ACCOUNT = b"\x0a" * 32
HEADS = {ACCOUNT_ZONE: (3, b"\x01" * 32), "messages": (8, b"\x02" * 32)}


def _sides(code: str | None = None) -> tuple[TrustedDevice, NewDevice]:
    secrets = link_secrets(code or new_link_code(ENTROPY))
    device = new_member_keys(ENTROPY).member()
    return TrustedDevice(secrets, ACCOUNT, ENTROPY), NewDevice(secrets, device, "new", ENTROPY)


def test_both_sides_learn_what_they_need() -> None:
    trusted, new = _sides()
    reveal = new.reveal(trusted.hello(new.promise()))
    candidate = trusted.candidate(reveal)
    assert candidate.digits == new.digits
    assert len(new.digits) == 6
    assert candidate.name == "new"
    assert new.account == ACCOUNT
    assert new.verdict(trusted.accept(HEADS)) == HEADS


def test_a_no_is_told() -> None:
    trusted, new = _sides()
    trusted.candidate(new.reveal(trusted.hello(new.promise())))
    with pytest.raises(LinkRefused):
        new.verdict(trusted.refuse())


def test_another_code_opens_no_letter() -> None:
    trusted, new = _sides()
    other_trusted, other_new = _sides()
    with pytest.raises(LinkBroken):
        trusted.hello(other_new.promise())
    with pytest.raises(LinkBroken):
        new.reveal(other_trusted.hello(other_new.promise()))


def test_a_letter_stands_for_no_other_letter() -> None:
    trusted, new = _sides()
    promise = new.promise()
    hello = trusted.hello(promise)
    reveal = new.reveal(hello)
    for letter in (promise, hello):
        with pytest.raises(LinkBroken):
            trusted.candidate(letter)
    for letter in (promise, hello, reveal):
        with pytest.raises(LinkBroken):
            new.verdict(letter)


@pytest.mark.parametrize("place", [0, 7, 20, 60, 90, -1])
def test_a_letter_that_was_altered_does_not_open(place: int) -> None:
    trusted, new = _sides()
    letter = bytearray(new.promise())
    letter[place] ^= 1
    with pytest.raises(LinkBroken):
        trusted.hello(bytes(letter))


def test_somebody_with_the_code_cannot_say_more_than_was_promised() -> None:
    """Two new devices with one code: the words of one do not follow the promise of the other."""
    code = new_link_code(ENTROPY)
    trusted, first = _sides(code)
    _, second = _sides(code)
    hello = trusted.hello(first.promise())
    with pytest.raises(LinkBroken, match="promised"):
        trusted.candidate(second.reveal(hello))


def test_digits_differ_when_somebody_with_the_code_stands_in_between() -> None:
    """A server that knows the code talks to both sides as the other one."""
    code = new_link_code(ENTROPY)
    trusted, _ = _sides(code)
    false_trusted, false_new = _sides(code)
    _, new = _sides(code)
    candidate = trusted.candidate(false_new.reveal(trusted.hello(false_new.promise())))
    new.reveal(false_trusted.hello(new.promise()))
    assert candidate.digits != new.digits


def test_digits_hang_on_every_word() -> None:
    digits = {comparison_digits(bytes((one,)), bytes((two,))) for one in range(9) for two in b"ab"}
    assert len(digits) == 18


def test_boxes_and_keys_are_all_different_and_tell_nothing() -> None:
    one, two = (link_secrets(new_link_code(ENTROPY)) for _ in range(2))
    boxes = {secrets.box(turn) for secrets in (one, two) for turn in (1, 2)}
    assert len(boxes) == 4
    assert all(len(box) == 32 for box in boxes)
    assert one.letters not in repr(one)


def test_a_code_is_typed_in_any_way_but_not_wrongly() -> None:
    code = new_link_code(TestOnlySeededEntropy("code"))
    assert len(code.replace("-", "")) == 24
    assert link_secrets(code.lower().replace("-", " ")) == link_secrets(code)
    for wrong in (code[:-1], code + "A", "A" * 24, code.replace(code[0], "0"), ""):
        with pytest.raises(LinkCodeWrong) as caught:
            link_secrets(wrong)
        assert code not in caught.value.sentence


def test_letters_fit_even_with_many_zones() -> None:
    trusted, new = _sides()
    trusted.candidate(new.reveal(trusted.hello(new.promise())))
    zones = {
        device_zone(bytes((0,) * 14 + divmod(at, 256))): (2**50, bytes(32)) for at in range(300)
    }
    letter = trusted.accept({**zones, **HEADS})
    assert len(letter) <= LINK_MESSAGE_LIMIT_BYTES
    told = new.verdict(letter)
    assert len(told) == HEADS_LIMIT
    assert told.items() >= HEADS.items()


def test_another_version_is_named() -> None:
    secrets = LinkSecrets("A" * 20)
    trusted = TrustedDevice(secrets, ACCOUNT, ENTROPY)
    letter = secrets.seal(1, "new", b"\x93\x02\xc4\x00\xc0", ENTROPY)
    with pytest.raises(LinkBroken, match="version"):
        trusted.hello(letter)
    for junk in (b"\xc0", b"\x90", b"junk", b"\x91\x01", b"\x92\x01\xa0"):
        with pytest.raises(LinkBroken):
            trusted.hello(secrets.seal(1, "new", junk, ENTROPY))
