"""Where messages come from: missing, unreadable, of somebody else, or deleting by themselves."""

from collections.abc import Iterator

from sealwax.agent.doctor.facts import Facts, SourceFact
from sealwax.agent.doctor.finding import Finding, command, moment

FORBIDDEN, IN_ICLOUD = "source-forbidden", "source-no-messages-in-backup"
DAMAGED = "source-damaged"


def check_sources(facts: Facts) -> Iterator[Finding]:
    """One finding a source, the worst of it."""
    is_known = not facts.history.notes
    if not facts.sources and not facts.history.messages and is_known:
        yield Finding(
            "no-source",
            "warn",
            "No messages are kept yet.",
            "`sealwax source add PATH`, then `sealwax import`",
            "add-source",
        )
    for source in facts.sources:
        yield from _source(source, facts)


def _source(source: SourceFact, facts: Facts) -> Iterator[Finding]:
    if source.is_held:
        yield Finding(
            "source-of-another",
            "danger",
            f"{source.path} is of another person's account than before; nothing is read from it.",
            f"{command('source', 'accept', source.path)} if it is right, else"
            f" {command('source', 'remove', source.path)}",
            "answer-source",
            source.path,
        )
    elif source.code == IN_ICLOUD:
        yield Finding(
            "messages-in-icloud",
            "danger",
            f"The phone backup {source.path} holds no messages: Messages in iCloud keeps them out"
            " of it.",
            "turn Messages in iCloud off on the phone and back up again, or read a Mac's chat.db",
            "import",
        )
    elif source.code:
        since = ""
        if source.since_ms is not None and source.code == DAMAGED:
            since = f" That is so since {moment(source.since_ms, facts.now_ms, facts.zone)}."
        elif source.since_ms is not None:
            since = f" Nothing new came since {moment(source.since_ms, facts.now_ms, facts.zone)}."
        yield Finding(
            "source-forbidden" if source.code == FORBIDDEN else "source-unreadable",
            "danger",
            f"{source.sentence}{since}",
            source.hint,
            "import",
        )
    elif source.keep_days is not None:
        yield Finding(
            "source-deletes",
            "warn",
            f"The device of {source.path} deletes messages by itself after {source.keep_days} days;"
            " what was not imported until then is lost.",
            "on the device: Settings > Messages > Keep Messages > Forever",
            "import",
        )
