"""The secrets of this device: made here, kept in the system's keyring or under a passphrase.

The home holds one small file. With a passphrase the file itself holds the secrets, wrapped; with a
keyring it holds only a pointer. It is written durably and never holds a secret in the clear.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from sealwax.base.entropy import Entropy
from sealwax.base.errors import SealwaxError
from sealwax.base.paths import write_durably
from sealwax.crypto.device_keys import SEED_BYTES, MemberKeys, new_member_keys
from sealwax.crypto.passphrase import KeyFileBroken, unwrap, wrap
from sealwax.trust.heads import HEADS_FILE

KEY_FILE = "keys"
_BESIDE = (HEADS_FILE, "library.db", "vault/accounts/*/zones/messages/*")
"""What a home that was used has beside its keys. An account without messages may be what is left of
a home that was never made to its end."""
KEYRING_SERVICE = "sealwax"
_IN_KEYRING = b"sealwax keys are in the keyring: "
_LIBRARY_KEY_BYTES = 32
_ACCOUNT_BYTES = 32
_LENGTHS = (SEED_BYTES, SEED_BYTES, _LIBRARY_KEY_BYTES)
_FILE_LIMIT_BYTES = 128 * 1024

T = TypeVar("T")


class NoPassphrase(SealwaxError):
    """There is no keyring, and no passphrase was given."""

    code = "passphrase-missing"
    hint = "Set SEALWAX_PASSPHRASE, or run the command in a terminal to be asked for it."


class KeyringFailed(SealwaxError):
    """The operating system's keyring does not hand out the keys."""

    code = "keyring-failed"
    hint = "Unlock the keyring of your desktop session and try again."


class NotAHome(SealwaxError):
    """There is no home of Sealwax at this place."""

    code = "home-missing"
    hint = "Run `sealwax init` first, or name another place with --home."


class KeysGone(SealwaxError):
    """What a home holds is there, but for its keys."""

    code = "keys-gone"
    hint = (
        "Put the file back from a copy of the home. Or open it as a new device: `sealwax init"
        " --recover`, with the recovery key; the vault stays as it is."
    )


class HomeKeys(msgspec.Struct, frozen=True, array_like=True):
    """All secrets of one device: its member keys, the key of its library, its account."""

    sign_seed: bytes
    box_seed: bytes
    library_key: bytes
    account: bytes

    def __repr__(self) -> str:
        return "HomeKeys(…)"

    def member_keys(self) -> MemberKeys:
        return MemberKeys(self.sign_seed, self.box_seed)


class Keyring(Protocol):
    """The part of an operating system's keyring that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(HomeKeys).decode


def new_home_keys(entropy: Entropy) -> HomeKeys:
    """Fresh secrets; the account is filled in once it exists."""
    member = new_member_keys(entropy)
    return HomeKeys(member.sign_seed, member.box_seed, entropy.bytes(_LIBRARY_KEY_BYTES), b"")


def save_home_keys(
    home: Path,
    keys: HomeKeys,
    passphrase: str | None,
    keyring: Keyring | None,
    entropy: Entropy,
) -> None:
    """Keeps the secrets: under the passphrase when there is one, else in the keyring."""
    if passphrase:
        write_durably(home / KEY_FILE, wrap(_encode(keys), passphrase, entropy))
        return
    if keyring is None:
        raise NoPassphrase("The keys of this device need a passphrase to lie under.")
    name = keys.account.hex() + "/" + keys.member_keys().member().id.hex()
    secret = base64.b64encode(_encode(keys)).decode()
    _asked(lambda: keyring.set_password(KEYRING_SERVICE, name, secret))
    write_durably(home / KEY_FILE, _IN_KEYRING + name.encode())


def need_no_traces(home: Path) -> None:
    """Raises KeysGone where a home was used that has lost its keys."""
    if (home / KEY_FILE).exists():
        return
    if any(next(home.glob(pattern), None) for pattern in _BESIDE):
        raise KeysGone(f"The keys of the home at {home} are gone: there is no file “{KEY_FILE}”.")


def load_home_keys(home: Path, passphrase: str | None, keyring: Keyring | None) -> HomeKeys:
    """The secrets of a home; raises NotAHome, KeysGone, NoPassphrase, PassphraseWrong,
    KeyringFailed or KeyFileBroken."""
    stored = _read(home)
    if not stored.startswith(_IN_KEYRING):
        if not passphrase:
            raise NoPassphrase("The keys of this home lie under a passphrase.")
        return _parsed(unwrap(stored, passphrase))
    if keyring is None:
        raise KeyringFailed("The keys of this home are in a keyring that is not there now.")
    name = stored[len(_IN_KEYRING) :].decode("utf-8", "replace")
    kept = _asked(lambda: keyring.get_password(KEYRING_SERVICE, name))
    if kept is None:
        raise KeyringFailed("The keyring does not hold the keys of this home.")
    try:
        return _parsed(base64.b64decode(kept))
    except ValueError:
        raise KeyFileBroken("What the keyring holds does not have the form of keys.") from None


def needs_passphrase(home: Path) -> bool:
    """Whether the home's keys lie under a passphrase."""
    return not _read(home).startswith(_IN_KEYRING)


def _asked(act: Callable[[], T]) -> T:
    """Asks the keyring. Each system's raises errors of its own; none of their words is repeated."""
    try:
        return act()
    except Exception as error:
        kind = type(error).__name__
        raise KeyringFailed(f"The keyring is locked, or does not answer ({kind}).") from error


def _read(home: Path) -> bytes:
    try:
        with (home / KEY_FILE).open("rb") as file:
            return file.read(_FILE_LIMIT_BYTES)
    except FileNotFoundError:
        need_no_traces(home)
        raise NotAHome(f"There is no Sealwax home at {home}.") from None


def _parsed(secret: bytes) -> HomeKeys:
    try:
        keys = _decode(secret)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise KeyFileBroken("The keys in the key file do not have the form of keys.") from None
    lengths = (len(keys.sign_seed), len(keys.box_seed), len(keys.library_key))
    # The account is filled in once it exists.
    if lengths != _LENGTHS or len(keys.account) not in (0, _ACCOUNT_BYTES):
        raise KeyFileBroken("The keys in the key file do not have the length of keys.")
    return keys
