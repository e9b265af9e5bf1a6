"""The knobs of a scripted reasoner: how long its answers take, and which of them are spoilt, and how."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator

from brigade.dual_process.llm.protocol import Messages, digest, estimate_tokens, prompt_tokens
from brigade.envs.content import Model

# (messages, purpose, schema, generator) -> answer. The purpose of a question that came without one is "".
AnswerFunction = Callable[[Messages, str, Mapping[str, Any] | None, random.Random], str]

FaultKind = Literal[
    "malformed", "refusal", "rate_limit", "server_error", "hang", "cut_stream", "hostile", "oversized", "empty",
    "other_language", "prose",
]  # fmt: skip
OVERSIZED = 200_000  # characters
WORDS_PER_PIECE, MAX_PIECES = 4, 250  # of a stream
REFUSAL = "I cannot help with that."
HOSTILE_GUARDS = (
    "().__class__.__base__.__subclasses__()",
    "__import__('os').system('true')",
    "open('/etc/passwd').read() != ''",
    "(lambda: exec('import sys'))() or True",
    "9 ** 9 ** 9 > score()",
)


class HouseKnobs(Model):
    """How a scripted reasoner behaves.

    Attributes:
        latency_s: seconds an answer takes, whatever its length.
        tokens_per_second, ttft_s: instead of that, `ttft_s` and then so many tokens a second.
        seed: of all faults, and of what is drawn for answers.
        faults: how often each kind of fault happens, 0 to 1, at most one in each answer.
    """

    latency_s: float = Field(0.0, ge=0)
    tokens_per_second: float | None = Field(None, gt=0)
    ttft_s: float = Field(0.0, ge=0)
    seed: int = 0
    faults: dict[FaultKind, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> HouseKnobs:
        if self.latency_s and (self.tokens_per_second is not None or self.ttft_s):
            raise ValueError("latency_s: give either latency_s, or tokens_per_second and ttft_s")
        if any(not 0 <= rate <= 1 for rate in self.faults.values()) or math.fsum(self.faults.values()) > 1 + 1e-9:
            raise ValueError("faults: expected rates of 0 to 1 that add up to at most 1")
        return self

    def latency(self, completion_tokens: int) -> float:
        """Seconds that an answer of so many tokens takes."""
        if self.tokens_per_second is None:
            return self.latency_s + self.ttft_s
        return self.ttft_s + completion_tokens / self.tokens_per_second


@dataclass(frozen=True)
class Draw:
    """What a question gets: an answer, or a fault."""

    fault: str
    text: str
    sent: int  # prompt tokens
    received: int  # completion tokens
    latency_s: float


class House:
    """Draws answers and faults. The same questions in any order get the same, if equal ones keep their order."""

    def __init__(self, answer: AnswerFunction, knobs: HouseKnobs):
        self.answer, self.knobs = answer, knobs
        self._asked: dict[str, int] = {}

    def draw(self, messages: Messages, purpose: str, schema: Mapping[str, Any] | None) -> Draw:
        """What a question gets."""
        key = digest([[list(message) for message in messages], purpose, schema])
        count = self._asked.get(key, 0)
        self._asked[key] = count + 1
        # Two generators, so that a fault more or less leaves the other answers as they were.
        fault = self._fault(_generator(self.knobs.seed, key, count, "fault"))
        text = self.answer(messages, purpose, schema, _generator(self.knobs.seed, key, count, "answer"))
        text = _spoil(fault, text, _generator(self.knobs.seed, key, count, "text"))
        received = estimate_tokens(text)
        return Draw(fault, text, prompt_tokens(messages), received, self.knobs.latency(received))

    def _fault(self, rng: random.Random) -> str:
        at = rng.random()
        for kind in sorted(self.knobs.faults):
            at -= self.knobs.faults[kind]
            if at < 0:
                return kind
        return ""


def _generator(*parts: object) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big"))


def _spoil(fault: str, text: str, rng: random.Random) -> str:
    """The text of an answer with a fault."""
    if fault == "malformed":
        return text[: max(1, len(text) * 2 // 3)].rstrip("}]") + ",,"
    if fault == "hostile":
        return _hostile(text, rng)
    if fault == "oversized":
        return json.dumps({"rationale": "so " * (OVERSIZED // 3)})
    if fault == "other_language":
        return "抱歉，我先去准备牛肉，然后再看看订单。"
    if fault == "prose":
        return f"Sure! This is what I would do:\n\n```json\n{text}\n```\n\nGood luck in the {{kitchen}}!"
    return {"empty": "", "refusal": REFUSAL}.get(fault, text)


def _hostile(text: str, rng: random.Random) -> str:
    """The answer with guards that try to leave the guard language."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = {}
    data: dict[str, Any] = found if isinstance(found, dict) else {}
    tasks = [task for task in data.get("tasks") or [] if isinstance(task, dict)]
    tasks = tasks or [{"do": "wait(1)", "leave": None}]
    return json.dumps({**data, "tasks": [{**task, "when": rng.choice(HOSTILE_GUARDS)} for task in tasks]})


def _split(text: str) -> list[str]:
    """A text in the pieces of a stream."""
    words = text.split(" ")
    size = max(WORDS_PER_PIECE, -(-len(words) // MAX_PIECES))
    groups = [" ".join(words[i : i + size]) for i in range(0, len(words), size)]
    return [piece + (" " if i + 1 < len(groups) else "") for i, piece in enumerate(groups)]


def timed(draw: Draw, knobs: HouseKnobs) -> Iterator[tuple[float, str]]:
    """The pieces of a stream, and the seconds after the question at which each comes."""
    pieces, said = _split(draw.text), 0
    for piece in pieces[: max(1, len(pieces) // 2)] if draw.fault == "cut_stream" else pieces:
        said += len(piece)
        yield knobs.latency(-(-said // 4)), piece
