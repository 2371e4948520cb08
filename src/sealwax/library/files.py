"""Reading an attachment's bytes out of the vault, piece by piece."""

from collections.abc import Callable, Iterator

from sealwax.crypto.keyed_hash import FileHash
from sealwax.crypto.sealing import SealBroken
from sealwax.library.view import AttachmentView
from sealwax.stores.base import Store
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import check_name, open_chunk

ReadFile = Callable[[AttachmentView], Iterator[bytes]]


def file_reader(store: Store, keys: AccountKeys, zone: str) -> ReadFile:
    """A function that gives the pieces of an attachment.

    It raises SealBroken or StoreError when a piece is damaged or missing, and SealBroken at the end
    when the pieces do not come to the file that was stored.
    """

    def read(attachment: AttachmentView) -> Iterator[bytes]:
        file_hash = FileHash(keys.roots)
        for name, size_bytes in attachment.chunks:
            data = store.get_object(name)
            check_name(name, data)
            piece = open_chunk(keys, zone, data)
            if len(piece) != size_bytes:
                raise SealBroken("A piece of a file does not have its length.")
            file_hash.update(piece)
            yield piece
        if attachment.file_hash is not None and file_hash.digest() != attachment.file_hash:
            raise SealBroken("The pieces of a file do not come to the file that was stored.")

    return read
