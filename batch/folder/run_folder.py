"""The folder of a run: a file whose first line says what produced the others, held by one process at a time.

A kind of run says what its records are. Nothing in that file depends on the hour or on the speed of the machine, so
that the same run gives the same file; what does goes into files beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from brigade.batch.folder.lines import LineFile, bytes_of, is_begun, read_lines, write_lines
from brigade.batch.folder.lock import HeldFolder
from brigade.envs.budgets import parse_json
from brigade.envs.content import checked
from brigade.envs.registry import BrigadeError
from brigade.simulation.provenance import provenance

FORMAT_VERSION = 1
LONGEST = 1e12  # in a file of timings
TIMINGS = "timings.jsonl"  # beside the records: how long each took
Record = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What the records of a kind of run are.

    Attributes:
        what: their file is called in messages.
        file: its name.
        header_format: of its first line.
        record: what any other line is called in messages.
        record_format: of the other lines; None where they say none.
        key: what tells a record from the others.
        version: of these formats.
        traces: what else says, while there is no record, that something has come of a run.
        first, line: what of the first line, and of the others, must be there and of which type.
    """

    what: str
    file: str
    header_format: str
    record: str
    record_format: str | None = None
    key: Callable[[Record], Hashable] = itemgetter("key")
    version: int = FORMAT_VERSION
    traces: tuple[str, ...] = ()
    first: type[BaseModel] | None = None
    line: type[BaseModel] | None = None

    def read(self, place: Path, unfinished: bool = False) -> list[Record]:
        """The first line, then the records.

        Args:
            place: a folder, or its file.
            unfinished: leave out a last line that was cut off.

        Raises:
            BrigadeError: no such file, damaged (with the line), of another format, or of a newer version.
        """
        path = place / self.file if place.is_dir() else place
        lines = list(read_lines(path, unfinished))
        if not lines or lines[0].get("format") != self.header_format:
            raise BrigadeError(f"{path}:1: not a {self.what}: expected a first line with format {self.header_format}")
        for number, line in enumerate(lines, 1):
            self._check(line, f"{path}:{number}", first=number == 1)
        return lines

    def _check(self, line: Record, where: str, first: bool) -> None:
        if first or self.record_format:
            check_version(line, where, self.version)
        if not first and self.record_format and line.get("format") != self.record_format:
            raise BrigadeError(f"{where}: expected {self.record}, got format {line.get('format')!r}")
        model = self.first if first else self.line
        if model is not None:
            checked(model, line, f"{where}: damaged: ")
        try:
            if not first:
                hash(self.key(line))
        except (KeyError, TypeError, ValueError):
            raise BrigadeError(f"{where}: damaged: expected {self.record}, and it does not say which") from None


def check_version(entry: Record, where: str, newest: int = FORMAT_VERSION) -> None:
    """Refuse what a newer Brigade wrote.

    Raises:
        BrigadeError: it is newer, or says no version.
    """
    version = entry.get("version")
    if not isinstance(version, int):
        raise BrigadeError(f"{where}: damaged: no version")
    if version > newest:
        raise BrigadeError(f"{where}: version {version}, written by a newer Brigade; this one reads {newest}")


def read_timings(path: Path) -> list[Record]:
    """How long what a run did took.

    A run that was killed leaves half a line, and goes on writing after it. Timings are beside the point of a run, so
    lines that cannot be read are passed over.

    Raises:
        BrigadeError: the file is there but cannot be read.
    """
    found = []
    for line in bytes_of(path).decode(errors="replace").split("\n") if path.exists() else ():
        try:
            entry = parse_json(line, str(path), ours=True)
        except BrigadeError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def seconds(value: Any) -> float | None:
    """A length of time from a file, in whatever unit; None for what is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LONGEST
    return float(value) if known else None


class RunFolder(HeldFolder):
    """The folder of a run, open for adding to and closed to other processes until the end of its `with` block.

    Where nothing has come of what was begun there, another run may begin.

    Args:
        folder: where; made if it does not exist.
        kind: of run.
        asked: the run, as the first line is to have it.
        go_on: is given the first line and the records that are there, and says what the first line is to have instead;
            it refuses another run. See `batch.resume`.

    Attributes:
        header: the first line.
        done: the records, by key.

    Raises:
        BrigadeError: another process works in the folder, it holds another run, or it cannot be read or written.
    """

    def __init__(
        self, folder: Path, kind: Kind, asked: Record, go_on: Callable[[Record, list[Record]], Record]
    ):  # fmt: skip
        self.kind, self._go_on = kind, go_on
        self.header: Record = {
            "format": kind.header_format, "version": kind.version, **asked, "provenance": provenance(),
        }  # fmt: skip
        self.done: dict[Hashable, Record] = {}
        self._files: dict[str, LineFile] = {}
        super().__init__(folder)

    def _begin(self) -> None:
        if is_begun(self.folder / self.kind.file, self.kind.header_format):
            header, *records = self.kind.read(self.folder, unfinished=True)
            if records or any((self.folder / name).exists() for name in self.kind.traces):
                self.header = {**header, **self._go_on(header, records)}
                self.done = {self.kind.key(record): record for record in records}
        self.finish(())

    def add(self, record: Record, timing: Record | None = None) -> None:
        """Append a record; it is on disk when this returns.

        Raises:
            BrigadeError: it cannot be written.
        """
        if timing is not None:
            self.add_to(TIMINGS, timing)
        self.add_to(self.kind.file, record)
        self.done[self.kind.key(record)] = record

    def add_to(self, name: str, entry: Record) -> None:
        """Append a line to a file of the folder; it is on disk when this returns.

        Raises:
            BrigadeError: it cannot be written.
        """
        if name not in self._files:
            self._files[name] = LineFile(self.folder / name)
        self._files[name].add(entry)

    def finish(self, order: Iterable[Hashable]) -> None:
        """Put the records into the order of the run; those that this one did not ask for come last.

        Raises:
            BrigadeError: it cannot be written.
        """
        keys = dict.fromkeys([*order, *self.done])
        self.done = {key: self.done[key] for key in keys if key in self.done}
        path = self.folder / self.kind.file
        write_lines(path, [self.header, *self.done.values()])
        self._files[self.kind.file] = LineFile(path)
