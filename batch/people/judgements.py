"""What people who played the verifier did, on disk: a file of JSON lines for each session, only ever added to.

First a header (configuration, versions, participant's id, without names), then a line whenever an item is first shown,
and a line for each item that was judged. Whatever ends the program costs the item in flight and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from brigade.batch.folder.lines import is_begun, numbered_lines
from brigade.batch.folder.run_folder import check_version
from brigade.envs.content import checked
from brigade.envs.registry import BrigadeError

SESSION_FORMAT, OPENED_FORMAT, ITEM_FORMAT = "brigade-pvg-session", "brigade-pvg-opened", "brigade-pvg-item"
ENDING = ".jsonl"
Record = Mapping[str, Any]
KITCHEN = "kitchen_digest"  # in the header of a session in a kitchen


class Line(BaseModel):
    """What a report reads of a line, which may hold more."""

    model_config = ConfigDict(strict=True)


class HeaderLine(Line):
    """The first line."""

    config: dict[str, Any]
    participant: str
    provenance: dict[str, Any]


class OpenedLine(Line):
    """An item is shown."""

    item: str


class LookPart(Line):
    """A look within an item."""

    label: str = ""
    s: FiniteFloat | None = None


class ItemLine(Line):
    """An item was judged."""

    item: str
    practice: bool
    prover: str
    truth: bool
    accept: bool
    timed_out: bool
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    seconds: FiniteFloat
    points: FiniteFloat
    looks: list[LookPart]
    argument: list[dict[str, Any]]
    checkpoints: list[str] | None = None
    problem: str


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
    lines = list(numbered_lines(path, unfinished=True))
    if not lines or lines[0][1].get("format") != SESSION_FORMAT:
        raise BrigadeError(f"{path}:1: not a session of a verifier: expected a first line with format {SESSION_FORMAT}")
    openings: dict[str, int] = {}
    items: dict[str, Record] = {}
    header = lines[0][1]
    for number, line in lines:
        where = f"{path}:{number}"
        check_version(line, where)
        if line is header:
            checked(HeaderLine, line, f"{where}: damaged: ")
        elif line.get("format") == OPENED_FORMAT:
            checked(OpenedLine, line, f"{where}: damaged: ")
            openings[line["item"]] = openings.get(line["item"], 0) + 1
        elif line.get("format") == ITEM_FORMAT:
            checked(ItemLine, line, f"{where}: damaged: ")
            if line["item"] in items:
                raise BrigadeError(f"{where}: damaged: item {line['item']} is judged twice")
            items[line["item"]] = line
        else:
            raise BrigadeError(f"{where}: expected an item, got format {line.get('format')!r}")
    return Session(path, header, openings, list(items.values()))


def session_files(place: str | Path) -> list[Path]:
    """The files of sessions in a folder, or the one that is given."""
    place = Path(place)
    return [place] if place.is_file() else sorted(place.glob(f"*{ENDING}"))


class Sessions(NamedTuple):
    """What was found in a folder.

    Attributes:
        read: the sessions.
        left_out: why others cannot be read.
    """

    read: list[Session]
    left_out: list[str]


def read_sessions(place: str | Path) -> Sessions:
    """All sessions in a folder, or the one in a file; those of nobody who judged anything included.

    One that cannot be read is left out, as long as another one can.

    Raises:
        BrigadeError: there are none, or none can be read.
    """
    sessions, problems = [], list[BrigadeError]()
    for path in session_files(place):
        try:
            if is_begun(path, SESSION_FORMAT):
                sessions.append(read_session(path))
        except BrigadeError as error:
            problems.append(error)
    if problems and not sessions:
        raise problems[0]
    if not sessions:
        raise BrigadeError(f"{place}: there are no sessions of verifiers here (files that end with {ENDING})")
    return Sessions(sessions, [str(problem) for problem in problems])
