"""What an attachment is: by its first bytes; and what it is likely to be, before any was read.

Its first bytes decide how it is treated, never what somebody called it.
"""

from codecs import getincrementaldecoder

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
    (b"caff", "audio/x-caf"),
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
IMAGE = "image"
_HEIF_SUFFIXES = ("heic", "heif")


ENDINGS = {
    "image/jpeg": ".jpeg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/wav": ".wav",
    "audio/amr": ".amr",
    "audio/x-caf": ".caf",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
}
TEXT_ENDING, OTHER_ENDING = ".txt", ".bin"
_NEVER_RUN = frozenset(ending[1:] for ending in ENDINGS.values()) | frozenset(
    "bin csv docx epub heif ics jpg key m4v md mpg numbers odp ods odt oga ogv opus pages pdf pptx"
    " rtf tif tiff txt vcf xlsx zip".split()
)
"""Endings by which a system opens a file in a program that shows it, whatever is in it."""
_PDF = b"%PDF-"
_TEXT = frozenset(map(chr, (*range(9, 11), 13, *range(32, 127))))


def harmless_ending(head: bytes, stated: str | None) -> str:
    """What the name of a file that begins with these bytes ends with, when somebody is to open it:
    one by which no system runs it. `head` has HEAD_BYTES where there are so many.

    Pictures, sounds, films and PDFs have endings of their own; what else is text, a page or a
    script too, is shown as text.
    """
    ending = ENDINGS.get(sniffed(head, stated))
    if ending is not None:
        return ending
    if head.startswith(_PDF):
        return ".pdf"
    return TEXT_ENDING if head and _is_text(head[:HEAD_BYTES]) else OTHER_ENDING


def harmless_name(name: str, head: bytes, stated: str | None) -> str:
    """The name under which a file is offered to be kept: its own where its ending is one by which
    no system runs anything; else with another ending behind it."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _NEVER_RUN:
        return name
    return name + harmless_ending(head, stated)


def _is_text(head: bytes) -> bool:
    """Whether bytes are UTF-8 without control characters; the last character may be cut off."""
    try:
        text = getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter in _TEXT or letter > "\x9f" for letter in text)


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


def likely_kind(stated: str | None, name: str) -> str:
    """By its stated type, else its name: "image", "audio", "video" or "file". It decides what is
    drawn or tried, never what a file is served as."""
    kind = (stated or "").partition("/")[0]
    if kind in (IMAGE, "audio", "video") and "svg" not in (stated or ""):
        return kind
    return _SUFFIXES.get(_suffix(name), "file") if not stated else "file"


def is_likely_heif(stated: str | None, name: str) -> bool:
    """Whether it is likely to be a HEIC or HEIF picture."""
    told = (stated or "").partition("/")[2].partition("-")[0]
    return told in _HEIF_SUFFIXES or _suffix(name) in _HEIF_SUFFIXES


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower()


_SUFFIXES = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "avif"), IMAGE),
    **dict.fromkeys(("mp3", "m4a", "aac", "wav", "caf", "amr", "ogg"), "audio"),
    **dict.fromkeys(("mp4", "mov", "m4v", "webm", "3gp"), "video"),
}
