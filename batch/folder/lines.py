"""JSON lines on disk: read with the line named that is damaged, and added to so that a crash costs one line at most."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from brigade.envs.budgets import LINE_BYTES, RECORD_BYTES, TooMuch, in_bytes, opened, parse_json, read_bytes
from brigade.envs.disk import append, write, writing
from brigade.envs.registry import BrigadeError
from brigade.envs.text import json_line


def read_lines(path: Path, unfinished: bool = False) -> Iterator[dict[str, Any]]:
    """The JSON objects in a file, one a line; see `numbered_lines`."""
    return (entry for _, entry in numbered_lines(path, unfinished))


def numbered_lines(path: Path, unfinished: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects in a file, one a line, with the lines' numbers.

    Args:
        path: the file.
        unfinished: leave out a last line that was cut off, if need be within a character.

    Raises:
        BrigadeError: it cannot be read, or a line is not a JSON object.
    """
    with opened(path) as file:
        yield from entries_in(bounded_lines(file, path), path, unfinished)


def bounded_lines(file: io.BufferedIOBase, path: Path) -> Iterator[bytes]:
    """The lines of a file.

    Raises:
        TooMuch: a line, or all of them, is larger than what is read.
    """
    came = 0
    while line := file.readline(LINE_BYTES + 1):
        came += len(line)
        if len(line) > LINE_BYTES or came > RECORD_BYTES:
            most = in_bytes(LINE_BYTES if len(line) > LINE_BYTES else RECORD_BYTES)
            raise TooMuch(f"{path}: a line or all of it is larger than {most}, the most that is read")
        yield line


def entries_in(lines: Iterable[bytes], path: Path, unfinished: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects in the lines of a file, with the lines' numbers; see `numbered_lines`."""
    for number, line in enumerate(lines, 1):
        if line == b"\n":
            continue
        last = not line.endswith(b"\n")
        try:
            entry = parse_json(line, str(path), ours=True)
        except BrigadeError:
            if last and unfinished:
                return
            what = "cut off in the middle of a line" if last else "damaged: not JSON"
            raise BrigadeError(f"{path}:{number}: {what}") from None
        if not isinstance(entry, dict):
            raise BrigadeError(f"{path}:{number}: damaged: expected an object, got {type(entry).__name__}")
        yield number, entry


def bytes_of(path: Path) -> bytes:
    """All of a file.

    Raises:
        BrigadeError: it cannot be read.
    """
    return read_bytes(path, RECORD_BYTES)


def is_begun(path: Path, header_format: str) -> bool:
    """Whether a file holds anything; not if a crash has left it empty, or its first line without an end.

    Raises:
        BrigadeError: it cannot be read.
    """
    if not path.exists():
        return False
    with opened(path) as file:
        there = file.readline(LINE_BYTES)
    beginning = f'{{"format":"{header_format}"'.encode()
    return b"\n" in there or there[: len(beginning)] != beginning[: len(there)]


def write_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Replace a file at once: a reader sees the old one or the new one, never half of it.

    Raises:
        BrigadeError: it cannot be written; the old file is still there.
    """
    write(path, map(json_line, entries))


class LineFile:
    """A file of JSON lines that is only ever added to.

    A last line that a crash has cut off is taken away when the file is opened, so that the next one begins on its own.

    Args:
        path: the file; it is made with its first line.

    Raises:
        BrigadeError: it cannot be read or mended.
    """

    def __init__(self, path: Path):
        self.path = path
        with writing(path):
            self._size = _mended(path) if path.exists() else 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, or it does not exist."""
        return self._size == 0

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add a line; it is on the disk when this returns, or else the file is as it was.

        Raises:
            BrigadeError: it cannot be written, or someone else has written to it meanwhile.
        """
        line = json_line(entry)
        with writing(self.path):
            there = self.path.stat().st_size if self.path.exists() else 0
        if there != self._size:
            raise BrigadeError(f"{self.path}: another program has written to it; is it open twice? Nothing was added")
        append(self.path, line)
        self._size += len(line)


def torn(data: bytes) -> int:
    """How many bytes at the end of a file of lines are one that was cut off; one that only lacks its end is whole."""
    rest = data.rpartition(b"\n")[2]
    return 0 if _is_whole(rest) else len(rest)


def _mended(path: Path) -> int:
    """How long a file is when its last line has an end: one that is whole is given it, any other is taken away."""
    data = path.read_bytes()
    cut = torn(data)
    if cut:
        os.truncate(path, len(data) - cut)
    elif data and not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
        return len(data) + 1
    return len(data) - cut


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(parse_json(line, "", ours=True), dict)
    except BrigadeError:
        return False
