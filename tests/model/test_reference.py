"""A reference means the same record to whoever reads it in its place."""

from hypothesis import given
from hypothesis import strategies as st

from sealwax.model.field import ORIGIN
from sealwax.model.reference import DEFAULT_NAMESPACE, Named, named_by, resolve, write

NAMESPACES = st.sampled_from(["imessage", "android", "whatsapp"])
IDS = st.text(alphabet="ab\x1f:/", min_size=1, max_size=8)


@given(NAMESPACES, IDS, NAMESPACES)
def test_what_is_written_is_what_is_meant(namespace: str, canonical: str, own: str) -> None:
    assert resolve(write(namespace, canonical, own), own) == Named(namespace, canonical)


@given(NAMESPACES, IDS, NAMESPACES, NAMESPACES)
def test_a_name_is_one_text_wherever_it_is_said(
    namespace: str, canonical: str, own: str, other: str
) -> None:
    names = {named_by(write(namespace, canonical, where), where) for where in (own, other)}
    assert names == {write(namespace, canonical, DEFAULT_NAMESPACE)}


@given(st.text(alphabet="ab\x1f", min_size=1, max_size=8), NAMESPACES)
def test_every_text_means_something(reference: str, own: str) -> None:
    named = resolve(reference, own)
    assert ORIGIN.fits(list(named))
    assert resolve(named_by(reference, own), DEFAULT_NAMESPACE) == named


def test_an_id_of_one_s_own_namespace_stands_alone() -> None:
    assert write("android", "1", "android") == "1"
    assert write("android", "1", "imessage") == "\x1fandroid\x1f1"
    assert write("imessage", "\x1f1", "imessage") == "\x1fimessage\x1f\x1f1"


def test_a_namespace_has_no_separator() -> None:
    assert ORIGIN.fits(["android", "a\x1fb"])
    assert not ORIGIN.fits(["and\x1froid", "1"])
