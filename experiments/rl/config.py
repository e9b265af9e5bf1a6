"""The configuration of a training: YAML into frozen models, unknown keys refused. Needs no PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from brigade.agents.learned.checkpoint import has_torch
from brigade.agents.learned.network_spec import STANDARD, NetworkSpec, networks
from brigade.batch.configuration.config import Configuration
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice, Seeds, wrong_at
from brigade.envs.content import Document, Model
from brigade.envs.kitchen.content.generate import draw_first
from brigade.envs.kitchen.content.layout import Kitchen, ShapedSpec, with_shaped
from brigade.envs.kitchen.engine.reward import Shaping
from brigade.envs.kitchen.interfaces.room_choice import RoomsSpec, make_rooms
from brigade.envs.kitchen.observations.observe import SYMBOLIC, Observer, make_observer, observers
from brigade.envs.registry import BrigadeError, unknown

PROGRESS = "progress.jsonl"  # in the folder of a training: a line for each update
TRAINED = "neural"  # the agent that plays checkpoints
UNSEEN = 1 << 40  # the number of the room in which is measured what was learned in others
UNIMPORTANT = ("out", "about", "threads", "parallel", "device")  # keys that do not change what is learned


class PPOSpec(Model):
    """How the policy is improved.

    Attributes:
        learning_rate, final_learning_rate: of Adam, falling linearly from the first to the last environment step.
        gamma: discount per tick.
        gae_lambda: weight of longer returns in the advantage.
        clip: how far the probability of an action may move from what it was, as a ratio.
        value_clip: likewise for values; None for not.
        epochs: passes over a batch.
        minibatches: per pass.
        entropy, final_entropy: weight of the entropy, falling linearly until `entropy_steps`.
        entropy_steps: environment steps; None for the whole training.
        value_weight: of the critic's loss.
        max_gradient: longest gradient.
        reward_scale: what rewards are multiplied with.
    """

    learning_rate: float = Field(1e-3, gt=0)
    final_learning_rate: float = Field(0.0, ge=0)
    gamma: float = Field(0.99, gt=0, le=1)
    gae_lambda: float = Field(0.95, ge=0, le=1)
    clip: float = Field(0.2, gt=0)
    value_clip: float | None = Field(None, gt=0)
    epochs: int = Field(2, ge=1)
    minibatches: int = Field(4, ge=1)
    entropy: float = Field(0.05, ge=0)
    final_entropy: float = Field(0.005, ge=0)
    entropy_steps: int | None = Field(None, ge=1)
    value_weight: float = Field(0.5, ge=0)
    max_gradient: float = Field(0.5, gt=0)
    reward_scale: float = Field(0.1, gt=0)

    def learning_rate_at(self, done: float) -> float:
        """The learning rate when the share `done` of the training is over."""
        return linear(self.learning_rate, self.final_learning_rate, done)

    def entropy_at(self, step: int, steps: int) -> float:
        """The weight of the entropy at environment step `step` of `steps`."""
        return linear(self.entropy, self.final_entropy, step / (self.entropy_steps or steps))


class ShapingSpec(Model):
    """Shaped rewards while learning.

    Attributes:
        coefficient: their weight at the first environment step, falling linearly.
        anneal: share of the training after which the weight is 0; None keeps it.
        team: whether all chefs receive what each of them earns, or only the one who did it.
        events: what each event is worth instead of what the kitchen says, for partners with tastes of their own (hidden
            utilities, arXiv 2302.01605); `place`, `plate`, `collect`, also below 0. Keep `anneal` at null with it.
        drawn: a number from 1 up draws the events' worth with each seed, from -drawn to drawn.
    """

    coefficient: float = Field(1.0, ge=0)
    anneal: float | None = Field(0.5, gt=0)
    team: bool = False
    events: ShapedSpec | None = None
    drawn: int | None = Field(None, ge=1, le=100)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.events is not None and self.drawn is not None:
            raise ValueError("events are given, or drawn, not both")
        return self

    def kitchen_of(self, kitchen: Kitchen, seed: int) -> Kitchen:
        """The kitchen that is learned in: with the worth of events given here, if it is."""
        events = self.events
        if self.drawn is not None:
            place, plate, collect = np.random.default_rng(seed).integers(-self.drawn, self.drawn + 1, 3).tolist()
            events = ShapedSpec(place=place, plate=plate, collect=collect)
        return kitchen if events is None else with_shaped(kitchen, events)

    def schedule(self, steps: int) -> Shaping:
        """The weight by environment step in a training of so many."""
        return Shaping(self.coefficient, None if self.anneal is None else max(1, int(steps * self.anneal)))


class CloneSpec(Model):
    """Behaviour cloning: learning to do what was done in recordings, or in episodes of agents.

    Attributes:
        results: folders whose episodes are learned from: of runs, or of recordings.
        seats: whose actions; None for all, `people` for the people in recordings.
        team: agents that play the episodes, if there are no results.
        episodes: how many they play.
        noise: share of their actions that are replaced by random ones, so that the learner sees how they recover.
        epochs: passes over the data.
        held_out: share of the episodes that is used to measure and not to learn.
    """

    results: list[str] = []
    seats: list[int] | Literal["people"] | None = None
    team: list[AgentSpec] = []
    episodes: int = Field(16, ge=1)
    noise: float = Field(0.0, ge=0, le=1)
    epochs: int = Field(30, ge=1)
    batch: int = Field(512, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    held_out: float = Field(0.15, ge=0, lt=1)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if bool(self.results) == bool(self.team):
            raise ValueError("expected either results, or a team whose play is cloned")
        if isinstance(self.seats, list) and (not self.seats or min(self.seats) < 0):
            raise ValueError(f"seats {self.seats}: expected at least one seat, counted from 0, or null for all of them")
        return self


class TrainConfig(Configuration):
    """One training.

    `algorithm: ppo` learns by playing: in all seats, or beside `partners`, agents by name. `neural` has the options
    `checkpoint`, which may hold `*` for a population, `past` to add earlier selves, and `greedy`. `algorithm: clone`
    copies recordings. `kitchens` are stepped together, `ticks` at a time. `seeds` is a list, or a number n for 0 to
    n-1; several are trained side by side. `backend: rllib` leaves the learning to Ray RLlib. `device: auto` is a GPU
    where PyTorch and Numba can use one; beside partners the kitchens stay on the CPU, and cloning is done there.

    With `rooms` it is learned in many rooms, and `kitchen` is where it is measured what that came to: by default a room
    that is drawn as they are, and is none of them.
    """

    what: ClassVar = "training"
    bundled: ClassVar = Path(__file__).parent / "configs"
    results: ClassVar = "results/rl"

    algorithm: Literal["ppo", "clone"] = "ppo"
    backend: Literal["torch", "rllib"] = "torch"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    kitchen: KitchenChoice
    rooms: RoomsSpec | None = None
    observation: str = "features"
    network: NetworkSpec = NetworkSpec()
    ppo: PPOSpec = PPOSpec()
    shaping: ShapingSpec = ShapingSpec()
    clone: CloneSpec | None = None
    partners: list[AgentSpec] = []
    start: str | None = None  # a checkpoint to begin from, instead of random numbers
    steps: int = Field(10_000_000, ge=1)  # environment steps in all; a step is one tick of one kitchen
    kitchens: int = Field(256, ge=1)
    ticks: int = Field(100, ge=1)
    seeds: Seeds = Field([0], min_length=1)
    checkpoints: int = Field(10, ge=1)  # evenly over the training, beside the one at the start
    episodes: int = Field(20, ge=1)  # of the evaluation
    threads: int = Field(1, ge=1)  # of PyTorch
    parallel: int | None = Field(None, ge=1)  # how many seeds at once; None for as many as there are cores

    @model_validator(mode="before")
    @classmethod
    def _measured_elsewhere(cls, data: Any) -> Any:
        """Where nothing is said, what was learned in many rooms is measured in one that is not among them."""
        if not isinstance(data, dict) or not data.get("rooms") or data.get("kitchen") is not None:
            return data
        rooms = data["rooms"] if isinstance(data["rooms"], RoomsSpec) else RoomsSpec.model_validate(data["rooms"])
        if rooms.generator is None:
            return data | {"kitchen": rooms.names[0]}
        try:
            return data | {"kitchen": draw_first(rooms.generator.recipes(UNSEEN)).source}
        except BrigadeError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _rooms_fit(self) -> Self:
        if self.rooms is None:
            return self
        if self.algorithm != "ppo" or self.backend != "torch":
            raise ValueError("rooms are for algorithm ppo with backend torch")
        if self.shaping.events is not None or self.shaping.drawn is not None:
            raise ValueError("rooms have their own shaped rewards; leave out shaping.events and shaping.drawn")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.algorithm == "clone" and self.clone is None:
            raise ValueError("algorithm clone needs `clone`, which says what is cloned")
        if self.algorithm == "clone" and self.backend == "rllib":
            raise ValueError("RLlib learns by playing: with algorithm clone the backend must be torch")
        if self.algorithm == "clone" and self.network.policies == "separate":
            raise ValueError("a clone is one policy for all seats: network.policies must be shared")
        alone = self.network.policies == "shared" and self.network.critic == "independent"
        if self.partners and not alone:
            raise ValueError("beside partners there is one learner: policies must be shared and critic independent")
        return self

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that kitchen, agents, observation and network are there and fit."""
        kitchen = self.kitchen.check(document, "kitchen")
        self._check_team(kitchen, document)
        if self.rooms is not None:
            with wrong_at(document, "rooms"):
                self._check_rooms(self.rooms, kitchen)
        for path, specs in ((("partners",), self.partners), (("clone", "team"), self.clone.team if self.clone else [])):
            for i, spec in enumerate(specs):
                if spec.name != TRAINED:  # those are read later: a name may stand for many
                    spec.check(document, *path, i)
        observer = array_observer(self.observation, kitchen, document)
        if has_torch():
            _check_network(self.network, observer, document)
        return self

    def _check_team(self, kitchen: Kitchen, document: Document) -> None:
        told, chefs = f"'{kitchen.name}' has {kitchen.chefs} chefs", kitchen.chefs
        if self.partners and chefs < 2:
            raise document.error(f"'{kitchen.name}' has one chef, so there is no room for partners", "kitchen")
        if self.clone is not None and self.clone.team and len(self.clone.team) != chefs:
            raise document.error(f"{told}, and clone.team {len(self.clone.team)} members", "kitchen")
        if self.clone is not None and isinstance(self.clone.seats, list) and max(self.clone.seats) >= chefs:
            told = f"clone.seats {self.clone.seats}: '{kitchen.name}' has the seats 0 to {chefs - 1}"
            raise document.error(told, "kitchen")

    def _check_rooms(self, rooms: RoomsSpec, kitchen: Kitchen) -> None:
        """Refuse rooms that cannot be, or that the kitchen to measure in is not like; one of a pool stands for all."""
        few = make_rooms(rooms.model_copy(update={"pool": 1, "refill": None}))
        few.fitted(kitchen)
        if len({each.horizon for each in few.kitchens}) > 1:
            raise BrigadeError("rooms: their horizons differ; a training has one")

    def run_folder(self, seed: int) -> Path:
        """Where the training with this seed goes."""
        return self.folder / f"seed_{seed}"

    def important(self) -> dict[str, Any]:
        """What decides what is learned, as plain data."""
        data = self.model_dump(mode="json")
        if self.rooms is None:
            data.pop("rooms")  # as it was before there were any
        return {key: value for key, value in data.items() if key not in (*UNIMPORTANT, "seeds")}


def array_observer(name: str, kitchen: Kitchen, document: Document) -> Observer:
    """What a policy sees of a kitchen.

    Raises:
        ContentError: no such observation, or none that is an array of numbers.
    """
    try:
        observer = make_observer(name, kitchen)
    except BrigadeError as error:
        told = str(error) if name in observers else str(unknown("observation", name, _arrays()))
        raise document.error(told, "observation") from None
    if not np.issubdtype(observer.dtype, np.number):
        known = ", ".join(each for each in _arrays() if each != name)
        raise document.error(f"'{name}' is no array of numbers, which a network needs; known: {known}", "observation")
    return observer


def _arrays() -> list[str]:
    return [name for name in observers.names if name != SYMBOLIC]


def _check_network(spec: NetworkSpec, observer: Observer, document: Document) -> None:
    try:
        networks[spec.kind]
    except BrigadeError as error:
        raise document.error(str(error), "network", "kind") from None
    form = (len(observer.shape), np.dtype(observer.dtype).name)
    if spec.kind == STANDARD and form not in ((1, "float32"), (3, "uint8")):
        raise document.error(
            f"'{STANDARD}' reads vectors of float32 and planes of uint8; '{observer.name}' is {form[1]} of the shape "
            f"{observer.shape}, which needs a network of your own",
            "network", "kind",
        )  # fmt: skip


def linear(first: float, last: float, done: float) -> float:
    """From `first` to `last` as `done` goes from 0 to 1."""
    return first + (last - first) * min(1.0, done)
