"""Writes `tests/envs/recordings/*.jsonl`, the recordings that `test_recordings.py` replays.

    python tests/envs/make_recordings.py

They pin down the rules: whoever changes how the kitchen behaves sees them fail. Run this again, and look at what
changed, only when the rules, a kitchen or a cookbook are meant to change; agents may change without it, since a
recording is replayed from its actions. The same code writes the same files, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from brigade.agents.base import Agent, Observation, View, make_agent
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice
from brigade.envs.kitchen.content.layout import ACTION_NAMES
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.experiments.kitchen.run.config import Job
from brigade.experiments.kitchen.run.results import episode_record
from brigade.simulation.episode import play

FOLDER = Path(__file__).parent / "recordings"
TICKS = 300  # of the recordings in which chefs are only there to get in each other's way
GENERATED = [
    "generated:seed=1,chefs=1",
    "generated:seed=2,chefs=2,style=divided,cookbook=salads",
    "generated:seed=3,chefs=3,width=10,height=8",
    "generated:seed=4,chefs=4,style=divided,width=11,height=8",
    "generated:seed=5,chefs=4,cookbook=soups",
    "generated:seed=6,chefs=3,style=divided,cookbook=soups",
]
# Alone on map 1, from (6, 3) at the hatch or from the start: bread onto the counter at (1, 0), a plate over it, to the
# hatch. Nobody ordered that.
BREAD_ON_A_PLATE = "4411111" + "1545" + "22451145" + "22222332" + "5"


class Distracted:
    """The state machine, except that it does something else for a while now and then.

    What it leaves undone burns, expires, is put together wrongly or is delivered to nobody: the recordings should
    hold all of that too.

    Args:
        pause: longest time, in ticks, that it does something else.
    """

    def __init__(self, pause: int):
        self.pause, self._inner = pause, make_agent("fsm")

    def reset(self, view: View) -> None:
        """Begin an episode."""
        self._inner.reset(view)
        self._random = np.random.default_rng([view.seed, view.seat, self.pause])
        self._left = 0

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        action = self._inner.act(observation)
        if self._left == 0 and self._random.random() < 0.02:
            self._left = int(self._random.integers(1, self.pause + 1))
        if self._left == 0:
            return action
        self._left -= 1
        return int(self._random.choice(len(ACTION_NAMES), p=[0.1, 0.15, 0.15, 0.15, 0.15, 0.3]))


class Fixed:
    """Plays the same actions over and over.

    Args:
        moves: one digit a tick.
    """

    def __init__(self, moves: str):
        self.moves = moves

    def reset(self, view: View) -> None:
        """Begin an episode."""

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        return int(self.moves[observation["tick"] % len(self.moves)])


def agent_of(spec: AgentSpec) -> Agent:
    """The agent that a recording names."""
    own = {"distracted": Distracted, "fixed": Fixed}
    return own[spec.name](**spec.options) if spec.name in own else make_agent(spec.name, **spec.options)


def jobs() -> Iterator[tuple[str, Job]]:
    """File name, and what is played: every kitchen, old and new dynamics, one to four chefs, three sorts of players."""
    choices = [
        KitchenChoice(name=name, old_dynamics=dynamics)
        for name in list_kitchens()
        for dynamics in ((True, False) if load_kitchen(name).spec.rules == "classic" else (None,))
    ]
    for i, choice in enumerate(choices):
        kind = choice.load().spec.rules
        yield kind, _job(choice, [AgentSpec(name="fsm")], i)
        yield kind, _job(choice, [AgentSpec(name="distracted", options={"pause": 12})], 100 + i)
        short = choice.model_copy(update={"horizon": TICKS})
        yield (
            kind,
            _job(short, [AgentSpec(name="random"), AgentSpec(name="distracted", options={"pause": 80})], 200 + i),
        )
    for i, name in enumerate(GENERATED):
        choice = KitchenChoice(name=name, horizon=TICKS)
        yield "generated", _job(choice, [AgentSpec(name="distracted", options={"pause": 20})], 300 + i)
    script = ["BeefLettuceBurger", "BeefBurger", "BeefBurger", "LettuceBurger"]
    team = [AgentSpec(name="fsm"), AgentSpec(name="distracted", options={"pause": 40})]
    yield "challenge", _job(KitchenChoice(name="new_counter_circuit"), team, 400, script)
    waiter = AgentSpec(name="fixed", options={"moves": BREAD_ON_A_PLATE})
    yield "challenge", _job(KitchenChoice(name="new_counter_circuit_solo", horizon=TICKS), [waiter], 401)


def _job(choice: KitchenChoice, members: list[AgentSpec], seed: int, script: list[str] | None = None) -> Job:
    """A job whose team is made of the members by turns."""
    team = [members[seat % len(members)] for seat in range(choice.load().chefs)]
    return Job(kitchen=choice, team=team, seed=seed, script=script)


def main() -> None:
    """Play every episode and write it down."""
    files: dict[str, list[dict[str, Any]]] = {}
    for name, job in jobs():
        played = play(job.kitchen.load(), [agent_of(spec) for spec in job.team], job.seed, job.script)
        record = episode_record(job, played)
        record["macros"] = []  # what the agents meant by it is not replayed
        files.setdefault(name, []).append(record)
    FOLDER.mkdir(exist_ok=True)
    for name, records in files.items():
        lines = [json.dumps(record, separators=(",", ":")) + "\n" for record in records]
        (FOLDER / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
