"""How much is lost by saying a choice as a plan: `python docs/examples/looking_ahead.py --seeds 16`.

At every decision some twenty macro actions are tried out in two futures with orders drawn afresh, the partner being
played by its own program made afresh; the best is done. Once it is put straight into the chef's hands, once it is said
as a plan that is obeyed: `{"do": "...", "now": true}`. No language model is asked. Prints two tables:

- *episodes*: the points above the state machine's, beside a chef that does a macro action drawn at random;
- *choices*: what each choice of the direct way is worth in other futures than it was chosen in, done directly, said as
  a plan, and beside one drawn at random. Paired, so it tells far finer what a plan keeps.
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
FRESH = 4  # futures in which a choice is valued that was made in others
WAYS = ("fsm", "random", "direct", "plan")


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


def begun(game: Game, chef: Hands, partner: str, macro: str | None, way: str, future: int) -> tuple[Game, list[Any]]:
    """A future, two ticks on, in which a macro action is done, directly or as a plan."""
    copied, team = imagined(game, chef, partner, future)
    if macro is not None:
        give(team[0], macro, way, int(game.state.tick[0]))
    for _ in range(2):
        step(copied, team)
    return copied, team


def ended(copied: Game, team: list[Any], until: int) -> int:
    """The score of a future once it has come to an end."""
    while int(copied.state.tick[0]) < min(KITCHEN.horizon, until):
        step(copied, team)
    return int(copied.state.score[0])


def best_of(game: Game, chef: Hands, partner: str, way: str) -> str | None:
    """The macro action that earns most in the mean over the futures; None to go on as it is."""
    tick = int(game.state.tick[0])
    best, most, tried = None, float("-inf"), set[str]()
    for macro in (None, *CANDIDATES):
        scores: list[int] = []
        for future in (1000 * tick + 7 + 9973 * number for number in range(FUTURES)):
            copied, team = begun(game, chef, partner, macro, way, future)
            if not scores and str(team[0].current) in tried:
                break  # it comes to what another candidate came to
            tried.add(str(team[0].current))
            scores.append(ended(copied, team, tick + AHEAD))
        if scores and statistics.fmean(scores) > most + 0.5:
            best, most = macro, statistics.fmean(scores)
    return best


def worth(game: Game, chef: Hands, partner: str, macro: str, drawn: str) -> tuple[float, float, float]:
    """What a choice earns above going on as it is, in fresh futures: direct, as a plan; and one drawn at random."""
    tick = int(game.state.tick[0])
    futures = [1000 * tick + 77_777 + 9973 * number for number in range(FRESH)]

    def mean(said: str | None, way: str) -> float:
        return statistics.fmean(
            ended(*begun(game, chef, partner, said, way, future), tick + AHEAD) for future in futures
        )

    as_it_is = mean(None, "direct")
    return mean(macro, "direct") - as_it_is, mean(macro, "plan") - as_it_is, mean(drawn, "direct") - as_it_is


def play(partner: str, seed: int, way: str) -> tuple[int, list[tuple[float, float, float]]]:
    """An episode's score, and what each choice is worth if `way` is direct; else it is fsm, random or plan."""
    game, chef, mate, last = Game(KITCHEN), Hands(authority="obey"), make_agent(partner), -EVERY
    random, choices = np.random.default_rng([seed, len(partner)]), list[tuple[float, float, float]]()
    game.reset([seed])
    for seat, agent in enumerate((chef, mate)):
        agent.reset(View(KITCHEN, seat, seed))
    while (tick := int(game.state.tick[0])) < KITCHEN.horizon:
        if way != "fsm" and ((chef.current is None and tick > last) or tick - last >= EVERY):
            drawn, last = str(random.choice(CANDIDATES)), tick
            macro = drawn if way == "random" else best_of(game, chef, partner, way)
            if macro is not None and way == "direct":
                choices.append(worth(game, chef, partner, macro, drawn))
            if macro is not None:
                give(chef, macro, "plan" if way == "plan" else "direct", tick)
        step(game, [chef, mate])
    return int(game.state.score[0]), choices


def told(name: str, values: list[float]) -> str:
    """A mean and its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{name:8}{statistics.fmean(values):+6.2f} ({error:.2f})"


def main() -> None:
    """Play all of it on every core, and print the means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first", type=int, default=3000, help="the first seed")
    options = parser.parse_args()
    draws = [(partner, options.first + n) for n in range(options.seeds) for partner in PARTNERS]
    with Pool() as pool:
        played = {way: pool.starmap(play, [(*draw, way) for draw in draws], 1) for way in WAYS}
    scores = {way: np.array([score for score, _ in episodes]) for way, episodes in played.items()}
    print(f"episodes: {len(draws)}, fsm {scores['fsm'].mean():.1f}; above it")
    for way in WAYS[1:]:
        print(told(way, (scores[way] - scores["fsm"]).tolist()))
    print(told("plan - direct", (scores["plan"] - scores["direct"]).tolist()))
    if not any(choices for _, choices in played["direct"]):
        print("choices: none")
        return
    by_episode = [np.array(choices).sum(axis=0) for _, choices in played["direct"] if choices]
    print(f"choices: {sum(len(choices) for _, choices in played['direct'])}; an episode's together, in fresh futures")
    for name, values in zip(("direct", "plan", "random"), np.array(by_episode).T, strict=True):
        print(told(name, values.tolist()))
    direct, plan, _ = np.array(by_episode).T
    kept = f"kept {plan.sum() / direct.sum():.1%}" if direct.sum() > 0 else "nothing gained"
    print(told("plan - direct", (plan - direct).tolist()), kept)


if __name__ == "__main__":
    main()
