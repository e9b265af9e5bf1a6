"""What one chef imagines: who its partners are, and what would come of going on in one way or another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from brigade.agents.base import Observation, View
from brigade.agents.planning.observed_state import ObservedState, ReadOnce, read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.imagination.look import Comparison, Look, Team, Way
from brigade.dual_process.imagination.score import Scorer
from brigade.dual_process.imagination.settings import Imagining
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, partner_models
from brigade.dual_process.turns import turn_of
from brigade.envs.asking import asking
from brigade.envs.registry import BrigadeError

FLOOR = 1e-3  # the least probability with which several models are weighed
LEAST = 0.01  # probability from which a belief is recorded
RECENT = 0.95  # weight, a turn later, of how well a model foresaw a turn


class Imagination:
    """Watches an episode from one seat, and looks ahead when it is asked.

    Args:
        view: whose seat.
        settings: how.

    Raises:
        BrigadeError: a partner model that there is not, or that cannot be made.
    """

    def __init__(self, view: View, settings: Imagining):
        self.view, self.settings = view, settings
        self.recipes = recipes_of(view.kitchen)
        self.problems: list[str] = []
        self.scored: list[Any] = []
        self._before: ObservedState | None = None
        self._teams = 0
        others = [seat for seat in range(view.kitchen.chefs) if seat != view.seat]
        self.minds = {seat: dict(_models(settings)) for seat in others}
        self._logs = {seat: dict.fromkeys(models, 0.0) for seat, models in self.minds.items()}
        self._scorers = {seat: Scorer(view.kitchen, seat) for seat in others if settings.scored}
        for seat, models in self.minds.items():
            for name in list(models):
                models[name].scored = settings.scored or len(models) > 1
                self._asking(seat, name, lambda model, seat=seat: model.begin(view.kitchen, seat))

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""
        observation = ReadOnce(observation)
        now = read_state(self.view.kitchen, observation)
        before = self._before
        if before is not None and before.tick >= now.tick:
            return
        for seat, models in self.minds.items():
            turn = turn_of(before, now, seat, self.recipes) if before is not None else None
            sight = Sight(observation, before, now, turn)
            if seat in self._scorers:
                self._score(seat, sight)
            for name in list(models):
                self._asking(seat, name, lambda model, name=name, seat=seat, sight=sight: self._show(seat, name, sight))
        self._before = now

    def told(self, seat: int, stated: Stated) -> None:
        """System 2 has stated what it believes of a partner."""
        for name in list(self.minds.get(seat, ())):
            self._asking(seat, name, lambda model: model.told(stated))
        if seat in self._scorers:
            self._scorers[seat].told(stated)

    @property
    def trusted(self) -> bool:
        """Whether every partner does what is expected of it by some model, so that it may be imagined."""
        return all(any(model.trusted for model in models.values()) for models in self.minds.values())

    def believed(self) -> dict[int, dict[str, dict[str, float]]]:
        """By seat and model: what it believes."""
        return {
            seat: {name: dict(model.believed()) for name, model in models.items()}
            for seat, models in self.minds.items()
        }

    def record(self) -> dict[str, Any]:
        """What records keep of the partners: what is believed, what was scored and what went wrong since last time."""
        problems, self.problems = self.problems, []
        scored, self.scored = self.scored, []
        believed = {
            str(seat): {name: {k: round(v, 3) for k, v in each.items() if v >= LEAST} for name, each in models.items()}
            for seat, models in self.believed().items()
        }
        told: dict[str, Any] = {"believed": believed, "scored": scored}
        return told | ({"problems": problems} if problems else {})

    def look(self, observation: Observation, hands: Any, ways: Sequence[Way], screen: bool = False) -> Look:
        """Compare ways to go on with going on as before.

        Args:
            observation: what is seen now; it has been shown to `see`.
            hands: what acts for this chef, as it is now; it is copied.
            ways: what could be done.
            screen: whether what is no better in the first future is left at that.
        """
        if not ways:
            return Look()
        if self.settings.budget == 0:
            return Look(why="no budget: nothing is imagined")
        if not self.trusted:
            return Look(why="the partner does what nobody foresaw", blind=True)
        teams = self.teams(int(observation["tick"]))
        if not teams:
            return Look(why="there is no idea of who the partner is", blind=True)
        comparison = Comparison(self.view.kitchen, self.view.seat, hands, teams, observation, self.settings, screen)
        return comparison.of(ways)

    def teams(self, draw: int) -> list[Team]:
        """Who the others may be together, the most probable first."""
        each = [[(seat, *player) for player in self._players(seat, draw)] for seat in self.minds]
        teams = [
            (math.prod(weight for _, weight, _ in others), {seat: agent for seat, _, agent in others})
            for others in itertools.product(*each)
        ]
        return sorted(teams, key=lambda team: -team[0])

    def _players(self, seat: int, draw: int) -> list[tuple[float, Any]]:
        """Who a partner may be, those of several models weighed by how well each foresaw its turns."""
        weights = self._weights(seat)
        players = [
            (weights[name] * weight, agent)
            for name, model in self.minds[seat].items()
            if model.trusted
            for weight, agent in model.programs(draw)
        ]
        total = sum(weight for weight, _ in players)
        return [(weight / total, agent) for weight, agent in players if weight > 0]

    def _weights(self, seat: int) -> Mapping[str, float]:
        logs = self._logs[seat]
        most = max(logs.values(), default=0.0)
        return {name: math.exp(log - most) for name, log in logs.items()}

    def _score(self, seat: int, sight: Sight) -> None:
        try:
            with asking(lambda: "a partner model", "saying what it foresees"):
                entry = self._scorers[seat].see(sight, self.minds[seat])
        except BrigadeError as fault:
            self.problems.append(f"nothing is scored any more: {fault}")
            del self._scorers[seat]
            return
        if entry is not None:
            self.scored.append(entry)

    def _show(self, seat: int, name: str, sight: Sight) -> None:
        model = self.minds[seat][name]
        if sight.turn is not None and len(self.minds[seat]) > 1:
            known = max(FLOOR, float(model.turns().get(sight.turn, 0.0)))
            self._logs[seat][name] = RECENT * self._logs[seat][name] + math.log(known)
        model.see(sight)

    def _asking(self, seat: int, name: str, ask: Any) -> None:
        """Ask a partner model; one that fails is dropped for the episode, and it is said."""
        try:
            with asking(lambda: f"partner model '{name}'", "watching"):
                ask(self.minds[seat][name])
        except BrigadeError as fault:
            self.problems.append(f"left out: {fault}")
            del self.minds[seat][name], self._logs[seat][name]


def _models(settings: Imagining) -> list[tuple[str, PartnerModel]]:
    models = []
    for entry in settings.models:
        name, options = (entry, {}) if isinstance(entry, str) else (str(entry.get("name")), entry.get("options", {}))
        models.append((name, partner_models.make(name, **options)))
    return models
