"""What an attachment is served as: its first bytes decide, never what somebody called it.

Only pictures, sounds and films that a browser shows without running anything are shown. Everything
else, SVG and HTML among it, is a download of no type.
"""

OCTETS = "application/octet-stream"
HEAD_BYTES = 64

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_STATED_AUDIO = ("audio/mp4", "audio/x-m4a", "audio/aac")
BROWSERS_LACK = ("image/heic", "audio/amr")
"""Known for what they are, but no browser of today shows them: a thumbnail, or a download."""


def sniffed(head: bytes, stated: str | None) -> str:
    """The type of a file that begins with these bytes; OCTETS for what is not on the list.

    `stated` decides only what bytes leave open: whether an MP4 is heard or seen.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], OCTETS)
    if head[4:8] == b"ftyp":
        kind = _BRANDS.get(head[8:12], "video/mp4")
        return "audio/mp4" if kind == "video/mp4" and stated in _STATED_AUDIO else kind
    return OCTETS


def is_shown(kind: str) -> bool:
    """Whether a browser may be given it to show."""
    return kind != OCTETS and kind not in BROWSERS_LACK
