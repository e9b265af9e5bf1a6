"""System 2: thoughts as questions to a reasoner, and their answers as checked objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from brigade.agents.planning.macro import ABOUT, Macro, items_for
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.answers import SCHEMAS, Malformed, read_pick, read_policy, read_text
from brigade.dual_process.facts import StateFacts, state_facts
from brigade.dual_process.frameworks import Framework
from brigade.dual_process.guard.language import describe_guards
from brigade.dual_process.history import History
from brigade.dual_process.llm.json_text import find_json
from brigade.dual_process.llm.protocol import Answer, Failure, Reasoner, Reply, Request
from brigade.dual_process.plan import Policy
from brigade.dual_process.prompts import introduction, load_prompt

CHARACTERS_PER_TOKEN = 3.5  # a cautious guess, used for trimming only
SEEN_TICKS = 120  # how far back a belief looks at what partners did
MAX_TOKENS, MIN_TOKENS = 600, 60  # of an answer; the least is what a bare pick needs
LEAST_BUDGET = 800  # tokens; the kitchen itself must fit
KEPT_LESSONS = 5
MAX_PLAN = 2000  # characters of a plan that are read
NOTHING_YET = "(nothing yet)"


@dataclass(frozen=True)
class Considered:
    """What came of a thought.

    Attributes:
        kind: what sort it was.
        prompt: the prompt's name and version.
        value: a policy, a text or a macro action; None when there was no usable answer.
        problem: why not, else empty.
        failure: the kind of failure of the call, else empty.
        latency_s, prompt_tokens, completion_tokens: what the call took.
        trimmed: how many scenes were left out to keep to the token budget.
    """

    kind: str
    prompt: str
    value: Policy | Macro | str | None
    problem: str = ""
    failure: str = ""
    latency_s: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    trimmed: int = 0


class Question(NamedTuple):
    """A request ready to be asked, and how many scenes were left out of it."""

    request: Request
    trimmed: int


class System2:
    """One chef's slow mind.

    Args:
        reasoner: who answers.
        framework: which thoughts there are.
        recipes: of the kitchen.
        seat: whose mind.
        budget_tokens: prompts are trimmed to about this, oldest scenes first.
        talks: whether messages are invited.
        hz: ticks per second, for the introduction.
    """

    def __init__(
        self,
        reasoner: Reasoner,
        framework: Framework,
        recipes: Recipes,
        seat: int,
        budget_tokens: int = 6000,
        talks: bool = True,
        hz: float = 4.0,
    ):
        self.reasoner, self.framework, self.recipes, self.seat = reasoner, framework, recipes, seat
        self.budget_tokens, self.talks = budget_tokens, talks
        self.guidelines = self.belief = self.plan = self.draft = ""
        self.lessons: list[str] = []
        self._introduction = introduction(recipes, seat, hz)[1]

    def question(self, kind: str, observed: ObservedState, history: History, extra: dict[str, Any]) -> Question:
        """What to ask, on what is known now; the answer may be long in coming."""
        prompt = load_prompt(kind)
        state, trimmed = self._state(kind, observed, history, extra, len(prompt.template.template))
        text = prompt.fill(**self._fields(kind, state))
        messages = (("system", self._introduction), ("user", text))
        tokens = MAX_TOKENS if kind != "pick" else max(MIN_TOKENS, int(MAX_TOKENS * self.framework.quick))
        return Question(Request(kind, prompt.name, messages, SCHEMAS.get(kind), tokens), trimmed)

    async def consider(self, question: Question) -> Considered:
        """Think one thought. Never raises for anything a reasoner says or fails to say."""
        request, trimmed = question
        answer = await (self._write(request) if request.purpose == "plan" else self.reasoner.ask(request))
        kind, prompt = request.purpose, request.prompt
        seconds = answer.latency_s - answer.queued_s  # waiting for a place among our own calls is not thinking
        if isinstance(answer, Failure):
            return Considered(kind, prompt, None, answer.message[:200], answer.kind, seconds, trimmed=trimmed)
        value, problem = self._read(kind, answer)
        return Considered(
            kind, prompt, value, problem, "", seconds, answer.prompt_tokens, answer.completion_tokens, trimmed
        )

    async def _write(self, request: Request) -> Answer:
        """A plan, piece by piece into `draft`, where quick picks read along."""
        self.draft = ""
        async with self.reasoner.stream(request) as stream:
            async for piece in stream:
                self.draft = (self.draft + piece)[:MAX_PLAN]
        return stream.outcome or Failure("cut_off", "the stream was left early", 0.0)

    def remember(self, considered: Considered) -> None:
        """Keep what a thought came to, for the ones after it."""
        if considered.failure == "too_long":  # the endpoint's window is smaller than the budget: ask for less
            self.budget_tokens = max(LEAST_BUDGET, int(self.budget_tokens * 0.6))
        if isinstance(considered.value, str):
            if considered.kind == "reflection":
                self.guidelines = considered.value
            elif considered.kind == "belief":
                self.belief = considered.value
            elif considered.kind == "lesson":
                self.lessons = [*self.lessons, considered.value][-KEPT_LESSONS:]
            elif considered.kind == "plan":
                self.plan, self.draft = considered.value, ""

    def _read(self, kind: str, answer: Reply) -> tuple[Policy | Macro | str | None, str]:
        if kind == "plan":
            return answer.text[:MAX_PLAN], ""
        found = find_json(answer.text)
        if not isinstance(found, dict):
            return None, f"malformed: {found.reason}"
        readers: dict[str, Callable[[], Policy | Macro | str | Malformed]] = {
            "policy": lambda: read_policy(found, self.recipes),
            "pick": lambda: read_pick(found, self.recipes),
            "reflection": lambda: read_text(found, "guidelines"),
            "belief": lambda: read_text(found, "belief"),
            "lesson": lambda: read_text(found, "lesson"),
        }
        value = readers[kind]()
        return (None, f"malformed: {value.reason}") if isinstance(value, Malformed) else (value, "")

    def _fields(self, kind: str, state: str) -> dict[str, str]:
        lessons = " ".join(self.lessons)
        says = "You may say one short line to your partner." if self.talks else "Messages are switched off: null."
        return {
            "state": state,
            "guidelines": self.guidelines or NOTHING_YET,
            "belief": self.belief or NOTHING_YET,
            "lessons": lessons or NOTHING_YET,
            "guards": describe_guards(),
            "message_rule": says,
            "style": "Think step by step before you choose." if self.framework.reasons else "Choose at once.",
            "thought": "one or two sentences" if self.framework.reasons else "an empty text",
        }

    def _state(
        self, kind: str, observed: ObservedState, history: History, extra: dict[str, Any], template: int
    ) -> tuple[str, int]:
        """The JSON of the prompt, with as many scenes as the budget allows."""
        spec = self.framework.thoughts[kind]
        facts = {**state_facts(observed, self.recipes, self.seat), **self._knowledge(kind, observed, history), **extra}
        room = self.budget_tokens * CHARACTERS_PER_TOKEN - len(self._introduction) - template
        passages = history.last(spec.scenes)
        for left_out in range(len(passages) + 1):
            text = json.dumps({**facts, "history": passages[left_out:]}, separators=(",", ":"))
            if len(text) <= room or left_out == len(passages):
                return text, left_out
        raise AssertionError("unreachable")

    def _knowledge(self, kind: str, observed: ObservedState, history: History) -> dict[str, Any]:
        recipes = self.recipes
        counts = StateFacts(observed, recipes, self.seat)
        made_of = {food: source for source, food in recipes.into.items()}
        known: dict[str, Any] = {
            "counts": {food: self._on_the_way(counts, food) for food in recipes.cookbook.foods if food in recipes.ways},
            "foods_of": {dish: list(recipes.foods_of(dish)) for dish in recipes.kitchen.order_dishes},
            "made_of": made_of,
        }
        if kind == "policy":
            known["belief"] = self.belief
        if kind == "belief":
            since = observed.tick - SEEN_TICKS
            others = [seat for seat in range(len(observed.chefs)) if seat != self.seat]
            known["seen"] = {f"partner {seat + 1}": dict(sorted(history.tally(seat, since).items())) for seat in others}
        return known

    def _on_the_way(self, counts: StateFacts, food: str) -> int:
        """How many of a food there are, those being made included."""
        sources = [way.source for way in self.recipes.ways.get(food, []) if way.source]
        return counts.count(food, None) + sum(counts.count(source, None) for source in sources)


def feasible(observed: ObservedState, recipes: Recipes, can_begin: Callable[[Macro, ObservedState], bool]) -> list[str]:
    """Every macro action that could be begun now, as it is written."""
    macros = [
        Macro(verb, item, plate=plate)
        for verb in ABOUT
        for item in items_for(verb, recipes)
        for plate in ((False, True) if verb == "prepare" and item in recipes.cookbook.foods else (False,))
    ]
    macros += [Macro("put_out_fire"), Macro("clear_counter")]
    return [str(macro) for macro in macros if can_begin(macro, observed)] + ["wait(4)"]
