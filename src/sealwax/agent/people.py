"""Whom a person means by an address, however they spell it."""

from collections import Counter
from collections.abc import Iterable

from sealwax.library.library import Library
from sealwax.library.project import NOWHERE
from sealwax.library.select import ANYWHERE, Moment
from sealwax.model.field import ADDRESS, COUNTRY, ORIGIN
from sealwax.model.record import Kind, canonical_address
from sealwax.sources.apple.addresses import Addresses


def spellings(library: Library, seq: float, typed: Iterable[str]) -> tuple[str, ...]:
    """All canonical addresses under which these people are known at a moment: a number without its
    country is one of the country that most of the history's addresses are of."""
    wanted = list(typed)
    if not wanted:
        return ()
    contacts = [
        row.state
        for row in library.read.rows(Kind.CONTACT, Moment(seq, (*ANYWHERE, NOWHERE)))
        if row.state.get(ORIGIN)
    ]
    countries = Counter(country for state in contacts if (country := state.get(COUNTRY)))
    home = min(countries, key=lambda country: (-countries[country], country), default=None)
    found: dict[str, None] = {}
    for text in wanted:
        meant = {canonical_address(text), Addresses(()).canonical(text, home)}
        found.update(dict.fromkeys(sorted(meant)))
        for state in contacts:
            known = [canonical_address(spelt) for spelt in state.values(ADDRESS)]
            if state.get(ORIGIN)[1] in meant or meant.intersection(known):
                found.update(dict.fromkeys([state.get(ORIGIN)[1], *known]))
    return tuple(found)
