"""The file that says that a folder is a vault, and of which version its format is."""

from pathlib import Path

from sealwax.stores.base import StoreError

MARKER_FILE = "sealwax-store.json"
MARKER = b'{"format": "sealwax-store", "version": 2}\n'
_OUTDATED_MARKER = b'{"format": "sealwax-store", "version": 1}\n'
_LIMIT_BYTES = 4096


class NotAStore(StoreError):
    """The folder is not a vault of Sealwax."""

    code = "store-foreign"
    hint = (
        "Connect the disk with the vault, or name the folder that holds sealwax-store.json; for a"
        " new vault name an empty folder."
    )


class StoreNewer(StoreError):
    """The vault has a layout that this version does not know."""

    code = "store-newer"
    hint = "It was made by a newer version of Sealwax: update, then try again."


class StoreOutdated(StoreError):
    """The vault is of the first version, whose format is not kept any more."""

    code = "vault-outdated"
    hint = (
        "Make a new home and import again: `sealwax --home NEW-FOLDER init`. What is only in the"
        " old one, export with the older program, then import the export."
    )


def check_vault(root: Path) -> None:
    """Raises NotAStore, StoreOutdated or StoreNewer where there is no vault that this version
    knows."""
    try:
        with (root / MARKER_FILE).open("rb") as file:
            marker = file.read(_LIMIT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise NotAStore(f"There is no vault at {root}.") from None
    except OSError as error:
        raise StoreError(f"The vault at {root} cannot be read: {error.strerror}.") from error
    if marker == _OUTDATED_MARKER:
        raise StoreOutdated(f"The vault at {root} is of the first version of Sealwax.")
    if marker != MARKER:
        raise StoreNewer(f"{MARKER_FILE} of the vault at {root} is damaged or of a newer version.")
