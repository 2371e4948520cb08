"""From names to the ids of records, and from records to the names that they have and say."""

from collections.abc import Iterable

from sealwax.crypto.key_tree import RootKeys
from sealwax.crypto.keyed_hash import record_ids
from sealwax.model.field import ATTACHMENT, ORIGIN, Field
from sealwax.model.reference import DEFAULT_NAMESPACE, named_by, own_namespace, resolve, write
from sealwax.model.state import State


def ids_of(roots: RootKeys, kind: int, names: Iterable[str]) -> list[bytes]:
    """The ids of the records of a kind that have these names, in their order."""
    found: list[bytes] = []
    alike: list[tuple[int, str]] = []
    last = DEFAULT_NAMESPACE
    for name in names:
        namespace, canonical = resolve(name, DEFAULT_NAMESPACE)
        if namespace != last:
            found += record_ids(roots, last, alike)
            alike, last = [], namespace
        alike.append((int(kind), canonical))
    return [*found, *record_ids(roots, last, alike)]


def checked_namespace(roots: RootKeys, record: bytes, state: State) -> str:
    """The namespace of a record. Where several origins were told, only one that is its own counts:
    else whoever tells of an earlier one makes its references name other records."""
    origins = state.values(ORIGIN)
    if len(origins) < 2:
        return own_namespace(state)
    for namespace, canonical in origins:
        if record_ids(roots, namespace, [(state.kind, canonical)]) == [record]:
            return str(namespace)
    return own_namespace(state)


def names_in(state: State, field: Field = ATTACHMENT) -> tuple[str, ...]:
    """The names of the records that a keyed field of a record refers to."""
    own = own_namespace(state)
    return tuple(dict.fromkeys(named_by(reference, own) for reference in state.keyed(field)))


def own_name(state: State) -> str:
    """The name of a record; empty where it is not known."""
    origin = state.get(ORIGIN)
    return write(origin[0], origin[1], DEFAULT_NAMESPACE) if origin else ""
