"""From the records of runs to figures: means and standard errors for every kitchen and team.

Contribution rate and score efficiency are defined at `dual_process.episode.result`. A value that an episode does not
have (nobody was paid, a chef without macro actions) is left out of the mean, and every mean says how many it is of.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from brigade.envs.registry import BrigadeError
from brigade.experiments.config import AgentSpec, KitchenChoice, RunConfig, jobs_of
from brigade.experiments.records import EPISODES, TIMINGS, read_results

# Results may come from anywhere: numbers no kitchen can produce are refused before they reach a sum or a plot.
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Tick = Annotated[int, Field(ge=0, le=10_000_000)]
Timing = Mapping[str, float]  # milliseconds, of those of `median` and `p99` that are known


class _Part(BaseModel):
    """Part of a record; what is not needed here is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Outcome(_Part):
    """The figures of one episode; lists are by seat."""

    score: Number
    gained: Number | None = None
    served: Number | None = None
    missed: Number | None = None
    wrong: Number | None = None
    fires: Number | None = None
    contribution_rate: tuple[Number | None, ...] = ()
    score_efficiency: tuple[Number | None, ...] = ()
    macros_succeeded: tuple[Number | None, ...] = ()
    macros_failed: tuple[Number | None, ...] = ()


class Episode(_Part):
    """One line of a results file, checked.

    Attributes:
        macros: by seat: name, first tick, last tick, whether it succeeded, why not.
        actions: by seat: one digit a tick.
    """

    key: str
    kitchen: KitchenChoice
    kitchen_digest: str = ""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    order_script: tuple[str, ...] | None = None
    agents: Annotated[tuple[AgentSpec, ...], Field(min_length=1)]
    finished: bool = True
    result: Outcome
    macros: tuple[tuple[tuple[str, Tick, Tick, bool, str], ...], ...] = ()
    actions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _seats(self) -> Episode:
        result, chefs = self.result, len(self.agents)
        lists = (result.contribution_rate, result.score_efficiency, result.macros_succeeded, result.macros_failed)
        for values in (*lists, self.macros, self.actions):
            if len(values) not in (0, chefs):
                raise ValueError(f"{chefs} agents, but a list by seat has {len(values)} entries")
        return self

    @property
    def kitchen_label(self) -> str:
        """The kitchen's name, with what is different about it."""
        return kitchen_label(self.kitchen)

    @property
    def team(self) -> tuple[str, ...]:
        """The agents, with their options, in order of seats."""
        return tuple(str(agent) for agent in self.agents)


@dataclass(frozen=True)
class Estimate:
    """A mean over episodes.

    Attributes:
        mean: None of no values.
        error: standard error, the sample standard deviation over the root of `count`; None for fewer than two values.
        count: how many values there are.
    """

    mean: float | None
    error: float | None
    count: int


@dataclass(frozen=True)
class Seat:
    """One chef of a team.

    Attributes:
        agent: its name, with options.
        contribution: share of the interactions in dishes that were paid for, 0 to 1.
        efficiency: points the team gained for each macro action of this chef that succeeded.
        macros_succeeded, macros_failed: per episode.
    """

    agent: str
    contribution: Estimate
    efficiency: Estimate
    macros_succeeded: Estimate
    macros_failed: Estimate


@dataclass(frozen=True)
class Row:
    """One team in one kitchen.

    Attributes:
        kitchen: its name, with what is different about it.
        kitchen_digest: which version of the kitchen and its cookbook.
        team: the agents in order of seats.
        episodes: how many are counted.
        unfinished: how many are left out because they were not played to their end.
        score: points, penalties included.
        gained: points for dishes, penalties left out.
        served, missed, wrong, fires: dishes paid, orders expired, dishes nobody had ordered, fires, per episode.
        seats: the chefs.
        decision_ms_median, decision_ms_p99: milliseconds one action took to choose, all chefs together, in the median
            episode; None without timings.
        timed: how many episodes have timings.
    """

    kitchen: str
    kitchen_digest: str
    team: tuple[str, ...]
    episodes: int
    unfinished: int
    score: Estimate
    gained: Estimate
    served: Estimate
    missed: Estimate
    wrong: Estimate
    fires: Estimate
    seats: tuple[Seat, ...]
    decision_ms_median: float | None
    decision_ms_p99: float | None
    timed: int

    @property
    def team_label(self) -> str:
        """The team on one line."""
        return " + ".join(self.team)


@dataclass(frozen=True)
class Run:
    """What a results folder holds.

    Attributes:
        folder: where it is.
        name: of the configuration.
        config, provenance: as the run's header has them.
        episodes: those there are, each once.
        expected: how many there will be, None when that cannot be told here.
        has_timings: whether there is a `timings.jsonl`.
        rows: one per kitchen and team, in the order of the configuration.
    """

    folder: Path
    name: str
    config: dict[str, Any]
    provenance: dict[str, Any]
    episodes: tuple[Episode, ...]
    expected: int | None
    has_timings: bool
    rows: tuple[Row, ...]

    @property
    def progress(self) -> str:
        """How much of it there is, in words."""
        count = len(self.episodes)
        if self.expected is None:
            return f"{count} episodes (how many there should be cannot be told here)"
        return f"{count} episodes" if count >= self.expected else f"{count} of {self.expected} episodes so far"

    def episodes_of(self, row: Row) -> list[Episode]:
        """The finished episodes that a row of this run was made from."""
        return [episode for episode in self.episodes if episode.finished and _group(episode) == _group(row)]


def read_runs(folders: Iterable[str | Path]) -> list[Run]:
    """Results folders, in the order given; see `read_run`."""
    return [read_run(folder) for folder in folders]


def read_run(folder: str | Path) -> Run:
    """A results folder, or its `episodes.jsonl`; a run that is still going on will do.

    Raises:
        BrigadeError: not there, damaged (with the line), or written by a newer version.
    """
    folder = Path(folder)
    path = folder / EPISODES if folder.is_dir() else folder
    header, *lines = read_results(path, unfinished=True)
    config, provenance = header.get("config"), header.get("provenance")
    if not isinstance(config, dict) or not isinstance(provenance, dict):
        raise BrigadeError(f"{path}:1: damaged: expected the configuration and the provenance of the run")
    found = [_episode(line, f"{path}:{number}") for number, line in enumerate(lines, 2)]
    episodes = tuple({episode.key: episode for episode in found}.values())
    timings = read_timings(path.parent / TIMINGS)
    expected, order = _plan(config)
    return Run(
        folder=folder,
        name=str(config.get("name", folder.name)),
        config=config,
        provenance=provenance,
        episodes=episodes,
        expected=expected,
        has_timings=timings is not None,
        rows=tuple(rows_of(episodes, timings or {}, order)),
    )


def rows_of(
    episodes: Iterable[Episode], timings: Mapping[str, Timing], order: Sequence[tuple[str, tuple[str, ...]]] = ()
) -> list[Row]:
    """One row per kitchen and team.

    Args:
        episodes: of one run.
        timings: by the episodes' keys.
        order: (kitchen, team) in the order of the rows; others come after, in the order of the episodes.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(_group(episode), []).append(episode)
    places = {pair: place for place, pair in reversed(list(enumerate(order)))}
    rows = [_row(members, timings) for members in groups.values()]
    return sorted(rows, key=lambda row: places.get((row.kitchen, row.team), len(places)))


def estimate(values: Iterable[float | None]) -> Estimate:
    """Mean and standard error of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return Estimate(None, None, 0)
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else None
    return Estimate(statistics.fmean(known), error, len(known))


def read_timings(path: Path) -> dict[str, Timing] | None:
    """How long decisions took, by the episodes' keys; None when there is no such file.

    A run that was killed leaves half a line, and goes on writing after it. Timings are beside the point of a run, so
    lines that cannot be read are passed over; how many episodes have timings is counted.

    Raises:
        BrigadeError: the file is there but cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be read: {error.strerror}") from None
    timings: dict[str, Timing] = {}
    for line in text.split("\n"):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        spent = entry.get("decision_ms") if isinstance(entry, dict) else None
        if isinstance(spent, dict):
            timings[str(entry.get("key"))] = {
                name: float(spent[name])
                for name in ("median", "p99")
                if isinstance(spent.get(name), int | float) and 0 <= spent[name] < 1e12
            }
    return timings


def kitchen_label(kitchen: KitchenChoice) -> str:
    """A kitchen's name, with what is different about it."""
    options = {key: value for key, value in kitchen.model_dump(exclude_none=True).items() if key != "name"}
    changes = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{kitchen.name} ({changes})" if changes else kitchen.name


def _group(of: Episode | Row) -> tuple[str, str, tuple[str, ...]]:
    kitchen = of.kitchen if isinstance(of, Row) else of.kitchen_label
    return kitchen, of.kitchen_digest, of.team


def _row(episodes: list[Episode], timings: Mapping[str, Timing]) -> Row:
    first = episodes[0]
    done = [episode for episode in episodes if episode.finished]
    results = [episode.result for episode in done]
    timed = [timings[episode.key] for episode in done if timings.get(episode.key)]
    return Row(
        kitchen=first.kitchen_label,
        kitchen_digest=first.kitchen_digest,
        team=first.team,
        episodes=len(done),
        unfinished=len(episodes) - len(done),
        score=estimate(result.score for result in results),
        gained=estimate(result.gained for result in results),
        served=estimate(result.served for result in results),
        missed=estimate(result.missed for result in results),
        wrong=estimate(result.wrong for result in results),
        fires=estimate(result.fires for result in results),
        seats=tuple(_seat(seat, agent, results) for seat, agent in enumerate(first.team)),
        decision_ms_median=_median(timing.get("median") for timing in timed),
        decision_ms_p99=_median(timing.get("p99") for timing in timed),
        timed=len(timed),
    )


def _seat(seat: int, agent: str, results: Sequence[Outcome]) -> Seat:
    def over(values: Iterable[tuple[float | None, ...]]) -> Estimate:
        return estimate(by_seat[seat] if by_seat else None for by_seat in values)

    return Seat(
        agent=agent,
        contribution=over(result.contribution_rate for result in results),
        efficiency=over(result.score_efficiency for result in results),
        macros_succeeded=over(result.macros_succeeded for result in results),
        macros_failed=over(result.macros_failed for result in results),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _episode(line: dict[str, Any], where: str) -> Episode:
    try:
        return Episode.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BrigadeError(f"{where}: damaged: {field or 'record'}: {first['msg']}") from None


def _plan(config: dict[str, Any]) -> tuple[int | None, list[tuple[str, tuple[str, ...]]]]:
    """How many episodes the run is of, if that can be told here, and the order of its kitchens and teams."""
    if not isinstance(config.get("seeds"), list):  # as the header of a run has them; a number would be spelt out here
        return None, []
    try:
        planned = RunConfig.model_validate(config)
    except ValidationError:
        return None, []
    order = [
        (kitchen_label(kitchen), tuple(str(agent) for agent in team))
        for kitchen in planned.kitchens
        for team in planned.teams
    ]
    try:
        return len(jobs_of(planned)), order
    except BrigadeError:  # a kitchen or a file of order scripts that is not on this machine
        return None, order
