"""Studies over a run: how teams recover when their partner changes, and faults by kind and rate.

Recovery from a switch. Let `at` be the tick from which the `switching` partner is the second agent. Episodes are
played again to learn the points gained in each tick (dishes only, penalties left out), averaged over the episodes of
the team. The rate before the switch is the mean over the ticks from 100 to `at`; the kitchen is empty before. Then
come windows of 60 ticks that lie wholly after the switch: recovery is how many ticks after the switch the first of
them begins whose rate is at least 90 % of the reference. Zero means that the first 60 ticks after the switch already
earn that. The reference is the rate before the switch of the same team, or, common to all teams, that of the state
machine with the same partner. Intervals are of a percentile bootstrap over episodes with a seeded generator; the
state machine's rate is held fixed in it. A recovery beyond the end of the episode is None.

What a switch costs altogether. A first window can be earned from what lay ready, and a drop can come later; `lost` is
the whole shortfall from the switch to the end against the team's own rate before, in ticks of that rate. Negative: it
gained. `saved` is how many ticks fewer that is than `dpt_without_tom` lost with the same partner on the same seeds,
which is what theory of mind is worth; both are resampled together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE
from brigade.experiments.kitchen.report.metrics import Row, Run
from brigade.experiments.kitchen.run.episodes import Episode
from brigade.experiments.kitchen.run.replays import Replay, replay

WINDOW, SETTLED, SHARE = 60, 100, 0.9  # ticks, ticks, of the reference rate
RESAMPLES, BOOTSTRAP_SEED = 2000, 20240
FAULTS = "reasoner.knobs.faults"
WITHOUT = "dpt_without_tom"
DEFINITION = (
    "Points gained per 100 ticks (dishes only), means over episodes. "
    f"Before: from tick {SETTLED} to the switch; after: from there to the end. "
    f"Recovery: ticks from the switch to the beginning of the first window of {WINDOW} ticks, wholly after the switch, "
    f"that earns at least {SHARE:.0%} of what is gained before the switch, by the same team (own) or by the state "
    "machine with the same partner (fsm's). 0: the first window already earns that; never: none does. "
    "Lost: the whole shortfall after the switch against the team's own rate before it, in ticks of that rate. "
    "Saved: ticks fewer lost than without theory of mind on the same seeds. "
    "In brackets the 95 % interval of a bootstrap over episodes, the state machine's rate held fixed."
)
Gains = NDArray[np.float64]  # (episodes, ticks) points gained in each tick


@dataclass(frozen=True)
class Ticks:
    """So many ticks: until a rate is back, or what a switch cost in ticks of the team's earnings before it.

    Attributes:
        ticks: None for what is not back before the end; negative where the team earned more than before.
        low, high: of the 95 % interval; None beyond the end.
    """

    ticks: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        ticks, low, high = ("never" if value is None else f"{value:.0f}" for value in (self.ticks, self.low, self.high))
        return f"{ticks} ({low} to {high})"


@dataclass(frozen=True)
class Switch:
    """How one team fared when its partner changed.

    Attributes:
        kitchen, team, condition: as its row has them.
        at: tick of the switch.
        episodes: how many were played again.
        before, after: points gained per tick in an episode, from tick 100 to the switch and from there to the end.
        own: recovery to the team's own rate; None when it earned nothing before.
        common: recovery to the state machine's rate; None when it is not in the run, or earned nothing.
        lost: what the switch cost; None when the team earned nothing before.
        saved: how much less that is than without theory of mind; None for that team itself, and when it is not in the
            run with the same seeds.
        rate: of the window of 60 ticks that ends with each tick, points per tick; None where there is no such window.
    """

    kitchen: str
    team: tuple[str, ...]
    condition: str
    at: int
    episodes: int
    before: Estimate
    after: Estimate
    own: Ticks | None
    common: Ticks | None
    lost: Ticks | None
    saved: Ticks | None
    rate: tuple[float | None, ...]

    @property
    def label(self) -> str:
        """The chefs that do not switch."""
        return " + ".join(agent for agent in self.team if not agent.startswith("switching"))

    @property
    def partner(self) -> str:
        """The chef that switches."""
        return " + ".join(agent for agent in self.team if agent.startswith("switching"))


@dataclass(frozen=True)
class FaultCell:
    """One kind of fault at one rate: the row it was played in."""

    kind: str
    rate: float
    row: Row


def switches(run: Run) -> list[Switch]:
    """How every team with a switching partner fared, in the order of the rows."""
    gains = {row.group: found for row in run.rows if (found := _gains(run, row)) is not None}
    return [
        _switch(row, gains[row.group], _instead(row, gains, "fsm"), _instead(row, gains, WITHOUT))
        for row in run.rows
        if row.group in gains
    ]  # fmt: skip


def recovery(gains: Gains, at: int, reference: float | None) -> Ticks | None:
    """Ticks after the switch until the rate is back; see the top of this file.

    Args:
        gains: (episodes, ticks) points gained in each tick.
        at: tick of the switch.
        reference: points per tick to come back to; None for the team's own rate before the switch, which is then
            resampled with the episodes.
    """
    own = reference is None
    samples = _resampled(gains)
    if (samples[0, SETTLED:at].mean() if reference is None else reference) <= 0:
        return None
    goals = samples[:, SETTLED:at].mean(axis=1) if own else np.full(len(samples), reference)
    sums = np.cumsum(np.pad(samples, ((0, 0), (1, 0))), axis=1)
    rates = (sums[:, at + WINDOW :] - sums[:, at:-WINDOW]) / WINDOW
    back = rates >= SHARE * goals[:, None] - 1e-9
    ticks = np.where(back.any(axis=1), back.argmax(axis=1), np.inf)
    return _interval(ticks, None)


def lost(gains: Gains, at: int) -> Ticks | None:
    """What the switch cost until the end, in ticks of the team's own rate before; see the top of this file."""
    return _interval(_shortfalls(gains, at))


def saved(gains: Gains, without: Gains, at: int) -> Ticks | None:
    """How many ticks fewer a switch cost one team than another; episodes in the same order of the same seeds."""
    return _interval(_shortfalls(without, at) - _shortfalls(gains, at))


def _shortfalls(gains: Gains, at: int) -> NDArray[np.float64]:
    """(1 + RESAMPLES,) ticks; not a number where nothing was earned before."""
    samples = _resampled(gains)
    before, after = samples[:, SETTLED:at].mean(axis=1), samples[:, at:]
    with np.errstate(divide="ignore", invalid="ignore"):
        ticks: NDArray[np.float64] = after.shape[1] - after.sum(axis=1) / np.where(before > 0, before, np.nan)
    return ticks


def _interval(ticks: NDArray[np.float64], digits: int | None = 6) -> Ticks | None:
    """The first of them with the interval of the others; whole ones without digits, None of not a number."""
    if math.isnan(ticks[0]):
        return None
    limits = np.nanquantile(ticks[1:], [0.025, 0.975], method="inverted_cdf").tolist()
    return Ticks(*(None if math.isinf(each) else round(each, digits) for each in (float(ticks[0]), *limits)))


def _resampled(gains: Gains) -> Gains:
    """The mean over episodes, then the means of bootstrap resamples, (1 + RESAMPLES, ticks)."""
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    picks = generator.multinomial(len(gains), [1 / len(gains)] * len(gains), RESAMPLES) / len(gains)
    return np.concatenate([gains.mean(axis=0, keepdims=True), picks @ gains])


def faults_of(run: Run) -> list[FaultCell]:
    """The rows of a run that vary one kind of fault at a time, in the order of the rows."""
    cells = []
    for row in run.rows:
        faults = row.condition.get(FAULTS)
        if isinstance(faults, Mapping) and len(faults) == 1:
            ((kind, rate),) = faults.items()
            if isinstance(rate, int | float) and math.isfinite(rate):
                cells.append(FaultCell(str(kind), float(rate), row))
    return cells


def numeric_keys(run: Run) -> list[str]:
    """The keys that vary over at least two numbers in a run."""
    values: dict[str, set[float]] = {}
    for row in run.rows:
        for key, value in row.condition.items():
            values.setdefault(key, set()).add(_number(value))
    return [key for key, found in values.items() if len(found) > 1 and all(math.isfinite(value) for value in found)]


def _number(value: Any) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if fits else math.nan


class _Found(NamedTuple):
    at: int
    gains: Gains
    seeds: tuple[int, ...]


def _gains(run: Run, row: Row) -> _Found | None:
    """The tick of the switch and the points gained in each tick, None when there is no switch to be studied."""
    episodes = sorted(run.episodes_of(row), key=lambda episode: (episode.seed, episode.key))
    at = _switches_at(episodes[0]) if episodes else None
    if at is None:
        return None
    played = [(e.seed, found) for e in episodes if isinstance(found := replay(e), Replay)]
    length = min((len(found.gained) for _, found in played), default=0) - 1
    if length < at + WINDOW or at < SETTLED + WINDOW:
        return None
    gains = np.array([np.diff(found.gained[: length + 1]) for _, found in played], dtype=np.float64)
    return _Found(at, gains, tuple(seed for seed, _ in played))


def _switches_at(episode: Episode) -> int | None:
    for agent in episode.agents:
        if agent.name == "switching":
            at = agent.options.get("at", 250)  # as `brigade.agents.specialists` has it
            return at if isinstance(at, int) and not isinstance(at, bool) and at >= 0 else None
    return None


def _instead(row: Row, gains: Mapping[Any, _Found], agent: str) -> _Found | None:
    """What an agent in the place of the team's own earned with the same partner."""
    team = tuple(name if name.startswith("switching") else agent for name in row.team)
    return gains.get((row.kitchen, row.kitchen_digest, team, row.condition_label))


def _switch(row: Row, found: _Found, machine: _Found | None, without: _Found | None) -> Switch:
    at, gains, seeds = found
    sums = np.cumsum(np.pad(gains.mean(axis=0), (1, 0)))
    rates = ((sums[WINDOW:] - sums[:-WINDOW]) / WINDOW).tolist()
    paired = without is not None and without is not found and without.seeds == seeds
    return Switch(
        kitchen=row.kitchen,
        team=row.team,
        condition=row.condition_label,
        at=at,
        episodes=len(gains),
        before=estimate(gains[:, SETTLED:at].mean(axis=1).tolist()),
        after=estimate(gains[:, at:].mean(axis=1).tolist()),
        own=recovery(gains, at, None),
        common=None if machine is None else recovery(gains, at, float(machine.gains[:, SETTLED : machine.at].mean())),
        lost=lost(gains, at),
        saved=saved(gains, without.gains, at) if paired and without is not None else None,
        rate=(*[None] * WINDOW, *(round(rate, 9) for rate in rates)),
    )


def fault_table(cells: Sequence[FaultCell], words: Callable[[Row], str]) -> tuple[list[float], list[list[str]]]:
    """Rates in ascending order, and a line for each kind of fault: words about the row at each rate, or a dash."""
    rates = sorted({cell.rate for cell in cells})
    by = {(cell.kind, cell.rate): words(cell.row) for cell in cells if cell.row.cost is not None}
    kinds = dict.fromkeys(cell.kind for cell in cells)
    return rates, [[kind, *(by.get((kind, rate), NONE) for rate in rates)] for kind in kinds]
