"""Reading a part of an attachment's bytes: only the pieces that hold it are opened."""

from collections.abc import Callable

from sealwax.crypto.sealing import SealBroken
from sealwax.library.view import AttachmentView
from sealwax.stores.base import Store
from sealwax.vault.keys import AccountKeys
from sealwax.vault.objects import check_name, open_chunk

ReadPart = Callable[[AttachmentView, int, int], bytes]


def part_reader(store: Store, keys: AccountKeys, zone: str) -> ReadPart:
    """A function that gives the bytes of an attachment from `start` up to, not including, `end`.

    Each piece is checked against its name and opened with authentication; the hash of the whole
    file, which needs all of it, is not. Raises SealBroken or StoreError.
    """

    def read(attachment: AttachmentView, start: int, end: int) -> bytes:
        found, begin = bytearray(), 0
        for name, size_bytes in attachment.chunks:
            if begin < end and begin + size_bytes > start:
                data = store.get_object(name)
                check_name(name, data)
                piece = open_chunk(keys, zone, data)
                if len(piece) != size_bytes:
                    raise SealBroken("A piece of a file does not have its length.")
                found += piece[max(start - begin, 0) : end - begin]
            begin += size_bytes
        return bytes(found)

    return read
