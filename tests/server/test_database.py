"""The database: one thread writes, failures undo one job alone, a full disk passes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from sealwax.server.database import (
    FIRST_VERSION,
    MIGRATIONS,
    Database,
    DatabaseNewer,
    DatabaseOutdated,
)
from sealwax.server.refusal import Refusal


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "server.db")
    yield database
    database.close()


def _insert(database: Database, number: int, size_bytes: int = 1) -> None:
    def act(connection: apsw.Connection) -> None:
        connection.execute(
            "INSERT INTO chain (account, zone, seq, op_id, arrived_ms, data)"
            " VALUES (x'00', 'messages', ?1, CAST(?1 AS BLOB), 0, zeroblob(?2))",
            (number, size_bytes),
        )

    database.write(act)


def _numbers(database: Database) -> list[int]:
    return [int(row[0]) for row in database.read().execute("SELECT seq FROM chain ORDER BY seq")]


def test_what_many_threads_write_together_is_all_there(database: Database) -> None:
    threads = [threading.Thread(target=_insert, args=(database, number)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _numbers(database) == list(range(100))


def test_a_job_that_fails_undoes_itself_alone(database: Database) -> None:
    class Mistake(Exception):
        pass

    def failing(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM chain")
        raise Mistake

    gate = threading.Event()
    waiting = threading.Thread(target=database.write, args=(lambda _: gate.wait(10),))
    waiting.start()
    # These wait together, and are committed together.
    threads = [threading.Thread(target=_insert, args=(database, number)) for number in range(3)]
    failures: list[BaseException] = []

    def fail() -> None:
        with pytest.raises(Mistake) as caught:
            database.write(failing)
        failures.append(caught.value)

    threads.insert(2, threading.Thread(target=fail))
    for thread in threads:
        thread.start()
    gate.set()
    for thread in (waiting, *threads):
        thread.join()
    assert len(failures) == 1
    assert _numbers(database) == [0, 1, 2]


def test_a_full_disk_fails_what_does_not_fit_and_passes(database: Database) -> None:
    _insert(database, 0)

    def limit(pages: int) -> None:
        database.write(lambda connection: connection.pragma("max_page_count", pages))

    limit(60)
    results: list[str] = []

    def fill(number: int) -> None:
        try:
            _insert(database, number, 40_000)
        except Refusal as refusal:
            assert refusal.trouble.code == "server-disk-full"
            results.append("refused")
        else:
            results.append(f"kept {number}")

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(1, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "refused" in results
    acknowledged = {int(result.split()[1]) for result in results if result != "refused"}
    assert {0} | acknowledged <= set(_numbers(database))
    limit(100_000)
    _insert(database, 100, 40_000)
    assert 100 in _numbers(database)


def test_a_newer_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    Database(path).close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", FIRST_VERSION + len(MIGRATIONS))
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseNewer):
        Database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [1, FIRST_VERSION - 1])
def test_a_database_of_the_first_format_is_refused_and_left_alone(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "server.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE account (account BLOB)")
    connection.pragma("user_version", version)
    connection.close()
    with pytest.raises(DatabaseOutdated) as raised:
        Database(path)
    assert "format that is not kept any more" in raised.value.sentence
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == version
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("account",)]
    connection.close()


def test_a_database_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "server.db"
    database = Database(path)
    _insert(database, 5)
    database.close()
    database = Database(path)
    assert _numbers(database) == [5]
    database.close()


def test_when_it_is_closed_all_is_in_one_file(tmp_path: Path) -> None:
    """Else whoever copies or replaces the file would leave a half of it behind."""
    database = Database(tmp_path / "server.db")
    is_reading, is_done = threading.Event(), threading.Event()

    def read() -> None:
        database.read().execute("SELECT * FROM account").fetchall()
        is_reading.set()
        is_done.wait(20)

    reader = threading.Thread(target=read)
    reader.start()
    assert is_reading.wait(20)
    database.write(lambda connection: connection.execute("INSERT INTO probe VALUES (1, 5)"))
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["server.db"]
    is_done.set()
    reader.join()
