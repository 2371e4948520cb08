"""The operating system's keyring, looked for only when it is asked: that takes a fifth of a second,
and a home whose keys lie under a passphrase never needs it."""

from sealwax.trust.home_keys import Keyring, KeyringFailed


class SystemKeyring:
    """The keyring of this computer, found at the first question."""

    def get_password(self, service: str, username: str) -> str | None:
        return self._found().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._found().set_password(service, username, password)

    def _found(self) -> Keyring:
        found = find_keyring()
        if found is None:
            raise KeyringFailed("There is no keyring on this computer now.")
        return found


def find_keyring() -> Keyring | None:
    """The keyring of this computer, or None where there is none."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, fail.Keyring | null.Keyring) or backend.priority <= 0:
        return None
    return backend
