"""The companion that seals: `python -m sealwax.sync.sealing_companion`; see `sync.sealing`."""

from sealwax.base.companion import Messages
from sealwax.base.entropy import SystemEntropy
from sealwax.base.garbage import rarely_collect
from sealwax.sync.sealing import Answer, SealedBatch, SealHere, decode_batch, encode
from sealwax.vault.digest import digest_bytes


def main() -> None:
    """Seals one batch after the other until the pipe is closed."""
    rarely_collect()
    sealer = SealHere(SystemEntropy())
    messages = Messages()
    for message in messages:
        batch = decode_batch(message)
        sealed = sealer.start(batch.keys.key, batch.keys.roots, batch.changes)()
        messages.send(encode(_answers(sealed)))


def _answers(sealed: SealedBatch) -> list[Answer]:
    return [
        Answer(
            segment.name,
            segment.data,
            digest_bytes(segment.change_digest),
            segment.changes,
            prepared,
        )
        for segment, prepared in zip(*sealed, strict=True)
    ]


if __name__ == "__main__":
    main()
