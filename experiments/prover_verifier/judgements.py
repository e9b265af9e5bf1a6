"""What people who played the verifier did, on disk: a file of JSON lines for each session, only ever added to.

First a header (configuration, versions, participant's id, without names), then a line whenever an item is first shown,
and a line for each item that was judged. Whatever ends the program costs the item in flight and no more.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.records import SEEDS
from brigade.experiments.records import check_version, read_lines

SESSION_FORMAT, OPENED_FORMAT, ITEM_FORMAT = "brigade-pvg-session", "brigade-pvg-opened", "brigade-pvg-item"
ENDING = ".jsonl"
Record = Mapping[str, Any]
# What a report reads of an item, with the types it may have.
FIELDS: dict[str, tuple[type, ...]] = {
    "item": (str,), "practice": (bool,), "prover": (str,), "truth": (bool,), "accept": (bool,), "timed_out": (bool,),
    "seconds": (int, float), "points": (int, float), "looks": (list,), "argument": (list,), "problem": (str,),
}  # fmt: skip
HEAD: dict[str, tuple[type, ...]] = {"config": (dict,), "participant": (str,), "provenance": (dict,)}


@dataclass(frozen=True)
class Session:
    """One person's session.

    Attributes:
        path: its file.
        header: configuration, participant, provenance.
        openings: how often each item was shown; more than once if the session was left in the middle of it.
        items: what was judged, in order.
    """

    path: Path
    header: Record
    openings: Mapping[str, int]
    items: Sequence[Record]

    @property
    def participant(self) -> str:
        """The participant's id."""
        return str(self.header["participant"])

    @property
    def counted(self) -> list[Record]:
        """The items that count: all but those for practice."""
        return [item for item in self.items if not item["practice"]]


def read_session(path: str | Path) -> Session:
    """A session from its file; a last line that a crash has cut off is left out.

    Raises:
        BrigadeError: it is no such file, damaged (with the line), or of a newer version.
    """
    path = Path(path)
    lines = list(read_lines(path, unfinished=True))
    if not lines or lines[0].get("format") != SESSION_FORMAT:
        raise BrigadeError(f"{path}:1: not a session of a verifier: expected a first line with format {SESSION_FORMAT}")
    openings: dict[str, int] = {}
    items: dict[str, Record] = {}
    for number, line in enumerate(lines, 1):
        where = f"{path}:{number}"
        check_version(line, where)
        if number == 1:
            _check(line, HEAD, where)
        elif line.get("format") == OPENED_FORMAT:
            _check(line, {"item": (str,)}, where)
            openings[line["item"]] = openings.get(line["item"], 0) + 1
        elif line.get("format") == ITEM_FORMAT:
            _check(line, FIELDS, where)
            if line["item"] in items:
                raise BrigadeError(f"{where}: damaged: item {line['item']} is judged twice")
            items[line["item"]] = line
        else:
            raise BrigadeError(f"{where}: expected an item, got format {line.get('format')!r}")
    return Session(path, lines[0], openings, list(items.values()))


def _check(line: Record, fields: Mapping[str, tuple[type, ...]], where: str) -> None:
    for name, kinds in fields.items():
        if not isinstance(line.get(name), kinds):
            raise BrigadeError(f"{where}: damaged: {name} is {line.get(name)!r:.60}, expected {kinds[-1].__name__}")


def session_files(place: str | Path) -> list[Path]:
    """The files of sessions in a folder, or the one that is given."""
    place = Path(place)
    return [place] if place.is_file() else sorted(place.glob(f"*{ENDING}"))


def holds_sessions(place: str | Path) -> bool:
    """Whether a folder or file is what people did, rather than a run of programs."""
    return not (Path(place) / SEEDS).exists() and Path(place).name != SEEDS and bool(session_files(place))


def read_sessions(place: str | Path) -> list[Session]:
    """All sessions in a folder, or the one in a file; those of nobody who judged anything included.

    Raises:
        BrigadeError: there are none, or one cannot be read.
    """
    sessions = [read_session(path) for path in session_files(place)]
    if not sessions:
        raise BrigadeError(f"{place}: there are no sessions of verifiers here (files that end with {ENDING})")
    return sessions


def add_line(path: Path, line: Record, size: int) -> int:
    """Add a line; it is on the disk when this returns, or else the file is as it was.

    Args:
        path: the file.
        line: what to add.
        size: how long the file is expected to be, in bytes.

    Returns:
        How long it is now.

    Raises:
        BrigadeError: it cannot be written, or someone else has written to it meanwhile.
    """
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    try:
        there = path.stat().st_size if path.exists() else 0
        if there != size:
            raise BrigadeError(
                f"{path}: another program has written to it; is this session open twice? Nothing was added"
            )
        with path.open("ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            os.truncate(path, size)
        raise BrigadeError(
            f"{path}: cannot be written: {error.strerror}; what was judged before is kept. Make room and try again"
        ) from None
    return size + len(text)
