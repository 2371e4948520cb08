"""What a person is asked about what other devices took away, in words. Pure."""

from typing import NamedTuple

from sealwax.agent.wording import count

NAMES_SHOWN, NAME_CHARACTERS = 3, 40


class Asked(NamedTuple):
    """A question: its number, the device that took something away (nobody's name where records are
    only marked), whether it says that a person confirmed it there, since when it is known here (ms
    since 1970), and how much it is about: messages in the trash, and those whose words are gone, in
    so many conversations; other records; the names of snapshots, empty for those without one;
    messages of which nothing is shown any more, and those that are shown with other words."""

    number: int
    device: str
    is_confirmed: bool
    seen_ms: int
    deleted: int
    purged: int
    conversations: int
    others: int
    snapshots: tuple[str, ...] = ()
    hidden: int = 0
    changed: int = 0

    @property
    def records(self) -> int:
        return self.deleted + self.purged + self.others + self.hidden + self.changed


class Alarm(NamedTuple):
    """Something that this device found another one doing, and mended: the kind of it, which device,
    how many things it is about, since when it is known (ms since 1970)."""

    what: str
    device: str
    number: int
    seen_ms: int


def question(asked: Asked, moment: str) -> str:
    """Who did what, how much, and what has become of it; `moment` is when it was seen here."""
    who = _short(asked.device) or "An import, or another device,"
    confirmed = ", confirmed there" if asked.is_confirmed else ""
    seen = f" (seen here {moment}{confirmed})" if asked.device else ""
    return " ".join([f"{who} {' and '.join(_acts(asked))}{seen}.", *_state(asked)])


def _acts(asked: Asked) -> list[str]:
    acts = []
    chats = count(asked.conversations, "conversation")
    if asked.deleted:
        acts.append(f"deleted {count(asked.deleted, 'message')}")
    if asked.purged:
        acts.append(f"purged {count(asked.purged, 'message')}")
    if asked.hidden:
        acts.append(f"hid {count(asked.hidden, 'message')}")
    if asked.changed:
        acts.append(f"changed the words of {count(asked.changed, 'message')}")
    if acts:
        acts[-1] += f" in {chats}"
    if asked.others:
        things = (
            "conversation, contact or file"
            if asked.others == 1
            else ("conversations, contacts or files")
        )
        acts.append(f"took away {asked.others:,} {things}")
    if asked.snapshots:
        acts.append(f"let go of {count(len(asked.snapshots), 'snapshot')}{_names(asked.snapshots)}")
    return acts


def _names(names: tuple[str, ...]) -> str:
    given = [f"“{_short(name)}”" for name in names if name]
    more = ", …" if len(given) > NAMES_SHOWN else ""
    return f" ({', '.join(given[:NAMES_SHOWN])}{more})" if given else ""


def _short(name: str) -> str:
    """A name as another device gave it: on one line, and not a long one."""
    flat = " ".join(name.split())
    return flat if len(flat) <= NAME_CHARACTERS else f"{flat[: NAME_CHARACTERS - 1]}…"


def _state(asked: Asked) -> list[str]:
    told = []
    if asked.deleted or (asked.others and not asked.purged):
        told.append("What was deleted is in the trash, and nothing is emptied until you answer.")
    if asked.purged:
        told.append("A snapshot from before has the words, and stays until you answer.")
    if asked.hidden or asked.changed:
        told.append("A snapshot from before shows them as they were, and stays until you answer.")
    if asked.snapshots:
        told.append("The snapshots were made again, and stay until you answer.")
    return told
