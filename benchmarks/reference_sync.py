"""A small client and server as one would write them first: one encrypted record a row.

Records go over HTTP in batches of 400, as the limits of a well-known cloud store ask; the server
writes each into a row of SQLite, one transaction and one fsync a batch. Records are encrypted
before the clock runs, so only sending, receiving and keeping are measured, as for Sealwax.

    python -m benchmarks.reference_sync FOLDER     the server; prints its port
"""

import http.client
import json
import os
import sqlite3
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BATCH_RECORDS = 400
_NONCE_BYTES = 12


def encrypted(records: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Records (id, plain bytes), each under AES-256-GCM with a nonce of its own."""
    key = AESGCM(os.urandom(32))
    sealed = []
    for name, plain in records:
        nonce = os.urandom(_NONCE_BYTES)
        sealed.append((name, nonce + key.encrypt(nonce, plain, name.encode())))
    return sealed


def upload(port: int, records: list[tuple[str, bytes]]) -> int:
    """Sends encrypted records; gives the bytes of all requests' bodies."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    sent_bytes = 0
    for batch in _batches(records):
        fields = [{"id": name, "data": b64encode(data).decode()} for name, data in batch]
        body = json.dumps({"records": fields}).encode()
        connection.request("POST", "/records", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        sent_bytes += len(body)
    connection.close()
    return sent_bytes


def _batches(records: list[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    left = iter(records)
    while batch := list(islice(left, BATCH_RECORDS)):
        yield batch


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    database: sqlite3.Connection

    def do_POST(self) -> None:
        size_bytes = int(self.headers["content-length"])
        records = json.loads(self.rfile.read(size_bytes))["records"]
        with self.database:
            self.database.executemany(
                "INSERT OR REPLACE INTO record (id, data) VALUES (?, ?)",
                [(record["id"], b64decode(record["data"])) for record in records],
            )
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    database = sqlite3.connect(Path(sys.argv[1]) / "reference.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE record (id TEXT PRIMARY KEY, data BLOB NOT NULL)")
    _Handler.database = database
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
