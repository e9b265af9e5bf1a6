"""What a kind of thought is: what it asks, what it reads in the reply, what is kept of it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import Recipes, recipes_of
from brigade.dual_process.frameworks import Framework
from brigade.dual_process.history import History
from brigade.dual_process.llm.json_text import Malformed
from brigade.dual_process.partner_model import Stated
from brigade.dual_process.plan.statements import Authority, Plan
from brigade.dual_process.prompts import NOTHING_YET, Prompt
from brigade.dual_process.thought_kinds.answers import TEXT, object_schema, read_text
from brigade.envs.kitchen.interfaces.partners import View
from brigade.envs.registry import Registry

__all__ = ["FastSide", "Malformed", "Memory", "Moment", "Prompt", "ThoughtKind", "make_kind", "thoughts"]

V = TypeVar("V")


class FastSide(Protocol):
    """The agent's fast side, as thoughts see it.

    Attributes:
        authority: how far it follows plans: `check`, `obey` or `advise`.
    """

    authority: Authority

    def doing(self, observed: ObservedState) -> dict[str, Any]:
        """What it is doing now, for a prompt."""
        ...

    def can_do(self, observed: ObservedState) -> list[str]:
        """Every macro action that it could begin now, as it is written."""
        ...

    def asked(self) -> dict[str, Any]:
        """What it has been asked for and has not done yet, for a prompt."""
        ...

    def adopt(self, plan: Plan, tick: int) -> None:
        """Follow a new plan from now on."""
        ...

    def pick(self, macro: Macro, tick: int) -> None:
        """Do this next."""
        ...

    def believe(self, beliefs: Mapping[int, Stated]) -> None:
        """System 2 believes this of its partners, in numbers, by seat."""
        ...

    def say(self, text: str) -> None:
        """Say something to the partners."""
        ...


@dataclass
class Memory:
    """What is remembered between the thoughts of one chef in an episode.

    Attributes:
        history: what has happened; `history.partners` is the partner model.
        kept: what earlier thoughts came to, by kind.
        files: by kind, the file in which it is kept across episodes.
    """

    history: History
    kept: dict[str, Any] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    def words(self, kind: str) -> str:
        """What the last thought of a kind came to, for a prompt."""
        return str(self.kept.get(kind, "")) or NOTHING_YET


@dataclass(frozen=True)
class Moment:
    """What is known when a thought is begun.

    Attributes:
        observed: the kitchen.
        view: who thinks, where, and who hears it.
        memory: what is remembered.
        fast: what acts meanwhile.
        framework: which other thoughts there are.
        talks: whether the chef may send messages.
        so_far: what has been written by now of a kind that streams; what it last came to when none is under way.
    """

    observed: ObservedState
    view: View
    memory: Memory
    fast: FastSide
    framework: Framework
    talks: bool
    so_far: Callable[[str], str]

    @property
    def recipes(self) -> Recipes:
        """Of the kitchen."""
        return recipes_of(self.view.kitchen)


class ThoughtKind(Generic[V]):
    r"""A kind of thought. Subclass it, and register the class in `thoughts` or by an entry point of `brigade.thoughts`.

    ```python
    from brigade.dual_process.thought_kinds.base import Prompt, ThoughtKind, thoughts

    @thoughts.register("mood", "how the partner feels")
    class Mood(ThoughtKind[str]):
        prompt = Prompt.from_text("mood-1", "How does your partner feel?\n```json\n$state\n```")
        text_field = "mood"
    ```

    One object serves one chef for an episode. A framework has the kind when its `thoughts` name it. When it is time,
    the prompt is filled in with `fields` and with `$state`: the kitchen, `knowledge` and the last scenes as JSON. The
    reply goes through `read`; what that gives is kept by `remember`, and `take_effect` lets the fast side know.

    Attributes:
        prompt: what is asked. `Prompt.from_text` and `Prompt.from_file` make one of a package's own.
        text_field: of an answer that is one text, the JSON field that has it. Any other answer has a `schema` and is
            read by `read`.
        name: what it is registered as; set when it is made.
        streams: the answer is read while it is written: other thoughts ask for it by `Moment.so_far`.
        at_once: it is begun at once when a partner has said something.
        for_idle_hands: what it comes to is done next: who stands still for it is asked only when nothing is under way.
        in_trouble: it is begun when something burns or points were lost, by fast sides that look out for that.
        max_tokens: limit of the answer.
    """

    prompt: Prompt
    text_field: str = ""
    name: str = ""
    streams: bool = False
    at_once: bool = False
    for_idle_hands: bool = False
    in_trouble: bool = False
    max_tokens: int = 600

    def schema(self, recipes: Recipes) -> Mapping[str, Any] | None:
        """The JSON schema of the answer; None for free text."""
        return object_schema(**{self.text_field: TEXT}) if self.text_field else None

    def read(self, said: Any, recipes: Recipes) -> V | Malformed:
        """What an answer comes to.

        Args:
            said: the JSON object that was found in the reply; the whole reply where there is no schema. Whatever a
                model may have said: nothing in it has been checked.
            recipes: of the kitchen.
        """
        if not self.text_field:
            raise NotImplementedError
        text: Any = read_text(said, self.text_field)
        return text  # type: ignore[no-any-return]  # V is a text then

    def begin(self, memory: Memory) -> None:
        """An episode begins."""

    def fields(self, moment: Moment) -> dict[str, str]:
        """What the prompt's `$fields` are, besides `$state`."""
        return {}

    def knowledge(self, moment: Moment) -> dict[str, Any]:
        """What the JSON of the prompt holds besides the kitchen and the last scenes."""
        return moment.fast.doing(moment.observed)

    def begun(self, moment: Moment) -> None:
        """It has been asked for."""

    def unanswered(self, memory: Memory, problem: str) -> None:
        """Nothing came of it that can be used."""

    def remember(self, memory: Memory, value: V) -> None:
        """Keep what it came to, for the thoughts after it."""
        memory.kept[self.name] = value

    def take_effect(self, fast: FastSide, value: V, tick: int) -> None:
        """Do what it came to."""

    def noted(self, moment: Moment) -> dict[str, Any]:
        """What records keep, besides what it came to, of the moment at which it was begun."""
        return {}

    def told(self, value: V) -> dict[str, Any]:
        """What it came to, as records have it: plain data, `value` for people to read."""
        return {"value": str(value)}


thoughts: Registry[ThoughtKind[Any]] = Registry(
    "kind of thought",
    "brigade.thoughts",
    own=tuple(
        f"brigade.dual_process.thought_kinds.{module}"
        for module in ("plan", "reflection", "belief", "pick", "lesson", "outline", "tasks", "review", "hindsight")
    ),
)


def make_kind(name: str) -> ThoughtKind[Any]:
    """A kind of thought by name.

    Raises:
        BrigadeError: there is no such kind.
    """
    kind = thoughts.make(name)
    kind.name = name
    return kind
