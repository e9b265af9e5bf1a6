"""The slow side of an agent: begins thoughts when it is time to and lets them take effect. No kind is known by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from brigade.agents.base import View
from brigade.agents.planning.observed_state import ObservedState
from brigade.dual_process.asking import request_of
from brigade.dual_process.frameworks import Framework
from brigade.dual_process.history import History
from brigade.dual_process.llm.json_text import find_json
from brigade.dual_process.llm.protocol import Answer, Failure, Reasoner, Reply, Request
from brigade.dual_process.thought_kinds.base import FastSide, Malformed, Memory, Moment, ThoughtKind, make_kind
from brigade.simulation.messages import Message
from brigade.simulation.outcome import Outcome
from brigade.simulation.thoughts import Thought, Thoughts

LEAST_BUDGET = 800  # tokens; the kitchen itself must fit
MAX_DRAFT = 2000  # characters of an unfinished answer that others read


class Thinker:
    """What thinks beside an agent's fast side.

    Args:
        reasoner: who answers.
        framework: which thoughts there are.
        budget_tokens: prompts are trimmed to about this, oldest scenes first.
        talks: whether it sends messages.
        files: by kind of thought, a file in which what it came to is kept across episodes.

    Attributes:
        memory: what is remembered in this episode.

    Raises:
        BrigadeError: the framework names a kind of thought that there is not.
    """

    memory: Memory

    def __init__(
        self,
        reasoner: Reasoner,
        framework: Framework,
        budget_tokens: int = 6000,
        talks: bool = True,
        files: Mapping[str, Path] | None = None,
    ):
        self.reasoner, self.framework, self.talks = reasoner, framework, talks
        self.files = dict(files or {})
        self.budget_tokens = self._budget = budget_tokens
        self.kinds = {name: make_kind(name) for name in framework.thoughts}

    def start(self, fast: FastSide, view: View, history: History) -> None:
        """Begin an episode."""
        self.fast, self.view = fast, view
        self.memory = Memory(history, files=self.files)
        self.thoughts: Thoughts | None = None
        self.budget_tokens = self._budget
        self._last_begun: dict[str, int] = {}
        self._drafts: dict[str, str] = {}
        self._at_once: set[str] = set()  # to be begun whether it is time or not
        self._to_say: list[str] = []
        for kind in [*self.kinds.values(), *(make_kind(name) for name in self.files if name not in self.kinds)]:
            kind.begin(self.memory)

    def due(self, tick: int) -> list[ThoughtKind[Any]]:
        """The kinds of thought that should be begun now."""
        return [kind for kind in self.kinds.values() if self._is_due(kind.name, tick)]

    def _is_due(self, name: str, tick: int) -> bool:
        if self.thoughts is None or self._waits(name):
            return False
        if name in self._at_once:
            return True
        spec, last = self.framework.thoughts[name], self._last_begun.get(name)
        if spec.on_beat:
            return tick >= spec.from_tick and spec.every_ticks > 0 and tick % spec.every_ticks == 0
        return last is None or tick - last >= spec.every_ticks

    def begin(self, kind: ThoughtKind[Any], observed: ObservedState) -> None:
        """Begin a thought, on what is known now; the answer may be long in coming."""
        assert self.thoughts is not None
        self._last_begun[kind.name] = observed.tick
        self._at_once.discard(kind.name)
        spec = self.framework.thoughts[kind.name]
        moment = Moment(observed, self.view, self.memory, self.fast, self.framework, self.talks, self._so_far)
        request, trimmed = request_of(kind, spec, moment, self.budget_tokens)
        kind.begun(moment)
        self.thoughts.begin(kind.name, self._think(kind, request, moment, trimmed), spec.share, eager=kind.streams)

    async def _think(self, kind: ThoughtKind[Any], request: Request, moment: Moment, trimmed: int) -> Outcome:
        """Think one thought. Never raises for anything a reasoner says or fails to say."""
        answer = await (self._write(request) if kind.streams else self.reasoner.ask(request))
        value, problem, failure = None, "", ""
        if isinstance(answer, Failure):
            problem, failure = answer.message[:200], answer.kind
        else:
            value, problem = read_reply(kind, request, moment, answer)
        return Outcome(
            value,
            problem,
            failure,
            latency_s=answer.latency_s - answer.queued_s,  # waiting for a place among our own calls is not thinking
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            prompt=request.prompt,
            trimmed=trimmed,
            told=None if value is None else _told(kind, value, moment),
        )

    async def _write(self, request: Request) -> Answer:
        """An answer, piece by piece into a draft that other thoughts read."""
        self._drafts[request.purpose] = ""
        async with self.reasoner.stream(request) as stream:
            async for piece in stream:
                self._drafts[request.purpose] = (self._drafts[request.purpose] + piece)[:MAX_DRAFT]
        return stream.outcome or Failure("cut_off", "the stream was left early", 0.0)

    def _so_far(self, name: str) -> str:
        """What has been written by now of a kind that streams; before it begins, what it last came to."""
        draft, last = self._drafts.get(name, ""), str(self.memory.kept.get(name, ""))
        if not draft or self.thoughts is None or not self.thoughts.under_way(name):
            return last
        return draft[: int(len(draft) * self.thoughts.progress(name))] or last

    def receive(self, thought: Thought) -> None:
        """A thought takes effect."""
        outcome = thought.outcome
        if outcome.failure == "too_long":  # the endpoint's window is smaller than the budget: ask for less
            self.budget_tokens = max(LEAST_BUDGET, int(self.budget_tokens * 0.6))
        kind = self.kinds[thought.kind]
        if outcome.value is None:
            kind.unanswered(self.memory, outcome.problem)
        else:
            kind.remember(self.memory, outcome.value)
            kind.take_effect(self.fast, outcome.value, thought.effect)

    def hear(self, message: Message) -> None:
        """A partner has said something."""
        self.memory.history.hear(message)
        self._call_for(name for name, kind in self.kinds.items() if kind.at_once)

    def trouble(self) -> None:
        """Something burns, or points were lost."""
        self._call_for(name for name, kind in self.kinds.items() if kind.in_trouble)

    def _call_for(self, names: Iterable[str]) -> None:
        """Have thoughts begun at once; those on a beat only if none of the kind is under way."""
        self._at_once |= {name for name in names if not (self.framework.thoughts[name].on_beat and self._waits(name))}

    def _waits(self, name: str) -> bool:
        return self.thoughts is not None and self.thoughts.under_way(name)

    def say(self, text: str) -> None:
        """Say something at the next tick."""
        if text and self.talks:
            self._to_say.append(text)

    def take_words(self, tick: int) -> list[str]:
        """What is to be said now; it is remembered as said."""
        words, self._to_say = self._to_say, []
        for text in words:
            self.memory.history.hear(Message(tick, self.view.seat, text))
        return words


def _told(kind: ThoughtKind[Any], value: Any, moment: Moment) -> Any:
    """What records have of a thought."""
    told, noted = kind.told(value), kind.noted(moment)
    return {**noted, **told} if noted else told


def read_reply(kind: ThoughtKind[Any], request: Request, moment: Moment, reply: Reply) -> tuple[Any, str]:
    """What a reply comes to, and what is wrong with it."""
    said = reply.text if request.schema is None else find_json(reply.text)
    value = said if isinstance(said, Malformed) else kind.read(said, moment.recipes)
    return (None, f"malformed: {value.reason}") if isinstance(value, Malformed) else (value, "")
