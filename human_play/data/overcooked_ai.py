"""Import of the public human trials of Overcooked-AI (Carroll et al. 2019, arXiv 1910.05789; tables of 2019 and 2020).

A table has a row per tick; of its columns are used `trial_id`, `layout_name`, `joint_action`, `reward` or `score`, and,
where they are there, `state`, `layout`, `cur_gameloop`, `player_0_id`, `player_1_id`, `player_0_is_human`,
`player_1_is_human`. Every trial is played again through our rules and recorded. Nothing of a table is trusted: a trial
counts as agreeing only if our score is theirs at every tick.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.interfaces.partners import View
from brigade.envs.registry import BrigadeError, nearest
from brigade.human_play.data.foreign_tables import Row, read_rows
from brigade.simulation.episode import play
from brigade.simulation.recording import ENDING, RecordingWriter, make_header

KITCHENS = {  # the tables' names of layouts, in 2019 also those of the published code's first version
    "cramped_room": "cramped_room", "simple": "cramped_room",
    "asymmetric_advantages": "asymmetric_advantages", "unident_s": "asymmetric_advantages",
    "coordination_ring": "coordination_ring", "random1": "coordination_ring",
    "forced_coordination": "forced_coordination", "random0": "forced_coordination",
    "counter_circuit": "counter_circuit", "random3": "counter_circuit", "counter_circuit_o_1order": "counter_circuit",
}  # fmt: skip
TILES = {"floor": " ", "counter": "X", "pot": "P", "onion_station": "O", "dish_station": "D", "hatch": "S"}
ACTIONS: dict[Any, int] = {(0, 0): 0, (-1, 0): 1, (1, 0): 2, (0, 1): 3, (0, -1): 4, "stay": 0, "interact": 5}
SOUP = ["onion", "onion", "onion"]
REQUIRED = ("trial_id", "layout_name", "joint_action")


@dataclass
class Trial:
    """One game of a table.

    Attributes:
        id: of the trial.
        layout: the table's name of it.
        actions: per tick, one of ours per player.
        scores: per tick, the sum of the rewards up to and with it.
        places: per tick, (x, y) of each player before it; empty where the table has no states.
        loops: the table's own count of ticks.
        terrain: rows of the map, None where the table has none.
        orders: ingredients of what is ordered, empty where that is not said.
        humans, players: of each player.
    """

    id: str
    layout: str
    actions: list[tuple[int, int]] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    places: list[tuple[tuple[int, int], ...]] = field(default_factory=list)
    loops: list[int] = field(default_factory=list)
    terrain: tuple[str, ...] | None = None
    orders: tuple[tuple[str, ...], ...] = ()
    humans: tuple[bool, ...] = (True, True)
    players: tuple[str, ...] = ("", "")


@dataclass(frozen=True)
class Imported:
    """What became of a trial.

    Attributes:
        trial, layout: as in the table.
        left_out: why there is no recording, empty if there is one.
        kitchen: ours, None when left out.
        recording: file, None when left out.
        ticks: in the table.
        theirs, ours: score at the end.
        differs_at: the first tick (from 0) after which the scores differ; None when they agree throughout.
        moved_at: the first tick before which a chef stands elsewhere than in the table; None when none does.
        old_dynamics: whether a full pot started by itself: which of the two agrees longer, the older if both do.
        missing: ticks that the table leaves out.
    """

    trial: str
    layout: str
    left_out: str = ""
    kitchen: str | None = None
    recording: Path | None = None
    ticks: int = 0
    theirs: float = 0.0
    ours: int = 0
    differs_at: int | None = None
    moved_at: int | None = None
    old_dynamics: bool = True
    missing: int = 0

    @property
    def verdict(self) -> str:
        """In words."""
        if self.left_out:
            return f"left out: {self.left_out}"
        gaps = f"; the table leaves out {self.missing} ticks" if self.missing else ""
        if self.differs_at is None:
            moved = f", chefs from tick {self.moved_at} on" if self.moved_at is not None else ""
            return f"score {self.ours}, as in the table at every tick{f'; elsewhere{moved}' if moved else ''}{gaps}"
        return f"score {self.ours}, {self.theirs:g} in the table; first differs at tick {self.differs_at}{gaps}"


class Scripted:
    """An agent that does what it is given."""

    def __init__(self, actions: Sequence[int]):
        self._actions = iter(actions)

    def reset(self, view: View) -> None:
        """Nothing to begin."""

    def act(self, observation: Mapping[str, Any]) -> int:
        """The next action."""
        return next(self._actions, 0)


def import_trials(path: str | Path, out: str | Path, told: Callable[[Imported], None] | None = None) -> list[Imported]:
    """Record every trial of a table in a folder, and compare.

    Args:
        path: of a CSV file, or a pickled pandas DataFrame.
        out: folder for the recordings.
        told: is given each result as it is there.

    Raises:
        BrigadeError: not such a table (with the line), or a recording cannot be written.
    """
    results = []
    for number, trial in enumerate(read_trials(path), 1):
        result = _import(trial, Path(out), number)
        if told is not None:
            told(result)
        results.append(result)
    return results


def left_out(results: Sequence[Imported]) -> Counter[tuple[str, str]]:
    """How many trials were left out, by layout and reason."""
    return Counter((result.layout, result.left_out) for result in results if result.left_out)


def _import(trial: Trial, out: Path, number: int) -> Imported:
    name = KITCHENS.get(trial.layout)
    reason = f"no kitchen here has the layout '{trial.layout}'" if name is None else _unlike(trial, load_kitchen(name))
    if name is None or reason:
        return Imported(trial.id, trial.layout, reason, ticks=len(trial.actions))
    players = _players(trial, load_kitchen(name))
    actions = [tuple(joint[player] for player in players) for joint in trial.actions]
    played = {old: _scores(name, old, actions) for old in (True, False)}
    differs = {old: _first_difference(trial.scores, ours) for old, (ours, _) in played.items()}
    agreed = {old: len(actions) if tick is None else tick for old, tick in differs.items()}
    old = agreed[True] >= agreed[False]
    kitchen = load_kitchen(name, len(actions), old)
    scores, places = played[old]
    agents: list[dict[str, Any]] = [
        {"name": "human" if trial.humans[player] else "agent", "options": {}, "human": trial.humans[player],
         "id": trial.players[player]}
        for player in players
    ]  # fmt: skip
    ids = {"imported": "overcooked_ai", "trial": trial.id, "layout": trial.layout}
    path = out / f"{number:04}-{kitchen.name}{ENDING}"
    recorder = RecordingWriter(path, make_header(kitchen, 0, None, agents, "nobody", {"kind": "imported"}, ids))
    play(kitchen, [Scripted([joint[seat] for joint in actions]) for seat in (0, 1)], mode="nobody", recorder=recorder)
    if recorder.failed is not None:
        raise BrigadeError(f"{path}: cannot be written: {recorder.failed}")
    theirs = [tuple(each[player] for player in players) for each in trial.places]
    return Imported(
        trial.id, trial.layout, "", kitchen.name, path, len(actions), trial.scores[-1], scores[-1], differs[old],
        next((tick for tick, (a, b) in enumerate(zip(theirs, places, strict=False)) if a != b), None), old,
        trial.loops[-1] - trial.loops[0] + 1 - len(trial.loops) if trial.loops else 0,
    )  # fmt: skip


def _scores(name: str, old: bool, actions: Sequence[Sequence[int]]) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Our score after each tick, and where the chefs stand before it."""
    kitchen = load_kitchen(name, len(actions), old)
    game = Game(kitchen)
    game.reset([0])
    scores, places = [], []
    for joint in actions:
        places.append(tuple(kitchen.cell(int(at)) for at in game.state.pos[0]))
        game.step([list(joint)])
        scores.append(int(game.state.score[0]))
    return scores, places


def _first_difference(theirs: Sequence[float], ours: Sequence[int]) -> int | None:
    return next((tick for tick, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b), None)


def _unlike(trial: Trial, kitchen: Kitchen) -> str:
    """Why a trial was not played in this kitchen; empty if it was."""
    if trial.terrain is not None and trial.terrain != terrain_of(kitchen):
        return f"its map is not that of our kitchen '{kitchen.name}'"
    if any(sorted(order) != SOUP for order in trial.orders):
        return "other things than onion soup are ordered"
    if trial.places and sorted(trial.places[0]) != sorted(kitchen.starts):
        return "it does not begin where our game begins"
    return ""


def terrain_of(kitchen: Kitchen) -> tuple[str, ...]:
    """A classic kitchen's map as the tables write it."""
    letters = "".join(TILES.get(tile, "?") for tile in kitchen.tile_names)
    return tuple(letters[y * kitchen.width : (y + 1) * kitchen.width] for y in range(kitchen.height))


def _players(trial: Trial, kitchen: Kitchen) -> tuple[int, ...]:
    """The player in each of our seats: in some trials they begin in each other's place."""
    return (1, 0) if trial.places and trial.places[0] != kitchen.starts else (0, 1)


def read_trials(path: str | Path) -> list[Trial]:
    """The trials of a table, in the order in which they begin.

    Raises:
        BrigadeError: not such a table; the message says in which row and column.
    """
    path = Path(path)
    try:
        trials: dict[str, Trial] = {}
        for number, row in enumerate(read_rows(path), 1):
            if number == 1:
                _check_columns([name for name in row if name is not None], path)
            _add(trials, row, f"{path}: row {number}")
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be read: {error.strerror}") from None
    if not trials:
        raise BrigadeError(f"{path}: there are no rows in it")
    return list(trials.values())


def _check_columns(names: Sequence[str], path: Path) -> None:
    if "workerid_num" in names and "trial_id" not in names:
        raise BrigadeError(
            f"{path}: this is the oldest form of the tables, without trial_id; convert it first with "
            "human_data_forward_compat.py of Overcooked-AI"
        )
    for name in REQUIRED:
        if name not in names:
            raise BrigadeError(
                f"{path}: not a table of Overcooked-AI trials: no column '{name}'; {nearest(name, names)}"
            )
    if "reward" not in names and "score" not in names:
        raise BrigadeError(f"{path}: neither a column 'reward' nor 'score' to compare with")


def _add(trials: dict[str, Trial], row: Row, where: str) -> None:
    """Add one row of the table to its trial."""
    try:
        trial = trials.get(str(row["trial_id"]))
        if trial is None:
            trial = trials[str(row["trial_id"])] = _begun(row)
        state = _value(row.get("state"))
        if isinstance(state, Mapping):
            trial.places.append(tuple((int(p["position"][0]), int(p["position"][1])) for p in state["players"]))
        trial.actions.append(_joint(_value(row["joint_action"])))
        if row.get("reward") not in (None, ""):
            trial.scores.append((trial.scores[-1] if trial.scores else 0.0) + float(row["reward"]))
        else:
            trial.scores.append(float(row["score"]))
        if row.get("cur_gameloop") not in (None, ""):
            trial.loops.append(int(float(row["cur_gameloop"])))
    except (
        KeyError, TypeError, ValueError, IndexError, SyntaxError, RecursionError, MemoryError, OverflowError,
    ) as error:  # fmt: skip
        raise BrigadeError(f"{where}: damaged: {type(error).__name__}: {str(error)[:120]}") from None


def _begun(row: Row) -> Trial:
    """A trial from its first row."""
    state, terrain = _value(row.get("state")), _value(row.get("layout"))
    orders: Sequence[Any] = state.get("all_orders") or () if isinstance(state, Mapping) else ()
    humans = (str(row.get(f"player_{player}_is_human", True)).lower() for player in (0, 1))
    if isinstance(terrain, str) and terrain:
        terrain = terrain.split("\n")
    rows = tuple(re.sub("[0-9]", " ", "".join(line)) for line in terrain) if isinstance(terrain, list) else None
    return Trial(
        id=str(row["trial_id"]),
        layout=str(row["layout_name"]),
        terrain=rows,
        orders=tuple(tuple(order["ingredients"]) for order in orders),
        humans=tuple(human in ("true", "1", "1.0") for human in humans),
        players=tuple(str(row.get(f"player_{player}_id", "")) for player in (0, 1)),
    )


def _value(cell: Any) -> Any:
    """A cell's data: JSON, or the same in Python's own writing, as some tables have it."""
    if not isinstance(cell, str) or cell[:1] not in ("[", "{", "("):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return ast.literal_eval(cell)


def _joint(value: Any) -> tuple[int, int]:
    """Our numbers of a joint action such as `[[0, -1], "INTERACT"]`."""
    first, second = (
        ACTIONS[each.lower() if isinstance(each, str) else (int(each[0]), int(each[1]))] for each in value
    )  # fmt: skip
    return first, second
