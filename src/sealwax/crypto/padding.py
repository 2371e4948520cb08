"""Padmé: lengths that tell little. At most 12 % is added, less for large objects.

From "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs" (Nikitin et al.,
PETS 2019), with a least length.
"""


def padded_length(length: int, least: int) -> int:
    """The length that `length` bytes are padded to; never below `least`."""
    if length <= least:
        return least
    exponent = length.bit_length() - 1
    mantissa_bits = exponent.bit_length()
    zeroed = (1 << (exponent - mantissa_bits)) - 1
    return (length + zeroed) & ~zeroed
