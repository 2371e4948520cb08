"""References: how a record names another one.

A reference is a text. `<id>` alone names a record of the namespace that the record's own `origin`
has; in full it is U+001F, the namespace, U+001F and the id, and means the same wherever it stands.
An id that begins with U+001F is always written in full. Every text means something: one that begins
like a full reference and is none is an id.

A **name** is a reference as it is written in the namespace of records that have no origin: one text
for one record, whoever names it. The library looks up names.

Implements "References" of docs/format.md.
"""

from typing import NamedTuple

from sealwax.model.field import ORIGIN
from sealwax.model.form import NAMESPACE_END
from sealwax.model.record import NAMESPACE_APPLE
from sealwax.model.state import State

SEPARATOR = NAMESPACE_END
DEFAULT_NAMESPACE = NAMESPACE_APPLE
"""The namespace of a record that has no origin."""


class Named(NamedTuple):
    """What a reference names: a canonical source id in its namespace."""

    namespace: str
    id: str


def write(namespace: str, canonical: str, own: str) -> str:
    """A reference to a record, as it stands in one whose namespace is `own`."""
    if namespace == own and not canonical.startswith(SEPARATOR):
        return canonical
    assert namespace and SEPARATOR not in namespace
    return f"{SEPARATOR}{namespace}{SEPARATOR}{canonical}"


def resolve(reference: str, own: str) -> Named:
    """What a reference names that stands in a record whose namespace is `own`."""
    if reference.startswith(SEPARATOR):
        namespace, is_full, canonical = reference[1:].partition(SEPARATOR)
        if is_full and namespace and canonical:
            return Named(namespace, canonical)
    return Named(own, reference)


def named_by(reference: str, own: str) -> str:
    """The name of what a reference names."""
    if own == DEFAULT_NAMESPACE and not reference.startswith(SEPARATOR):
        return reference
    namespace, canonical = resolve(reference, own)
    # What is no full reference, and begins like one, is the id that it is where it stands.
    return write(namespace, canonical, DEFAULT_NAMESPACE)


def own_namespace(state: State) -> str:
    """The namespace in which a record's references mean something, as its state alone tells it."""
    origin = state.get(ORIGIN)
    return origin[0] if origin else DEFAULT_NAMESPACE
