"""What an attachment is likely to be, before a byte of it was read."""

IMAGE = "image"
_HEIF_SUFFIXES = ("heic", "heif")


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
