"""A folder that one process works in at a time."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Self

from filelock import BaseFileLock, FileLock, Timeout

from brigade.envs.disk import make_folder
from brigade.envs.registry import BrigadeError

LOCK = "lock"  # name of the file; who holds it is written in it
CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC)


def take_lock(folder: Path, what: str = "folder") -> BaseFileLock:
    """Keep other processes out of a folder until the lock is released, or this process ends, however it does.

    Args:
        folder: where.
        what: it is, for messages.

    Raises:
        BrigadeError: another process holds it, or the folder is read-only or on a disk that knows no locks.
    """
    path = folder / LOCK
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise BrigadeError(f"{folder}: {_holder(path)} is working in this {what}; close it first") from None
    except OSError as error:
        if error.errno in CANNOT_WRITE:
            raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None
        raise BrigadeError(f"{path}: cannot be locked: {error.strerror}; use a folder on a local disk") from None
    with contextlib.suppress(OSError):  # who holds it is a courtesy: a full disk must not keep anyone out
        path.write_text(f"process {os.getpid()}", encoding="utf-8")
    return lock


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:200].strip() or "another process"
    except OSError:  # some systems let nobody else read what is locked
        return "another process"


class HeldFolder:
    """A folder that is this process's alone until it is closed, or until the end of its `with` block.

    Args:
        folder: where; made if it does not exist.
        what: it is, for messages.

    Raises:
        BrigadeError: as in `take_lock`, or the folder cannot be made.
    """

    def __init__(self, folder: Path, what: str = "folder"):
        self.folder = folder
        make_folder(folder)
        self._lock = take_lock(folder, what)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Look at what is there; the folder is let go if that fails."""

    def close(self) -> None:
        """Let others work in the folder."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
