"""What an attachment is served as: its first bytes decide, never what somebody called it.

Only pictures, sounds and films that a browser shows without running anything are shown. Everything
else, SVG and HTML among it, is a download of no type.
"""

from sealwax.model.file_kind import OCTETS

BROWSERS_LACK = ("image/heic", "audio/amr", "audio/x-caf")
"""Known for what they are, but no browser of today shows them: a thumbnail, or a download."""


def is_shown(kind: str) -> bool:
    """Whether a browser may be given it to show."""
    return kind != OCTETS and kind not in BROWSERS_LACK
