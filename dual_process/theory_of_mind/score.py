"""How right a theory of mind is: what each model foresaw of the turns that a partner then took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brigade.dual_process.partner_model import PartnerModel, Sight, Stated, spread
from brigade.dual_process.theory_of_mind.counting import BaseRate, Counting, Repeating
from brigade.dual_process.theory_of_mind.mind import Mind
from brigade.dual_process.theory_of_mind.serving import of_two
from brigade.dual_process.theory_of_mind.stated import AsStated
from brigade.dual_process.theory_of_mind.turns import turns_of
from brigade.envs.kitchen.content.layout import Kitchen

DIGITS = 4
ORDERS = "orders: "  # begins the names of models that are scored for who serves which order


class Scorer:
    """Scores models of one partner, beside baselines that everyone must beat.

    Args:
        kitchen: where.
        seat: the partner's.
    """

    def __init__(self, kitchen: Kitchen, seat: int):
        self.kitchen, self.seat = kitchen, seat
        self.baselines: Mapping[str, PartnerModel] = {
            "uniform": PartnerModel(), "repeating": Repeating(), "base_rate": BaseRate(), "counting": Counting(),
        }  # fmt: skip
        self._stated = AsStated()
        for model in (*self.baselines.values(), self._stated):
            model.begin(kitchen, seat)

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief; from now on it is scored too."""
        self._stated.told(stated)

    def see(self, sight: Sight, minds: Iterable[Mind]) -> list[list[Any]]:
        """Take in the next tick, before the models do.

        Returns:
            What was foreseen of the turn that the partner took, if any, and of orders that were served: tick, seat,
            turn or order, and by model (`orders: ...` for orders) the probability of what came, Brier score (0 to 2),
            greatest probability, and whether what came had it.
        """
        entries: list[list[Any]] = []
        if sight.turn is not None:
            stated = {"stated": self._stated} if self._stated.trusted else {}
            known = turns_of(self.kitchen)
            foreseen = {name: spread(model.turns(), known) for name, model in {**self.baselines, **stated}.items()}
            foreseen |= {mind.name: mind.turns() for mind in minds if mind.alive}
            scores = {name: scores_of(turns, sight.turn) for name, turns in foreseen.items()}
            entries.append([sight.now.tick, self.seat, sight.turn, scores])
        for model in (*self.baselines.values(), self._stated):
            model.see(sight)
        for order, chances, who in self._stated.served:
            scores = {ORDERS + name: scores_of(of_two(chance), who) for name, chance in chances.items()}
            entries.append([sight.now.tick, self.seat, order, scores])
        return entries


def scores_of(foreseen: Mapping[str, float], turn: str) -> list[float]:
    """Probability of the turn that was taken, Brier score, greatest probability, and whether the turn had it.

    Where several turns have the greatest probability, it is had by one of them drawn at random.

    Args:
        foreseen: how probable each turn was; together 1.
        turn: the one that was taken.
    """
    brier = sum((chance - (other == turn)) ** 2 for other, chance in foreseen.items())
    top = max(foreseen.values())
    favourites = [other for other, chance in foreseen.items() if chance == top]
    hit = (turn in favourites) / len(favourites)
    return [round(figure, DIGITS) for figure in (foreseen.get(turn, 0.0), brier, top, hit)]
