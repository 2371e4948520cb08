"""Apple's numbers and ids for tapbacks, group events and effects, as tables.

Source: the imessage-exporter project's documentation of the tables, checked against
the sample data.
"""

TAPBACK_FIRST, TAPBACK_LAST = 2000, 2007
REMOVAL_OFFSET = 1000
STICKER_PLACED = 1000
POLL_VOTE = 4000
TAPBACKS = {
    2000: "loved",
    2001: "liked",
    2002: "disliked",
    2003: "laughed",
    2004: "emphasized",
    2005: "questioned",
    2006: "emoji",
    2007: "sticker",
}

EVENTS = {
    (1, 0): "participant-added",
    (1, 1): "participant-removed",
    (2, 0): "name-changed",
    (3, 0): "participant-left",
    (3, 1): "photo-changed",
    (3, 2): "photo-removed",
    (3, 4): "background-changed",
    (3, 6): "background-removed",
    (4, 0): "location-sharing",
    (5, 0): "audio-kept",
    (6, 0): "shareplay",
}
NAME_CHANGED = 2
LOCATION_SHARING = 4

_SEND_STYLE = "com.apple.MobileSMS.expressivesend."
_SCREEN_EFFECT = "com.apple.messages.effect.CK"
_SEND_STYLES = {
    "impact": "slam",
    "loud": "loud",
    "gentle": "gentle",
    "invisibleink": "invisible-ink",
}
_SCREEN_EFFECTS = {
    "Confetti": "confetti",
    "Echo": "echo",
    "Fireworks": "fireworks",
    "HappyBirthday": "balloons",
    "Heart": "heart",
    "Lasers": "lasers",
    "ShootingStar": "shooting-star",
    "Sparkles": "sparkles",
    "Spotlight": "spotlight",
}


def tapback(associated_type: int) -> tuple[str, bool] | None:
    """(kind, was taken back) of a tapback's type, or None for another type."""
    if TAPBACK_FIRST <= associated_type <= TAPBACK_LAST:
        return TAPBACKS[associated_type], False
    taken_back = associated_type - REMOVAL_OFFSET
    if TAPBACK_FIRST <= taken_back <= TAPBACK_LAST:
        return TAPBACKS[taken_back], True
    return None


def target(associated_guid: str) -> tuple[int, str]:
    """(part, guid) of the message that a tapback is on: `p:0/GUID`, `bp:GUID` or a bare guid."""
    if associated_guid.startswith("p:"):
        part, _, guid = associated_guid[2:].partition("/")
        if guid:
            return (int(part) if part.isascii() and part.isdigit() else 0), guid
    return 0, associated_guid.removeprefix("bp:")


def event(item_type: int, action: int) -> str:
    """What a group event is."""
    if item_type == NAME_CHANGED:
        return EVENTS[2, 0]
    return EVENTS.get((item_type, action), f"event-{item_type}-{action}")


def effect(style_id: str) -> str:
    """What an effect is called; an id that is not known stays as it is."""
    if style_id.startswith(_SEND_STYLE):
        return _SEND_STYLES.get(style_id[len(_SEND_STYLE) :], style_id)
    if style_id.startswith(_SCREEN_EFFECT):
        name = style_id[len(_SCREEN_EFFECT) :].removesuffix("Effect")
        return _SCREEN_EFFECTS.get(name, style_id)
    return style_id
