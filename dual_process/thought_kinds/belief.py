"""Theory of mind: what the partner prefers, does next, and how to fit in; in words and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.partner_model import Stated
from brigade.dual_process.plan.forms import choice, form, useful_foods
from brigade.dual_process.prompts import load_prompt
from brigade.dual_process.theory_of_mind.turns import turns_of
from brigade.dual_process.thought_kinds.answers import TEXT, read_text
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, thoughts

MOST = 8  # turns, foods or orders of one partner
TOO_MUCH = 1.02  # to which probabilities may add up
CHANCE = {"type": "number", "minimum": 0, "maximum": 1}


@dataclass(frozen=True)
class Belief:
    """What is believed.

    Attributes:
        words: for people, and for the thoughts after it.
        stated: the same in numbers, by seat of a partner.
        dropped: what of the numbers could not be used, with the reason.
    """

    words: str
    stated: Mapping[int, Stated] = field(default_factory=dict)
    dropped: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.words


class BeliefThought(ThoughtKind[Belief]):
    """What to believe of the partners."""

    max_tokens = 700

    def __init__(self) -> None:
        self.prompt = load_prompt("belief")

    def schema(self, recipes: Recipes) -> Mapping[str, Any]:
        """Words, and for each partner numbers about the turns and orders of this kitchen."""
        return belief_schema(recipes)

    def read(self, said: Any, recipes: Recipes) -> Belief | Malformed:
        """The belief; numbers that are not right are dropped with a reason, not the words."""
        words = read_text(said, "belief")
        if isinstance(words, Malformed):
            return words
        reading = _Reading(recipes)
        return Belief(words, reading.partners(said.get("partners", [])), tuple(reading.dropped))

    def fields(self, moment: Moment) -> dict[str, str]:
        """What was believed before, and which turns there are."""
        return {
            "belief": moment.memory.history.partners.words,
            "turns": ", ".join(turns_of(moment.view.kitchen)),
        }

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What partners were seen doing, and what is being done."""
        seen = moment.memory.history.partners.seen(moment.observed.tick)
        return {"seen": seen, **super().knowledge(moment)}

    def remember(self, memory: Memory, value: Belief) -> None:
        """Its words are kept with what the partners were seen doing."""
        memory.history.partners.belief = value.words

    def take_effect(self, fast: FastSide, value: Belief, tick: int) -> None:
        """Its numbers are for whoever imagines the partners."""
        fast.believe(value.stated)

    def told(self, value: Belief) -> dict[str, Any]:
        """Words, numbers, and what was dropped of them."""
        numbers = {
            str(seat): {"turns": dict(s.turns), "makes": list(s.makes), "assembles": s.assembles}
            | {"orders": {str(number): chance for number, chance in s.orders.items()}}
            for seat, s in value.stated.items()
        }
        told: dict[str, Any] = {"value": value.words, **({"numbers": numbers} if numbers else {})}
        return told | ({"dropped": [list(pair) for pair in value.dropped]} if value.dropped else {})


@lru_cache(maxsize=64)
def belief_schema(recipes: Recipes) -> dict[str, Any]:
    """The schema of a whole answer. Not to be changed: every request shares it."""
    kitchen = recipes.kitchen
    one = form(
        partner={"type": "integer", "minimum": 1, "maximum": kitchen.chefs},
        next=_few(form(turn=choice(turns_of(kitchen)), probability=CHANCE)),
        makes=_few(choice(useful_foods(recipes))),
        assembles={"type": ["boolean", "null"]},
        orders=_few(form(order={"type": "integer", "minimum": 1}, probability=CHANCE)),
    )
    return form(belief=TEXT, partners={"type": "array", "maxItems": kitchen.chefs - 1, "items": one})


def _few(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "maxItems": MOST, "items": items}


class _Reading:
    """Reads the numbers of an answer, and notes what cannot be used."""

    def __init__(self, recipes: Recipes):
        self.recipes = recipes
        self.dropped: list[tuple[str, str]] = []

    def partners(self, said: Any) -> dict[int, Stated]:
        """What is said of each partner, by seat."""
        stated = {}
        for entry in self._list(said, "partners", self.recipes.kitchen.chefs):
            number = entry.get("partner") if isinstance(entry, Mapping) else None
            if type(number) is not int or not 1 <= number <= self.recipes.kitchen.chefs:
                self._drop(entry, "there is no such partner")
                continue
            stated[number - 1] = self._partner(entry)
        return stated

    def _partner(self, entry: Mapping[str, Any]) -> Stated:
        turns = self._chances(entry.get("next", []), "turn", lambda turn: turn in turns_of(self.recipes.kitchen))
        total = sum(turns.values())
        if total > TOO_MUCH:
            self._drop(f"next of partner {entry['partner']}", f"its probabilities add up to {total:.3g}, not to 1")
            turns = {}
        orders = self._chances(entry.get("orders", []), "order", lambda order: type(order) is int and order > 0)
        makes = []
        for food in self._list(entry.get("makes", []), "makes", MOST):
            if food in useful_foods(self.recipes):
                makes.append(food)
            else:
                self._drop(food, "nobody makes that here")
        assembles = entry.get("assembles")
        if assembles is not None and not isinstance(assembles, bool):
            self._drop(assembles, "assembles: expected true or false")
            assembles = None
        return Stated(turns, orders, tuple(dict.fromkeys(makes)), assembles)

    def _chances(self, said: Any, what: str, exists: Any) -> dict[Any, float]:
        chances: dict[Any, float] = {}
        for entry in self._list(said, what, MOST):
            name = entry.get(what) if isinstance(entry, Mapping) else None
            chance = entry.get("probability") if isinstance(entry, Mapping) else None
            if isinstance(name, list | dict) or not exists(name):
                self._drop(entry, f"there is no such {what}")
            elif isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
                self._drop(entry, "expected a probability from 0 to 1")
            else:
                chances[name] = chances.get(name, 0.0) + float(chance)
        return chances

    def _list(self, said: Any, what: str, most: int) -> list[Any]:
        if not isinstance(said, list):
            self._drop(said, f"{what}: expected a list")
            return []
        if len(said) > most:
            self._drop(f"{len(said) - most} more of {what}", f"{most} at most")
        return said[:most]

    def _drop(self, what: Any, why: str) -> None:
        if len(self.dropped) < 2 * MOST:
            self.dropped.append((repr(what)[:80], why))


thoughts.register("belief", "what the partner prefers, does next, and how to fit in")(BeliefThought)
