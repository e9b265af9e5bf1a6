"""What a reasoner is: one question in, one answer or one failure out, never an exception for what an endpoint does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol

MAX_CHARACTERS = 65_536  # no answer to any of our questions needs more

Messages = tuple[tuple[str, str], ...]  # (role, content), oldest first
FailureKind = Literal[
    "timeout", "refusal", "rate_limit", "server", "unreachable", "authentication",
    "not_found", "bad_request", "empty", "cut_off", "too_long",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One question to a reasoner.

    Attributes:
        purpose: what the answer is for: a kind of thought, such as `plan`, or `check`.
        prompt: name and version of the template, such as `plan-2`.
        messages: (role, content), oldest first.
        schema: JSON schema of the answer, None for free text.
        max_tokens: the answer's limit, unless the endpoint sets its own.
    """

    purpose: str
    prompt: str
    messages: Messages
    schema: Mapping[str, Any] | None
    max_tokens: int = 600


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        text: what was said, never blank and at most `MAX_CHARACTERS` long.
        prompt_tokens, completion_tokens: as the endpoint counted them, or estimated.
        latency_s: seconds from the question to the whole answer, waiting and retries included.
        model: the name the endpoint gave its model.
        estimated: the endpoint did not count tokens, so they are guessed from the length of the texts.
        attempts: requests it took.
        queued_s: the part of `latency_s` spent waiting for a free place among the calls in flight.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    latency_s: float
    model: str
    estimated: bool = False
    attempts: int = 1
    queued_s: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why there is no usable answer.

    Attributes:
        kind: what went wrong. `cut_off`: the answer broke off; `too_long`: prompt or answer is over a limit.
        message: the same in words, for a person.
        latency_s: seconds from the question to giving up.
        prompt_tokens, completion_tokens: what was spent all the same, 0 when nothing was counted.
        attempts: requests that were made.
        queued_s: the part of `latency_s` spent waiting for a free place among the calls in flight.
    """

    kind: FailureKind
    message: str
    latency_s: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    attempts: int = 1
    queued_s: float = 0.0


Answer = Reply | Failure


@dataclass(frozen=True)
class Piece:
    """Text that came at one moment of a stream.

    Attributes:
        text: the new text.
        at_s: seconds since the question.
    """

    text: str
    at_s: float


class Stream:
    """An answer as it comes: iterate over its pieces of text, then read `outcome`.

    A stream that breaks just ends; `outcome` is then a `Failure`. Leave early with `aclose`, or use it as a context.

    Args:
        source: yields pieces and, last, the answer as a whole.

    Attributes:
        outcome: the whole answer, None until the stream has ended and for good when it was left early.
        text: what has come so far.
        times_s: seconds since the question at which each piece so far came.
    """

    def __init__(self, source: AsyncGenerator[Piece | Reply | Failure, None]):
        self._source = source
        self.outcome: Answer | None = None
        self.text = ""
        self.times_s: list[float] = []

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> str:
        if self.outcome is not None:
            raise StopAsyncIteration
        item = await anext(self._source)
        if isinstance(item, Piece):
            self.text += item.text
            self.times_s.append(item.at_s)
            return item.text
        self.outcome = item
        await self._source.aclose()
        raise StopAsyncIteration

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the stream; an endpoint sees its connection close."""
        await self._source.aclose()


class Reasoner(Protocol):
    """Someone who answers questions. A subclass needs no more than `ask`."""

    async def ask(self, request: Request) -> Answer:
        """The whole answer. Never raises for anything an endpoint can do; cancellation passes through."""
        ...

    def stream(self, request: Request) -> Stream:
        """The answer as it comes. Never raises for anything an endpoint can do; cancellation passes through.

        By default the whole answer of `ask`, as one piece.
        """
        return Stream(_at_once(self, request))

    async def close(self) -> None:
        """Let go of connections and files."""


async def _at_once(reasoner: Reasoner, request: Request) -> AsyncGenerator[Piece | Reply | Failure, None]:
    answer = await reasoner.ask(request)
    if isinstance(answer, Reply):
        yield Piece(answer.text, answer.latency_s)
    yield answer


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: one for every four characters, rounded up."""
    return -(-len(text) // 4)


def prompt_tokens(messages: Messages) -> int:
    """About how many tokens the messages have together."""
    return sum(estimate_tokens(content) for _, content in messages)


def digest(value: Any) -> str:
    """The same 16 hexadecimal digits for the same plain data, in every process."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
