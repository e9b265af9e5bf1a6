"""What imagining came to: how right the ideas of partners were, which plans were followed, and what it cost.

Theory of mind is scored each time a partner begins a turn (`theory_of_mind.turns`): the natural logarithm of the
probability that a model had given that turn (at least .001), the Brier score over all turns (0 to 2, less is better),
how often the most probable turn was the one, and calibration: the mean distance, over tenths of that greatest
probability, between it and how often it was right. Baselines stand beside it: any turn is as probable as any other
(`uniform`), the last one again (`repeating`), the rates so far (`base_rate`), those in this situation (`counting`).

A switch counts as recognised at the first tick from the switch on at which the most probable program is the one that
the partner has become.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE, figure, with_error
from brigade.experiments.kitchen.report.cost import ranked
from brigade.experiments.kitchen.report.metrics import Row, Run
from brigade.experiments.kitchen.run.episodes import IMAGINED, Episode, ThoughtRecord

LEAST, TENTHS = 1e-3, 10
LONGEST = 90  # characters of a team with its condition
ORDER = ("uniform", "repeating", "base_rate", "counting")
MIND_HEADS = ("team", "model", "turns", "log score", "Brier", "top 1", "calibration", "switch seen after")
MIND_ABOUT = (
    "Each time a partner takes something into empty hands or has a dish finished in them (a turn): the logarithm of "
    "the probability that was given to that turn before it began, the Brier score (0 to 2, less is better), how often "
    "the most probable turn was the one, and how far that probability is from how often it was right. Over episodes. "
    "Switch seen after: ticks until the most probable program is the one that the partner has become."
)
LOOK_HEADS = ("team", "looks", "imagined ticks a look", "adopted", "kept", "refused", "given up", "why not, most often")
LOOK_ABOUT = (
    "Per episode: looks ahead, and what became of plans. Adopted: followed from then on; kept: nothing new, or the "
    "plan in hand was looked at again and is still followed; refused: going on as before; given up: the plan in hand "
    "was worse than none. An imagined tick is one tick of a kitchen that is played in the mind."
)


@dataclass(frozen=True)
class MindScore:
    """How right one model of partners was in the episodes of a row.

    Attributes:
        team: the row's label.
        model: its name.
        turns: how many were foreseen.
        log: mean logarithm; `brier`: mean Brier score; `top`: share of turns that had the greatest probability.
        calibration: mean distance of that probability from how often it was right.
        recognised: ticks until a switch was recognised; None where no partner switches, or the model names no programs.
        unrecognised: episodes in which it was not.
    """

    team: str
    model: str
    turns: int
    log: Estimate
    brier: Estimate
    top: Estimate
    calibration: float
    recognised: Estimate | None = None
    unrecognised: int = 0


@dataclass(frozen=True)
class Looks:
    """What became of plans in the episodes of a row, and what imagining cost. Counts are per episode."""

    team: str
    looks: Estimate
    ticks: float
    fates: Mapping[str, float]
    reasons: tuple[tuple[str, int], ...]
    problems: tuple[tuple[str, int], ...]


def mind_scores(run: Run) -> list[MindScore]:
    """The scores of every model in every row, baselines first."""
    return [score for row in run.rows for score in _scores(row, run.episodes_of(row))]


def looks_of(run: Run) -> list[Looks]:
    """What became of plans, for every row in which somebody imagines."""
    found = [(row, [_imagined(episode) for episode in run.episodes_of(row)]) for row in run.rows]
    return [_looks(row, thoughts) for row, thoughts in found if any(thoughts)]


def mind_lines(scores: Sequence[MindScore]) -> list[list[str]]:
    """The lines of the table, with cells in the order of `MIND_HEADS`."""
    lines, before = [], ""
    for score in scores:
        lines.append(
            [_short(score.team) if score.team != before else "", score.model, str(score.turns), *_mind_cells(score)]
        )
        before = score.team
    return lines


def look_lines(looks: Sequence[Looks]) -> list[list[str]]:
    """The lines of the table, with cells in the order of `LOOK_HEADS`."""
    return [
        [
            _short(each.team),
            figure(each.looks.mean),
            figure(each.ticks, 0),
            *(figure(each.fates.get(fate, 0.0)) for fate in ("adopted", "kept", "refused", "given up")),
            each.reasons[0][0] if each.reasons else NONE,
        ]
        for each in looks
    ]


def _short(team: str) -> str:
    return team if len(team) <= LONGEST else team[: LONGEST - 1] + "…"


def _mind_cells(score: MindScore) -> list[str]:
    seen = NONE
    if score.recognised is not None:
        missed = f", never in {score.unrecognised}" if score.unrecognised else ""
        seen = f"{with_error(score.recognised)}{missed}"
    elif score.unrecognised:
        seen = f"never in {score.unrecognised}"
    return [
        *(with_error(estimate, 2) for estimate in (score.log, score.brier, score.top)),
        figure(score.calibration, 2),
        seen,
    ]


def _scores(row: Row, episodes: Sequence[Episode]) -> list[MindScore]:
    by_model: dict[str, list[list[tuple[float, ...]]]] = {}
    for episode in episodes:
        mine: dict[str, list[tuple[float, ...]]] = {}
        for thought in _imagined(episode):
            for scored in thought.scored:
                for model, figures in scored.models.items():
                    mine.setdefault(model, []).append(figures)
        for model, scores in mine.items():
            by_model.setdefault(model, []).append(scores)
    names = sorted(by_model, key=lambda name: (name not in ORDER, ORDER.index(name) if name in ORDER else 0, name))
    return [_score(row.label, name, by_model[name], episodes) for name in names]


def _score(
    team: str, model: str, scores: Sequence[Sequence[tuple[float, ...]]], episodes: Sequence[Episode]
) -> MindScore:
    every = np.array([figures for episode in scores for figures in episode])
    ticks = [_recognised(episode, model) for episode in episodes if _switch(episode) is not None]
    known = [tick for tick in ticks if tick is not None]
    believers = {name for e in episodes for t in _imagined(e) for _, _, name, _ in t.turned}
    return MindScore(
        team,
        model,
        len(every),
        estimate(float(np.mean([math.log(max(LEAST, chance)) for chance, *_ in each])) for each in scores),
        estimate(float(np.mean([brier for _, brier, *_ in each])) for each in scores),
        estimate(float(np.mean([hit for *_, hit in each])) for each in scores),
        calibration(every[:, 2], every[:, 3]),
        estimate(known) if known else None,
        sum(tick is None for tick in ticks) if model in believers else 0,
    )


def calibration(stated: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The mean distance, over tenths of the stated probability, between it and how often it was right."""
    tenths = np.minimum((stated * TENTHS).astype(int), TENTHS - 1)
    far = [abs(stated[tenths == t].mean() - right[tenths == t].mean()) * (tenths == t).sum() for t in set(tenths)]
    return float(sum(far) / len(stated))


def _switch(episode: Episode) -> tuple[int, int, str] | None:
    """Seat, tick and new program of a partner that switches."""
    for seat, agent in enumerate(episode.agents):
        if agent.name == "switching":
            options = agent.options
            return seat, int(options.get("at", 250)), str(options.get("second", "lettuce_specialist"))
    return None


def _recognised(episode: Episode, model: str) -> int | None:
    """Ticks from a switch to the first look at which the model's most probable program is the new one."""
    switch = _switch(episode)
    if switch is None:
        return None
    seat, at, second = switch
    before = ""
    for thought in _imagined(episode):
        for tick, other, name, program in thought.turned:
            if (other, name) == (seat, model):
                if program == second and tick >= at:
                    return tick - at
                before = program
    return 0 if before == second else None


def _imagined(episode: Episode) -> list[ThoughtRecord]:
    return [thought for thought in episode.thoughts if thought.kind in IMAGINED]


def _looks(row: Row, thoughts: Sequence[Sequence[ThoughtRecord]]) -> Looks:
    every = [thought for episode in thoughts for thought in episode if thought.outcome == "ok"]
    fates: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for thought in every:
        fate, _, why = thought.words.partition(": ")
        fates["given up" if "given up" in fate else fate.partition(",")[0]] += 1
        if fate.startswith(("refused", "kept", "given up")) and why and not why.startswith(("+", "-")):
            reasons[why] += 1
    problems = Counter(problem for thought in every for problem in thought.problems)
    imagined = [thought.imagined_ticks for thought in every if thought.imagined_ticks]
    return Looks(
        row.label,
        estimate(len(episode) for episode in thoughts),
        sum(imagined) / max(1, len(imagined)),
        {fate: count / len(thoughts) for fate, count in fates.items()},
        tuple(ranked(reasons)),
        tuple(ranked(problems)),
    )
