"""One file for every episode that anyone plays, written as it happens.

Zstandard-compressed JSON lines: a header (versions, kitchen and cookbook in full, seed, order script, agents), one line
a tick, and a line at the end. Every line is flushed as a block of its own, so that whatever ends a program costs the
tick in flight and no more. `docs/recordings.md` has every field.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import zstandard

from brigade.agents.base import MacroRecord
from brigade.envs.kitchen.content.layout import Kitchen, dump_kitchen, kitchen_digest, restore_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import fingerprint, fingerprint_differences
from brigade.envs.registry import BrigadeError
from brigade.envs.text import json_line
from brigade.simulation.episode import Tick
from brigade.simulation.messages import Message
from brigade.simulation.played import Played, result
from brigade.simulation.provenance import provenance

FORMAT, VERSION = "brigade-recording", 2  # of version 1 some agents have other names: `dual_process.old_names`
ENDING = ".jsonl.zst"
LEVEL = 6  # of compression: lines are short, and a tick has milliseconds to spare
MAX_BYTES = 256 * 1024 * 1024  # decompressed; nothing that a game writes comes near it
CHUNK = 1 << 16


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
        self._write(header)

    def tick(self, tick: Tick) -> None:
        """Write one tick; it is with the operating system when this returns."""
        self._write(_line_of(tick))

    def end(self, played: Played) -> None:
        """Write how it ended, and close the file."""
        if self.failed is None:
            figures = {key: value for key, value in result(played).items() if key != "decision_ms"}
            end: dict[str, Any] = {"ticks": played.ticks, "finished": played.finished, "result": figures}
            if played.crashed:
                end["crashed"] = played.crashed
            left = {"thoughts": played.thoughts_ended, "macros": _macros(played.macros_at_end)}
            self._write({"end": end | left})
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

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self.failed is not None or self._file.closed:
            return
        line = json_line(entry)
        try:
            self._file.write(self._compress.compress(line))
            self._file.write(self._compress.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
            self._file.flush()
        except OSError as error:
            self.failed = error.strerror or str(error)


def _line_of(tick: Tick) -> dict[str, Any]:
    line: dict[str, Any] = {"t": tick.tick, "a": "".join(map(str, tick.actions)), "c": tick.check}
    if tick.late_ms is not None:
        line["late"] = round(tick.late_ms, 3)
    if tick.messages:
        line["m"] = [[message.seat, message.text] for message in tick.messages]
    if tick.thoughts:
        line["th"] = tick.thoughts
    if any(tick.macros):
        line["mac"] = _macros(tick.macros)
    return line


def _macros(macros: Sequence[Sequence[MacroRecord]]) -> list[list[list[Any]]]:
    return [[list(asdict(record).values()) for record in chef] for chef in macros]


@dataclass(frozen=True)
class Recording:
    """An episode as it was recorded.

    Attributes:
        path: of the file.
        header: its first line; `make_header` has the fields.
        ticks: every whole tick.
        end: `ticks`, `finished`, `result`, and the thoughts and macro actions that the end cut off; None when cut.
        cut: why the file ends before the episode does, None when it is whole.
    """

    path: Path
    header: dict[str, Any]
    ticks: tuple[Tick, ...]
    end: dict[str, Any] | None
    cut: str | None = field(default=None)

    @cached_property
    def kitchen(self) -> Kitchen:
        """Where it was played: as recorded, whatever became of files since.

        Raises:
            BrigadeError: the header's kitchen cannot be made, or is not the one of its digest.
        """
        kitchen = restore_kitchen(self.header, str(self.path))
        if kitchen_digest(kitchen) != self.header.get("kitchen_digest"):
            raise BrigadeError(f"{self.path}: damaged: the kitchen is not the one that was recorded")
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
        """How many ticks the engine plays identically today, and the first tick and field in which it does not."""
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
        BrigadeError: no recording, one without a whole header, or one that a newer Brigade wrote.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BrigadeError(f"{path}: no such file") from None
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be read: {error.strerror}") from None
    lines, cut = _decompress(data)
    header = lines[0] if lines else {}
    if header.get("format") != FORMAT:
        raise BrigadeError(f"{path}: not a recording, or one cut off in its header")
    if not isinstance(header.get("version"), int) or header["version"] > VERSION:
        raise BrigadeError(f"{path}: version {header.get('version')!r}; this Brigade reads up to {VERSION}")
    return _assemble(path, header, lines[1:], cut)


def _decompress(data: bytes) -> tuple[list[dict[str, Any]], str | None]:
    """Every whole line, and why there are no more if the file ends before the frame does."""
    decompress = zstandard.ZstdDecompressor().decompressobj()
    text, cut = bytearray(), None
    try:
        for at in range(0, len(data), CHUNK):
            if decompress.eof:
                break
            text += decompress.decompress(data[at : at + CHUNK])
            if len(text) > MAX_BYTES:
                return [], "it is larger than any recording"
    except zstandard.ZstdError as error:
        cut = f"damaged: {error}"
    if cut is None and not decompress.eof:
        cut = "cut off"
    lines: list[dict[str, Any]] = []
    for raw in bytes(text).split(b"\n")[:-1]:
        try:
            entry = json.loads(raw)
        except ValueError:
            return lines, "damaged: a line that is not JSON"
        if not isinstance(entry, dict):
            return lines, "damaged: a line that is no object"
        lines.append(entry)
    return lines, cut


def _assemble(path: Path, header: dict[str, Any], lines: list[dict[str, Any]], cut: str | None) -> Recording:
    ticks: list[Tick] = []
    end: dict[str, Any] | None = None
    for entry in lines:
        if "end" in entry:
            end = entry["end"]
            break
        try:
            line = _read_line(entry, len(header["agents"]))
        except (KeyError, TypeError, ValueError):
            cut = "damaged: a line that is no tick"
            break
        if line.tick != len(ticks):
            cut = f"damaged: tick {line.tick} where tick {len(ticks)} was expected"
            break
        ticks.append(line)
    if end is None and cut is None:
        cut = "ended without an end"
    if cut is not None:
        cut = f"{cut} after tick {ticks[-1].tick}" if ticks else f"{cut} before the first tick"
    return Recording(path, header, tuple(ticks), end, cut)


def _read_line(entry: Mapping[str, Any], chefs: int) -> Tick:
    actions = tuple(int(digit) for digit in entry["a"])
    if len(actions) != chefs or not all(0 <= action <= 5 for action in actions):
        raise ValueError("actions")
    tick = int(entry["t"])
    return Tick(
        tick=tick,
        actions=actions,
        check=str(entry["c"]),
        late_ms=entry.get("late"),
        messages=tuple(Message(tick, int(seat), str(text)) for seat, text in entry.get("m", [])),
        thoughts=tuple(dict(thought) for thought in entry.get("th", [])),
        macros=tuple(tuple(MacroRecord(*record) for record in chef) for chef in entry.get("mac", [])),
    )
