"""Plans: what can be said, what is refused with which words, and what each statement makes a chef do."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import jsonschema
import pytest

from brigade.agents.base import View, make_agent
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState, Order, read_state
from brigade.agents.planning.recipes import Recipes, recipes_of
from brigade.dual_process.build import make_thinking_agent
from brigade.dual_process.llm.house_plans import right_plan, wrong_plan
from brigade.dual_process.orders import OrderBook
from brigade.dual_process.plan.following import LONGEST_WAIT, PATIENCE
from brigade.dual_process.plan.forms import plan_schema
from brigade.dual_process.plan.reading import MAX_STATEMENTS, read_statements
from brigade.dual_process.plan.statements import Do, Keep, Leave, OrderOf, Plan, Put, Stand, Wait, Whenever
from brigade.dual_process.system1 import System1, Trust
from brigade.dual_process.thought_kinds.base import make_kind
from brigade.dual_process.thought_kinds.plan import PlanThought
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.played import Played

MAP_1 = "new_counter_circuit"
BURGERS = [["BeefLettuceBurger", "LettuceBurger", "BeefBurger"] * 6]


def recipes() -> Recipes:
    return recipes_of(load_kitchen(MAP_1))


def read(*entries: Any) -> Plan:
    statements, dropped = read_statements(entries, recipes())
    return Plan(statements=tuple(statements), dropped=tuple(dropped))


class Told(System1):
    """System 1 that is given a plan at the start of the episode."""

    def __init__(self, plan: Plan, authority: Any = "obey"):
        super().__init__(authority=authority)
        self.plan = plan

    def prepare(self) -> None:
        super().prepare()
        self.adopt(self.plan, 0)


def cook(*entries: Any, authority: str = "obey", partner: str = "stay", ticks: int = 150, seed: int = 2) -> Any:
    """An episode with a plan: what was played, and the agent."""
    agent = Told(read(*entries), authority)
    assert not agent.plan.dropped
    played = play(load_kitchen(MAP_1, ticks), [agent, make_agent(partner)], seed=seed)
    assert not played.crashed
    return played, agent


def begun(played: Played) -> list[str]:
    return [record.name for record in played.macros[0]]


def alone(ticks: int = 150, seed: int = 2) -> Played:
    return play(load_kitchen(MAP_1, ticks), [make_agent("fsm"), make_agent("stay")], seed=seed)


class TestReading:
    def test_every_statement_can_be_said(self) -> None:
        plan = read(
            {"do": "prepare(bread, plate=True)", "when": None, "now": True},
            {"do": "BeefBurger", "when": "orders() > 1"},
            "clear_counter()",
            {"whenever": 'count("chopped_lettuce") < 1', "do": "prepare(chopped_lettuce)"},
            {"keep": "chopped_lettuce", "ready": 2, "when": None},
            {"order": 3, "is": "drop"},
            {"leave": "prepare(cooked_beef)"},
            {"leave": "serve"},
            {"wait": 7},
            {"wait_until": "orders() > 0"},
            {"stand_at": "c3"},
            {"put": "plate", "at": "centre"},
        )
        assert not plan.dropped
        assert [type(s) for s in plan.statements] == [
            Do, Do, Do, Whenever, Keep, OrderOf, Leave, Leave, Wait, Wait, Stand, Put,
        ]  # fmt: skip
        assert [str(s) for s in plan.statements][:2] == [
            "do prepare(bread, plate=True) now",
            "do BeefBurger when orders() > 1",
        ]
        assert str(plan.statements[3]) == 'whenever count("chopped_lettuce") < 1: prepare(chopped_lettuce)'
        assert [str(s) for s in plan.statements][4:] == [
            "keep 2 of chopped_lettuce ready", "order 3: drop", "leave prepare(cooked_beef)", "leave serve()", "wait 7",
            "wait until orders() > 0", "stand at C3", "put plate on centre",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            ("BeafBurger", "did you mean 'BeefBurger'"),
            ("prepare(soup)", "unknown item"),
            ({"do": "prepare(beef)", "leave": "serve"}, "got leave as well"),
            ({"do": "prepare(beef)", "if": "1"}, "got if as well"),
            ({"do": "prepare(beef)", "when": "().__class__"}, "guard"),
            ({"do": "prepare(beef)", "when": 'orders("Beaf")'}, "guard"),
            ({"do": "prepare(beef)", "now": "yes"}, "'now' is true or false"),
            ({"do": 3}, "'do' is text"),
            ({"whenever": "", "do": "prepare(beef)"}, "'whenever' is a condition"),
            ({"whenever": "orders() > 0"}, "'do' is missing"),
            ({"whenever": "orders()", "do": "prepare(beef)"}, "guard"),
            ({"keep": "chopped_letuce", "ready": 2}, "did you mean 'chopped_lettuce'"),
            ({"keep": "chopped_lettuce", "ready": 0}, "whole number from 1 to 9"),
            ({"keep": "chopped_lettuce", "ready": True}, "whole number"),
            ({"keep": "chopped_lettuce"}, "whole number"),
            ({"order": 1, "is": "ours"}, "mine, yours, drop"),
            ({"order": "first", "is": "mine"}, "whole number"),
            ({"leave": "put_out_fire()"}, "cannot be left"),
            ({"leave": 3}, "is text"),
            ({"wait": -4}, "whole number from 1"),
            ({"wait": 10**30}, "whole number from 1"),
            ({"wait_until": None}, "unknown statement"),
            ({"stand_at": "Z9"}, "unknown cell of the floor 'Z9'"),
            ({"stand_at": "A1"}, "unknown cell of the floor"),
            ({"put": "plate", "at": "D9"}, "unknown counter"),
            ({"put": "lettice", "at": "centre"}, "did you mean 'lettuce'"),
            ({"expect": 3}, "unknown statement 'expect'"),
            ({}, "unknown statement"),
            (7, "not int"),
            (["prepare(beef)"], "not list"),
            (None, "not NoneType"),
        ],
    )
    def test_what_cannot_be_used_is_dropped_with_a_reason_and_costs_nothing_else(self, entry: Any, reason: str) -> None:
        plan = read(entry, "BeefBurger")
        assert plan.statements == (Do(dish="BeefBurger"),)
        assert reason in plan.dropped[0][1]

    def test_contradictions_are_named_and_the_first_stands(self) -> None:
        plan = read(
            {"order": 2, "is": "mine"}, {"order": 2, "is": "yours"}, {"leave": "prepare(cooked_beef)"},
            {"do": "prepare(cooked_beef)"}, {"do": "assemble(BeefBurger)"}, {"leave": "assemble"},
            {"order": 2, "is": "mine"},
        )  # fmt: skip
        assert [reason for _, reason in plan.dropped] == [
            "contradicts 'order 2: mine'", "contradicts 'leave prepare(cooked_beef)'",
            "contradicts 'do assemble(BeefBurger)'",
        ]  # fmt: skip

    def test_five_hundred_statements_are_twelve(self) -> None:
        plan = read(*["BeefBurger"] * 500)
        assert len(plan.statements) == MAX_STATEMENTS == 12
        assert plan.dropped == (("'BeefBurger'", "more than 12 statements; 488 were left out"),)

    def test_plans_of_earlier_revisions_are_read(self) -> None:
        said = {
            "rationale": "r",
            "tasks": ["BeefBurger", {"do": None, "leave": "serve", "when": None}],
            "message": None,
        }
        plan = make_kind("plan").read(said, recipes())
        assert plan.statements == (Do(dish="BeefBurger"), Leave(verb="serve"))


class TestSchemas:
    @pytest.mark.parametrize("name", list_kitchens())
    def test_whatever_a_schema_allows_is_read_in_every_kitchen(self, name: str) -> None:
        known = recipes_of(load_kitchen(name))
        schema = plan_schema(known)
        rng = random.Random(0)
        for _ in range(60):
            said = json.loads(wrong_plan({}, schema, rng))
            jsonschema.validate(said, schema)
            for entry in said["plan"]:
                made, dropped = read_statements([entry], known)
                assert made, dropped

    def test_words_that_the_kitchen_does_not_have_are_not_allowed(self) -> None:
        text = json.dumps(plan_schema(recipes()))
        assert "chopped_lettuce" in text
        assert "burnt_beef" not in text, "nobody wants it"
        assert "onion" not in text
        good = {"rationale": "", "plan": [{"keep": "chopped_lettuce", "ready": 2, "when": None}], "message": None}
        jsonschema.validate(good, plan_schema(recipes()))
        for wrong in ({"keep": "onion", "ready": 2, "when": None}, {"stand_at": "A1", "when": None}, {"do": "dance()"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**good, "plan": [wrong]}, plan_schema(recipes()))


class TestObeying:
    """Each statement changes what the chef does; an empty plan changes nothing."""

    def test_what_a_partner_carries_is_for_its_order_and_for_no_other(self) -> None:
        kitchen = load_kitchen(MAP_1, 300)
        game, team = Game(kitchen), [Told(read({"order": 1, "is": "yours", "when": None})), make_agent("fsm")]
        game.reset([2], [["BeefBurger"] * 12])
        for seat, agent in enumerate(team):
            agent.reset(View(kitchen, seat))
        for _ in range(300):
            seen = game.describe()
            observed = read_state(kitchen, seen)
            if observed.chefs[1].hand.dish == "BeefBurger" and 1 in team[0].history.orders.open(observed):
                team[0].choose(observed)
                mine = team[0].plans(observed)
                assert len(mine) == len(observed.orders) - 1 > 0
                assert all(plan.holder != 1 for plan in mine)
                both = replace(observed, chefs=[observed.chefs[1], observed.chefs[1]])
                assert [plan.holder for plan in team[0].plans(both)] == [0, *[None] * (len(mine) - 1)]
                return
            game.step([[0, team[1].act(seen)]])
        pytest.fail("the partner never carried the dish")

    def test_an_empty_plan_changes_nothing(self) -> None:
        for authority in ("obey", "advise"):
            assert cook(authority=authority)[0].actions == alone().actions

    def test_do_is_done_once_and_first(self) -> None:
        played, agent = cook("prepare(bread, plate=True)", ticks=40)
        assert begun(played)[0] == "prepare(bread, plate=True)"
        assert begun(played).count("prepare(bread, plate=True)") == 1
        assert agent.following.fates == [("do prepare(bread, plate=True)", "done")]
        assert played.actions != alone(40).actions

    def test_a_dish_is_worked_towards(self) -> None:
        agent = Told(read("BeefBurger"))
        agent.reset(View(load_kitchen(MAP_1), 0))
        game = Game(load_kitchen(MAP_1))
        game.reset([0], [["BeefBurger"] * 9])
        agent.act(game.describe())
        assert agent.current == Macro("prepare", "cooked_beef")

    def test_a_guard_that_is_false_does_not_block(self) -> None:
        played, agent = cook(
            {"do": "clear_counter()", "when": "score() > 9000"}, "prepare(bread, plate=True)", ticks=60
        )
        assert begun(played)[0] == "prepare(bread, plate=True)"
        assert [str(s) for s in agent.following.left] == ["do clear_counter() when score() > 9000"]
        assert agent.following.so_far()[-1] == ("do clear_counter() when score() > 9000", "its condition never held")

    def test_a_standing_rule_stands(self) -> None:
        played, _ = cook({"whenever": 'count("plate") < 3', "do": "prepare(bread, plate=True)"}, ticks=80)
        assert begun(played)[:3] == ["prepare(bread, plate=True)"] * 3

    def test_stock_is_kept(self) -> None:
        played, _ = cook({"keep": "chopped_lettuce", "ready": 4}, ticks=150)
        assert begun(played)[:4] == ["prepare(chopped_lettuce)"] * 4
        assert begun(alone())[:4] != ["prepare(chopped_lettuce)"] * 4

    def test_what_is_left_is_left_without_evidence(self) -> None:
        played, _ = cook({"leave": "prepare(cooked_beef)"}, {"leave": "serve"}, ticks=300)
        assert not {"prepare(cooked_beef)"} & set(begun(played))
        assert played.stats["served"] == 0
        assert "prepare(cooked_beef)" in begun(alone(300))

    def test_an_order_that_is_not_mine_is_nobodys(self) -> None:
        agent, kitchen = Told(read()), load_kitchen(MAP_1, 150)

        def watch(game: Any, observation: Any, actions: Any) -> None:
            numbers = agent.history.orders.numbers(read_state(kitchen, observation))
            whose = ["yours" if number % 2 else "drop" for number in numbers]
            agent.adopt(
                read(*({"order": n, "is": w} for n, w in zip(numbers, whose, strict=True))), observation["tick"]
            )

        played = play(kitchen, [agent, make_agent("stay")], seed=2, watch=watch)
        assert played.stats["served"] == 0
        assert alone(150).stats["served"] > 0

    def test_an_order_that_is_mine_comes_first(self) -> None:
        kitchen = load_kitchen(MAP_1, 100)

        def first_of(*entries: Any) -> Macro | None:
            agent, game = Told(read()), Game(kitchen)
            game.reset([0], [["BeefBurger", "LettuceBurger", "BeefBurger"]])
            agent.reset(View(kitchen, 0))
            for _ in range(26):
                game.step([[0, 0]])
            observed = read_state(kitchen, game.describe())
            assert agent.history.orders.numbers(observed) == [1, 2]
            agent.adopt(read(*entries), observed.tick)
            agent.act(game.describe())
            return agent.current

        assert first_of({"order": 1, "is": "mine"}) == Macro("prepare", "cooked_beef")
        assert first_of({"order": 2, "is": "mine"}) == Macro("prepare", "chopped_lettuce")

    def test_an_order_that_is_gone_is_said(self) -> None:
        _, agent = cook({"order": 99, "is": "mine"}, {"order": 1, "is": "drop"}, ticks=300)
        assert ("order 99: mine", "there is no such order") in agent.following.fates
        assert ("order 1: drop", "the order is gone") in agent.following.fates

    def test_a_wait_really_waits(self) -> None:
        played, _ = cook({"wait": 30})
        assert set(played.actions[0][:30]) == {"0"}
        assert set(played.actions[0][30:60]) != {"0"}

    def test_a_condition_is_waited_for_but_not_for_ever(self) -> None:
        played, agent = cook({"wait_until": "ticks_left() < 110"})
        assert set(played.actions[0][:40]) == {"0"}
        assert set(played.actions[0][41:70]) != {"0"}
        played, agent = cook({"wait_until": "score() > 9000"}, ticks=LONGEST_WAIT + 40)
        assert set(played.actions[0][:LONGEST_WAIT]) == {"0"}
        assert set(played.actions[0][LONGEST_WAIT + 2 :]) != {"0"}
        assert agent.following.fates == [("wait until score() > 9000", "waited long enough")]

    def test_a_cell_is_stood_at(self) -> None:
        kitchen = load_kitchen(MAP_1, 60)
        agent = Told(read({"stand_at": "G6"}, {"wait": 999}))
        seen: list[int] = []
        watch = lambda game, observation, actions: seen.append(read_state(kitchen, observation).chefs[0].cell)  # noqa: E731
        play(kitchen, [agent, make_agent("stay")], watch=watch)
        assert kitchen.cell_name(seen[-1]) == "G6"
        assert len(set(seen[20:])) == 1

    def test_things_are_put_where_they_are_to_go(self) -> None:
        kitchen = load_kitchen(MAP_1, 60)

        def lies(*entries: Any) -> set[str]:
            agent, places = Told(read(*entries, {"do": "prepare(bread)"})), set[str]()

            def watch(game: Any, observation: Any, actions: Any) -> None:
                at = read_state(kitchen, observation).at
                places.update(kitchen.cell_name(cell) for cell, kind in at.items() if kind.name == "bread")

            play(kitchen, [agent, make_agent("stay")], seed=2, watch=watch)
            return places

        assert "F4" in lies({"put": "bread", "at": "F4"})
        assert "F4" not in lies()
        assert lies({"put": "bread", "at": "centre"}) & {"C4", "D4", "E4", "F4"}

    def test_now_interrupts_and_otherwise_the_chef_finishes_first(self) -> None:
        def after(now: bool) -> list[str]:
            agent = Told(read("prepare(cooked_beef)"))
            kitchen = load_kitchen(MAP_1, 20)

            def watch(game: Any, observation: Any, actions: Any) -> None:
                if observation["tick"] == 3:
                    agent.adopt(read({"do": "prepare(bread, plate=True)", "now": now}), 3)

            play(kitchen, [agent, make_agent("stay")], seed=2, watch=watch)
            return [f"{record.name} {record.reason}".strip() for record in agent.macros]

        assert after(True)[0].startswith("prepare(cooked_beef) given up")
        assert after(False)[0] == "prepare(cooked_beef)"

    def test_what_can_not_be_done_is_passed_over_and_then_dropped(self) -> None:
        played, agent = cook("serve(BeefBurger)", "prepare(bread, plate=True)", ticks=PATIENCE + 60)
        assert begun(played)[0] == "prepare(bread, plate=True)"
        assert ("do serve(BeefBurger)", "not possible or not useful for too long") in agent.following.fates

    def test_a_fire_is_put_out_whatever_is_said(self) -> None:
        left = [{"do": "prepare(cooked_beef)"}, {"leave": "prepare", "when": "ticks_left() < 280"}, {"wait": 250}]
        played, _ = cook(*left, ticks=300)
        assert played.stats["fires"] > 0
        assert "put_out_fire()" in begun(played)

    def test_what_is_about_to_burn_is_saved_unless_it_is_left(self) -> None:
        played, _ = cook({"do": "prepare(cooked_beef)"}, {"wait": 250}, ticks=300)
        assert played.stats["fires"] == 0
        assert "prepare(cooked_beef, plate=True)" in begun(played)


CONSTANT_PLANS: dict[str, list[Any]] = {
    "leave everything": [
        {"leave": w} for w in ("prepare(cooked_beef)", "prepare(chopped_lettuce)", "assemble", "serve")
    ],
    "leave serving": [{"leave": "serve"}, {"leave": "assemble"}],
    "bread": ["prepare(bread, plate=True)"] * 12,
    "what pays least": ["LettuceBurger"] * 12,
    "stubborn": ["prepare(cooked_beef)"] * 12,
    "at random": ["serve(BeefBurger)", "clear_counter()", "pass_on(plate)", {"leave": "prepare"}],
    "hoard": [{"keep": "chopped_lettuce", "ready": 9}, {"put": "chopped_lettuce", "at": "centre"}],
    "a rule": [{"whenever": 'count("plate") < 4', "do": "prepare(bread, plate=True)"}],
    "stand back": [{"stand_at": "G6"}, {"wait_until": "ticks_left() < 60"}, {"order": 1, "is": "yours"}],
}


@pytest.mark.parametrize("name", CONSTANT_PLANS)
@pytest.mark.parametrize("partner", ["beef_specialist", "fsm"])
def test_a_constant_plan_has_force(name: str, partner: str) -> None:
    """Said again and again to one who obeys, it changes what is done; a mind that says nothing changes nothing."""

    def led(plan: list[Any]) -> Played:
        mind = {"kind": "constant", "options": {"plan": plan}}
        agent = make_agent("dpt_without_tom", reasoner=mind, authority="obey")
        return play(load_kitchen(MAP_1, 250), [agent, make_agent(partner)], seed=3)

    alone = play(load_kitchen(MAP_1, 250), [make_agent("fsm"), make_agent(partner)], seed=3)
    assert led([]).actions == alone.actions
    told = led(CONSTANT_PLANS[name])
    assert not told.crashed
    assert told.actions[0] != alone.actions[0]
    thoughts = [thought for thought in told.thoughts if thought["kind"] == "plan" and thought["effect"] is not None]
    assert all(len(thought["value"]) == min(12, len(CONSTANT_PLANS[name])) for thought in thoughts)


@pytest.mark.parametrize("authority", ["obey", "advise"])
@pytest.mark.parametrize("mind", [{"kind": "dice"}, {"quality": 0.0}, {"quality": 0.5}])
def test_whatever_is_said_the_chefs_go_on(authority: str, mind: dict[str, Any]) -> None:
    """Whole episodes, in which orders that a plan names come and go while something else is under way."""
    for seed, partner in enumerate(("fsm", "assembler", "tempo")):
        agent = make_agent("dpt", reasoner=mind, authority=authority, seed=seed)
        played = play(load_kitchen(MAP_1), [agent, make_agent(partner)], seed=seed)
        assert not played.crashed
        assert played.finished


@pytest.mark.parametrize("nonsense", ["serve!", 7, ["do"], {"plan": []}])
def test_a_thought_that_comes_to_nonsense_costs_no_tick(nonsense: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of thought of one's own may adopt anything at all."""
    monkeypatch.setattr(PlanThought, "read", lambda self, said, recipes: nonsense)
    monkeypatch.setattr(PlanThought, "take_effect", lambda self, fast, value, tick: fast.adopt(value, tick))
    monkeypatch.setattr(PlanThought, "told", lambda self, value: {"value": repr(value)})
    agent = make_agent("dpt", authority="obey")
    played = play(load_kitchen(MAP_1, 100), [agent, make_agent("stay")], seed=2)
    assert not played.crashed
    assert played.actions == play(load_kitchen(MAP_1, 100), [make_agent("fsm"), make_agent("stay")], seed=2).actions
    before = [thought["before"] for thought in played.thoughts if "before" in thought]
    assert before[0] == [f"{nonsense!r}: expected a plan"]


def test_dice_say_what_the_kitchen_knows() -> None:
    agent = make_agent("dpt", reasoner={"kind": "dice"}, authority="obey")
    played = play(load_kitchen(MAP_1, 200), [agent, make_agent("stay")], seed=3)
    plans = [thought for thought in played.thoughts if thought["kind"] == "plan" and thought["effect"] is not None]
    assert sum(len(thought["value"]) for thought in plans) > 10
    reasons = {reason.split(" '")[0] for thought in plans for _, reason in thought["dropped"]}
    assert reasons <= {"contradicts"}


class TestAdvice:
    @pytest.mark.parametrize(
        "entries",
        [
            [{"leave": "serve"}, {"leave": "assemble"}, {"leave": "prepare(cooked_beef)"}],
            [{"wait": 500}],
            [{"wait_until": "score() > 9000"}],
            [{"order": number, "is": "drop"} for number in range(1, 13)],
            [{"do": "prepare(beef)", "when": "score() > 9000"}] * 12,
        ],
    )
    def test_a_chef_alone_loses_nothing_by_bad_advice(self, entries: list[Any]) -> None:
        played, _ = cook(*entries, authority="advise", ticks=500)
        assert played.score >= alone(500).score - 10

    def test_advice_decides_between_what_is_about_as_useful(self) -> None:
        agent = Told(read("prepare(chopped_lettuce)"), "advise")
        agent.trust = Trust(task=60)
        agent.reset(View(load_kitchen(MAP_1), 0))
        game = Game(load_kitchen(MAP_1))
        game.reset([0], [["BeefLettuceBurger"] * 9])
        agent.act(game.describe())
        assert agent.current == Macro("prepare", "chopped_lettuce")
        assert agent.following.fates == [("do prepare(chopped_lettuce)", "done")]

    def test_it_puts_no_order_before_a_more_urgent_one(self) -> None:
        """Who always says the same would have it made first, whatever has to be served sooner."""
        game = Game(load_kitchen(MAP_1))
        game.reset([0], [["LettuceBurger", "BeefBurger"] * 9])
        while len(game.describe()["orders"]) < 2:
            game.step([[0, 0]])
        for food in ("cooked_beef", "chopped_lettuce"):
            agent = Told(read(f"prepare({food})"), "advise")
            agent.trust = Trust(task=60)
            agent.reset(View(load_kitchen(MAP_1), 0))
            agent.act(game.describe())
            assert agent.current == Macro("prepare", "chopped_lettuce")

    def test_now_interrupts_nothing(self) -> None:
        agent = Told(read(), "advise")
        kitchen = load_kitchen(MAP_1, 30)

        def watch(game: Any, observation: Any, actions: Any) -> None:
            agent.adopt(read({"do": "prepare(bread, plate=True)", "now": True}), observation["tick"])

        play(kitchen, [agent, make_agent("stay")], seed=2, watch=watch)
        assert all(record.succeeded for record in agent.macros)


class TestOrders:
    def state(self, tick: int, *orders: tuple[str, int | None]) -> ObservedState:
        return ObservedState(tick, 100, 0, [], {}, {}, [Order(*order) for order in orders])

    def test_orders_keep_their_numbers(self) -> None:
        book = OrderBook()
        assert book.numbers(self.state(0, ("A", 50), ("B", 50))) == [1, 2]
        assert book.numbers(self.state(10, ("B", 40), ("A", 50))) == [2, 3]
        assert book.numbers(self.state(20, ("A", 40), ("A", 40))) == [3, 4]
        assert list(book.open(self.state(21, ("A", 39)))) == [3]
        assert book.last == 4

    def test_standing_orders_too(self) -> None:
        book = OrderBook()
        assert book.numbers(self.state(0, ("A", None), ("B", None))) == [1, 2]
        assert book.numbers(self.state(300, ("A", None), ("B", None))) == [1, 2]


class TestAuthority:
    def test_it_reaches_the_agent_from_its_options(self) -> None:
        for authority in ("obey", "advise"):
            agent: Any = make_agent("dpt", authority=authority, trust={"task": 3})
            assert (agent.authority, agent.trust.task) == (authority, 3)
        assert make_agent("dpt").authority == "check"  # type: ignore[attr-defined]

    def test_an_unknown_one_is_named(self) -> None:
        with pytest.raises(BrigadeError, match="unknown authority 'obay'; did you mean 'obey'"):
            make_agent("dpt", authority="obay")
        with pytest.raises(BrigadeError, match=r"trust\.taks"):
            make_agent("dpt", trust={"taks": 3})

    def test_who_has_no_plans_always_obeys(self) -> None:
        for name in ("act", "react", "react_stepwise", "dpt@paper"):
            make_agent(name, authority="obey")
            with pytest.raises(BrigadeError, match=f"framework '{name}' has no plans to take as advice"):
                make_agent(name, authority="advise")

    def test_the_prompt_says_it(self) -> None:
        asked: list[str] = []

        class Noting:
            async def ask(self, request: Any) -> Any:
                asked.append("\n".join(content for _, content in request.messages))
                from brigade.dual_process.llm.protocol import Reply

                return Reply('{"rationale": "", "plan": ["dance()"], "message": null}', 1, 1, 0.1, "x")

            async def close(self) -> None: ...

        for authority, words in (("obey", "to the letter"), ("advise", "as advice")):
            asked.clear()
            agent = make_thinking_agent("dpt_without_tom", Noting(), without=["reflection"], authority=authority)  # type: ignore[arg-type]
            played = play(load_kitchen(MAP_1, 60), [agent, make_agent("stay")])
            assert words in asked[0]
            assert '"number":1' in asked[0]
            assert "'dance()'" in asked[-1], "what was dropped is said in the next prompt"
            thoughts = [thought for thought in played.thoughts if thought["effect"] is not None]
            assert thoughts[0]["dropped"][0][0] == "'dance()'"
            assert "before" not in thoughts[0]
            assert "'dance()'" in thoughts[1]["before"][0], "what became of it is in the record too"


class TestHouse:
    def test_a_right_plan_uses_every_statement_when_there_is_reason_to(self) -> None:
        schema = plan_schema(recipes())
        foods = {"BeefBurger": ["cooked_beef", "bread"], "LettuceBurger": ["chopped_lettuce", "bread"]}
        made = {"cooked_beef": "beef", "chopped_lettuce": "lettuce"}
        late = {"number": 4, "dish": "LettuceBurger", "ticks_left": 5}
        orders = [
            {"number": 5, "dish": "BeefBurger", "ticks_left": 60},
            {"number": 6, "dish": "BeefBurger", "ticks_left": 90},
        ]
        state = {"foods_of": foods, "made_of": made, "counts": {}, "ticks_left": 300, "you": {"at": "C3", "holds": ""}}

        def plan(belief: str, **more: Any) -> list[dict[str, Any]]:
            said = json.loads(
                right_plan({**state, "belief": belief, "orders": orders, **more}, schema, random.Random(0))
            )
            jsonschema.validate(said, schema)
            _, dropped = read_statements(said["plan"], recipes())
            assert not dropped
            return list(said["plan"])

        told = [
            *plan("partner 2 makes cooked_beef, and will go on with it.", orders=[late, *orders]),
            *plan("partner 2 puts dishes together and serves them."),
            *plan("partner 2 puts dishes together and serves them.", counts={"cooked_beef": 3, "bread": 3}),
            *plan("", partners=[{"holds": "BeefBurger"}]),
            *plan("", you={"at": "C3", "holds": "BeefBurger"}),
            *plan("", counts={"burnt_beef": 1}),
            *plan("", ticks_left=20, on_counters={"BeefBurger": 1}),
            *plan("", orders=[]),
        ]
        assert {next(iter(entry)) for entry in told} == {
            "do", "whenever", "keep", "order", "leave", "wait", "wait_until", "stand_at", "put",
        }  # fmt: skip
        assert {"order": 4, "is": "drop", "when": None} in told
        assert {"order": 5, "is": "yours", "when": None} in told
        assert {"order": 5, "is": "mine", "when": None} in told
        assert not plan("")
        assert not plan("partner 2 does a bit of everything.", counts={"beef": 1})

    def test_a_wrong_plan_is_drawn_from_every_statement(self) -> None:
        schema, rng = plan_schema(recipes()), random.Random(1)
        said = [json.loads(wrong_plan({}, schema, rng)) for _ in range(80)]
        kinds = {next(iter(entry)) for plan in said for entry in plan["plan"]}
        assert len(kinds) == 9
        assert all(one != other for one, other in pairwise(said))
