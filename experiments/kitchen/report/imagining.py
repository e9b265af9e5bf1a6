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

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE, figure, with_error
from brigade.experiments.kitchen.report.cost import ranked
from brigade.experiments.kitchen.report.foresight import HEADS, Foresight, foresight_of, place_of
from brigade.experiments.kitchen.report.metrics import Row, Run
from brigade.experiments.kitchen.run.episodes import IMAGINED, Episode, ThoughtRecord

LONGEST = 90  # characters of a team with its condition
MIND_HEADS = ("team", "model", *HEADS, "switch seen after")
MIND_ABOUT = (
    "Each time a partner takes something into empty hands or has a dish finished in them (a turn): the logarithm of "
    "the probability that was given to that turn before it began, the Brier score (0 to 2, less is better), how often "
    "the most probable turn was the one, and how far that probability is from how often it was right. Over episodes. "
    "Switch seen after: ticks until the most probable program is the one that the partner has become. 'orders:' the "
    "same of every order that was served: by this partner, or by somebody else; base_rate is its share so far."
)
LOOK_HEADS = ("team", "looks", "imagined ticks a look", "adopted", "kept", "refused", "given up", "why not, most often")
LOOK_ABOUT = (
    "Per episode: looks ahead, and what became of plans. Adopted: followed from then on; kept: nothing new, or the "
    "plan in hand was looked at again and is still followed; refused: going on as before; given up: the plan in hand "
    "was worse than none. An imagined tick is one tick of a kitchen that is played in the mind."
)


@dataclass(frozen=True, kw_only=True)
class MindScore(Foresight):
    """How right one model of partners was in the episodes of a row.

    Attributes:
        team: the row's label.
        recognised: ticks until a switch was recognised; None where no partner switches, or the model names no programs.
        unrecognised: episodes in which it was not.
    """

    team: str
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


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes:
        title, aside: its heading, and small after it.
        about: what it shows.
        heads, lines: its cells.
        widths: of its columns in a terminal, in characters.
        problems: what went wrong, with how often.
    """

    title: str
    aside: str
    about: str
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]
    widths: Sequence[int]
    problems: Sequence[tuple[str, int]] = ()


def tables_of(run: Run) -> list[Table]:
    """What there is to say of imagining in a run."""
    tables = []
    if scores := mind_scores(run):
        widths = [34, 10, 6, 12, 11, 11, 11, 14]
        aside = "how right the ideas of partners were"
        tables.append(Table("Theory of mind", aside, MIND_ABOUT, MIND_HEADS, mind_lines(scores), widths))
    if looks := looks_of(run):
        widths, lines = [34, 6, 9, 7, 6, 7, 7, 30], look_lines(looks)
        problems = ranked(sum((Counter(dict(each.problems)) for each in looks), Counter()))
        tables.append(Table("Plans that were imagined", "per episode", LOOK_ABOUT, LOOK_HEADS, lines, widths, problems))
    return tables


def mind_lines(scores: Sequence[MindScore]) -> list[list[str]]:
    """The lines of the table, with cells in the order of `MIND_HEADS`."""
    lines, before = [], ""
    for score in scores:
        team = "" if score.team == before else _short(score.team)
        lines.append([team, score.model, *score.cells, _seen_after(score)])
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


def _seen_after(score: MindScore) -> str:
    """When a switch was recognised, and in how many episodes it was not."""
    never = f"never in {score.unrecognised}" if score.unrecognised else ""
    known = with_error(score.recognised) if score.recognised is not None else ""
    return ", ".join(filter(None, (known, never))) or NONE


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
    return [_score(row.label, name, by_model[name], episodes) for name in sorted(by_model, key=place_of)]


def _score(
    team: str, model: str, scores: Sequence[Sequence[tuple[float, ...]]], episodes: Sequence[Episode]
) -> MindScore:
    ticks = [_recognised(episode, model) for episode in episodes if _switch(episode) is not None]
    known = [tick for tick in ticks if tick is not None]
    believers = {name for e in episodes for t in _imagined(e) for _, _, name, _ in t.turned}
    return MindScore(
        team=team,
        recognised=estimate(known) if known else None,
        unrecognised=sum(tick is None for tick in ticks) if model in believers else 0,
        **foresight_of(model, scores),
    )


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
