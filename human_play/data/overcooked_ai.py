"""Import of the public human trials of Overcooked-AI (Carroll et al. 2019, arXiv 1910.05789; tables of 2019 and 2020).

A table has a row per tick; of its columns are used `trial_id` (in the oldest form a trial is told by `workerid_num`,
`layout_name` and `run`), `layout_name`, `joint_action`, `reward` or `score`, and, where they are there, `state`,
`layout`, `cur_gameloop`, `player_0_is_human`, `player_1_is_human`. Every trial is played again through our rules and
recorded. Nothing of a table is trusted: a trial counts as agreeing only if our score is theirs at every tick. Who
played never leaves the table.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from brigade.envs.content import read
from brigade.envs.kitchen.content.folders import content_file
from brigade.envs.kitchen.content.layout import Kitchen, build_kitchen
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
POINTS, POINTS_THEN = 20, 5  # for a soup, now and in 2019
FLOOR = "_"  # on our maps
REQUIRED = ("trial_id", "layout_name", "joint_action")
OLDEST = ("workerid_num", "run")  # tell a game where there is no trial_id: who played, and in which of the runs


@dataclass
class Trial:
    """One game of a table.

    Attributes:
        id: of the trial; where the table tells games by who played them, a number of our own.
        layout: the table's name of it.
        actions: per tick, one of ours per player.
        scores: per tick, the sum of the rewards up to and with it, in today's points.
        places: per tick, (x, y) of each player before it; empty where the table has no states.
        loops: the table's own count of ticks.
        terrain: rows of the map, None where the table has none.
        orders: ingredients of what is ordered, empty where that is not said.
        humans: which of the players are.
        whole: whether the table has its beginning.
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
    whole: bool = True

    def in_points_of_today(self) -> None:
        """Where a soup was 5 points, as in 2019, it is worth 20."""
        before = [0.0, *self.scores]
        gained = {after - earlier for earlier, after in pairwise(before)} - {0.0}
        if all(points % POINTS_THEN == 0 for points in gained) and any(points % POINTS for points in gained):
            self.scores = [score * POINTS / POINTS_THEN for score in self.scores]


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
        BrigadeError: not such a table (with the line), a recording cannot be written, or no trial can be played here.
    """
    results: list[Imported] = []
    for number, trial in enumerate(read_trials(path), 1):
        result = _import(trial, Path(out), number)
        if told is not None:
            told(result)
        results.append(result)
    if all(result.left_out for result in results):
        reasons = "; ".join(f"layout '{layout}': {reason}" for layout, reason in left_out(results))
        raise BrigadeError(f"{path}: none of its {len(results)} trials can be played here: {reasons}")
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
    kitchens = {old: _kitchen(trial, name, old) for old in (True, False)}
    played = {old: _scores(kitchen, actions) for old, kitchen in kitchens.items()}
    differs = {old: _first_difference(trial.scores, ours) for old, (ours, _) in played.items()}
    agreed = {old: len(actions) if tick is None else tick for old, tick in differs.items()}
    old = agreed[True] >= agreed[False]
    kitchen, (scores, places) = kitchens[old], played[old]
    agents: list[dict[str, Any]] = [
        {"name": "human" if trial.humans[player] else "agent", "options": {}, "human": trial.humans[player]}
        for player in players
    ]
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


def _kitchen(trial: Trial, name: str, old: bool) -> Kitchen:
    """The kitchen as it was for a trial: in some, chefs began elsewhere."""
    kitchen = load_kitchen(name, len(trial.actions), old)
    if not trial.places or sorted(trial.places[0]) == sorted(kitchen.starts):
        return kitchen
    rows = [list(row) for row in kitchen.spec.map.strip("\n").split("\n")]
    for x, y in kitchen.starts:
        rows[y][x] = FLOOR
    for number, (x, y) in enumerate(trial.places[0], 1):
        rows[y][x] = str(number)
    changes = {"map": "\n".join(map("".join, rows)), "horizon": len(trial.actions), "old_dynamics": old}
    return build_kitchen(read(content_file("kitchen", name)), changes)


def _scores(kitchen: Kitchen, actions: Sequence[Sequence[int]]) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Our score after each tick, and where the chefs stand before it."""
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
    # The tables list every soup there might be, also of foods that a room lacks: none of them was made.
    if trial.orders and SOUP not in map(sorted, trial.orders):
        return "other things than onion soup are ordered"
    if not trial.whole:
        return "it does not begin where a game begins"
    if trial.places and not _can_begin(trial.places[0], kitchen):
        return "it begins where nobody can stand"
    return ""


def _can_begin(places: Sequence[tuple[int, int]], kitchen: Kitchen) -> bool:
    inside = all(0 <= x < kitchen.width and 0 <= y < kitchen.height for x, y in places)
    apart = len(set(places)) == len(places) == kitchen.chefs
    return inside and apart and all(kitchen.tile_names[kitchen.number(*place)] == "floor" for place in places)


def terrain_of(kitchen: Kitchen) -> tuple[str, ...]:
    """A classic kitchen's map as the tables write it."""
    letters = "".join(TILES.get(tile, "?") for tile in kitchen.tile_names)
    return tuple(letters[y * kitchen.width : (y + 1) * kitchen.width] for y in range(kitchen.height))


def _players(trial: Trial, kitchen: Kitchen) -> tuple[int, ...]:
    """The player in each of our seats: in some trials they begin in each other's place."""
    theirs = trial.places[0] if trial.places else kitchen.starts
    return (1, 0) if theirs != kitchen.starts and sorted(theirs) == sorted(kitchen.starts) else (0, 1)


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
    for trial in trials.values():
        trial.in_points_of_today()
    return list(trials.values())


def _check_columns(names: Sequence[str], path: Path) -> None:
    oldest = all(name in names for name in OLDEST)
    for name in REQUIRED:
        if name not in names and not (name == "trial_id" and oldest):
            raise BrigadeError(
                f"{path}: not a table of Overcooked-AI trials: no column '{name}'; {nearest(name, names)}"
            )
    if "reward" not in names and "score" not in names:
        raise BrigadeError(f"{path}: neither a column 'reward' nor 'score' to compare with")


def _add(trials: dict[str, Trial], row: Row, where: str) -> None:
    """Add one row of the table to its trial."""
    try:
        key = _key(row)
        trial = trials.get(key)
        if trial is None:
            trial = trials[key] = _begun(row, len(trials) + 1)
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


def _key(row: Row) -> str:
    """What tells the trials of a table apart."""
    if "trial_id" in row:
        return str(row["trial_id"])
    return json.dumps([str(row[name]) for name in (*OLDEST, "layout_name")])


def _begun(row: Row, number: int) -> Trial:
    """A trial from its first row; it is the `number`-th of the table."""
    state, terrain = _value(row.get("state")), _value(row.get("layout"))
    orders: Sequence[Any] = state.get("all_orders") or () if isinstance(state, Mapping) else ()
    humans = (str(row.get(f"player_{player}_is_human", True)).lower() for player in (0, 1))
    if isinstance(terrain, str) and terrain:
        terrain = terrain.split("\n")
    rows = tuple(re.sub("[0-9]", " ", "".join(line)) for line in terrain) if isinstance(terrain, list) else None
    return Trial(
        id=str(row.get("trial_id", number)),
        layout=str(row["layout_name"]),
        terrain=rows,
        orders=tuple(tuple(order["ingredients"]) for order in orders),
        humans=tuple(human in ("true", "1", "1.0") for human in humans),
        whole=_is_beginning(row, state),
    )


def _is_beginning(row: Row, state: Any) -> bool:
    """Whether nothing has been done yet before the first row of a trial."""
    loop = row.get("cur_gameloop")
    if loop not in (None, "") and float(loop) > 1:
        return False
    if not isinstance(state, Mapping):
        return True
    return not state.get("objects") and not any(player.get("held_object") for player in state["players"])


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
