"""A recording as a replay: the kitchen at any tick, what was said and thought by then, and what happened when."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

from brigade.agents.base import Observation
from brigade.dual_process.old_names import agent_now, thoughts_now
from brigade.envs.kitchen.engine.state import State
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.human_game import Happening, Seat, Setup, changes_in_words
from brigade.simulation.episode import Tick
from brigade.simulation.messages import Mode
from brigade.simulation.recording import Recording, read_recording

SNAPSHOT_TICKS = 50  # between two snapshots, in an episode of the usual length
MOST_SNAPSHOTS = 2000  # of longer ones they are further apart
KEPT = 64  # described states that are kept
USUAL_HZ = 4.0  # of a recording that does not say


class Replay:
    """Random access to a recording. Tick k is the kitchen after k ticks; tick 0 is the start.

    A recording that was cut, or that the engine plays otherwise today, is shown as far as it goes; `warnings` has what
    is wrong with it.

    Args:
        recording: of any agents and people.

    Attributes:
        recording: as given.
        ticks: the last tick there is.
        horizon: the last tick of a whole game.
        hz: ticks per second.
        seats: who cooked, in order of seats.
        setup: the same with the kitchen, as the screens want it.
        scores: the points at every tick, `ticks + 1` numbers.
        marks: what happened, in order.
        differs_at: the first tick that is not played as it was recorded; None when all are.
        warnings: sentences for whoever watches.

    Raises:
        BrigadeError: its header is damaged.
    """

    def __init__(self, recording: Recording):
        self.recording = recording
        header = recording.header
        kitchen = recording.kitchen
        self.ticks, self.horizon = len(recording.ticks), kitchen.horizon
        self.hz = _hz(header.get("clock"))
        self.seats = _seats(header["agents"], header["version"])
        self._names = [seat.name for seat in self.seats]
        mode = header.get("messages")
        self.setup = Setup(
            kitchen, self.seats, self.hz, header["seed"], header["order_script"],
            cast(Mode, mode) if mode in get_args(Mode) else "both",
        )  # fmt: skip
        same, difference = recording.replayed()
        self.differs_at = None if difference is None else min(same + 1, self.ticks)
        self.warnings = tuple(_warnings(recording, difference))
        self._every = max(SNAPSHOT_TICKS, -(-self.ticks // MOST_SNAPSHOTS))
        self._game = recording.start()
        self._snapshots: list[State] = []
        self._described = lru_cache(KEPT)(self._describe)
        self._thoughts: dict[tuple[int, str], list[tuple[int, dict[str, Any]]]] = {}
        self.scores, self.marks = self._play()

    def state(self, tick: int) -> Observation:
        """The described kitchen at a tick; it is shared, do not change it.

        Raises:
            BrigadeError: there is no such tick.
        """
        if not 0 <= tick <= self.ticks:
            raise BrigadeError(f"{self.recording.path}: has ticks 0 to {self.ticks}, not {tick}")
        return self._described(tick)

    def thoughts_at(self, tick: int) -> dict[tuple[int, str], dict[str, Any]]:
        """The last thought of each kind that had taken effect, by seat and kind, as the recording has it."""
        known: dict[tuple[int, str], dict[str, Any]] = {}
        for key, thoughts in sorted(self._thoughts.items()):
            count = bisect_right(thoughts, tick, key=lambda entry: entry[0])
            if count:
                known[key] = thoughts[count - 1][1]
        return known

    def marks_between(self, first: float, last: float) -> tuple[Happening, ...]:
        """What happened in these ticks, both included."""
        begin = bisect_right(self.marks, first - 1, key=lambda mark: mark.at)
        return self.marks[begin : bisect_right(self.marks, last, key=lambda mark: mark.at)]

    def _describe(self, tick: int) -> Observation:
        """Play from where the game is, or from the last snapshot if that is nearer."""
        at = int(self._game.state.tick[0])
        nearest = tick // self._every
        if not nearest * self._every <= at <= tick:
            self._game.restore(self._snapshots[nearest])
            at = nearest * self._every
        for line in self.recording.ticks[at:tick]:
            self._game.step([line.actions])
        return self._game.describe()

    def _play(self) -> tuple[tuple[int, ...], tuple[Happening, ...]]:
        """Play it once: the score at every tick, what happened, and snapshots on the way."""
        game, marks = self._game, list[Happening]()
        stats: list[int] = game.state.stats[0].tolist()
        self._snapshots.append(game.snapshot())
        scores = [int(game.state.score[0])]
        for number, line in enumerate(self.recording.ticks, 1):
            game.step([line.actions])
            old, stats = stats, game.state.stats[0].tolist()
            changes = changes_in_words(self.setup.kitchen, old, stats)
            marks += [Happening(number, kind, words) for kind, words in changes]
            marks += self._spoken(number, line)
            scores.append(int(game.state.score[0]))
            if number % self._every == 0:
                self._snapshots.append(game.snapshot())
        return tuple(scores), tuple(marks)

    def _spoken(self, at: int, line: Tick) -> list[Happening]:
        """What was said in a tick, and thought; what names a seat that there is not is left out."""
        seats = range(len(self.seats))
        marks = [Happening(at, "said", said.text, said.seat) for said in line.messages if said.seat in seats]
        for thought in thoughts_now(line.thoughts, self._names):
            seat, kind = thought.get("seat"), thought.get("kind")
            if isinstance(seat, int) and seat in seats and isinstance(kind, str):
                marks.append(Happening(at, "thought", kind, seat))
                self._thoughts.setdefault((seat, kind), []).append((at, thought))
        return marks


def open_replay(path: str | Path) -> Replay:
    """The replay of a recording's file.

    Raises:
        BrigadeError: it cannot be read, or is no recording.
    """
    return Replay(read_recording(path))


def _hz(clock: object) -> float:
    hz = clock.get("hz") if isinstance(clock, Mapping) else None
    return float(hz) if isinstance(hz, int | float) and hz > 0 else USUAL_HZ


def _seats(agents: list[Mapping[str, Any]], version: int) -> tuple[Seat, ...]:
    """Names that occur twice get a number; chefs without a hat wear that of their seat."""
    names = [agent_now(str(agent.get("name") or "chef"), version) for agent in agents]
    seats = []
    for number, (agent, name) in enumerate(zip(agents, names, strict=True)):
        hat = agent.get("hat")
        twice = f" {Counter(names[: number + 1])[name]}" if names.count(name) > 1 else ""
        hat = hat if isinstance(hat, int) and hat >= 0 else number
        seats.append(Seat(name, {}, bool(agent.get("human")), name.replace("_", " ") + twice, hat))
    return tuple(seats)


def _warnings(recording: Recording, difference: str | None) -> list[str]:
    told = []
    if recording.cut is not None:
        told.append(f"Not whole: {recording.cut}; a whole game here has {recording.kitchen.horizon} ticks.")
    if difference is not None:
        told.append(f"Does not replay: {difference}. From there on this is what the engine plays today.")
    elif (changed := recording.compare()[1]) is not None:
        told.append(f"It replays, but {changed}.")
    return told
