"""Recording every call to a reasoner as JSON lines, and answering from such a file without a network."""

from __future__ import annotations

import functools
import json
import logging
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from brigade.dual_process.llm.protocol import (
    Answer,
    Failure,
    Messages,
    Piece,
    Reasoner,
    Reply,
    Request,
    Stream,
    digest,
)  # fmt: skip
from brigade.dual_process.old_names import call_now
from brigade.envs import content
from brigade.envs.budgets import RECORD_BYTES, parse_json
from brigade.envs.content import ContentError, Model, misfit, text_of
from brigade.envs.disk import append, make_folder, write
from brigade.envs.registry import BrigadeError

log = logging.getLogger(__name__)

MILLION = 1_000_000
EXCERPT = 40  # characters of a text shown around the first difference


class Price(Model):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Prices(Model):
    """What models cost.

    Attributes:
        checked: the day these prices were looked up.
        source: where.
        models: prices by model name.
    """

    checked: date
    source: str
    models: dict[str, Price]

    def cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars for a call, None when the model is not listed."""
        price = self._of(model.rsplit("/", 1)[-1])
        if price is None:
            return None
        return (price.input * prompt_tokens + price.output * completion_tokens) / MILLION

    def _of(self, model: str) -> Price | None:
        for name in sorted(self.models, key=len, reverse=True):
            rest = model.removeprefix(name)
            if rest == "" or (rest != model and re.fullmatch(r"[-@:](\d[\d-]*|latest)", rest)):
                return self.models[name]
        return None


def load_prices(path: str | Path | None = None) -> Prices:
    """Prices from a file, by default those that come with Brigade.

    Raises:
        ContentError: the file cannot be read or is not what it should be.
    """
    return _own_prices() if path is None else content.validate(content.read(path), Prices)


@functools.cache
def _own_prices() -> Prices:
    text = resources.files("brigade.dual_process.llm").joinpath("prices.yaml").read_text(encoding="utf-8")
    return content.validate(content.parse(text, "prices.yaml"), Prices)


def key_of(request: Request) -> str:
    """What two requests with the same purpose, prompt, messages and schema have in common."""
    return _key(request.purpose, request.prompt, request.messages, schema_digest(request.schema))


def schema_digest(schema: Mapping[str, Any] | None) -> str | None:
    """Which schema it is, None for free text."""
    return None if schema is None else digest(schema)


def _key(purpose: str, prompt: str, messages: Messages, schema: str | None) -> str:
    return digest([purpose, prompt, [list(message) for message in messages], schema])


class RecordingReasoner:
    """Writes down every call of another reasoner, in a new file of its own.

    A line is written when a call ends; `call` counts them in the order in which they were asked. Calls that were
    cancelled, and streams that were left early, are recorded as such.

    Args:
        inner: who answers.
        sink: the file; whatever it held before is lost.
        prices: what models cost, by default those that come with Brigade.

    Raises:
        BrigadeError: the file cannot be written, for example because the disk is full; calls raise it too.
    """

    def __init__(self, inner: Reasoner, sink: str | Path, prices: Prices | None = None):
        self.inner, self.path = inner, Path(sink)
        self.prices = prices if prices is not None else load_prices()
        make_folder(self.path.parent)
        self._calls = self._begin()

    async def ask(self, request: Request) -> Answer:
        """The whole answer of the other reasoner."""
        call, begun = self._next(), time.monotonic()
        answer: Answer | None = None
        try:
            answer = await self.inner.ask(request)
        finally:
            self._write(call, request, answer, begun, None)
        return answer

    def stream(self, request: Request) -> Stream:
        """The stream of the other reasoner."""
        return Stream(self._pieces(request))

    async def close(self) -> None:
        """Close the other reasoner."""
        await self.inner.close()

    async def _pieces(self, request: Request) -> AsyncGenerator[Piece | Reply | Failure, None]:
        call, begun = self._next(), time.monotonic()
        inner = self.inner.stream(request)
        pieces: list[tuple[float, str]] = []
        try:
            async for text in inner:
                pieces.append((inner.times_s[-1], text))
                yield Piece(text, inner.times_s[-1])
        finally:
            await inner.aclose()
            self._write(call, request, inner.outcome, begun, pieces)
        if inner.outcome is not None:
            yield inner.outcome

    def _begin(self) -> int:
        """Make the file, and say which call is the first."""
        write(self.path, b"")
        return 0

    def _next(self) -> int:
        self._calls += 1
        return self._calls - 1

    def _write(
        self, call: int, request: Request, answer: Answer | None, begun: float, pieces: list[tuple[float, str]] | None
    ) -> None:
        cost = None
        if isinstance(answer, Reply):
            cost = self.prices.cost_usd(answer.model, answer.prompt_tokens, answer.completion_tokens)
        record = {
            "call": call,
            "key": key_of(request),
            "purpose": request.purpose,
            "prompt": request.prompt,
            "messages": request.messages,
            "schema": schema_digest(request.schema),
            "max_tokens": request.max_tokens,
            "reply": asdict(answer) if isinstance(answer, Reply) else None,
            "failure": asdict(answer) if isinstance(answer, Failure) else None,
            "cancelled_after_s": time.monotonic() - begun if answer is None else None,
            "pieces": pieces,
            "cost_usd": cost,
        }
        append(self.path, json.dumps(record).encode() + b"\n", sync=False)  # ticks may be waiting


class _Record(BaseModel):
    """A recorded call, as it is read back."""

    model_config = ConfigDict(frozen=True, strict=False)

    call: int
    key: str
    purpose: str
    prompt: str
    messages: Messages
    schema_: str | None = Field(alias="schema")
    reply: dict[str, Any] | None
    failure: dict[str, Any] | None
    cancelled_after_s: float | None
    pieces: list[tuple[float, str]] | None

    @model_validator(mode="after")
    def _whole(self) -> _Record:
        ends = [self.reply, self.failure, self.cancelled_after_s]
        if sum(end is not None for end in ends) != 1:
            raise ValueError("expected one of reply, failure and cancelled_after_s")
        if self.key != _key(self.purpose, self.prompt, self.messages, self.schema_):
            raise ValueError("key: does not fit the request; was the line edited?")
        self.answer()
        return self

    def answer(self) -> Answer:
        """What was answered. A call that was cancelled then would be a timeout now."""
        if self.reply is not None:
            return _REPLY.validate_python(self.reply)
        if self.failure is not None:
            return _FAILURE.validate_python(self.failure)
        return Failure("timeout", "this call was cancelled when it was recorded", self.cancelled_after_s or 0.0)


_REPLY, _FAILURE = TypeAdapter(Reply), TypeAdapter(Failure)


class ReplayReasoner:
    """Answers from a file of recorded calls, at once and without a network.

    Requests are matched by purpose, prompt, messages and schema; equal requests get their answers in the order in
    which they were asked. Latencies are those that were recorded.

    Args:
        path: what `RecordingReasoner` wrote.

    Raises:
        ContentError: the file cannot be read, or a line of it is damaged.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._records = sorted(_read(self.path), key=lambda record: record.call)
        self._of: dict[str, list[_Record]] = {}
        for record in self._records:
            self._of.setdefault(record.key, []).append(record)
        self._asked: dict[str, int] = {}

    @property
    def prompts(self) -> set[tuple[str, str]]:
        """What was asked: purposes, and the prompts with their versions."""
        return {(record.purpose, record.prompt) for record in self._records}

    async def ask(self, request: Request) -> Answer:
        """The recorded answer.

        Raises:
            BrigadeError: this was not asked when the file was recorded.
        """
        return self._take(request).answer()

    def stream(self, request: Request) -> Stream:
        """The recorded pieces, those of a whole answer as one.

        Raises:
            BrigadeError: this was not asked when the file was recorded.
        """
        return Stream(_again(self._take(request)))

    async def close(self) -> None:
        """Nothing to let go of."""

    def _take(self, request: Request) -> _Record:
        key = key_of(request)
        count = self._asked.get(key, 0)
        records = self._of.get(key, [])
        if count >= len(records):
            raise BrigadeError(f"{self.path}: {self._difference(request, len(records))}")
        self._asked[key] = count + 1
        return records[count]

    def _difference(self, request: Request, recorded: int) -> str:
        """Why a request is not in the file, in words."""
        asked = f"a request for '{request.purpose}' ({request.prompt})"
        if recorded:
            return f"{asked} was recorded {recorded} times and has been asked {recorded + 1} times"
        if not self._records:
            return f"{asked} was not recorded: the file holds no calls"
        nearest = max(self._records, key=lambda record: _likeness(record, request))
        return f"{asked} was not recorded; the nearest recorded one (call {nearest.call}) {_differs(nearest, request)}"


class ResumingReasoner(RecordingReasoner):
    """Goes on with the file of a run that was interrupted: answers from it what it holds, asks and adds what is new.

    Requests are matched as by `ReplayReasoner`. What the interruption spoilt is taken out of the file and asked again:
    a last line that was cut off, and calls that were cancelled.

    Args:
        inner: who answers what is not in the file.
        sink: the file; made if there is none.
        prices: what models cost, by default those that come with Brigade.

    Raises:
        ContentError: the file cannot be read, or a line of it before the last one is damaged.
        BrigadeError: it cannot be written; calls raise it too.
    """

    async def ask(self, request: Request) -> Answer:
        """The recorded answer, or that of the other reasoner."""
        record = self._take(request)
        return await super().ask(request) if record is None else record.answer()

    def stream(self, request: Request) -> Stream:
        """The recorded pieces, or the stream of the other reasoner."""
        record = self._take(request)
        return super().stream(request) if record is None else Stream(_again(record))

    def _begin(self) -> int:
        lines = _lines(self.path) if self.path.exists() else []
        kept: list[tuple[str, _Record]] = []
        for number, line in lines:
            try:
                record = _parse(line, str(self.path), number)
            except ContentError as error:
                if number < lines[-1][0]:
                    raise
                log.warning("%s; this call is asked again", error)
                continue
            if record.cancelled_after_s is None:
                kept.append((line, record))
        write(self.path, (f"{line}\n".encode() for line, _ in kept))
        records = sorted((record for _, record in kept), key=lambda record: record.call)
        self._left: dict[str, deque[_Record]] = {}
        for record in records:
            self._left.setdefault(record.key, deque()).append(record)
        return records[-1].call + 1 if records else 0

    def _take(self, request: Request) -> _Record | None:
        left = self._left.get(key_of(request))
        return left.popleft() if left else None


async def _again(record: _Record) -> AsyncGenerator[Piece | Reply | Failure, None]:
    answer = record.answer()
    pieces = record.pieces
    if pieces is None:
        pieces = [(answer.latency_s, answer.text)] if isinstance(answer, Reply) else []
    for at_s, text in pieces:
        yield Piece(text, at_s)
    yield answer


def _read(path: Path) -> list[_Record]:
    return [_parse(line, str(path), number) for number, line in _lines(path)]


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not empty, each with its number."""
    lines = text_of(path, RECORD_BYTES).split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parse(line: str, source: str, number: int) -> _Record:
    try:
        return _called_now(_Record.model_validate(parse_json(line, source)))
    except ValidationError as error:
        raise ContentError(source, number, f"not a recorded call: {misfit(_Record, error)}") from None
    except BrigadeError as error:
        told = str(error).removeprefix(f"{source}: ")
        raise ContentError(source, number, f"not a recorded call: {told}") from None


def _called_now(record: _Record) -> _Record:
    """A call of an earlier revision as it would be asked now."""
    purpose, prompt = call_now(record.purpose, record.prompt)
    key = _key(purpose, prompt, record.messages, record.schema_)
    return record.model_copy(update={"purpose": purpose, "prompt": prompt, "key": key})


def _likeness(record: _Record, request: Request) -> tuple[bool, bool, int]:
    shared = 0
    for (role, text), (other_role, other) in zip(record.messages, request.messages, strict=False):
        prefix = _shared(text, other)
        shared += prefix if role == other_role else 0
        if text != other:
            break
    return record.purpose == request.purpose, record.prompt == request.prompt, shared


def _shared(text: str, other: str) -> int:
    """How many characters two texts have in common at their beginnings."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(text), len(other)))


def _differs(record: _Record, request: Request) -> str:
    """The first difference between a recorded request and another."""
    if record.purpose != request.purpose:
        return f"is for '{record.purpose}'"
    if record.prompt != request.prompt:
        return f"has prompt '{record.prompt}'"
    for i, ((role, text), (other_role, other)) in enumerate(zip(record.messages, request.messages, strict=False)):
        if role != other_role:
            return f"has role '{role}' in message {i}, not '{other_role}'"
        if text != other:
            at = _shared(text, other)
            begin = max(0, at - EXCERPT // 2)
            was, now = text[begin : at + EXCERPT], other[begin : at + EXCERPT]
            return f"differs in message {i} at character {at}: recorded {was!r}, asked {now!r}"
    if len(record.messages) != len(request.messages):
        return f"has {len(record.messages)} messages, not {len(request.messages)}"
    return "has another schema"
