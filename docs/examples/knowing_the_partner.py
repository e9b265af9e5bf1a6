"""What it is worth to know one's partner: `lookahead` with its partner imagined by one model or another.

    python docs/examples/knowing_the_partner.py --seeds 9200:9220 --models true,belief,wrong

Beside each partner and seed the state machine plays, and `lookahead` once with each model; differences are paired.

- oracle: the live partner itself, and the orders that will really come: what foresight could be worth at most;
- copy: the live partner itself, with all that it has in mind: a bound that nobody can reach;
- true: its own program, brought up to date by running beside it: the ceiling;
- belief: type inference over the library (the default); unguarded: the same, believed from the first tick;
  without: without the partner's program in it; alone: and without what the partner was seen doing as a program;
- counting, base_rate: models that know no programs; machine: a state machine; wrong: another specialist.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from brigade.agents.base import Agent, make_agent
from brigade.batch.estimate import estimate
from brigade.batch.numbers import with_error
from brigade.dual_process.futures.futures import Future, Futures
from brigade.dual_process.imagination import look
from brigade.dual_process.partner_model import PartnerModel, partner_models
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.simulation.episode import play

KITCHEN = "new_counter_circuit"
PARTNERS = ("beef_specialist", "lettuce_specialist", "assembler", "fsm")
WRONG = {"beef_specialist": "assembler", "lettuce_specialist": "beef_specialist", "assembler": "lettuce_specialist",
         "fsm": "assembler"}  # fmt: skip
MODELS = ("oracle", "copy", "true", "belief", "unguarded", "without", "alone", "counting", "machine", "wrong")
LEAST = 1e-3  # probability, in logarithms
_live: list[Agent] = []
_games: list[Game] = []  # that are played now, where an oracle plays


class Live(PartnerModel):
    """The partner itself."""

    guards_itself = True

    def programs(self, draw: int) -> Sequence[tuple[float, Agent]]:
        """It, as it is."""
        return [(1.0, _live[-1])]


if "live" not in partner_models:
    partner_models.register("live", "the partner itself, which nobody can know")(Live)
    Live.__module__ = "__main__"  # it is asked in this process only


def models_of(model: str, partner: str) -> list[Any]:
    """What `imagining.models` is set to."""
    if model in ("oracle", "copy"):
        return ["live"]
    if model in ("counting", "base_rate"):
        return [{"name": model, "options": {"trust": 0}}]
    certain = {"true": partner, "machine": "fsm", "wrong": WRONG.get(partner, "assembler")}
    if model == "unguarded":
        return [{"name": "types", "options": {"trust": 0}}]
    if model in certain:
        return [{"name": "types", "options": {"library": [certain[model]], "roles": False, "trust": 0}}]
    options = {"belief": {}, "without": {"without": [partner]}, "alone": {"without": [partner], "roles": False}}
    return [{"name": "types", "options": options[model]}]


class Clairvoyant(Futures):
    """Futures that go on from the game itself, with its orders to come."""

    def begin(self, number: int, team: Sequence[Any]) -> Future:
        """The one that will be."""
        if _games and int(_games[-1].state.tick[0]) == self.tick:
            self._now[number] = _games[-1].snapshot()
        return super().begin(number, team)


def episode(job: tuple[str, str, int]) -> dict[str, Any]:
    """One episode of `lookahead` with a model beside a partner; of the state machine where the model is empty."""
    model, partner, seed = job
    imagining = {"models": models_of(model, partner)} if model else None
    agent = make_agent("lookahead", imagining=imagining) if model else make_agent("fsm")
    name, _, checkpoint = partner.partition(":")
    _live.append(make_agent(name, **({"checkpoint": checkpoint} if checkpoint else {})))
    _games.clear()
    look.Futures = Clairvoyant if model == "oracle" else Futures  # type: ignore[misc]

    def watch(game: Game, observation: Any, actions: Any) -> None:
        if model == "oracle" and not _games:
            _games.append(game)

    played = play(load_kitchen(KITCHEN), [agent, _live[-1]], seed, watch=watch)
    logs = [
        math.log(max(LEAST, figures[0]))
        for thought in played.thoughts
        for *_, scores in thought.get("scored", ())
        for name, figures in scores.items()
        if name == (model if model in scores else "types" if "types" in scores else "live")
    ]
    score = played.score if not played.crashed else math.nan
    return {"model": model, "partner": partner, "seed": seed, "score": score, "crashed": played.crashed,
            "log": statistics.fmean(logs) if logs else None}  # fmt: skip


def main() -> None:
    """Play, and print a line for each model."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", default="0:20", help="from:to")
    arguments.add_argument("--models", default=",".join(MODELS))
    arguments.add_argument("--partners", default=",".join(PARTNERS), help="a policy as neural:CHECKPOINT")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--out", type=Path, help="a line of JSON for each episode")
    given = arguments.parse_args()
    first, last = map(int, given.seeds.split(":"))
    partners, seeds = given.partners.split(","), range(first, last)
    jobs = [
        (model, partner, seed) for model in ["", *given.models.split(",")] for partner in partners for seed in seeds
    ]
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    with get_context("spawn").Pool(given.workers) as pool:
        for done in pool.imap(episode, jobs):
            found[done["model"], done["partner"], done["seed"]] = done
            if given.out is not None:
                with given.out.open("a") as lines:
                    lines.write(json.dumps(done) + "\n")
            if (done["partner"], done["seed"]) == (partners[-1], last - 1):
                print(_line(done["model"], partners, seeds, found), flush=True)


def _line(
    model: str, partners: Sequence[str], seeds: Sequence[int], found: dict[tuple[str, str, int], dict[str, Any]]
) -> str:
    if not model:
        means = (statistics.fmean(found["", partner, seed]["score"] for seed in seeds) for partner in partners)
        return "fsm: " + ", ".join(f"{partner} {mean:.1f}" for partner, mean in zip(partners, means, strict=True))
    gains = {
        partner: [found[model, partner, seed]["score"] - found["", partner, seed]["score"] for seed in seeds]
        for partner in partners
    }
    every = [gain for each in gains.values() for gain in each]
    logs = [found[model, partner, seed]["log"] for partner in partners for seed in seeds]
    logs = [log for log in logs if log is not None]
    told = f"log {statistics.fmean(logs):.2f}" if logs else "log –"
    cells = ", ".join(f"{partner} {_mean(each)}" for partner, each in gains.items())
    return f"{model}: {cells}; all {_mean(every)}, worst {min(every):+.0f}, {told}"


def _mean(gains: Sequence[float]) -> str:
    return with_error(estimate(gains), sign=True)


if __name__ == "__main__":
    main()
