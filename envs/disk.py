"""Files that are on the disk whole or not at all, and a disk that is full or locked in one sentence."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from brigade.envs.registry import BrigadeError

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell which file cannot be written.

    Raises:
        BrigadeError: it cannot, for example because the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {error.strerror or error}") from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        BrigadeError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BrigadeError(f"{folder}: cannot be made: {error.strerror}") from None


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Replace a file at once; it is on disk when this returns.

    Args:
        path: the file.
        content: all of it, or one part after the other.

    Raises:
        BrigadeError: it cannot be written, for example because the disk is full; the old file is still there.
    """
    parts = [content] if isinstance(content, bytes) else content
    with writing(path):
        path = path.resolve()  # what a link leads to is replaced, not the link
        if path.exists() and not path.is_file():  # such as /dev/stdout
            with path.open("wb") as file:
                file.writelines(parts)
            return
        temporary = path.with_name(path.name + ".tmp")
        try:
            with temporary.open("wb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file with the same ending to be written in this block; it takes the place of `path` once it is whole.

    Raises:
        BrigadeError: it cannot be written; the old file is still there.
    """
    temporary = path.with_name(f".{path.stem}.tmp{path.suffix}")
    try:
        with writing(path):
            yield temporary
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def append(path: Path, line: bytes, sync: bool = True) -> None:
    """Add to a file, which is made if need be; it is on disk when this returns, or else the file is as it was.

    Without `sync` it is with the operating system, which takes no time: it outlives this process, not a power cut.

    Raises:
        BrigadeError: it cannot be written, for example because the disk is full.
    """
    before = path.stat().st_size if path.exists() else None
    try:
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            if sync:
                os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):  # whoever reads it leaves out half a line too
            _take_back(path, before)
        advice = ". Make room and try again" if error.errno in FULL else ""
        told = f"{path}: cannot be written: {error.strerror}; what was finished before is kept{advice}"
        raise BrigadeError(told) from None


def _take_back(path: Path, size: int | None) -> None:
    if size is None:
        path.unlink(missing_ok=True)
    else:
        os.truncate(path, size)


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system lets folders be opened."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
