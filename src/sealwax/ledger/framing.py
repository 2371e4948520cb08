"""Length-prefixed framing of what is signed, hashed or derived from.

Each part is preceded by its length as eight big-endian bytes, so no two lists of parts have the
same bytes.
"""


def frame(*parts: bytes) -> bytes:
    """The parts, each behind its length."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
