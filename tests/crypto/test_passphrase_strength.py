"""A passphrase that is being set is refused where a thief with the key file would guess it."""

import pytest

from sealwax.crypto.passphrase_strength import PassphraseWeak, need_strong


@pytest.mark.parametrize(
    "passphrase",
    [
        "",
        "x",
        "secret",
        "password1234",
        "Tr0ub4dour&3",
        "qwertyuiop12",
        "sealwax",
        "Sealwax2026!",
        "letmeinletmeinletmein",
        "x" * 1000,
        "a passphrase",
    ],
)
def test_one_that_can_be_guessed_is_refused(passphrase: str) -> None:
    with pytest.raises(PassphraseWeak) as refused:
        need_strong(passphrase)
    assert not passphrase or passphrase not in refused.value.sentence


@pytest.mark.parametrize(
    "passphrase",
    [
        "correct horse battery staple",
        "hund katze maus regen",
        "vX9#qLw2!mTz",
        "долгая дорога в дюнах",
        "four words " * 1000,
    ],
)
def test_one_of_many_words_or_much_chance_is_taken(passphrase: str) -> None:
    need_strong(passphrase)
