"""Results on disk: a folder with `episodes.jsonl` (what happened) and `timings.jsonl` (how long it took).

The first line of `episodes.jsonl` says exactly what produced the rest: resolved configuration, versions, revision.
Nothing in it depends on the hour or on the speed of the machine, so the same run gives the same file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import Job, RunConfig
from brigade.simulation.episode import Played, result
from brigade.simulation.provenance import provenance

RUN_FORMAT, EPISODE_FORMAT = "brigade-run", "brigade-episode"
FORMAT_VERSION = 1
EPISODES, TIMINGS, INTERRUPTED = "episodes.jsonl", "timings.jsonl", "interrupted.jsonl"
# keys of a configuration that do not change what is played
IRRELEVANT = ("out", "ray", "about", "calls", "replay", "recordings")


def episode_record(job: Job, played: Played) -> dict[str, Any]:
    """One episode as it is stored: enough to play it again and to know when that goes differently."""
    kitchen = job.kitchen.load()
    return {
        "format": EPISODE_FORMAT,
        "version": FORMAT_VERSION,
        "key": job.key,
        "kitchen": job.kitchen.model_dump(exclude_none=True),
        "kitchen_digest": kitchen_digest(kitchen),
        "seed": job.seed,
        "order_script": job.script,
        "agents": [agent.model_dump() for agent in job.team],
        "condition": job.condition,
        "ticks": played.ticks,
        "finished": played.finished,
        "result": {key: value for key, value in result(played).items() if key != "decision_ms"},
        "macros": [[list(asdict(record).values()) for record in macros] for macros in played.macros],
        "thoughts": played.thoughts,
        "messages": [list(asdict(message).values()) for message in played.messages],
        "actions": played.actions,
        "checks": "".join(played.checks),
    }


class Results:
    """A results folder, open for adding to.

    Args:
        folder: where; made if it does not exist.
        config: what is run. A folder that holds another run is refused.

    Raises:
        BrigadeError: the folder holds another run's results, or cannot be read or written.
    """

    def __init__(self, folder: Path, config: RunConfig):
        self.folder, self.config = folder, config
        self.header: dict[str, Any] = {
            "format": RUN_FORMAT,
            "version": FORMAT_VERSION,
            "config": relevant(config.model_dump(mode="json")),
            "provenance": provenance(),
        }
        self.done: dict[str, dict[str, Any]] = {}
        path = folder / EPISODES
        if path.exists():
            self._resume(path)
        else:
            make_folder(folder)
            write_lines(path, [self.header])

    def add(self, record: dict[str, Any], timing: dict[str, Any]) -> None:
        """Append one episode; it is on disk when this returns."""
        self.done[record["key"]] = record
        for name, entry in ((TIMINGS, {"key": record["key"], **timing}), (EPISODES, record)):
            try:
                with (self.folder / name).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry, separators=(",", ":")) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise BrigadeError(f"{self.folder / name}: cannot be written: {error.strerror}") from None

    def keep_interrupted(self, record: dict[str, Any]) -> None:
        """Append an episode that was cut short to a file of its own; the next run plays it whole."""
        path = self.folder / INTERRUPTED
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, separators=(",", ":")) + "\n")
        except OSError as error:
            raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None

    def finish(self, order: list[str]) -> None:
        """Put the episodes into the order of the run, whatever order they were finished in."""
        write_lines(self.folder / EPISODES, [self.header, *(self.done[key] for key in order if key in self.done)])

    def _resume(self, path: Path) -> None:
        header, *episodes = read_results(path, unfinished=True)
        difference = first_difference(header["config"], self.header["config"])
        if difference is not None:
            key, old, new = difference
            raise BrigadeError(
                f"{self.folder} holds results of another configuration: {key} is {old} there and {new} here; "
                f"choose another folder with out=DIR, or remove it"
            )
        self.header = header
        self.done = {record["key"]: record for record in episodes}
        write_lines(path, [header, *episodes])  # without a line that was cut off


def read_results(path: str | Path, unfinished: bool = False) -> list[dict[str, Any]]:
    """The lines of a results file or folder: the run's header, then its episodes.

    Args:
        path: a results folder, or its `episodes.jsonl`.
        unfinished: leave out a last line that was cut off, as a killed run leaves it.

    Raises:
        BrigadeError: no such file, damaged (with the line), of another format, or of a newer version.
    """
    path = Path(path)
    if path.is_dir():
        path = path / EPISODES
    return read_run(path, "results file", RUN_FORMAT, "an episode", EPISODE_FORMAT, unfinished)


def read_run(
    path: Path, what: str, run_format: str, entry: str, entry_format: str, unfinished: bool = False
) -> list[dict[str, Any]]:
    """A file whose first line is of one format, and all others of another.

    Args:
        path: the file.
        what: it is, for messages.
        run_format: of the first line.
        entry: what the other lines are, for messages.
        entry_format: of these.
        unfinished: leave out a last line that was cut off.

    Raises:
        BrigadeError: no such file, damaged (with the line), of another format, or of a newer version.
    """
    lines = list(read_lines(path, unfinished))
    if not lines or lines[0].get("format") != run_format:
        raise BrigadeError(f"{path}:1: not a {what}: expected a first line with format {run_format}")
    for number, line in enumerate(lines, 1):
        check_version(line, f"{path}:{number}")
        if number > 1 and line.get("format") != entry_format:
            raise BrigadeError(f"{path}:{number}: expected {entry}, got format {line.get('format')!r}")
    return lines


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
    lines = bytes_of(path).split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        last = number == len(lines)
        try:
            entry = json.loads(line.decode())
        except (ValueError, RecursionError):
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
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BrigadeError(f"{path}: no such file") from None
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be read: {error}") from None


def check_version(entry: dict[str, Any], where: str) -> None:
    """Refuse what a newer Brigade wrote.

    Raises:
        BrigadeError: it is newer, or says no version.
    """
    version = entry.get("version")
    if not isinstance(version, int):
        raise BrigadeError(f"{where}: damaged: no version")
    if version > FORMAT_VERSION:
        raise BrigadeError(f"{where}: version {version}, written by a newer Brigade; this one reads {FORMAT_VERSION}")


def relevant(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without what does not change what is played."""
    return {key: value for key, value in config.items() if key not in IRRELEVANT}


def first_difference(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, str, str] | None:
    """The first key in which two configurations differ, `outer.inner` within a mapping, and both values in short."""
    for key in dict.fromkeys([*new, *old]):
        before, now = old.get(key), new.get(key)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict) and (inner := first_difference(before, now)):
            return f"{key}.{inner[0]}", *inner[1:]
        return key, _short(before), _short(now)
    return None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def make_folder(folder: Path) -> None:
    """Make a folder if it does not exist.

    Raises:
        BrigadeError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BrigadeError(f"{folder}: cannot be made: {error.strerror}") from None


def write_lines(path: Path, entries: list[dict[str, Any]]) -> None:
    """Replace a file at once: a reader sees the old one or the new one, never half of it."""
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
        temporary.replace(path)
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None
