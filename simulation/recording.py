"""One file for every episode that anyone plays, written as it happens.

Zstandard-compressed JSON lines: a header (versions, kitchen and cookbook in full, seed, order script, agents), one line
a tick, and a line at the end. Every line is flushed as a block of its own, so that whatever ends a program costs the
tick in flight and no more. `docs/recordings.md` has every field.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import zstandard

from brigade.envs.budgets import LINE_BYTES, RECORDING_BYTES, TooMuch, in_bytes, read_bytes, unpacked
from brigade.envs.kitchen.content.layout import Kitchen, dump_kitchen, kitchen_digest, restore_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import fingerprint, fingerprint_differences
from brigade.envs.registry import BrigadeError
from brigade.envs.text import json_line
from brigade.simulation.episode import Tick
from brigade.simulation.played import Played, result
from brigade.simulation.provenance import provenance
from brigade.simulation.recording_lines import (
    CHAINED,
    FORMAT,
    VERSION,
    Chain,
    entry_of,
    has_link,
    header_of,
    line_of,
    lines_in,
    plain_macros,
)  # fmt: skip

ENDING = ".jsonl.zst"
LEVEL = 6  # of compression: lines are short, and a tick has milliseconds to spare


def make_header(
    kitchen: Kitchen,
    seed: int,
    script: Sequence[str] | None,
    agents: Sequence[Mapping[str, Any]],
    mode: str,
    clock: Mapping[str, Any],
    ids: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The first line of a recording.

    Args:
        kitchen: where.
        seed: of the episode.
        script: dishes in the order they will be ordered, if they are given.
        agents: per chef `name`, `options`, and `human` where a person plays.
        mode: who may send messages.
        clock: `kind`, `hz`, and what else makes the clock.
        ids: what the episode belongs to: a run's key, or study, participant's id, block and game.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "provenance": provenance(),
        "kitchen_digest": kitchen_digest(kitchen),
        "seed": seed,
        "order_script": list(script) if script is not None else None,
        "agents": [dict(agent) for agent in agents],
        "messages": mode,
        "clock": dict(clock),
        "ids": dict(ids or {}),
        **dump_kitchen(kitchen),
    }


class RecordingWriter:
    """Writes an episode as it is played.

    A disk that is full must not end a game: what cannot be written is left out from there on, and `failed` says why.

    Args:
        path: a new file; its folder is made.
        header: of `make_header`.

    Attributes:
        failed: why the rest could not be written, None while all is well.

    Raises:
        BrigadeError: the file exists already, or cannot be made.
    """

    def __init__(self, path: str | Path, header: Mapping[str, Any]):
        self.path = Path(path)
        self.failed: str | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        except FileExistsError:
            raise BrigadeError(f"{self.path}: exists already; recordings are never written over") from None
        except OSError as error:
            raise BrigadeError(f"{self.path}: cannot be written: {error.strerror}") from None
        self._compress = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        self._chain = Chain()
        first = json_line(header)
        self._chain.over(first)
        self._write(first)

    def tick(self, tick: Tick) -> None:
        """Write one tick; it is with the operating system when this returns."""
        self._write(self._chain.linked(entry_of(tick)))

    def end(self, played: Played) -> None:
        """Write how it ended, and close the file."""
        if self.failed is None:
            figures = {key: value for key, value in result(played).items() if key != "decision_ms"}
            end: dict[str, Any] = {"ticks": played.ticks, "finished": played.finished, "result": figures}
            if played.crashed:
                end["crashed"] = played.crashed
            left = {"thoughts": played.thoughts_ended, "macros": plain_macros(played.macros_at_end)}
            self._write(self._chain.linked({"end": end | left}))
        self.close()

    def close(self) -> None:
        """Close the file where it is; nothing more can be written."""
        if self._file.closed:
            return
        try:
            with self._file:
                if self.failed is None:
                    self._file.write(self._compress.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
                    self._file.flush()
                    os.fsync(self._file.fileno())
        except OSError as error:
            self.failed = self.failed or error.strerror or str(error)

    def _write(self, line: bytes) -> None:
        if self.failed is not None or self._file.closed:
            return
        try:
            self._file.write(self._compress.compress(line))
            self._file.write(self._compress.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
            self._file.flush()
        except OSError as error:
            self.failed = error.strerror or str(error)


@dataclass(frozen=True)
class Recording:
    """An episode as it was recorded.

    Attributes:
        path: of the file.
        header: its first line; `make_header` has the fields.
        ticks: every whole tick.
        end: `ticks`, `finished`, `result`, and the thoughts and macro actions that the end cut off; None when cut.
        cut: why the file ends before the episode does, None when it is whole.
        changed: the first tick whose line is not as it was written, by the chain of digests; None if none is, or if the
            file is of a version that has no chain.
    """

    path: Path
    header: dict[str, Any]
    ticks: tuple[Tick, ...]
    end: dict[str, Any] | None
    cut: str | None = field(default=None)
    changed: int | None = None

    @cached_property
    def kitchen(self) -> Kitchen:
        """Where it was played: as recorded, whatever became of files since.

        Raises:
            BrigadeError: the header's kitchen cannot be made, or is not the one of its digest.
        """
        kitchen = restore_kitchen(self.header, str(self.path))
        if kitchen_digest(kitchen) != self.header.get("kitchen_digest"):
            raise BrigadeError(f"{self.path}: damaged: the kitchen is not the one that was recorded")
        if kitchen.chefs != len(self.header["agents"]):
            agents = len(self.header["agents"])
            raise BrigadeError(f"{self.path}: damaged: {kitchen.chefs} chefs, {agents} agents")
        return kitchen

    def start(self) -> Game:
        """The game before its first tick."""
        game = Game(self.kitchen)
        script = self.header["order_script"]
        game.reset([self.header["seed"]], [script] if script is not None else None)
        return game

    def play_again(self) -> Iterator[Game]:
        """The game after every tick, as the engine plays it today. The same object every time."""
        game = self.start()
        for line in self.ticks:
            game.step([line.actions])
            yield game

    def compare(self) -> tuple[int, str | None]:
        """How many ticks the engine plays identically today, and the first tick and field in which it does not.

        Where it plays all of them, what is told is the first line that was changed after it was recorded.
        """
        steps, difference = self.replayed()
        if difference is None and self.changed is not None:
            where = f"tick {self.changed}" if self.changed < len(self.ticks) else "the end"
            return self.changed, f"{where}: its line, or the one before, was changed after it was recorded"
        return steps, difference

    def replayed(self) -> tuple[int, str | None]:
        """The same of actions, states and the score alone, which is all that the engine can tell of."""
        game = None
        for line, game in zip(self.ticks, self.play_again(), strict=True):
            differing = fingerprint_differences(line.check, fingerprint(game.state))
            if differing:
                return line.tick, f"tick {line.tick}: {differing[0]} differ from the recording"
        if self.end is not None and game is not None:
            recorded, played = self.end["result"]["score"], int(game.state.score[0])
            if recorded != played:
                return len(self.ticks), f"the end: score {recorded} recorded, {played} replayed"
        return len(self.ticks), None

    def first_difference(self) -> str | None:
        """The first tick and field in which the engine plays it otherwise today; None when it is identical."""
        return self.compare()[1]


def recordings_in(folder: str | Path) -> list[Path]:
    """The recordings in a folder and those below it, sorted.

    Raises:
        BrigadeError: no such folder, or none in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BrigadeError(f"{folder}: no such folder")
    found = sorted(folder.rglob(f"*{ENDING}"))
    if not found:
        raise BrigadeError(f"{folder}: there are no recordings (*{ENDING}) in it")
    return found


def read_recording(path: str | Path) -> Recording:
    """A recording, up to its last whole tick.

    Raises:
        BrigadeError: no recording, one without a whole header or larger than any, or one that a newer Brigade wrote.
    """
    path = Path(path)
    try:
        text, cut = unpacked(read_bytes(path, RECORDING_BYTES), RECORDING_BYTES)
    except TooMuch as error:
        raise BrigadeError(f"{path}: {error}") from None
    lines = lines_in(text)
    first = next(lines, b"")
    if len(first) > LINE_BYTES:
        raise TooMuch(f"{path}: its first line is larger than {in_bytes(LINE_BYTES)}")
    return _assemble(path, header_of(first, str(path)), first, lines, cut)


def _assemble(path: Path, header: dict[str, Any], first: bytes, lines: Iterator[bytes], cut: str | None) -> Recording:
    """What the lines after the first hold, up to the first that is damaged."""
    chain, chained, changed = Chain(), header["version"] >= CHAINED, None  # what says otherwise was changed
    chain.over(first)
    ticks: list[Tick] = []
    end: dict[str, Any] | None = None
    for line in lines:
        if end is not None:
            changed = len(ticks) if changed is None else changed  # nothing is written after the end
            break
        chained = chained or has_link(line)
        if chained and changed is None and not chain.fits(line):
            changed = len(ticks)
        try:
            read = line_of(line, len(header["agents"]))
        except BrigadeError as damage:
            cut = str(damage)
            break
        if not isinstance(read, Tick):
            end = read
            continue
        if read.tick != len(ticks):
            cut = f"damaged: tick {read.tick} where tick {len(ticks)} was expected"
            break
        ticks.append(read)
    if end is None and cut is None:
        cut = "ended without an end"
    if cut is not None:
        cut = f"{cut} after tick {ticks[-1].tick}" if ticks else f"{cut} before the first tick"
    return Recording(path, header, tuple(ticks), end, cut, changed)
