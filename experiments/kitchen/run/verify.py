"""Replaying recordings: is every step what the engine does today?

Four forms are understood: recordings (`dual_process.recording`), the episodes of a results file (`brigade-episode`),
and the recordings of the two published games (`published`). `docs/recordings.md` describes them.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brigade.batch.configuration.specs import KitchenChoice
from brigade.batch.folder.lines import bounded_lines, bytes_of, entries_in
from brigade.batch.folder.run_folder import check_version
from brigade.envs.kitchen.content.layout import Kitchen, kitchen_digest
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import fingerprint, fingerprint_differences
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run import published_recordings as published
from brigade.experiments.kitchen.run.results import (
    EPISODE_FORMAT,
    EPISODES,
    RECORDINGS,
    RUN_FORMAT,
    VERSION,
    StoredKitchens,
)
from brigade.simulation.recording import ENDING, read_recording

CHECK_DIGITS = 16  # of one fingerprint


class UnknownKitchenError(BrigadeError):
    """An episode was played in a kitchen that is not here: a file of somebody's, or what a plug-in brought."""


@dataclass(frozen=True)
class Verdict:
    """What became of one recorded episode.

    Attributes:
        where: file and line.
        what: the kitchen, and what else tells episodes apart.
        steps: how many steps were identical before the first difference, or altogether.
        difference: the first step and field that differs, None when every step is identical; why it cannot be read.
        readable: whether it can be.
    """

    where: str
    what: str
    steps: int
    difference: str | None = None
    readable: bool = True


def verify_file(path: str | Path) -> Iterator[Verdict]:
    """Replay every episode in a file (`.jsonl`, `.jsonl.gz`, `.jsonl.zst`), a results folder or a folder of recordings.

    Raises:
        BrigadeError: the file cannot be read, is damaged or cut off (with the line), or was written by a newer version.
    """
    path = Path(path)
    if path.name.endswith(ENDING):
        yield _verify_recording(path)
        return
    if path.is_dir():
        if not (path / EPISODES).exists() and (recordings := sorted(path.rglob(f"*{ENDING}"))):
            yield from map(_verified, recordings)
            return
        path = path / EPISODES
    episodes, kitchens = 0, StoredKitchens({})
    for number, entry in _entries(path):
        where = f"{path}:{number}"
        if entry.get("format") == RUN_FORMAT:
            check_version(entry, where, VERSION)
            kitchens = StoredKitchens(entry)
            continue
        try:
            yield _verify(entry, kitchens, where)
        except UnknownKitchenError as error:  # the others can be replayed all the same
            told = f"cannot be replayed: {error}; recordings hold their kitchen: try {path.parent / RECORDINGS}"
            named = entry["kitchen"]
            yield Verdict(where, str(named["name"] if isinstance(named, dict) else named), 0, told)
        except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
            if isinstance(error, BrigadeError):
                raise
            what = f"no field {error}" if isinstance(error, KeyError) else str(error)
            raise BrigadeError(f"{where}: damaged: {what}") from None
        episodes += 1
    if not episodes:
        raise BrigadeError(f"{path}: no episodes in it")


def _verified(path: Path) -> Verdict:
    """What became of a recording among others: one that cannot be read hides none of them."""
    try:
        return _verify_recording(path)
    except BrigadeError as error:
        return Verdict(str(path), "", 0, str(error).removeprefix(f"{path}: "), readable=False)


def _verify_recording(path: Path) -> Verdict:
    recording = read_recording(path)
    what = f"{recording.kitchen.name} seed {recording.header['seed']}"
    steps, difference = recording.compare()
    if difference is None and recording.cut is not None:
        difference = f"identical so far, but {recording.cut}"
    return Verdict(str(path), what, steps, difference)


def _entries(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    data, number = io.BytesIO(bytes_of(path)), 0
    try:
        with gzip.open(data) if path.name.endswith(".gz") else data as file:
            for number, entry in entries_in(bounded_lines(file, path), path):
                yield number, entry
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrigadeError(f"{path}: cut off or damaged after line {number}: {error}") from None


def _verify(entry: dict[str, Any], kitchens: StoredKitchens, where: str) -> Verdict:
    if entry.get("format") == EPISODE_FORMAT:
        check_version(entry, where, VERSION)
        return _verify_own(entry, kitchens, where)
    if entry.get("rules") in ("challenge", "classic"):
        return _verify_published(entry, where)
    raise BrigadeError(f"{where}: neither a Brigade episode nor a recording of a published game")


def _verify_own(entry: dict[str, Any], kitchens: StoredKitchens, where: str) -> Verdict:
    kitchen = kitchens.of(entry, where)
    if kitchen is None:
        choice = KitchenChoice.model_validate(entry["kitchen"])
        try:
            kitchen = choice.load()
        except BrigadeError as error:
            raise UnknownKitchenError(str(error)) from None
    if entry["kitchen_digest"] != kitchen_digest(kitchen):
        raise BrigadeError(f"{where}: recorded in another version of kitchen '{kitchen.name}' or its cookbook")
    actions, checks = entry["actions"], entry["checks"]
    ticks = len(checks) // CHECK_DIGITS
    if len(actions) != kitchen.chefs or any(len(a) != ticks for a in actions) or len(checks) % CHECK_DIGITS:
        raise BrigadeError(f"{where}: damaged: {len(actions)} chefs and {ticks} ticks do not fit the recorded actions")
    game = Game(kitchen)
    script = entry["order_script"]
    game.reset([entry["seed"]], [script] if script is not None else None)
    what = f"{kitchen.name} seed {entry['seed']}"
    for tick, joint in enumerate(zip(*actions, strict=True)):
        game.step([[int(digit) for digit in joint]])
        recorded = checks[CHECK_DIGITS * tick : CHECK_DIGITS * (tick + 1)]
        fields = fingerprint_differences(recorded, fingerprint(game.state))
        if fields:
            return Verdict(where, what, tick, f"step {tick + 1}: {fields[0]} differ from the recording")
    if entry["result"]["score"] != int(game.state.score[0]):
        score = int(game.state.score[0])
        return Verdict(where, what, ticks, f"the end: score {entry['result']['score']} recorded, {score} replayed")
    return Verdict(where, what, ticks)


def _verify_published(entry: dict[str, Any], where: str) -> Verdict:
    challenge = entry["rules"] == "challenge"
    kitchen = load_kitchen(entry["layout"], None, entry.get("old_dynamics"))
    what = f"{entry['layout']} seed {entry['seed']}"
    if not challenge:
        what += " old dynamics" if entry["old_dynamics"] else " interact to cook"
    game = Game(kitchen)
    game.reset([entry["seed"]], [entry["order_script"]] if challenge else None)
    _same_kitchen(kitchen, entry, where)
    state = published.challenge_state if challenge else published.classic_state
    difference = _compare(state(kitchen, game.describe()), entry["initial"], 0)
    for number, step in enumerate(entry["steps"], 1):
        if difference is not None:
            return Verdict(where, what, number - 1, difference)
        joint = step["actions"]
        game.step([joint if challenge else [published.CLASSIC_ACTIONS[name] for name in joint]])
        replayed = state(kitchen, game.describe())
        if not challenge:
            replayed |= published.classic_rewards(game)
        difference = _compare(replayed, step, number)
    steps = len(entry["steps"])
    return Verdict(where, what, steps if difference is None else steps - 1, difference)


def _same_kitchen(kitchen: Kitchen, entry: dict[str, Any], where: str) -> None:
    """A classic recording carries its grid; it must be the kitchen that is replayed."""
    grid = entry.get("grid")
    if grid is None:
        return
    symbols = {"X": "counter", " ": "floor", **{s: name for s, name in kitchen.cookbook.symbols.items() if s.isupper()}}
    tiles = [symbols.get(symbol) for row in grid for symbol in row]
    if tiles != list(kitchen.tile_names):
        raise BrigadeError(f"{where}: its grid is not that of kitchen '{kitchen.name}'")


def _compare(replayed: dict[str, Any], recorded: dict[str, Any], step: int) -> str | None:
    """The first field that differs, in words."""
    replayed = json.loads(json.dumps(replayed))
    for field, ours in replayed.items():
        if field not in recorded and step == 0:
            continue
        theirs = recorded[field]
        if field in ("items", "objects"):
            ours, theirs = sorted(ours, key=str), sorted(theirs, key=str)
        if ours != theirs:
            return f"step {step}: {field}: recorded {_short(theirs)}, replayed {_short(ours)}"
    return None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."
