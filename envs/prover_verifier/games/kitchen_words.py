"""Claims about a kitchen, as a person reads them: the claim, the plan, the checkpoints, and what is near."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brigade.envs.prover_verifier.games.kitchen_game import HEAD, VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.games.words import Passage, Received, Words
from brigade.envs.prover_verifier.kitchen.claims import BUCKET, KINDS, PLAN
from brigade.envs.prover_verifier.kitchen.forward import Moment


@dataclass(frozen=True)
class Point:
    """A checkpoint of a claim, as it arrived.

    Attributes:
        number: which of the claim's.
        cell, tick, item: what lies where, so many ticks from now; or which dish is handed out there then.
    """

    number: int
    cell: int
    tick: int
    item: str


class KitchenWords(Words[KitchenGame]):
    """Claims about a kitchen."""

    task = "Is the claim true?"
    right, wrong = "The claim was true.", "The claim was false."

    def __init__(self, game: KitchenGame):
        super().__init__(game)
        self.rules = (
            f"You are chef {VERIFIER_SEAT + 1} in a kitchen, and see only what lies at most {game.radius} cells from "
            "you. Your partner sees everything and claims what will be if both of you follow its plan. The plan is "
            "then played: accept if the claim will turn out true, reject if it will not. Checkpoints say what will lie "
            "where on the way, or which dish will be handed out where. Cells have a letter for the column and a number "
            "for the row, from A1 at the top left. Ticks are the kitchen's time, counted from now."
        )

    def problem(self, problem: Moment) -> str:
        """The moment; the kitchen itself is drawn."""
        near = [thing for thing in self.sight(problem)["items"] if thing["near"]]
        seen = ", ".join(f"{spoken(t['item'])} at {self.cell(self._number(t['at']))}" for t in near) or "nothing"
        me = self.cell(int(problem.state.pos[0, VERIFIER_SEAT]))
        held = problem.seen["chefs"][VERIFIER_SEAT]["holding"]
        holding = spoken(held["item"]) if held else "nothing"
        return f"{self.game.kitchen.spec.title}. You are at {me}. In your hands: {holding}. Lying near you: {seen}."

    def message(self, speaker: str, received: Received) -> Passage:
        """The claim, and the plan for each chef."""
        game = self.game
        kind, item, by = KINDS[received[0]], game.items[received[1]], (int(received[2]) + 1) * BUCKET
        what = "will be served" if kind == "served" else "will lie in reach of you"
        claim = f"{spoken(item).capitalize()} {what} within {by} ticks."
        steps = received[HEAD : HEAD + 2 * PLAN * game.kitchen.chefs].reshape(game.kitchen.chefs, PLAN, 2).tolist()
        plan = tuple(
            (
                "you" if seat == VERIFIER_SEAT else f"chef {seat + 1}",
                tuple(f"{start}: {spoken_macro(game.words[word - 1])}" for word, start in part if word > 0),
            )
            for seat, part in enumerate(steps)
        )
        return Passage(speaker, (claim,), plan=plan)

    def question(self, number: int, received: Received | None) -> str | None:
        """A checkpoint, if it arrived; before there is a claim, the claim."""
        if received is None:
            return "a claim" if number == 0 else None
        point = self.point(number, received)
        if point is None:
            return None
        return f"checkpoint {number + 1}: {self.thing(point.item)} at {self.cell(point.cell)}, tick {point.tick}"

    def thing(self, item: str) -> str:
        """What there is at a checkpoint: something that lies there, or a dish that is handed out."""
        return f"{spoken(item)} handed out" if self.is_dish(item) else spoken(item)

    def is_dish(self, item: str) -> bool:
        """Whether it is the name of a dish, which never lies anywhere but is handed out."""
        return item not in self.game.engine.kinds

    def point(self, number: int, received: Received | None) -> Point | None:
        """A checkpoint, if it was given and has arrived."""
        if received is None:
            return None
        given = self.game.checkpoint(received, number)
        return Point(number, given.cell, given.tick, given.item) if given is not None else None

    def cell(self, number: int) -> str:
        """A cell as a letter for its column and a number for its row."""
        return self.game.kitchen.cell_name(number)

    def sight(self, problem: Moment) -> dict[str, Any]:
        """The kitchen in words, as `describe` has it, without what lies or is held where the verifier cannot see it."""
        near = self.near(problem)
        items = [{**i, "near": True} for i in problem.seen["items"] if self._number(i["at"]) in near]
        chefs = [
            chef if self._number(chef["at"]) in near else {**chef, "holding": None} for chef in problem.seen["chefs"]
        ]
        return {**problem.seen, "items": items, "chefs": chefs}

    def near(self, problem: Moment) -> frozenset[int]:
        """The cells that the verifier sees."""
        width, me = self.game.kitchen.width, int(problem.state.pos[0, VERIFIER_SEAT])
        far = self.game.radius
        return frozenset(
            cell
            for cell in range(self.game.cells)
            if max(abs(cell % width - me % width), abs(cell // width - me // width)) <= far
        )

    def _number(self, at: tuple[int, int]) -> int:
        return int(at[1]) * self.game.kitchen.width + int(at[0])


def spoken(item: str) -> str:
    """An item as a person says it: `plate[bread]` is a plate with bread, `BeefBurger` a beef burger."""
    holder, bracket, inside = item.partition("[")
    if bracket:
        content, _, state = inside.partition("]")
        return " ".join(filter(None, [spoken(holder), "with", spoken(content.replace("+", " and ")), state.strip()]))
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", item).replace("_", " ").lower()


def spoken_macro(macro: str) -> str:
    """A macro action as a person says it: `prepare(beef, plate=True)` is prepare beef on a plate."""
    name, _, inside = macro.rstrip(")").partition("(")
    thing, _, more = inside.partition(",")
    plate = "on a plate" if "plate=True" in more else ""
    return " ".join(filter(None, [spoken(name), spoken(thing.strip()), plate]))
