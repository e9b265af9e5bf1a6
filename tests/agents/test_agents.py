"""Agents: every registered one plays every kitchen; macro actions do what they say; nobody gets stuck."""

from __future__ import annotations

import numpy as np
import pytest

from brigade.agents.base import MacroAgent, View, list_agents, make_agent
from brigade.agents.planning.executor import Executor
from brigade.agents.planning.macro import ABOUT, Macro, parse_macro
from brigade.agents.planning.navigate import Navigator
from brigade.agents.planning.observed_state import read_state
from brigade.agents.planning.paths import FAR, grid_of
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.planning.subgoals import Done, Failed, Rest, Use
from brigade.envs.kitchen.content.layout import INTERACT
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.played import Played

NEEDS_OPTIONS = {"specialist": {"food": "chopped_lettuce"}}
TRAINED = "neural"  # needs PyTorch and a checkpoint; see test_rl_agents.py
CLASSIC = ["cramped_room", "asymmetric_advantages", "coordination_ring", "forced_coordination", "counter_circuit"]


def cook(kitchen: str, team: list[str], seed: int = 0, horizon: int | None = None) -> Played:
    return play(load_kitchen(kitchen, horizon), [make_agent(name) for name in team], seed)


@pytest.mark.parametrize("name", [name for name, _ in list_agents() if name != TRAINED])
def test_every_agent_acts_within_range_and_repeats_itself(name):
    options, of = NEEDS_OPTIONS.get(name, {}), name.removeprefix("trained:")
    if of != name:
        pytest.importorskip("torch", reason="policies need PyTorch: pip install 'brigade[rl]'")
    kitchen = load_kitchen(of if of != name else "new_counter_circuit", 120)
    team = [make_agent(name, **options), make_agent("random")]
    first = play(kitchen, team, seed=3)
    second = play(kitchen, [make_agent(name, **options), make_agent("random")], seed=3)
    assert set("".join(first.actions)) <= set("012345")
    assert first.actions == second.actions
    assert first.checks == second.checks
    assert play(kitchen, team, seed=3).actions == first.actions, "an agent must not carry anything over a reset"


@pytest.mark.parametrize("kitchen", list_kitchens())
def test_the_state_machine_earns_in_every_kitchen(kitchen):
    played = cook(kitchen, ["fsm"] * load_kitchen(kitchen).chefs)
    assert played.score > 0
    assert played.finished
    assert sum(played.contribution) > 0


@pytest.mark.parametrize("kitchen", CLASSIC)
def test_two_state_machines_earn_more_than_100_in_every_classic_kitchen(kitchen):
    assert cook(kitchen, ["fsm", "fsm"]).score > 100


@pytest.mark.parametrize("style", ["open", "divided"])
@pytest.mark.parametrize("cookbook", ["burgers", "soups", "salads"])
def test_state_machines_cook_in_generated_kitchens(style, cookbook):
    scores = [
        cook(f"generated:seed={seed},style={style},cookbook={cookbook},chefs=2,width=9", ["fsm", "fsm"]).score
        for seed in range(4)
    ]
    assert sum(score > 0 for score in scores) >= 3, scores


@pytest.mark.parametrize("partner", ["beef_specialist", "lettuce_specialist", "assembler"])
@pytest.mark.parametrize("kitchen", ["new_counter_circuit", "new_asymmetric_advantages"])
def test_rule_partners_contribute(kitchen, partner):
    played = cook(kitchen, ["fsm", partner])
    assert played.contribution[1] > 0
    assert played.score > 100


def test_specialists_do_one_thing():
    beef = cook("new_counter_circuit", ["stay", "beef_specialist"], horizon=200)
    names = {record.name for record in beef.macros[1]}
    assert names <= {"prepare(cooked_beef)", "pass_on(cooked_beef)", "put_out_fire()", "clear_counter()"}
    assert "pass_on(cooked_beef)" in names
    lettuce = cook("new_counter_circuit", ["stay", "lettuce_specialist"], horizon=200)
    assert {record.name for record in lettuce.macros[1]} <= {"prepare(chopped_lettuce)", "pass_on(chopped_lettuce)"}


def test_a_specialist_says_what_the_kitchen_lacks():
    with pytest.raises(BrigadeError, match="nobody makes 'cooked_beef' in kitchen 'salad_bar'"):
        cook("salad_bar", ["beef_specialist", "stay"])


def test_switching_changes_at_its_tick():
    kitchen = load_kitchen("new_counter_circuit", 60)
    agent = make_agent("switching", first="stay", second="fsm", at=30)
    played = play(kitchen, [agent, make_agent("stay")])
    assert set(played.actions[0][:30]) == {"0"}
    assert set(played.actions[0][30:]) != {"0"}


def test_unknown_agents_and_options_are_refused():
    with pytest.raises(BrigadeError, match="did you mean 'assembler'"):
        make_agent("asembler")
    with pytest.raises(BrigadeError, match="agent 'fsm'"):
        make_agent("fsm", speed=3)


def test_two_chefs_in_a_corridor_come_apart():
    """One wide, both want to the other end: somebody must give way, again and again."""
    kitchen = load_kitchen("coordination_ring")
    assert cook("coordination_ring", ["fsm", "fsm"], seed=5).score > 100
    grid = grid_of(kitchen)
    game = Game(kitchen)
    game.reset(0)
    targets = [kitchen.number(0, 3), kitchen.number(4, 1)]
    walkers = [Navigator(grid, seat, 11) for seat in range(2)]
    arrived = [0, 0]
    for _ in range(300):
        observed = read_state(kitchen, game.describe())
        actions = [walker.use(observed, target) for walker, target in zip(walkers, targets, strict=True)]
        for seat, action in enumerate(actions):
            if action == INTERACT:
                arrived[seat] += 1
                targets[seat] = kitchen.number(0, 3) if targets[seat] != kitchen.number(0, 3) else kitchen.number(4, 1)
        game.step([[0 if action == INTERACT else action for action in actions]])
    assert min(arrived) >= 5, arrived


def test_distances_are_what_walking_takes():
    kitchen = load_kitchen("new_counter_circuit_solo")
    grid, game = grid_of(kitchen), Game(kitchen)
    random = np.random.default_rng(0)
    targets = [cell for cell, tile in enumerate(kitchen.tile_names) if tile != "floor" and grid.regions_beside(cell)]
    for target in random.choice(targets, 12):
        game.reset(0)
        observed = read_state(kitchen, game.describe())
        promised = grid.cost(observed.chefs[0].cell, observed.chefs[0].facing, int(target))
        taken = 0
        while taken < FAR:
            observed = read_state(kitchen, game.describe())
            action, _ = grid.action(observed.chefs[0].cell, observed.chefs[0].facing, int(target))
            if action == INTERACT:
                break
            game.step([[action]])
            taken += 1
        assert taken == promised


def carry_out(kitchen: str, text: str, ticks: int = 120) -> tuple[Game, Done | Failed | None]:
    """Carry out one macro action alone from a fresh kitchen."""
    loaded = load_kitchen(kitchen)
    game = Game(loaded)
    game.reset(0)
    recipes = recipes_of(loaded)
    executor, walker = Executor(recipes, 0), Navigator(recipes.grid, 0, 0)
    macro = parse_macro(text, recipes)
    executor.start(read_state(loaded, game.describe()))
    for _ in range(ticks):
        observed = read_state(loaded, game.describe())
        goal = executor.goal(macro, observed)
        if isinstance(goal, Done | Failed):
            return game, goal
        action = walker.use(observed, goal.cell) if isinstance(goal, Use) else walker.rest(observed, None)
        assert isinstance(goal, Use | Rest)
        game.step([[action] + [0] * (loaded.chefs - 1)])
    return game, None


def items(game: Game) -> list[str]:
    return [item["item"] for item in game.describe()["items"]]


@pytest.mark.parametrize(
    ("macro", "kind"),
    [
        ("prepare(chopped_lettuce)", "chopped_lettuce"),
        ("prepare(cooked_beef)", "beef"),
        ("prepare(bread)", "bread"),
        ("prepare(bread, plate=True)", "plate[bread]"),
        ("pass_on(chopped_lettuce)", "chopped_lettuce"),
        ("pass_on(plate)", "plate"),
    ],
)
def test_macro_actions_leave_what_they_are_for(macro, kind):
    game, end = carry_out("new_counter_circuit_solo", macro)
    assert end == Done()
    assert kind in items(game)
    assert game.describe()["chefs"][0]["holding"] is None


def test_pots_are_filled_and_bowls_are_mixed():
    game, end = carry_out("cramped_room", "prepare(OnionSoup)")
    assert end == Done()
    assert "pot[onion*3] cooking" in items(game)
    game, end = carry_out("salad_bar", "prepare(FarmSalad)", ticks=200)
    assert end == Done()
    assert any(name.startswith("bowl") and name.endswith("ready") for name in items(game))


def test_macro_actions_that_cannot_be_done_say_why():
    for text, reason in [
        ("serve(BeefBurger)", "no BeefBurger is finished"),
        ("assemble(BeefBurger)", "no cooked_beef is ready"),
        ("clear_counter()", "nothing to throw away"),
    ]:
        _, end = carry_out("new_counter_circuit_solo", text)
        assert end == Failed(reason)


def test_passing_on_uses_the_counters_between_rooms():
    game, end = carry_out("new_asymmetric_advantages", "pass_on(bread)")
    assert end == Done()
    bread = [tuple(item["at"]) for item in game.describe()["items"] if item["item"] == "bread"]
    assert bread[0] in load_kitchen("new_asymmetric_advantages").centre


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prepare", "is not a macro action"),
        ("prepare(beef); import os", "is not a macro action"),
        ("__import__('os')", "is not a macro action|unknown macro action"),
        ("fetch(beef)", "unknown macro action 'fetch'"),
        ("prepare(bef)", "did you mean 'beef'"),
        ("serve(plate)", "unknown item"),
        ("wait(long)", "number of ticks"),
        ("prepare(beef, bread)", "takes one argument"),
        ("put_out_fire(now)", "takes no arguments"),
        ("prepare(" + "x" * 5000 + ")", "is not a macro action"),
    ],
)
def test_macro_actions_from_text_are_parsed_never_evaluated(text, complaint):
    with pytest.raises(BrigadeError, match=complaint):
        parse_macro(text, recipes_of(load_kitchen("new_counter_circuit")))


def test_macro_actions_are_written_as_they_are_read():
    recipes = recipes_of(load_kitchen("new_counter_circuit"))
    for text in ["prepare(bread, plate=True)", "serve(BeefBurger)", "wait(5)", "put_out_fire()", "pass_on(plate)"]:
        assert str(parse_macro(text, recipes)) == text
    assert parse_macro(" prepare( 'beef' ) ", recipes) == Macro("prepare", "beef")
    assert set(ABOUT) == {"prepare", "assemble", "serve", "pass_on", "put_out_fire", "clear_counter", "wait"}


def test_agents_that_think_in_macro_actions_keep_a_record():
    agent = make_agent("fsm")
    kitchen = load_kitchen("new_counter_circuit_solo")
    play(kitchen, [agent])
    assert isinstance(agent, MacroAgent)
    records = agent.macros
    assert sum(record.succeeded for record in records) > 10
    assert all(record.start <= record.end for record in records)
    assert all(record.succeeded or record.reason for record in records)
    agent.reset(View(kitchen, 0))
    assert not agent.macros
