"""Linking from both sides at once: codes that are used, too old, refused, stolen."""

import threading
from pathlib import Path

import pytest

from sealwax.agent.bootstrap import create_home
from sealwax.agent.linking import LINK_SECONDS, Admitted, Linked, NoLetterBox, letters_of
from sealwax.base.clock import SetClock
from sealwax.base.entropy import SystemEntropy
from sealwax.crypto.link_code import LinkCodeWrong, new_link_code
from sealwax.stores.folder_letters import STALE_SECONDS, FolderLetters
from sealwax.stores.letters import LinkUnknown, LinkUsed
from sealwax.stores.memory import MemoryStore
from sealwax.trust.linking import LinkBroken, LinkExpired, LinkRefused
from tests.homes import environment
from tests.linking import ACCOUNT, HEADS, MemoryLetters, Offer, asked, linked

BOX = b"\x0b" * 32


def test_the_device_that_proves_the_code_is_let_in() -> None:
    found = linked(MemoryLetters())
    assert isinstance(found.trusted, Linked)
    assert found.new == Admitted(ACCOUNT, HEADS)
    assert found.trusted_digits == found.new_digits
    assert [device.id for device in found.admitted] == [found.trusted.device]


def test_a_person_says_no() -> None:
    found = linked(MemoryLetters(), is_confirmed=False)
    assert isinstance(found.trusted, LinkRefused)
    assert isinstance(found.new, LinkRefused)
    assert not found.admitted


def test_a_server_without_the_code_can_only_break_it() -> None:
    """It alters the new device's words, the first or the second ones."""
    for turn in (1, 2):
        letters = MemoryLetters(
            lambda at, side, letter, turn=turn: (
                letter[:-1] + bytes((letter[-1] ^ 1,)) if (at, side) == (turn, "new") else letter
            )
        )
        found = linked(letters)
        assert isinstance(found.trusted, LinkBroken)
        assert not found.admitted
        # The trusted device tells its no as long as the server carries it.
        assert isinstance(found.new, LinkRefused)


def test_a_server_without_the_code_cannot_let_the_new_device_in() -> None:
    letters = MemoryLetters(
        lambda at, side, letter: bytes(len(letter)) if (at, side) == (2, "trusted") else letter
    )
    assert isinstance(linked(letters).new, LinkBroken)


def test_two_machines_with_one_code() -> None:
    letters = MemoryLetters()
    offer = Offer(letters)
    results = []
    machines = [
        threading.Thread(target=lambda: results.append(asked(letters, offer.code())[0]))
        for _ in range(2)
    ]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join(30)
    assert sorted(type(result).__name__ for result in results) == ["Admitted", "LinkUsed"]
    assert isinstance(offer.end(), Linked)
    assert len(offer.admitted) == 1


def test_a_code_is_good_once() -> None:
    letters = MemoryLetters()
    offer = Offer(letters)
    assert isinstance(asked(letters, offer.code())[0], Admitted)
    offer.end()
    assert isinstance(asked(letters, offer.code())[0], LinkUsed)
    assert len(offer.admitted) == 1


def test_a_code_that_nobody_made_is_not_known() -> None:
    assert isinstance(asked(MemoryLetters(), new_link_code(SystemEntropy()))[0], LinkUnknown)
    assert isinstance(asked(MemoryLetters(), "ABCD-EFGH")[0], LinkCodeWrong)


def test_nobody_comes_within_ten_minutes() -> None:
    clock = SetClock(0)
    offer = Offer(MemoryLetters(), clock=clock, wait=lambda _: clock.advance(30_000))
    assert isinstance(offer.end(), LinkExpired)
    assert clock.monotonic() >= LINK_SECONDS


def test_a_yes_that_comes_too_late_lets_nobody_in() -> None:
    clock = SetClock(0)
    letters = MemoryLetters(is_forgetful=True)
    offer = Offer(letters, clock=clock)
    code = offer.code()
    clock.advance((LINK_SECONDS - 5) * 1000)
    assert isinstance(asked(letters, code)[0], LinkExpired)
    assert isinstance(offer.end(), LinkExpired)
    assert not offer.admitted


def test_a_folder_on_a_shared_disk_has_letter_boxes(tmp_path: Path) -> None:
    env = environment()
    create_home(tmp_path / "home", tmp_path / "vault", "first", env)
    letters = FolderLetters(tmp_path / "vault")
    found = linked(letters)
    assert found.new == Admitted(ACCOUNT, HEADS)
    assert not any((tmp_path / "vault" / "links").iterdir())


def test_letters_in_a_folder_are_not_replaced(tmp_path: Path) -> None:
    create_home(tmp_path / "home", tmp_path / "vault", "first", environment())
    letters = FolderLetters(tmp_path / "vault")
    with pytest.raises(LinkUnknown):
        letters.leave(BOX, "new", b"a")
    letters.open(BOX)
    assert letters.take(BOX, "new") == b""
    letters.leave(BOX, "new", b"a")
    letters.leave(BOX, "new", b"a")
    with pytest.raises(LinkUsed):
        letters.leave(BOX, "new", b"b")
    assert letters.take(BOX, "new") == b"a"
    assert {path.name for path in (tmp_path / "vault" / "links" / BOX.hex()).iterdir()} == {"new"}
    letters.forget(BOX)
    with pytest.raises(LinkUnknown):
        letters.take(BOX, "new")


def test_boxes_that_nobody_removed_go_later(tmp_path: Path) -> None:
    import os

    create_home(tmp_path / "home", tmp_path / "vault", "first", environment())
    letters = FolderLetters(tmp_path / "vault")
    letters.open(BOX)
    old = tmp_path / "vault" / "links" / BOX.hex()
    now = old.stat().st_mtime
    os.utime(old, (now - STALE_SECONDS - 60, now - STALE_SECONDS - 60))
    letters.open(b"\x0c" * 32)
    assert not old.exists()


def test_a_place_without_letter_boxes_names_the_other_way() -> None:
    with pytest.raises(NoLetterBox) as caught:
        letters_of(MemoryStore())
    assert "--recover" in caught.value.hint
