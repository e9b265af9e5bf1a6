"""The lines of a recording: what each may hold, checked as it is read, and the chain that covers every one of them.

Each line after the first ends in a digest of itself and of all before it, so that a word changed in a message or a
thought is noticed as well as an action. It tells of damage and of meddling by hand; who can write the file can write
the chain again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError

from brigade.agents.base import MacroRecord
from brigade.envs.budgets import LINE_BYTES, SEED, TooMuch, in_bytes, parse_json
from brigade.envs.content import misfit
from brigade.envs.kitchen.content.layout import MAX_CHEFS
from brigade.envs.registry import BrigadeError
from brigade.envs.text import json_line, taken_all
from brigade.simulation.episode import Tick
from brigade.simulation.messages import Message

FORMAT, VERSION = "brigade-recording", 3  # of 1 some agents have other names (`dual_process.old_names`), of 3 a chain
CHAINED = 3  # the first version with one
LINK = b',"h":"'
DIGITS = 8  # of a link, hexadecimal
LONGEST_GAME = 10_000_000  # ticks

Count = Annotated[int, Field(ge=0, le=LONGEST_GAME)]
Milliseconds = Annotated[float, Field(ge=0, le=1e12)]
Said = Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_CHEFS)], str], Strict(False)]  # seat, text
Done = Annotated[tuple[str, Count, Count, bool, str], Strict(False)]  # as in `MacroRecord`
Chefs = Field(min_length=1, max_length=MAX_CHEFS)


class _Line(BaseModel):
    """What is not named is kept: later revisions may add to lines."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class Named(_Line):
    """An agent in a header."""

    name: str = ""
    options: dict[str, Any] = {}


class Header(_Line):
    """The first line; `recording.make_header` says what is what."""

    format: Literal["brigade-recording"]
    version: int = Field(ge=1)
    provenance: dict[str, Any] = {}
    kitchen_digest: str
    seed: int = Field(ge=-SEED, le=SEED)
    order_script: list[str] | None
    agents: list[Named] = Chefs
    messages: str = "both"
    clock: dict[str, Any] = {}
    ids: dict[str, Any] = {}
    kitchen: dict[str, Any]
    cookbook: dict[str, Any]


class TickLine(_Line):
    """One tick."""

    t: Count
    a: str = Field(pattern=r"^[0-5]{1,4}$")
    c: str = Field(pattern=r"^[0-9a-f]{16}$")
    late: Milliseconds | None = None
    m: list[Said] = []
    th: list[dict[str, Any]] = []
    mac: list[list[Done]] = []


class Result(_Line):
    """The figures of an episode, as far as anything reads them."""

    score: int = Field(ge=-(1 << 31), lt=1 << 31)
    contribution_rate: list[Annotated[float, Field(ge=0, le=1)] | None] = []


class End(_Line):
    """How it ended."""

    ticks: Count
    finished: bool
    result: Result
    crashed: str | None = None
    thoughts: list[dict[str, Any]] = []
    macros: list[list[Done]] = []


class EndLine(_Line):
    """The last line."""

    end: End


_HEADER, _TICK, _END = TypeAdapter(Header), TypeAdapter(TickLine), TypeAdapter(EndLine)


def lines_in(text: bytes) -> Iterator[bytes]:
    """The whole lines of a text, one after the other."""
    at = 0
    while (end := text.find(b"\n", at)) >= 0:
        yield text[at:end]
        at = end + 1


def has_link(line: bytes) -> bool:
    """Whether a line ends in a link of the chain."""
    return re.search(rb',"h":"[0-9a-f]{8}"}$', line) is not None


class Chain:
    """Digests that each cover all lines so far."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=DIGITS // 2)

    def linked(self, entry: Mapping[str, Any]) -> bytes:
        """A line with its link at the end."""
        line = json_line(entry)
        return line[:-2] + LINK + self.over(line) + b'"}\n'

    def over(self, line: bytes) -> bytes:
        """The digest of everything up to this line, its own end of line left out."""
        self._hash.update(line.rstrip(b"\n"))
        return self._hash.hexdigest().encode()

    def fits(self, line: bytes) -> bool:
        """Whether a line with its link is as it was written."""
        body, mark, link = line.rpartition(LINK)
        return bool(mark) and self.over(body + b"}") == link.removesuffix(b'"}')


def header_of(line: bytes, where: str) -> dict[str, Any]:
    """The first line of a recording.

    Raises:
        BrigadeError: it is none, was written by a newer Brigade, or has a field that does not fit.
    """
    try:
        header = taken_all(parse_json(line, where, ours=True))
    except BrigadeError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise BrigadeError(f"{where}: not a recording, or one cut off in its header")
    version = header.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version > VERSION:
        raise BrigadeError(f"{where}: version {str(version)[:20]}; this Brigade reads up to {VERSION}")
    try:
        checked = _HEADER.validate_python(header)
    except ValidationError as error:
        raise BrigadeError(f"{where}: damaged header: {misfit(Header, error)}") from None
    return header | checked.model_dump(include={"provenance", "messages", "clock", "ids", "agents"})


def line_of(line: bytes, chefs: int) -> Tick | dict[str, Any]:
    """A tick, or how the episode ended, from a line.

    Raises:
        BrigadeError: it is neither; the message says what does not fit.
    """
    if len(line) > LINE_BYTES:
        raise TooMuch(f"damaged: a line of more than {in_bytes(LINE_BYTES)}")
    entry = taken_all(parse_json(line, "damaged", ours=True))
    if not isinstance(entry, dict):
        raise BrigadeError("damaged: a line that is no object")
    try:
        if "end" in entry:
            return dict(_END.validate_python(entry).end.model_dump())
        read = _TICK.validate_python(entry)
    except ValidationError as error:
        what, model = ("an end", EndLine) if "end" in entry else ("a tick", TickLine)
        raise BrigadeError(f"damaged: a line that is not {what}: {misfit(model, error)}") from None
    if len(read.a) != chefs:
        raise BrigadeError(f"damaged: a tick of {len(read.a)} chefs where there are {chefs}")
    return Tick(
        tick=read.t,
        actions=tuple(map(int, read.a)),
        check=read.c,
        late_ms=read.late,
        messages=tuple(Message(read.t, seat, text) for seat, text in read.m),
        thoughts=tuple(read.th),
        macros=_records(read.mac),
    )


def entry_of(tick: Tick) -> dict[str, Any]:
    """A tick as its line holds it."""
    entry: dict[str, Any] = {"t": tick.tick, "a": "".join(map(str, tick.actions)), "c": tick.check}
    if tick.late_ms is not None:
        entry["late"] = round(tick.late_ms, 3)
    if tick.messages:
        entry["m"] = [[message.seat, message.text] for message in tick.messages]
    if tick.thoughts:
        entry["th"] = tick.thoughts
    if any(tick.macros):
        entry["mac"] = plain_macros(tick.macros)
    return entry


def plain_macros(macros: Sequence[Sequence[MacroRecord]]) -> list[list[list[Any]]]:
    """Macro actions, per chef, as lines hold them."""
    return [[[each.name, each.start, each.end, each.succeeded, each.reason] for each in chef] for chef in macros]


def _records(macros: Sequence[Sequence[tuple[str, int, int, bool, str]]]) -> tuple[tuple[MacroRecord, ...], ...]:
    return tuple(tuple(MacroRecord(*record) for record in chef) for chef in macros)
