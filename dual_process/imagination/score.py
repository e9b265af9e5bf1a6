"""How right a theory of mind is: what each model foresaw of the turns that a partner then took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.dual_process.imagination.counting import BaseRate, Counting, Repeating
from brigade.dual_process.imagination.stated import AsStated
from brigade.dual_process.partner_model import PartnerModel, Sight, Stated
from brigade.dual_process.turns import turns_of
from brigade.envs.kitchen.content.layout import Kitchen

DIGITS = 4


class Scorer:
    """Scores models of one partner, beside baselines that everyone must beat.

    Args:
        kitchen: where.
        seat: the partner's.
    """

    def __init__(self, kitchen: Kitchen, seat: int):
        self.kitchen, self.seat = kitchen, seat
        self.baselines: dict[str, PartnerModel] = {
            "uniform": PartnerModel(), "repeating": Repeating(), "base_rate": BaseRate(), "counting": Counting(),
        }  # fmt: skip
        self._stated = AsStated()
        for model in (*self.baselines.values(), self._stated):
            model.begin(kitchen, seat)

    def told(self, stated: Stated) -> None:
        """System 2 has stated a belief; from now on it is scored too."""
        self._stated.told(stated)

    def see(self, sight: Sight, models: Mapping[str, PartnerModel]) -> list[Any] | None:
        """Take in the next tick, before the models do.

        Returns:
            What was foreseen of the turn that the partner took, None if it took none: tick, seat, turn, and by model
            the probability of that turn, Brier score (0 to 2), greatest probability, and whether the turn had it.
        """
        entry = None
        if sight.turn is not None:
            stated = {"stated": self._stated} if self._stated.trusted else {}
            everyone = {**self.baselines, **stated, **models}
            scores = {name: scores_of(model.turns(), sight.turn, self.kitchen) for name, model in everyone.items()}
            entry = [sight.now.tick, self.seat, sight.turn, scores]
        for model in (*self.baselines.values(), self._stated):
            model.see(sight)
        return entry


def scores_of(foreseen: Mapping[str, float], turn: str, kitchen: Kitchen) -> list[float]:
    """Probability of the turn that was taken, Brier score, greatest probability, and whether the turn had it.

    Args:
        foreseen: how probable each turn was; what is left of 1 is shared by those that are not named.
        turn: the one that was taken.
        kitchen: where.
    """
    known = turns_of(kitchen)
    unnamed = [other for other in known if other not in foreseen]
    left = max(0.0, 1.0 - sum(foreseen.values()))
    chances = {other: foreseen.get(other, left / max(1, len(unnamed))) for other in known}
    brier = sum((chance - (other == turn)) ** 2 for other, chance in chances.items())
    top = max(known, key=lambda other: chances[other])
    return [round(figure, DIGITS) for figure in (chances.get(turn, 0.0), brier, chances[top], float(top == turn))]
