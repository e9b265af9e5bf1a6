"""What the hands do in kitchens as they were set up: full pans, begun plates, extinguishers, things nobody needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from brigade.agents.base import MacroRecord, View, make_agent
from brigade.agents.plan_follower import PlanningCook
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import Macro, parse_macro
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.planning.subgoals import Done, Failed, Use
from brigade.agents.state_machine import StateMachine
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import read_described

MAP_1 = load_kitchen("new_counter_circuit")
DIVIDED = load_kitchen("new_asymmetric_advantages")


def seen(kitchen: Kitchen, hands: dict[int, str] | None = None, lying: dict[int, str] | None = None) -> ObservedState:
    """A kitchen at its beginning, with these items in hands (by seat) and on cells."""
    game = Game(kitchen)
    game.reset([0])
    described: dict[str, Any] = game.describe()
    for seat, name in (hands or {}).items():
        described["chefs"][seat]["holding"] = {"item": name, "progress": 0}
    for cell, name in (lying or {}).items():
        at = (cell % kitchen.width, cell // kitchen.width)
        described["items"] = [item for item in described["items"] if item["at"] != at]
        described["items"].append({"at": at, "item": name, "progress": 0})
    read_described(kitchen, game.state, described)
    return read_state(kitchen, game.describe())


def goal(observed: ObservedState, macro: str, kitchen: Kitchen = MAP_1, seat: int = 0) -> Any:
    hands = Executor(recipes_of(kitchen), seat)
    hands.start(observed)
    return hands.goal(parse_macro(macro, recipes_of(kitchen)), observed)


def machine(kitchen: Kitchen, seat: int) -> StateMachine:
    agent = StateMachine()
    agent.reset(View(kitchen, seat))
    return agent


class TestAPanIsWanted:
    recipes = recipes_of(MAP_1)
    pans = recipes.cells["pan"]

    def test_what_has_burnt_goes_onto_an_empty_plate(self) -> None:
        burnt = dict.fromkeys(self.pans, "burnt_beef")
        plate = goal(seen(MAP_1, lying=burnt), "prepare(cooked_beef)")
        assert isinstance(plate, Use)
        assert plate.cell in self.recipes.cells["plate_station"]
        assert goal(seen(MAP_1, {0: "plate"}, burnt), "prepare(cooked_beef)").cell in self.pans

    def test_but_never_onto_a_plate_that_is_begun(self) -> None:
        burnt = dict.fromkeys(self.pans, "burnt_beef")
        down = goal(seen(MAP_1, {0: "plate[bread]"}, burnt), "prepare(cooked_beef)")
        assert isinstance(down, Use)
        assert down.cell in self.recipes.counters

    def test_what_is_in_hand_is_not_thrown_away_for_it(self) -> None:
        full = dict.fromkeys(self.recipes.counters, "bread") | dict.fromkeys(self.pans, "burnt_beef")
        assert isinstance(goal(seen(MAP_1, {0: "beef"}, full), "prepare(cooked_beef)"), Failed)


class TestAFireElsewhere:
    """Map 2 is in two parts; each chef reaches the pans, so a fire elsewhere is one on a board."""

    recipes = recipes_of(DIVIDED)

    def only(self, seat: int, cells: list[int]) -> list[int]:
        """Those of `cells` that this chef reaches and the other does not."""
        mine, other = (Executor(self.recipes, each) for each in (seat, 1 - seat))
        return [cell for cell in cells if mine.reachable(cell) and not other.reachable(cell)]

    def with_tool(self, tool: int, hands: dict[int, str] | None = None) -> ObservedState:
        observed = seen(DIVIDED, hands)
        at = {cell: kind for cell, kind in observed.at.items() if kind.holder != "tool"}
        kinds = DIVIDED.cookbook
        fire = next(kind for kind in kinds.kinds if kind.burning)
        at |= {self.only(1, self.recipes.cells["board"])[0]: fire}
        if tool >= 0:
            at[tool] = kinds.kind("extinguisher")
        observed.at.clear()
        observed.at.update(at)
        observed.progress.update(dict.fromkeys(at, 0))
        return observed

    def test_what_puts_it_out_is_handed_over(self) -> None:
        mine = self.only(0, self.recipes.counters)[0]
        assert goal(self.with_tool(mine), "put_out_fire()", DIVIDED) == Use(mine)
        over = goal(self.with_tool(-1, {0: "extinguisher"}), "put_out_fire()", DIVIDED)
        assert over.cell in Executor(self.recipes, 0).shared_counters()
        assert machine(DIVIDED, 0).choose(self.with_tool(mine)) == Macro("put_out_fire")

    def test_but_not_where_they_have_one(self) -> None:
        theirs = self.only(1, self.recipes.counters)[0]
        assert isinstance(goal(self.with_tool(theirs), "put_out_fire()", DIVIDED), Failed)
        assert machine(DIVIDED, 0).choose(self.with_tool(theirs)) != Macro("put_out_fire")
        assert machine(DIVIDED, 1).choose(self.with_tool(theirs)) == Macro("put_out_fire")

    def test_nor_twice(self) -> None:
        between = Executor(self.recipes, 0).shared_counters()[0]
        assert isinstance(goal(self.with_tool(between), "put_out_fire()", DIVIDED), Failed)
        assert machine(DIVIDED, 1).choose(self.with_tool(between)) == Macro("put_out_fire")


class TestNothingToBeDoneWithIt:
    def test_it_is_put_where_others_can_take_it(self) -> None:
        agent = machine(MAP_1, 0)
        observed = seen(MAP_1, {0: "plate[cooked_beef]"})
        observed.orders.clear()
        assert agent.choose(observed) == Macro("put_down")
        hands = Executor(recipes_of(MAP_1), 0)
        hands.start(observed)
        assert hands.goal(Macro("put_down"), observed).cell in hands.shared_counters()
        empty = seen(MAP_1)
        hands.start(empty)
        assert isinstance(hands.goal(Macro("put_down"), empty), Done)

    def test_no_plan_has_it(self) -> None:
        kitchen = load_kitchen("new_counter_circuit", 200)
        game, cook = Game(kitchen), PlanningCook()
        game.reset([0])
        cook.reset(View(kitchen, 0))
        cook._records.append(MacroRecord("put_down()", 3, 9, True))
        cook.current = Macro("put_down")
        assert cook.plan(0) == ()

    @pytest.mark.parametrize("name", ["fsm", "lettuce_specialist"])
    def test_something_in_hand_is_never_held_for_ever(self, name: str) -> None:
        agent = make_agent(name)
        kitchen = load_kitchen("new_counter_circuit_solo", 60)
        game = Game(kitchen)
        game.reset([0])
        described = game.describe()
        described["orders"] = []
        described["chefs"][0]["holding"] = {"item": "plate[bread]", "progress": 0}
        agent.reset(View(kitchen, 0))
        for _ in range(20):
            read_described(kitchen, game.state, described)
            game.step([[agent.act(described)]])
            described = game.describe() | {"orders": []}
        assert described["chefs"][0]["holding"] is None


class TestShut:
    def test_a_cell_that_was_given_up_is_out_of_reach_for_a_while(self) -> None:
        agent = machine(MAP_1, 0)
        board = agent.recipes.cells["board"][0]
        agent.executor.shut[board] = 10
        observed = seen(MAP_1)
        agent.probe.look(observed)
        assert not agent.probe.reachable(board)
        agent.probe.look(replace(observed, tick=10))
        assert agent.probe.reachable(board)
        assert not agent.executor.shut
