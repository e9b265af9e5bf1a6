"""How much is lost by saying a choice as a plan: `python docs/examples/looking_ahead.py --seeds 16`.

At every decision some twenty macro actions are tried out in two futures with orders drawn afresh, the partner being
played by its own program made afresh; the best is done. Once it is put straight into the chef's hands, once it is said
as a plan that is obeyed: `{"do": "...", "now": true}`. No language model is asked. Prints the points above the state
machine's.
"""

from __future__ import annotations

import argparse
import copy
import statistics
from multiprocessing import Pool
from typing import Any

import numpy as np

from brigade.agents.base import View, make_agent
from brigade.agents.planning.macro import Macro, parse_macro
from brigade.agents.planning.observed_state import ObservedState, read_state
from brigade.agents.planning.recipes import recipes_of
from brigade.agents.planning.subgoals import Rest, Use
from brigade.dual_process.plan.reading import read_statements
from brigade.dual_process.plan.statements import Plan
from brigade.dual_process.system1 import System1
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import snapshot

KITCHEN = load_kitchen("new_counter_circuit")
RECIPES = recipes_of(KITCHEN)
SHARED = {id(part): part for part in (KITCHEN, RECIPES, RECIPES.grid, KITCHEN.layout, KITCHEN.tables, KITCHEN.spec,
                                      RECIPES.cookbook, RECIPES.spec)}  # fmt: skip
PARTNERS = ("beef_specialist", "lettuce_specialist", "assembler")
CANDIDATES = (
    "prepare(cooked_beef)", "prepare(chopped_lettuce)", "prepare(bread, plate=True)",
    "prepare(cooked_beef, plate=True)",
    *(f"{verb}({dish})" for verb in ("assemble", "serve") for dish in KITCHEN.order_dishes),
    "clear_counter()", "wait(6)", "wait(12)",
)  # fmt: skip
AHEAD, FUTURES, EVERY = 120, 2, 20  # ticks, how many, ticks between looks while something is being done


class Hands(System1):
    """A chef that obeys plans, and into whose hands a macro action can be put."""

    given: Macro | None = None

    def choose(self, observed: ObservedState) -> Macro | None:
        """What was put into its hands, once; else as System 1."""
        given, self.given = self.given, None
        fire = self._fire(observed)
        if given is not None and fire is None:
            self.probe.start(observed)
            if isinstance(self.probe.goal(given, observed), Use | Rest):
                return given
        return super().choose(observed)


def give(chef: Hands, macro: str, way: str, tick: int) -> None:
    """Have a macro action done, put straight into the hands or said as a plan."""
    if way == "direct":
        chef.given, chef.current = parse_macro(macro, RECIPES), None
    else:
        statements, _ = read_statements([{"do": macro, "now": True}], RECIPES)
        chef.adopt(Plan(statements=tuple(statements)), tick)


def step(game: Game, team: list[Any]) -> None:
    """One tick."""
    seen = game.describe()
    observed = read_state(KITCHEN, seen)
    team[0].history.see(observed, observed.score)
    game.step([[chef.act(seen) for chef in team]])


def imagined(game: Game, chef: Hands, partner: str, future: int) -> tuple[Game, list[Any]]:
    """A copy of the kitchen in which other orders will come, and the partner begins afresh."""
    other = Game.__new__(Game)
    other.__dict__.update(game.__dict__)
    other.state = snapshot(game.state)
    other.rewards, other._actions = game.rewards.copy(), game._actions.copy()
    other.state.random[:] = future
    other.state.script_length[:] = np.minimum(other.state.script_length, other.state.orders_seen)
    mate = make_agent(partner)
    mate.reset(View(KITCHEN, 1, 0))
    return other, [copy.deepcopy(chef, dict(SHARED)), mate]


def best_of(game: Game, chef: Hands, partner: str, way: str, tick: int) -> str | None:
    """The macro action that earns most in the mean over the futures; None to go on as it is."""
    best, most, tried = None, float("-inf"), set()
    for macro in (None, *CANDIDATES):
        earned: list[int] = []
        for future in (1000 * tick + 7 + 9973 * number for number in range(FUTURES)):
            copied, team = imagined(game, chef, partner, future)
            if macro is not None:
                give(team[0], macro, way, tick)
            for _ in range(2):
                step(copied, team)
            if not earned and str(team[0].current) in tried:
                break  # it comes to what another candidate came to
            tried.add(str(team[0].current))
            while int(copied.state.tick[0]) < min(KITCHEN.horizon, tick + AHEAD):
                step(copied, team)
            earned.append(int(copied.state.score[0]))
        if earned and statistics.fmean(earned) > most + 0.5:
            best, most = macro, statistics.fmean(earned)
    return best


def play(partner: str, seed: int, way: str) -> int:
    """An episode's score; `way` is fsm, direct or plan."""
    game, chef, mate, last = Game(KITCHEN), Hands(authority="obey"), make_agent(partner), -EVERY
    game.reset([seed])
    for seat, agent in enumerate((chef, mate)):
        agent.reset(View(KITCHEN, seat, seed))
    while (tick := int(game.state.tick[0])) < KITCHEN.horizon:
        if way != "fsm" and ((chef.current is None and tick > last) or tick - last >= EVERY):
            macro, last = best_of(game, chef, partner, way, tick), tick
            if macro is not None:
                give(chef, macro, way, tick)
        step(game, [chef, mate])
    return int(game.state.score[0])


def main() -> None:
    """Play all of it on every core, and print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first", type=int, default=3000, help="the first seed")
    options = parser.parse_args()
    draws = [(partner, options.first + n) for n in range(options.seeds) for partner in PARTNERS]
    with Pool() as pool:
        scores = {way: pool.starmap(play, [(*draw, way) for draw in draws], 1) for way in ("fsm", "direct", "plan")}
    print(f"fsm {statistics.fmean(scores['fsm']):.1f} points over {len(draws)} episodes")
    for way in ("direct", "plan"):
        gained = [mine - theirs for mine, theirs in zip(scores[way], scores["fsm"], strict=True)]
        error = statistics.stdev(gained) / len(gained) ** 0.5 if len(gained) > 1 else float("nan")
        print(f"{way} {statistics.fmean(gained):+.1f} ({error:.1f})")


if __name__ == "__main__":
    main()
