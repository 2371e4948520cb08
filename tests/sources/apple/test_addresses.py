"""One number has one spelling; what is no whole number stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.record import canonical_address
from sealwax.sources.apple.addresses import Addresses

NOBODY = Addresses(())


@pytest.mark.parametrize(
    ("address", "country", "canonical"),
    [
        ("+15550112233", None, "+15550112233"),
        ("5550112233", "us", "+15550112233"),
        ("1-555-011-2233", "us", "+15550112233"),
        ("tel:+1 (555) 011-2233", "us", "+15550112233"),
        ("45 26 34 97", "no", "+4745263497"),
        ("0612345678", "FR", "+33612345678"),
        ("+33555011223", "us", "+33555011223"),
        ("5550112233(smsft)", "us", "+15550112233"),
        ("5550112233(filtered)", "us", "+15550112233"),
        ("+15550112233;phone-context=x", None, "+15550112233"),
        ("5550112233", None, "5550112233"),
        ("5550112233", "nowhere", "5550112233"),
        ("72345", "us", "72345"),
        ("02800", "no", "02800"),
        ("AMAZON", "us", "amazon"),
        ("John@Example.org", "us", "john@example.org"),
        ("urn:biz:1;a", "us", "urn:biz:1;a"),
        ("9" * 4000, "us", "9" * 4000),
    ],
)
def test_a_number_is_one_address(address: str, country: str | None, canonical: str) -> None:
    assert NOBODY.canonical(address, country) == canonical


def test_the_country_of_the_row_goes_before_that_of_the_account() -> None:
    account = Addresses(["me@example.org", "+4790012345"])
    assert account.canonical("45263497") == "+4745263497"
    assert account.canonical("5550112233", "us") == "+15550112233"
    assert account.canonical("+15550112233") == "+15550112233"


def test_numbers_that_merely_end_alike_stay_two() -> None:
    assert NOBODY.canonical("555011223", "fr") != NOBODY.canonical("555011223", "de")


@given(st.text(max_size=30), st.sampled_from([None, "us", "NO", "x"]))
def test_it_is_a_spelling_of_its_own(address: str, country: str | None) -> None:
    once = NOBODY.canonical(address, country)
    assert NOBODY.canonical(once, country) == once or "(" in address or ";" in address
    assert once == canonical_address(once) or "@" not in address
