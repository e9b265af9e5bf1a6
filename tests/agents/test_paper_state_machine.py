"""The published state machine: the order of its checks, its draws, and when it gives a macro action up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from brigade.agents.base import MacroRecord, View, make_agent
from brigade.agents.paper_state_machine import PaperPlayer, PaperRules, PaperStateMachine
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import Chef, ObservedState, Order
from brigade.agents.planning.recipes import recipes_of
from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.simulation.episode import play

KITCHEN = load_kitchen("new_counter_circuit")
RECIPES = recipes_of(KITCHEN)
BEEF, LETTUCE = Macro("prepare", "cooked_beef", plate=True), Macro("prepare", "chopped_lettuce")


def plate_of(*foods: str) -> Kind:
    return next(k for k in KITCHEN.cookbook.kinds if k.holder == "plate" and Counter(k.contents) == Counter(foods))


def kind(name: str) -> Kind:
    return KITCHEN.cookbook.kind(name)


BEEF_BURGER = plate_of("bread", "cooked_beef")


def seen(
    *orders: str | tuple[str, int], lying: tuple[Kind, ...] = (), mine: Kind | None = None, theirs: Kind | None = None
) -> ObservedState:
    """The kitchen with things on its first counters; orders in the order in which they expire unless they say when."""
    nothing = RECIPES.nothing
    starts = [int(cell) for cell in KITCHEN.layout.start]
    chefs = [Chef(cell, 1, hand or nothing, 0) for cell, hand in zip(starts, (mine, theirs), strict=True)]
    at = dict(zip(RECIPES.counters, lying, strict=False))
    listed = [Order(o, 100 + i) if isinstance(o, str) else Order(*o) for i, o in enumerate(orders)]
    return ObservedState(10, 490, 0, chefs, at, dict.fromkeys(at, 0), listed)


def rules(seed: int = 0) -> PaperRules:
    return PaperRules(RECIPES, 0, seed)


class TestOrders:
    def test_the_one_that_expires_first_comes_first(self) -> None:
        orders = rules().open_orders(seen(("BeefBurger", 90), ("LettuceBurger", 20), ("BeefBurger", 50)))
        assert orders == ["LettuceBurger", "BeefBurger", "BeefBurger"]

    def test_what_another_holds_is_left_out_once(self) -> None:
        held = seen("BeefBurger", "BeefBurger", theirs=BEEF_BURGER)
        assert rules().open_orders(held) == ["BeefBurger"]
        assert rules().open_orders(seen("BeefBurger", mine=BEEF_BURGER)) == ["BeefBurger"]


class TestWorkOnADish:
    def test_serve_assemble_prepare(self) -> None:
        done, ready = (BEEF_BURGER,), (plate_of("cooked_beef"),)
        assert rules().work_on("BeefBurger", seen(lying=done)) == Macro("serve", "BeefBurger")
        assert rules().work_on("BeefBurger", seen(mine=BEEF_BURGER)) == Macro("serve", "BeefBurger")
        assert rules().work_on("BeefBurger", seen(lying=ready)) == Macro("assemble", "BeefBurger")
        assert rules().work_on("BeefBurger", seen()) == BEEF
        assert rules().work_on("LettuceBurger", seen()) == LETTUCE

    def test_what_others_hold_does_not_count(self) -> None:
        assert rules().work_on("BeefBurger", seen(theirs=BEEF_BURGER)) == BEEF
        assert rules().work_on("LettuceBurger", seen(theirs=kind("chopped_lettuce"))) == LETTUCE

    def test_parts_count_alone_or_together_but_not_in_what_is_finished(self) -> None:
        both = plate_of("cooked_beef", "chopped_lettuce")
        assert rules().work_on("BeefLettuceBurger", seen(lying=(both,))) == Macro("assemble", "BeefLettuceBurger")
        assert rules().work_on("LettuceBurger", seen(lying=(both,))) == LETTUCE
        assert rules().work_on("BeefLettuceBurger", seen(lying=(BEEF_BURGER, kind("chopped_lettuce")))) == BEEF

    def test_the_missing_part_is_drawn_from_the_episodes_seed(self) -> None:
        def drawn(seed: int) -> list[Macro]:
            machine = rules(seed)
            return [machine.work_on("BeefLettuceBurger", seen()) for _ in range(20)]

        assert set(drawn(1)) == {BEEF, LETTUCE}
        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)
        only = [rules(seed).work_on("BeefLettuceBurger", seen(lying=(kind("chopped_lettuce"),))) for seed in range(9)]
        assert set(only) == {BEEF}

    def test_a_soup_is_begun_then_dished_up(self) -> None:
        played = play(load_kitchen("cramped_room", 300), [make_agent("fsm_paper"), make_agent("stay")], seed=0)
        done = [record.name.partition("(")[0] for record in played.macros[0] if record.succeeded]
        assert done[:3] == ["prepare", "assemble", "serve"]
        assert played.score > 0


class TestClearing:
    full = (kind("burnt_beef"),) * len(RECIPES.counters)
    useful = (kind("lettuce"),) * len(RECIPES.counters)

    def test_only_when_no_counter_is_free(self) -> None:
        machine = PaperStateMachine()
        machine.reset(View(KITCHEN, 0))
        assert machine.decide(seen("BeefBurger", lying=self.full)) == Macro("clear_counter")
        assert machine.decide(seen("BeefBurger", lying=self.full[:-1])) == BEEF

    def test_without_anything_to_throw_away_it_goes_on(self) -> None:
        machine = PaperStateMachine()
        machine.reset(View(KITCHEN, 0))
        assert machine.decide(seen("BeefBurger", lying=self.useful)) == BEEF

    def test_nothing_ordered_nothing_done_whatever_burns(self) -> None:
        machine = PaperStateMachine()
        machine.reset(View(KITCHEN, 0))
        fire = next(k for k in KITCHEN.cookbook.kinds if k.burning)
        assert machine.decide(seen(lying=(fire,))) is None


class TestOntoAPlate:
    def test_what_is_not_there_yet_is_cooked_first(self) -> None:
        machine = rules()
        assert machine.begin(BEEF, seen()) == Macro("prepare", "cooked_beef")
        assert machine.go_on([MacroRecord("prepare(cooked_beef)", 0, 9, True)]) == BEEF
        assert machine.go_on([MacroRecord("x", 0, 9, True)]) is None, "once"

    def test_what_failed_is_not_gone_on_with(self) -> None:
        machine = rules()
        machine.begin(BEEF, seen())
        assert machine.go_on([MacroRecord("prepare(cooked_beef)", 0, 9, False, "why")]) is None

    def test_what_is_there_is_taken_at_once(self) -> None:
        pan = RECIPES.cells["pan"][0]
        cooking = seen()
        cooking.at[pan], cooking.progress[pan] = kind("beef"), 3
        assert rules().begin(BEEF, cooking) == BEEF


class Waiting(PaperPlayer):
    """Is always about to wait, and notes when it was asked; its hands would go left."""

    def prepare(self) -> None:
        super().prepare()
        self.asked: list[int] = []
        self.navigator.rest = lambda *_: 1  # type: ignore[method-assign]

    def decide(self, observed: ObservedState) -> Macro:
        self.asked.append(observed.tick)
        return Macro("wait", ticks=70)


@pytest.mark.parametrize(
    ("gives_up", "asked", "stands"),
    [(True, [0, 50, 100], [*range(44, 50), *range(94, 100)]), (False, [0, 70], [])],
)
def test_a_macro_action_stands_from_its_45th_tick_and_is_given_up_after_its_50th(
    gives_up: bool, asked: list[int], stands: list[int]
) -> None:
    player, kitchen = Waiting(gives_up), load_kitchen("new_counter_circuit", 120)
    actions: list[int] = []

    def watch(game: Game, observation: Any, joint: Any) -> None:
        actions.append(joint[0])

    play(kitchen, [player, make_agent("stay")], watch=watch)
    assert player.asked == asked
    assert [tick for tick, action in enumerate(actions) if action == 0] == stands


def test_the_same_seed_plays_the_same_and_it_earns_something_beside_anyone() -> None:
    for partner in ("stay", "fsm_paper", "beef_specialist", "assembler"):
        runs = [play(KITCHEN, [make_agent("fsm_paper"), make_agent(partner)], seed=3) for _ in range(2)]
        assert runs[0].actions == runs[1].actions
        assert runs[0].score > 0
        assert not any(record.name == "put_out_fire()" for record in runs[0].macros[0])
