"""Names of records: one spelling for one address."""

import pytest

from sealwax.model.field import FIELDS
from sealwax.model.merge import Merge
from sealwax.model.record import canonical_address, canonical_direct, canonical_group


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("+1 (555) 010-0101", "+15550100101"),
        ("tel:+15550100101", "+15550100101"),
        (" Anna@Example.COM ", "anna@example.com"),
        ("mailto:Anna@Example.com", "anna@example.com"),
        ("611", "611"),
        ("0171 / 2345", "01712345"),
        ("Apple", "apple"),
        ("urn:biz:ABC-1", "urn:biz:abc-1"),
        ("+٣٤", "+٣٤"),
    ],
)
def test_addresses(typed: str, canonical: str) -> None:
    assert canonical_address(typed) == canonical
    assert canonical_address(canonical) == canonical
    assert canonical_direct(typed) == "direct:" + canonical


def test_groups() -> None:
    assert canonical_group(" ABC-1 ") == "group:abc-1"


def test_fields_have_known_classes() -> None:
    assert len(FIELDS) > 40
    assert all(isinstance(field.merge, Merge) for field in FIELDS.values())
    assert all(name == field.name for name, field in FIELDS.items())
