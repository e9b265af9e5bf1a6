"""What an agent is: it is told where it stands, and answers every tick with one action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from brigade.envs.kitchen.interfaces.partners import View
from brigade.envs.registry import Registry

__all__ = ["Agent", "MacroAgent", "MacroRecord", "Observation", "View", "agents", "list_agents", "make_agent"]

Observation = dict[str, Any]  # what `envs.kitchen.state.describe` returns


@dataclass(frozen=True)
class MacroRecord:
    """One macro action that an agent carried out.

    Attributes:
        name: as a person writes it, `prepare(cooked_beef)`.
        start, end: first and last tick.
        succeeded: whether it reached what it was for.
        reason: why it failed, else empty.
    """

    name: str
    start: int
    end: int
    succeeded: bool
    reason: str = ""


@runtime_checkable
class Agent(Protocol):
    """Acts for one chef. `act` must return at once: the kitchen does not wait."""

    def reset(self, view: View) -> None:
        """Begin an episode."""
        ...

    def act(self, observation: Observation) -> int:
        """The action for this tick: 0 stay, 1 left, 2 right, 3 down, 4 up, 5 interact."""
        ...


@runtime_checkable
class MacroAgent(Agent, Protocol):
    """An agent that thinks in macro actions and keeps a record of them."""

    @property
    def macros(self) -> Sequence[MacroRecord]:
        """The macro actions that have ended in this episode, oldest first."""
        ...


agents: Registry[Agent] = Registry(
    "agent",
    "brigade.agents",
    own=(
        "brigade.agents.simple", "brigade.agents.state_machine", "brigade.agents.paper_state_machine",
        "brigade.agents.pushing", "brigade.agents.specialists", "brigade.agents.tempo", "brigade.agents.learned.neural",
        "brigade.dual_process.imagination.lookahead",
    ),
    derived="brigade.dual_process.build:thinking_agents",
)  # fmt: skip


def make_agent(name: str, **options: Any) -> Agent:
    """A new agent by name.

    Raises:
        BrigadeError: no such agent, or an option that it does not have.
    """
    return agents.make(name, **options)


def list_agents() -> list[tuple[str, str]]:
    """Name and one line about every agent."""
    return [(entry.name, entry.about) for entry in agents]
