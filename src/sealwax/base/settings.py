"""Settings of one home: a small JSON file, written durably; unknown keys are kept.

Nothing secret is a setting. The file carries a checksum of itself, so that damage is noticed: it is
read by people and written by Sealwax alone.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import msgspec

from sealwax.base.errors import SealwaxError
from sealwax.base.paths import write_durably

SETTINGS_FILE = "settings.json"
CHECK = "check"
_FILE_LIMIT_BYTES = 4 * 1024 * 1024


class SettingsBroken(SealwaxError):
    """The settings file is damaged."""

    code = "settings-broken"
    hint = (
        "Put back an earlier copy of settings.json. Or move it away and run `sealwax init --recover"
        " --store VAULT` for a new home: it holds no messages and no keys."
    )


class Settings:
    """The settings of a home as a JSON object."""

    def __init__(self, home: Path) -> None:
        self._path = home / SETTINGS_FILE
        self._values = self._load()

    def get(self, name: str, default: Any) -> Any:
        """A setting, or the default; a value of another type than the default's is refused."""
        value = self._values.get(name, default)
        if not isinstance(value, type(default)):
            raise SettingsBroken(f"The setting “{name}” does not have the right form.")
        return value

    def set(self, name: str, value: Any) -> None:
        """Changes a setting; durable when it returns."""
        self._values = {**self._values, name: value}
        checked = {**self._values, CHECK: _check(self._values)}
        encoded = msgspec.json.format(msgspec.json.encode(checked), indent=2)
        write_durably(self._path, encoded + b"\n")

    def _load(self) -> dict[str, Any]:
        try:
            with self._path.open("rb") as file:
                values = msgspec.json.decode(file.read(_FILE_LIMIT_BYTES), type=dict[str, Any])
        except FileNotFoundError:
            return {}
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SettingsBroken("The settings file is damaged.") from error
        check = str(values.pop(CHECK, ""))
        if not hmac.compare_digest(check.encode(), _check(values).encode()):
            raise SettingsBroken("The settings file is not as it was written.")
        return values


def _check(values: dict[str, Any]) -> str:
    encoded = msgspec.json.encode(values, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
