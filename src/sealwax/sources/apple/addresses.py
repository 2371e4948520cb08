"""One spelling for one number, whatever country's habits its row was written in.

The same person's number comes as `+15550112233`, `5550112233` or `1-555-011-2233`. Which country a
number without its code is of, a row says, or else the account's own number. What is no number with
its area, a short code or a name, stays what it is in `canonical_address`.
"""

import re
from collections.abc import Iterable

import phonenumbers

from sealwax.model.record import canonical_address

LEAST_NATIONAL_DIGITS = 7
"""Fewer are a short code, of which every country, and every provider, has its own."""
LONGEST_CHARACTERS = 64
_SUFFIX = re.compile(r"\((?:smsft|smsfp|filtered)[a-z_]*\)$", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"^([+(]?[0-9][0-9 ().-]*);.*$", re.DOTALL)
"""What some senders' gateways put behind a number."""
_NUMBER = re.compile(r"\+?[0-9]+")
_REGION = re.compile("[A-Z]{2}")


class Addresses:
    """Canonical addresses in one source."""

    def __init__(self, own: Iterable[str]) -> None:
        """`own` are the addresses of the account itself."""
        self._home = _region_of(own)

    def canonical(self, address: str, country: str | None = None) -> str:
        """The canonical address; `country` is the row's, two letters."""
        plain = canonical_address(without_marks(address))
        if len(plain) > LONGEST_CHARACTERS or not _NUMBER.fullmatch(plain):
            return plain
        region = (country or "").strip().upper()
        number = _parsed(plain, region if _REGION.fullmatch(region) else self._home)
        return plain if number is None else number


def without_marks(address: str) -> str:
    """An address without what Messages or a gateway put behind it."""
    text = _SUFFIX.sub("", address.strip())
    found = _ATTRIBUTES.match(text)
    return found.group(1) if found else text


def _parsed(plain: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    # Its length decides, not whether the number is given out: that changes from year to year, and
    # what two devices make of one number must not.
    is_whole = phonenumbers.is_possible_number(number)
    if not is_whole or len(str(number.national_number)) < LEAST_NATIONAL_DIGITS:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region_of(own: Iterable[str]) -> str | None:
    """The country of the first number with a country code."""
    for address in own:
        if address.startswith("+"):
            try:
                number = phonenumbers.parse(address)
            except phonenumbers.NumberParseException:
                continue
            found = phonenumbers.region_code_for_number(number)
            region = found or phonenumbers.region_code_for_country_code(number.country_code or 0)
            if _REGION.fullmatch(region):
                return str(region)
    return None
