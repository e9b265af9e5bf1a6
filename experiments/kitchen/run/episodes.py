"""Episodes as results files have them, checked: results may come from anywhere."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from brigade.batch.configuration.specs import AgentSpec, KitchenChoice
from brigade.dual_process.old_names import TASK_LISTS, agent_now, kind_now

# Numbers no kitchen can produce are refused before they reach a sum or a plot.
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Tick = Annotated[int, Field(ge=0, le=10_000_000)]
Count = Annotated[int, Field(ge=0, le=10**12)]
SeatNumber = Annotated[int, Field(ge=0, le=1000)]
Group = tuple[str, str, tuple[str, ...], str]  # kitchen, its digest, team, condition
IMAGINED = ("check", "look")  # kinds of thought that ask nobody: they imagine
OF_IMAGINING = ("imagined_ticks", "believed", "scored", "problems", "turned")
ENDED = "the episode ended before it"  # the outcome of a thought that was still under way at the end


class _Part(BaseModel):
    """Part of a record; what is not needed here is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Outcome(_Part):
    """The figures of one episode; lists are by seat."""

    score: Number
    gained: Number | None = None
    served: Number | None = None
    missed: Number | None = None
    wrong: Number | None = None
    fires: Number | None = None
    contribution_rate: tuple[Number | None, ...] = ()
    score_efficiency: tuple[Number | None, ...] = ()
    macros_succeeded: tuple[Number | None, ...] = ()
    macros_failed: tuple[Number | None, ...] = ()


class Scored(_Part):
    """What models of a partner foresaw of a turn that it then took.

    Attributes:
        tick, seat: when, and which partner.
        turn: the turn.
        models: by name: probability of the turn, Brier score, greatest probability, whether the turn had it.
    """

    tick: Tick
    seat: SeatNumber
    turn: str
    models: dict[str, tuple[Number, Number, Number, Number]]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: Any) -> Any:
        return dict(zip(cls.model_fields, data, strict=False)) if isinstance(data, list | tuple) else data


class ThoughtRecord(_Part):
    """One thought of a thinker.

    Attributes:
        seat: whose.
        kind: plan, pick, belief and so on, as it is called now.
        asked, effect: ticks; `effect` is None of a thought that was under way when the episode ended.
        outcome: ok, malformed, or how the call failed.
        problem: what was wrong with the reply.
        value: what it came to: a text, or several.
        dropped: tasks and guards that were not taken over, each with the reason.
        imagined_ticks: of kitchens that were imagined for it.
        believed: by seat and partner model, how probable it is that the partner is what.
        scored: what was foreseen of partners' turns since the last such thought.
        problems: what went wrong with partner models.
        turned: tick, seat, model, and who the partner most probably is from then on.
    """

    seat: SeatNumber
    kind: str
    asked: Tick
    effect: Tick | None = None
    outcome: str
    problem: str = ""
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    value: Any = None
    dropped: tuple[tuple[str, str], ...] = ()
    trimmed_scenes: Count = 0
    imagined_ticks: Count = 0
    believed: dict[str, dict[str, dict[str, Number]]] = {}
    scored: tuple[Scored, ...] = ()
    problems: tuple[str, ...] = ()
    turned: tuple[tuple[Tick, SeatNumber, str, str], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_imagining(cls, data: Any) -> Any:
        """What other kinds of thought tell under these names is their own."""
        if not isinstance(data, dict) or data.get("kind") in IMAGINED:
            return data
        return {name: value for name, value in data.items() if name not in OF_IMAGINING}

    @property
    def words(self) -> str:
        """What it came to, on one line."""
        if self.outcome != "ok":
            return f"{self.outcome}: {self.problem}" if self.problem else self.outcome
        parts = self.value if isinstance(self.value, list) else [] if self.value is None else [self.value]
        return "; ".join(str(part) for part in parts) or "nothing new"


class Episode(_Part):
    """One line of a results file.

    Attributes:
        version: of the record's format; agents have today's names all the same.
        condition: what varies in the run, as it was here.
        macros: by seat: name, first tick, last tick, whether it succeeded, why not.
        thoughts: of all seats, in the order in which they took effect.
        messages: tick, seat and text.
        actions: by seat: one digit a tick.
    """

    version: int = TASK_LISTS
    key: str
    kitchen: KitchenChoice
    kitchen_digest: str = ""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    order_script: tuple[str, ...] | None = None
    agents: Annotated[tuple[AgentSpec, ...], Field(min_length=1)]
    condition: dict[str, Any] = {}
    finished: bool = True
    result: Outcome
    macros: tuple[tuple[tuple[str, Tick, Tick, bool, str], ...], ...] = ()
    thoughts: tuple[ThoughtRecord, ...] = ()
    messages: tuple[tuple[Tick, SeatNumber, str], ...] = ()
    actions: tuple[str, ...] = ()

    @field_validator("agents")
    @classmethod
    def _named_now(cls, agents: tuple[AgentSpec, ...], info: ValidationInfo) -> tuple[AgentSpec, ...]:
        version = info.data.get("version", TASK_LISTS)
        return tuple(agent.model_copy(update={"name": agent_now(agent.name, version)}) for agent in agents)

    @field_validator("thoughts")
    @classmethod
    def _called_now(cls, thoughts: tuple[ThoughtRecord, ...], info: ValidationInfo) -> tuple[ThoughtRecord, ...]:
        names = [agent.name for agent in info.data.get("agents", ())]
        kinds = [kind_now(names[each.seat], each.kind) if each.seat < len(names) else each.kind for each in thoughts]
        return tuple(each.model_copy(update={"kind": kind}) for each, kind in zip(thoughts, kinds, strict=True))

    @model_validator(mode="after")
    def _seats(self) -> Episode:
        result, chefs = self.result, len(self.agents)
        lists = (result.contribution_rate, result.score_efficiency, result.macros_succeeded, result.macros_failed)
        for values in (*lists, self.macros, self.actions):
            if len(values) not in (0, chefs):
                raise ValueError(f"{chefs} agents, but a list by seat has {len(values)} entries")
        named = [thought.seat for thought in self.thoughts] + [seat for _, seat, _ in self.messages]
        if any(seat >= chefs for seat in named):
            raise ValueError(f"{chefs} agents, but a thought or a message is of seat {max(named)}")
        return self

    @property
    def kitchen_label(self) -> str:
        """The kitchen's name, with what is different about it."""
        return kitchen_label(self.kitchen)

    @property
    def team(self) -> tuple[str, ...]:
        """The agents, with their options, in order of seats."""
        return tuple(str(agent) for agent in self.agents)

    @property
    def group(self) -> Group:
        """What its row has in common."""
        return self.kitchen_label, self.kitchen_digest, self.team, condition_label(self.condition)

    @property
    def draw(self) -> tuple[int, tuple[str, ...] | None]:
        """Seed and script: which orders came."""
        return self.seed, self.order_script


def kitchen_label(kitchen: KitchenChoice) -> str:
    """A kitchen's name, with what is different about it."""
    options = {key: value for key, value in kitchen.model_dump(exclude_none=True).items() if key != "name"}
    changes = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{kitchen.name} ({changes})" if changes else kitchen.name


def condition_label(condition: dict[str, Any]) -> str:
    """What varies, on one line: `clock.seconds=15, reasoner.knobs.faults.hang=0.5`."""
    return ", ".join(_flat(condition, ""))


def _flat(values: dict[str, Any], prefix: str) -> list[str]:
    words = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            words += _flat(value, f"{prefix}{key}.")
        else:
            words.append(f"{prefix}{key}={'none' if value in ({}, None) else value}")
    return words
