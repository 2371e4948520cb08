"""Whether a passphrase is good enough for keys that a thief may try as often as they like."""

from sealwax.base.errors import SealwaxError

GUESSES_LEAST = 10**10
"""By the estimate of zxcvbn; its highest mark begins here. A try takes about a tenth of a second on
one processor, because of Argon2id: a thief with a hundred of them needs two months on average."""
EXAMINED_LETTERS = 72
"""What the estimate looks at: it takes longer with the square of the length."""
_PRODUCT = ["sealwax"]


class PassphraseWeak(SealwaxError):
    """The passphrase could be guessed by whoever has the key file."""

    code = "passphrase-weak"
    hint = "Take four or more words that do not belong together, or let a program make one for you."


def need_strong(passphrase: str) -> None:
    """Raises PassphraseWeak. For a passphrase that a person sets, never for one that opens."""
    why = weakness(passphrase)
    if why:
        raise PassphraseWeak(why)


def weakness(passphrase: str) -> str:
    """Why a passphrase can be guessed, in a sentence; nothing where it cannot."""
    if not passphrase:
        return "An empty passphrase is none."
    # It takes a twentieth of a second to load, and only a new home needs it.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]

    found = zxcvbn(passphrase[:EXAMINED_LETTERS], user_inputs=_PRODUCT)
    if found["guesses"] >= GUESSES_LEAST:
        return ""
    return f"This passphrase is too easy to guess. {found['feedback']['warning']}".rstrip()
