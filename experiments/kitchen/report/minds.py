"""What each mind is worth: the team it thinks in against the same team with the state machine in its place.

For runs that vary who answers (`vary: {reasoner: [...]}`). Over all partners together, episode by episode: the mean
gain, how many episodes came out exactly equal, the partner beside whom it does worst, and whether it costs anything: a
one-sided test of the paired differences (normal, since there are dozens of pairs), corrected over the minds after Holm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import NONE, with_error
from brigade.experiments.kitchen.report.cost import thinks
from brigade.experiments.kitchen.report.metrics import Run, differences
from brigade.experiments.kitchen.run.episodes import condition_label

LEVEL = 0.05  # of the test, over all minds together
LONGEST = 48  # characters of a mind's name
HEADS = ("mind", "n", "vs fsm", "equal", "worst beside", "errors", "p", "costs")
ABOUT = (
    "Score less that of the state machine in its place, over pairs with the same partner, seed and script, all "
    "partners together. Equal: pairs with the same score. Worst beside: the partner with the lowest mean in standard "
    "errors. "
    f"p: one-sided, that it costs nothing; costs: whether it does, at {LEVEL:.0%} after Holm."
)


@dataclass(frozen=True)
class Mind:
    """What one mind came to in one framework.

    Attributes:
        name: what varies, in words.
        agent: the framework.
        gain: over all pairs.
        equal: pairs with the same score.
        worst: the team in which it does worst, and by how many standard errors (None where they do not differ).
        p: one-sided, None where there is no spread.
        costs: whether it is significantly below the state machine.
    """

    name: str
    agent: str
    gain: Estimate
    equal: int
    worst: tuple[str, float | None]
    p: float | None
    costs: bool = False


def minds(run: Run) -> list[Mind]:
    """The minds of a run, in its order; none where it does not vary who answers."""
    pairs: dict[tuple[str, str], dict[str, list[float]]] = {}
    groups = run.groups
    for row in run.rows:
        gained = differences(row.group, groups)
        if "reasoner" not in row.condition or gained is None or row.cost is None:
            continue  # nobody in it thinks, whoever answers
        agent = next((label for label in row.team if thinks(label.partition("(")[0])), row.team[0])
        pairs.setdefault((condition_label(row.condition), agent), {})[row.team_label] = gained
    return _corrected([_mind(_words(name), agent, teams) for (name, agent), teams in pairs.items()])


def lines_of(found: Sequence[Mind]) -> list[list[str]]:
    """The lines of the table, with cells in the order of `HEADS`."""
    several = len({mind.agent for mind in found}) > 1
    return [_cells(mind, several) for mind in found]


def _cells(mind: Mind, several: bool) -> list[str]:
    team, errors = mind.worst
    name = f"{mind.agent}, {mind.name}" if several else mind.name
    return [
        name if len(name) <= LONGEST else name[: LONGEST - 1] + "…",
        str(mind.gain.count),
        with_error(mind.gain, sign=True),
        str(mind.equal),
        team,
        NONE if errors is None else f"{errors:+.1f}",
        NONE if mind.p is None else f"{mind.p:.3f}",
        "yes" if mind.costs else "no",
    ]


def _mind(name: str, agent: str, teams: dict[str, list[float]]) -> Mind:
    every = [gained for gains in teams.values() for gained in gains]
    errors = {team: _errors(estimate(gains)) for team, gains in teams.items()}
    worst = min(errors, key=lambda team: errors[team] or 0.0)
    gain = estimate(every)
    z = _errors(gain)
    p = None if z is None else NormalDist().cdf(z)
    return Mind(name, agent, gain, sum(gained == 0 for gained in every), (worst, errors[worst]), p)


def _words(condition: str) -> str:
    """A condition without what every mind's has."""
    words = condition.replace("reasoner.", "")
    return (
        words.replace("kind=constant, options.plan=", "always ")
        .replace("kind=", "")
        .replace("quality", "house, quality")
    )


def _errors(gain: Estimate) -> float | None:
    """A mean in its standard errors; None where every pair is the same."""
    return gain.mean / gain.error if gain.mean is not None and gain.error else None


def _corrected(found: Sequence[Mind]) -> list[Mind]:
    """Holm: the smallest p against LEVEL / n, the next against LEVEL / (n - 1), until one is too large."""
    tested = sorted((mind for mind in found if mind.p is not None), key=lambda mind: mind.p or 0.0)
    costly: set[int] = set()
    for place, mind in enumerate(tested):
        if mind.p is None or mind.p >= LEVEL / (len(tested) - place):
            break
        costly.add(id(mind))
    return [Mind(**{**vars(mind), "costs": id(mind) in costly}) for mind in found]
