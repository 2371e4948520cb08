"""A process that holds keys keeps its memory to itself, and one that needs no rights gives them up.

On Linux a process that is not *dumpable* leaves no core dump, and its memory and its environment
(`/proc/PID/mem`, `/proc/PID/environ`) are closed to other programs of the same user, debuggers too.
Root can read them all the same, as it can read everything. Elsewhere only core dumps are
switched off.
"""

import ctypes
import os
import sys

NO_BYTES = (0, 0)
_SET_DUMPABLE = 4
_SET_NO_NEW_PRIVILEGES = 38
_NOBODY = "nobody"
_NOBODY_NUMBER = 65_534


def keep_to_itself() -> None:
    """For the start of every process that holds keys or words of messages."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, NO_BYTES)
    if sys.platform == "linux":
        _control(_SET_DUMPABLE, 0)


def give_up_rights() -> None:
    """For a process that opens foreign files and needs nothing more of the system: it can gain no
    rights from here on, and it is root no longer where it was.

    Raises OSError where root cannot be left.
    """
    if sys.platform == "win32":
        return
    if sys.platform == "linux":
        _control(_SET_NO_NEW_PRIVILEGES, 1)
    if os.geteuid() == 0:
        # Root reads the memory of every process; nobody reads that of none.
        user, group = _nobody()
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


def _nobody() -> tuple[int, int]:
    import pwd

    try:
        found = pwd.getpwnam(_NOBODY)
    except KeyError:
        return _NOBODY_NUMBER, _NOBODY_NUMBER
    return found.pw_uid, found.pw_gid


def _control(option: int, value: int) -> None:
    """prctl(2), which Python has no name for."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
