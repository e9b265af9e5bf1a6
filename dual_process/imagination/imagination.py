"""What one chef imagines: who its partners are, and what would come of going on in one way or another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from brigade.agents.base import Agent, Observation, View
from brigade.agents.planning.observed_state import ObservedState, ReadOnce, read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.dual_process.imagination.look import Comparison, Look, ProgramFault, Team, Way
from brigade.dual_process.imagination.settings import Imagining, models_of
from brigade.dual_process.partner_model import Sight, Stated
from brigade.dual_process.theory_of_mind.mind import Mind
from brigade.dual_process.theory_of_mind.score import Scorer
from brigade.dual_process.theory_of_mind.turns import turn_of

LEAST = 0.01  # probability from which a belief is recorded
MOST_TEAMS = 4  # ideas of who all the partners are that are reckoned with
UNFORESEEN = "the partner does what nobody foresaw"


class Imagination:
    """Watches an episode from one seat, and looks ahead when it is asked.

    Args:
        view: whose seat.
        settings: how.

    Attributes:
        minds: partner models, by the partner's seat.
        problems: what went wrong with them since the last record.
    """

    def __init__(self, view: View, settings: Imagining):
        self.view, self.settings = view, settings
        self.recipes = recipes_of(view.kitchen)
        self.problems: list[str] = []
        self._scored: list[Any] = []
        self._turned: list[Any] = []
        self._before: ObservedState | None = None
        self._favourites: dict[tuple[int, str], str] = {}
        self._made_by: dict[int, Mind] = {}  # by id of a program, whose it is
        others = [seat for seat in range(view.kitchen.chefs) if seat != view.seat]
        self.minds = {seat: self._minds(seat) for seat in others}
        self._scorers = {seat: Scorer(view.kitchen, seat) for seat in others if settings.scored}

    def _minds(self, seat: int) -> list[Mind]:
        minds = []
        for name, model in models_of(self.settings):
            model.scored = self.settings.scored or len(self.settings.models) > 1 or not model.guards_itself
            minds.append(Mind(name, model, self.view.kitchen, seat, self.problems.append))
        return minds

    def see(self, observation: Observation) -> None:
        """Take in the next tick."""
        observation = ReadOnce(observation)
        now, before = read_state(self.view.kitchen, observation), self._before
        if before is not None and before.tick >= now.tick:
            return
        for seat, minds in self.minds.items():
            turn = turn_of(before, now, seat, self.recipes) if before is not None else None
            sight = Sight(observation, before, now, turn)
            if seat in self._scorers:
                self._scored += self._scorers[seat].see(sight, minds)
            for mind in minds:
                mind.see(sight)
                self._note_favourite(mind, now.tick)
        self._before = now

    def told(self, seat: int, stated: Stated) -> None:
        """System 2 has stated what it believes of a partner; of nobody else is anything believed."""
        for mind in self.minds.get(seat, ()):
            mind.told(stated)
        if seat in self._scorers:
            self._scorers[seat].told(stated)

    @property
    def trusted(self) -> bool:
        """Whether every partner does what is expected of it by some model, so that it may be imagined."""
        return all(any(mind.trusted for mind in minds) for minds in self.minds.values())

    def believed(self) -> dict[int, dict[str, dict[str, float]]]:
        """By seat and model: what it believes."""
        return {
            seat: {mind.name: mind.believed() for mind in minds if mind.alive} for seat, minds in self.minds.items()
        }

    def record(self) -> dict[str, Any]:
        """What records keep of the partners: what is believed, what was scored and what went wrong since last time."""
        believed = {
            str(seat): {name: {k: round(v, 3) for k, v in each.items() if v >= LEAST} for name, each in models.items()}
            for seat, models in self.believed().items()
        }
        told: dict[str, Any] = {"believed": believed, "turned": list(self._turned), "scored": list(self._scored)}
        if self.problems:
            told["problems"] = list(self.problems)
        for taken in (self._turned, self._scored, self.problems):
            taken.clear()
        return told

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
            return Look(why=UNFORESEEN if self._anyone_left() else "no partner model is left", blind=True)
        teams = self.teams(int(observation["tick"]))
        if not teams:
            return Look(why="there is no idea of who the partner is", blind=True)
        view = self.view
        comparison = Comparison(view.kitchen, view.seat, hands, teams, observation, self.settings, screen, view.seed)
        try:
            return comparison.of(ways)
        except ProgramFault as fault:
            mind = self._made_by.get(id(teams[fault.team][1].get(fault.seat)))
            if mind is not None:
                mind.leave_out(str(fault))
            return Look(why=f"imagining failed: {fault}", blind=mind is not None, ticks=comparison.look.ticks)

    def teams(self, draw: int) -> list[Team]:
        """Who the others may be together, the most probable first."""
        self._made_by = {}
        each = [[(seat, *player) for player in self._players(seat, draw)] for seat in self.minds]
        teams = [
            (math.prod(weight for _, weight, _ in others), {seat: agent for seat, _, agent in others})
            for others in itertools.product(*each)
        ]
        likely = sorted(teams, key=lambda team: -team[0])[:MOST_TEAMS]
        total = sum(weight for weight, _ in likely)
        return [(weight / total, others) for weight, others in likely]

    def _players(self, seat: int, draw: int) -> list[tuple[float, Agent]]:
        """Who a partner may be, those of several models weighed by how well each foresaw its turns."""
        minds = [mind for mind in self.minds[seat] if mind.trusted]
        most = max((mind.log for mind in minds), default=0.0)
        players = []
        for mind in minds:
            for weight, agent in mind.programs(draw):
                self._made_by[id(agent)] = mind
                players.append((math.exp(mind.log - most) * weight, agent))
        total = sum(weight for weight, _ in players)
        return [(weight / total, agent) for weight, agent in players if weight > 0]

    def _anyone_left(self) -> bool:
        return all(any(mind.alive for mind in minds) for minds in self.minds.values())

    def _note_favourite(self, mind: Mind, tick: int) -> None:
        """Note when a model changes its mind about who the partner is."""
        believed = mind.believed()
        favourite = max(believed, key=lambda name: believed[name], default="")
        if favourite and self._favourites.get((mind.seat, mind.name)) != favourite:
            self._favourites[mind.seat, mind.name] = favourite
            self._turned.append([tick, mind.seat, mind.name, favourite])
