"""Where messages are: from the names of conversations to the rows that are shown for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import apsw

from sealwax.crypto.key_tree import RootKeys
from sealwax.library.aliases import Aliases, messages_in
from sealwax.library.naming import ids_of
from sealwax.library.numbers import Numbers
from sealwax.library.prepared import project_checked
from sealwax.library.project import Projection, project
from sealwax.library.values import integers
from sealwax.model.record import Kind
from sealwax.model.state import decode, empty


class Homes:
    """The conversations of one library; remembers the rows of those that it was asked for."""

    def __init__(
        self,
        connection: apsw.Connection,
        roots: RootKeys,
        numbers: Numbers,
        take_record: Callable[[], int],
    ) -> None:
        """`take_record` gives the number of a row that is to be written."""
        self._connection = connection
        self._roots = roots
        self._numbers = numbers
        self._take_record = take_record
        self._rows: dict[str, int] = {}
        self._aliases = Aliases(connection, self._place_again)

    def shown(self, names: Iterable[str]) -> list[int]:
        """The rows that are shown for the conversations of these names, in their order."""
        return list(map(self._aliases.shown, self._rows_of(list(names))))

    def of(self, projection: Projection) -> list[int]:
        """The conversations that a message is shown in, each once."""
        return list(dict.fromkeys(self.shown(projection.conversations)))

    def tell(self, told: Mapping[int, Projection]) -> None:
        """Takes in what conversations say of each other now, by their rows."""
        names = [name for shown in told.values() for name, _ in shown.aliases]
        rows = dict(zip(names, self._rows_of(names), strict=True))
        if told:
            self._aliases.tell(
                {
                    record: [(rows[name], is_one) for name, is_one in shown.aliases]
                    for record, shown in told.items()
                }
            )

    def read_again(self, records: Iterable[int]) -> None:
        """The same for conversations of which other versions are the newest now."""
        rows: list[Any] = self._connection.execute(
            "SELECT record.id, record.uid, version.state FROM carray(?) AS wanted CROSS JOIN record"
            " ON record.id = wanted.value LEFT JOIN version ON version.id = record.version",
            (integers(records),),
        ).fetchall()
        nothing = project(empty(Kind.CONVERSATION))
        self.tell(
            {
                record: project_checked(self._roots, uid, decode(state)) if state else nothing
                for record, uid, state in rows
            }
        )

    def messages(self, names: Sequence[str]) -> list[int]:
        """The rows of messages by name; made for those that were never seen."""
        return self._find(Kind.MESSAGE, names)

    def _rows_of(self, names: Sequence[str]) -> list[int]:
        """The rows of conversations by name; made for those that were never seen."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._rows]
        if unknown:
            self._rows.update(zip(unknown, self._find(Kind.CONVERSATION, unknown), strict=True))
        return [self._rows[name] for name in names]

    def _find(self, kind: Kind, names: Sequence[str]) -> list[int]:
        uids = ids_of(self._roots, kind, names)
        found: dict[bytes, int] = {}
        for known, wanted in self._numbers.rows(uids):
            rows: Iterable[Any] = self._connection.execute(
                f"SELECT record.uid, record.id FROM {known}", (wanted,)
            )
            found.update(rows)
        fresh = {uid: self._take_record() for uid in uids if uid not in found}
        self._numbers.add(list(fresh), fresh.values())
        self._connection.executemany(
            "INSERT INTO record (id, uid, kind) VALUES (?, ?, ?)",
            [(record, uid, int(kind)) for uid, record in fresh.items()],
        )
        found.update(fresh)
        return [found[uid] for uid in uids]

    def _place_again(self, conversations: Sequence[int]) -> None:
        """Puts the messages of conversations that were parted where their states say."""
        for rows in messages_in(self._connection, conversations):
            homes = {
                version: self.of(project_checked(self._roots, uid, state))
                for version, uid, state in rows
            }
            run = self._connection.executemany
            run(
                "UPDATE version SET conversation = ? WHERE id = ?",
                [(inside[0], version) for version, inside in homes.items() if inside],
            )
            run("DELETE FROM also_in WHERE version = ?", [(version,) for version in homes])
            run(
                "INSERT INTO also_in (version, conversation) VALUES (?, ?)",
                [(version, one) for version, inside in homes.items() for one in inside[1:]],
            )
