"""From the records of runs to figures: means and standard errors for every kitchen and team.

Contribution rate and score efficiency are defined at `dual_process.episode.result`. A value that an episode does not
have (nobody was paid, a chef without macro actions) is left out of the mean, and every mean says how many it is of.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brigade.batch.configuration.vary import combinations
from brigade.batch.estimate import Estimate, estimate
from brigade.batch.folder.run_folder import TIMINGS, read_timings, seconds
from brigade.dual_process.old_names import TASK_LISTS, agent_now
from brigade.envs.content import checked
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.cost import Cost, cost_of
from brigade.experiments.kitchen.run.config import RunConfig, jobs_of
from brigade.experiments.kitchen.run.episodes import Episode, Group, Outcome, condition_label, kitchen_label
from brigade.experiments.kitchen.run.results import EPISODES, read_results

COUNTED = ("score", "gained", "served", "missed", "wrong", "fires")  # figures of an episode
Timing = Mapping[str, float]  # milliseconds, of those of `median` and `p99` that are known


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
    """One team in one kitchen under one condition.

    Attributes:
        kitchen: its name, with what is different about it.
        kitchen_digest: which version of the kitchen and its cookbook.
        team: the agents in order of seats.
        condition: what varies in the run, as it is here.
        episodes: how many are counted.
        unfinished: how many are left out because they were not played to their end.
        score: points, penalties included.
        versus_fsm: points more than the same team with the state machine in the place of one chef, over the pairs of
            episodes with the same seed and script; None when the run has no such team.
        gained: points for dishes, penalties left out.
        served, missed, wrong, fires: dishes paid, orders expired, dishes nobody had ordered, fires, per episode.
        seats: the chefs.
        decision_ms_median, decision_ms_p99: milliseconds one action took to choose, all chefs together, in the median
            episode; None without timings.
        timed: how many episodes have timings.
        cost: of the thinking; None when nobody thinks.
    """

    kitchen: str
    kitchen_digest: str
    team: tuple[str, ...]
    condition: dict[str, Any]
    episodes: int
    unfinished: int
    score: Estimate
    versus_fsm: Estimate | None
    gained: Estimate
    served: Estimate
    missed: Estimate
    wrong: Estimate
    fires: Estimate
    seats: tuple[Seat, ...]
    decision_ms_median: float | None
    decision_ms_p99: float | None
    timed: int
    cost: Cost | None

    @property
    def team_label(self) -> str:
        """The team on one line."""
        return " + ".join(self.team)

    @property
    def condition_label(self) -> str:
        """The condition on one line, empty when nothing varies."""
        return condition_label(self.condition)

    @property
    def label(self) -> str:
        """The team, and the condition where something varies."""
        return f"{self.team_label} [{self.condition_label}]" if self.condition else self.team_label

    @property
    def group(self) -> Group:
        """What its episodes have in common."""
        return self.kitchen, self.kitchen_digest, self.team, self.condition_label


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
        rows: one per kitchen, team and condition, in the order of the configuration.
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

    @property
    def groups(self) -> dict[Group, list[Episode]]:
        """The episodes by kitchen, team and condition."""
        return grouped(self.episodes)

    def episodes_of(self, row: Row) -> list[Episode]:
        """The finished episodes that a row of this run was made from."""
        return [episode for episode in self.episodes if episode.finished and episode.group == row.group]


def read_runs(folders: Iterable[str | Path], left_out: list[str] | None = None) -> list[Run]:
    """Results folders, in the order given; see `read_run`.

    Args:
        folders: which.
        left_out: is given what is wrong with those that cannot be read, as long as any can; else that is raised.
    """
    runs, problems = [], list[BrigadeError]()
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except BrigadeError as error:
            problems.append(error)
    if problems and (left_out is None or not runs):
        raise problems[0]
    if left_out is not None:
        left_out += map(str, problems)
    return runs


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
    config = _named_now(config, header["version"])
    found = [checked(Episode, line, f"{path}:{number}: damaged: ") for number, line in enumerate(lines, 2)]
    episodes = tuple({episode.key: episode for episode in found}.values())
    timings = decision_times(path.parent / TIMINGS)
    expected, order = _plan(config)
    return Run(
        folder=folder,
        name=str(config.get("name", folder.name)),
        config=config,
        provenance=provenance,
        episodes=episodes,
        expected=expected,
        has_timings=timings is not None,
        rows=tuple(rows_of(episodes, timings or {}, order, config)),
    )


def _named_now(config: dict[str, Any], version: int) -> dict[str, Any]:
    """A configuration with its agents as they are called now."""
    if version >= TASK_LISTS or not isinstance(config.get("teams"), list):
        return config
    teams = [
        [agent | {"name": agent_now(str(agent.get("name")), version)} for agent in team if isinstance(agent, dict)]
        for team in config["teams"]
        if isinstance(team, list)
    ]
    return {**config, "teams": teams}


def rows_of(
    episodes: Iterable[Episode],
    timings: Mapping[str, Timing],
    order: Sequence[tuple[str, tuple[str, ...], str]] = (),
    config: Mapping[str, Any] | None = None,
) -> list[Row]:
    """One row per kitchen, team and condition.

    Args:
        episodes: of one run.
        timings: by the episodes' keys.
        order: (kitchen, team, condition) in the order of the rows; others come after, in the order of the episodes.
        config: of the run, as its header has it: who answers the thinking agents.
    """
    groups = grouped(episodes)
    places = {triple: place for place, triple in reversed(list(enumerate(order)))}
    rows = [
        replace(_row(members, timings, config or {}), versus_fsm=versus_fsm(group, groups))
        for group, members in groups.items()
    ]
    return sorted(rows, key=lambda row: places.get((row.kitchen, row.team, row.condition_label), len(places)))


def grouped(episodes: Iterable[Episode]) -> dict[Group, list[Episode]]:
    """Episodes by kitchen, team and condition."""
    groups: dict[Group, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.group, []).append(episode)
    return groups


def versus_fsm(group: Group, groups: Mapping[Group, Sequence[Episode]]) -> Estimate | None:
    """How many points a team gets more than with the state machine in the place of one chef.

    The other team is of the same kitchen and condition, with `fsm` in exactly one seat where this one has another
    agent (the first such seat, if there are several). Episodes with the same seed and script make a pair; the mean
    and the standard error are those of the differences within pairs.

    Returns:
        None when there is no such team.
    """
    gained = differences(group, groups)
    return None if gained is None else estimate(gained)


def differences(group: Group, groups: Mapping[Group, Sequence[Episode]]) -> list[float] | None:
    """The differences whose mean `versus_fsm` is, pair by pair; None when there is no such team."""
    kitchen, kitchen_digest, team, condition = group
    for seat, agent in enumerate(team):
        other = (kitchen, kitchen_digest, (*team[:seat], "fsm", *team[seat + 1 :]), condition)
        if agent != "fsm" and other in groups:
            theirs = {episode.draw: episode.result.score for episode in groups[other] if episode.finished}
            mine = {episode.draw: episode.result.score for episode in groups[group] if episode.finished}
            return [score - theirs[draw] for draw, score in mine.items() if draw in theirs]
    return None


def decision_times(path: Path) -> dict[str, Timing] | None:
    """How long decisions took, by the episodes' keys; None when there is no such file.

    Lines that cannot be read are passed over; how many episodes have timings is counted.

    Raises:
        BrigadeError: the file is there but cannot be read.
    """
    if not path.exists():
        return None
    timings: dict[str, Timing] = {}
    for entry in read_timings(path):
        spent = entry.get("decision_ms")
        if isinstance(spent, dict):
            told = {name: seconds(spent.get(name)) for name in ("median", "p99")}
            timings[str(entry.get("key"))] = {name: value for name, value in told.items() if value is not None}
    return timings


def _row(episodes: list[Episode], timings: Mapping[str, Timing], config: Mapping[str, Any]) -> Row:
    first = episodes[0]
    done = [episode for episode in episodes if episode.finished]
    results = [episode.result for episode in done]
    timed = [timings[episode.key] for episode in done if timings.get(episode.key)]
    return Row(
        kitchen=first.kitchen_label,
        kitchen_digest=first.kitchen_digest,
        team=first.team,
        condition=first.condition,
        episodes=len(done),
        unfinished=len(episodes) - len(done),
        versus_fsm=None,
        **{name: estimate(getattr(result, name) for result in results) for name in COUNTED},
        seats=tuple(_seat(seat, agent, results) for seat, agent in enumerate(first.team)),
        decision_ms_median=_median(timing.get("median") for timing in timed),
        decision_ms_p99=_median(timing.get("p99") for timing in timed),
        timed=len(timed),
        cost=cost_of(done or episodes, config),
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


def _plan(config: dict[str, Any]) -> tuple[int | None, list[tuple[str, tuple[str, ...], str]]]:
    """How many episodes the run is of, if that can be told here, and the order of kitchens, teams and conditions."""
    if not isinstance(config.get("seeds"), list):  # as the header of a run has them; a number would be spelt out here
        return None, []
    try:
        planned = RunConfig.model_validate(config)
    except ValidationError:
        return None, []
    order = [
        (kitchen_label(kitchen), tuple(str(agent) for agent in team), condition_label(condition))
        for kitchen in planned.kitchens
        for team in planned.teams
        for condition in combinations(planned.vary)
    ]
    try:
        return len(jobs_of(planned)), order
    except BrigadeError:  # a kitchen or a file of order scripts that is not on this machine
        return None, order
