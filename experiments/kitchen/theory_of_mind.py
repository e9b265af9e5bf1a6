"""How right ideas of a partner are in games that were recorded, without playing: `brigade tom`.

A recording is played again. Each chef is watched, from the seat of another, by type inference (`types`), by the
baselines, and by a reasoner that is asked for its belief every so often, as `dpt` asks it. Each time the chef begins a
turn, what each of them had foreseen is scored, as in the report of a run.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brigade.agents.base import Observation, View
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.dual_process.asking import request_of
from brigade.dual_process.frameworks import framework_of
from brigade.dual_process.history import History
from brigade.dual_process.imagination.imagination import Imagination
from brigade.dual_process.imagination.settings import Imagining
from brigade.dual_process.llm.protocol import Failure, Reasoner
from brigade.dual_process.plan.statements import Authority
from brigade.dual_process.reasoners import Occasion, ReasonerSpec, make_reasoner
from brigade.dual_process.thinker import read_reply
from brigade.dual_process.thought_kinds.base import Memory, Moment, make_kind
from brigade.dual_process.thought_kinds.belief import Belief
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.foresight import Foresight, foresight_of, place_of
from brigade.simulation.recording import Recording, read_recording, recordings_in

EVERY = 50  # ticks between beliefs, as `dpt` has it
BUDGET_TOKENS = 6000
DPT = "dpt"


@dataclass(frozen=True)
class Watched:
    """What was foreseen of one chef in one recording.

    Attributes:
        path: of the recording.
        chef: who it was: the agent's name, or `human`.
        seat: where.
        scored: for each of its turns, and each order that was served, what `theory_of_mind.score` says of it.
        unusable: beliefs of the reasoner that were none.
    """

    path: Path
    chef: str
    seat: int
    scored: list[Any]
    unusable: int


@dataclass(frozen=True, kw_only=True)
class Line(Foresight):
    """How right a model was of one sort of chef; means over games."""

    chef: str
    games: int


class _Onlooker:
    """The fast side of someone who only looks on."""

    authority: Authority = "check"

    def doing(self, observed: ObservedState) -> dict[str, Any]:
        return {"doing": "looking on"}

    def can_do(self, observed: ObservedState) -> list[str]:
        return []

    def asked(self) -> dict[str, Any]:
        return {}


def recordings_of(paths: Iterable[str | Path]) -> list[Path]:
    """The recordings among files and folders, each once.

    Raises:
        BrigadeError: there are none in one of them.
    """
    found = (recordings_in(path) if path.is_dir() else [path] for path in map(Path, paths))
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


def watch(recording: Recording, reasoner: ReasonerSpec, every: int = EVERY) -> list[Watched]:
    """Watch every chef of a recording.

    Args:
        recording: of a kitchen with several chefs.
        reasoner: who is asked for beliefs.
        every: ticks between them.

    Raises:
        BrigadeError: the kitchen has one chef, or it cannot be made.
    """
    kitchen = recording.kitchen
    _, difference = recording.compare()
    if difference is not None:
        raise BrigadeError(f"{recording.path}: today's kitchen plays it otherwise: {difference}")
    if kitchen.chefs < 2:
        raise BrigadeError(f"{recording.path}: kitchen '{kitchen.name}' has one chef: there is no partner to foresee")
    return [_watch(recording, seat, reasoner, every) for seat in range(kitchen.chefs)]


def watch_all(
    paths: Sequence[Path],
    reasoner: ReasonerSpec,
    every: int = EVERY,
    told: Callable[[Path, str], None] = lambda path, problem: None,
) -> list[Watched]:
    """Watch every chef of every recording; one that cannot be read is told of and left out."""
    found = []
    for path in paths:
        problem = ""
        try:
            found += watch(read_recording(path), reasoner, every)
        except BrigadeError as error:
            problem = str(error)
        told(path, problem)
    return found


def lines_of(watched: Sequence[Watched]) -> list[Line]:
    """A line for each sort of chef and model, baselines first."""
    groups: dict[tuple[str, str], list[list[list[float]]]] = {}
    for one in watched:
        models: dict[str, list[list[float]]] = {}
        for _, _, _, scores in one.scored:
            for model, figures in scores.items():
                models.setdefault(model, []).append(figures)
        for model, figures_of in models.items():
            groups.setdefault((one.chef, model), []).append(figures_of)
    return [
        Line(chef=chef, games=len(groups[chef, model]), **foresight_of(model, groups[chef, model]))
        for chef, model in sorted(groups, key=lambda group: (group[0], place_of(group[1])))
    ]


def _watch(recording: Recording, seat: int, spec: ReasonerSpec, every: int) -> Watched:
    kitchen = recording.kitchen
    me = (seat + 1) % kitchen.chefs
    view = View(kitchen, me)
    imagination = Imagination(view, Imagining(models=["types"]))
    imagination.minds = {other: minds for other, minds in imagination.minds.items() if other == seat}
    believer = _Believer(view, make_reasoner(spec, Occasion(seat)))
    for observation in _observations(recording):
        imagination.see(observation)
        believer.see(observation)
        if observation["tick"] and observation["tick"] % every == 0:
            belief = asyncio.run(believer.believe(observation))
            if belief is not None and seat in belief.stated:
                imagination.told(seat, belief.stated[seat])
    agent = recording.header["agents"][seat]
    chef = "human" if agent.get("human") else str(agent.get("name"))
    return Watched(recording.path, chef, seat, imagination.record()["scored"], believer.unusable)


def _observations(recording: Recording) -> Iterator[Observation]:
    yield recording.start().describe()
    for game in recording.play_again():
        yield game.describe()


class _Believer:
    """Asks a reasoner for beliefs, as the thinker of `dpt` does."""

    def __init__(self, view: View, reasoner: Reasoner):
        self.view, self.reasoner = view, reasoner
        self.history = History(view.kitchen, view.seat)
        self.memory, self.framework = Memory(self.history), framework_of(DPT)
        self.kind = make_kind("belief")
        self.unusable = 0

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""
        observed = read_state(self.view.kitchen, observation)
        self.history.see(observed, observed.score)

    async def believe(self, observation: Observation) -> Belief | None:
        """What the reasoner believes now; None if it cannot be used."""
        observed = read_state(self.view.kitchen, observation)
        fast: Any = _Onlooker()
        moment = Moment(observed, self.view, self.memory, fast, self.framework, False, lambda kind: "")
        request, _ = request_of(self.kind, self.framework.thoughts["belief"], moment, BUDGET_TOKENS)
        answer = await self.reasoner.ask(request)
        belief = None if isinstance(answer, Failure) else read_reply(self.kind, request, moment, answer)[0]
        if not isinstance(belief, Belief):
            self.unusable += 1
            return None
        self.kind.remember(self.memory, belief)
        return belief
