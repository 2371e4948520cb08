"""What an expert does to get one thread back with restic: mount, ask by SQL, copy the files."""

import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from benchmarks.programs import Measured, Program

MOUNT_SECONDS = 30
_CALLS_SECONDS = 0.01
_ROWS = (
    "SELECT message.* FROM message JOIN chat_message_join ON message_id = message.ROWID"
    " JOIN chat ON chat.ROWID = chat_id WHERE chat.chat_identifier = ?"
)
_FILES = (
    "SELECT attachment.filename FROM attachment JOIN message_attachment_join ON attachment_id ="
    " attachment.ROWID JOIN chat_message_join USING (message_id) JOIN chat ON chat.ROWID = chat_id"
    " WHERE chat.chat_identifier = ?"
)


def thread_back(restic: Program, phone: Path, chat: str, out: Path) -> Measured | None:
    """Takes a thread out of the oldest snapshot; None where nothing can be mounted here. Memory
    and processor time are those of nobody: only the clock is read."""
    mount = out / "mount"
    mount.mkdir(parents=True)
    before = time.perf_counter()
    process = restic.start("mount", str(mount))
    try:
        folder = _oldest(mount, phone, process)
        if folder is None:
            return None
        rows = _copy(folder, chat, out / "thread")
        seconds = time.perf_counter() - before
    finally:
        subprocess.run(["fusermount", "-u", str(mount)], check=False, capture_output=True)
        process.terminate()
        process.wait()
    assert rows, "the thread is not in the oldest snapshot"
    return Measured(seconds, 0.0, 0.0)


def _oldest(mount: Path, phone: Path, process: "subprocess.Popen[bytes]") -> Path | None:
    """The phone's folder as the oldest snapshot has it, once it is mounted."""
    inside = phone.resolve().relative_to("/")
    for _ in range(int(MOUNT_SECONDS / _CALLS_SECONDS)):
        if process.poll() is not None:
            return None
        snapshots = mount / "snapshots"
        if snapshots.is_dir():
            named = sorted(path for path in snapshots.iterdir() if path.name != "latest")
            return named[0] / inside
        time.sleep(_CALLS_SECONDS)
    return None


def _copy(folder: Path, chat: str, out: Path) -> int:
    """The rows into a database of their own, the files beside it; gives the number of rows."""
    out.mkdir()
    source = sqlite3.connect(f"file:{folder / 'chat.db'}?immutable=1", uri=True)
    found = source.execute(_ROWS, (chat,))
    names = ", ".join(f'"{column[0]}"' for column in found.description)
    rows = found.fetchall()
    target = sqlite3.connect(out / "thread.db")
    target.execute(f"CREATE TABLE message ({names})")
    marks = ", ".join("?" * len(found.description))
    target.executemany(f"INSERT INTO message VALUES ({marks})", rows)
    target.commit()
    for (name,) in source.execute(_FILES, (chat,)):
        path = folder / "Attachments" / str(name).partition("Attachments/")[2]
        if path.is_file():
            shutil.copy(path, out)
    source.close()
    target.close()
    return len(rows)
