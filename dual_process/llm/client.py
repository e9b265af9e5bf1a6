"""Asking any OpenAI-compatible endpoint, so that whatever it does comes back as a value."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx2
from pydantic import Field, ValidationError, field_validator, model_validator

from brigade.dual_process.llm.bounded import bound
from brigade.dual_process.llm.protocol import MAX_CHARACTERS, Answer, Failure, Piece, Reply, Request, Stream
from brigade.dual_process.llm.wire import (
    MAX_NAME,
    Body,
    Call,
    Heard,
    JsonMode,
    ModelList,
    Opened,
    Problem,
    caught,
    explain,
    in_words,
    not_a_completion,
    response_format,
    unfinished,
)  # fmt: skip
from brigade.envs.budgets import parse_json
from brigade.envs.content import Model
from brigade.envs.registry import BrigadeError
from brigade.envs.text import one_line

log = logging.getLogger(__name__)
T = TypeVar("T")

PURPOSE_HEADER = "X-Brigade-Purpose"  # tells `house` on a port what a question is for; others ignore it
SECRET_CHARACTERS = 8  # no shorter key is a secret
MAX_BACKOFF_S = 20.0
MAX_MESSAGE = 400  # characters of an endpoint's complaint that are kept
MAX_MODELS = 10_000  # that are listed
_RESERVED = {"messages", "model", "stream", "api_key", "authorization"}


class Endpoint(Model):
    """Where and how to ask.

    Attributes:
        base_url: up to and including `/v1`; no key or password in it.
        model: the model's name there.
        key_env: the environment variable that holds the key; empty when the endpoint needs none.
        temperature, top_p, reasoning_effort, seed: sent when given.
        timeout_s: seconds for one attempt, and between two pieces of a stream.
        deadline_s: seconds for a whole call: waiting for a place, attempts, and pauses between them.
        retries: attempts after the first, on timeouts, rate limits, server errors and lost connections.
        backoff_s: about how long the first pause is; each further one is twice as long.
        max_in_flight: calls at a time.
        json_mode: how JSON is asked for: `json_schema` (OpenAI, vLLM), `json_object_schema` (llama.cpp),
            `json_object`, or `none` (in words).
        max_tokens: overrides the requests' own limits; models that reason need more.
        extra: further fields of the request's body.
    """

    base_url: str = "https://api.openai.com/v1"
    model: str = Field(min_length=1)
    key_env: str = "OPENAI_API_KEY"
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    reasoning_effort: str | None = None
    timeout_s: float = Field(30.0, gt=0)
    deadline_s: float = Field(60.0, gt=0)
    retries: int = Field(2, ge=0, le=10)
    backoff_s: float = Field(0.5, ge=0)
    max_in_flight: int = Field(8, ge=1)
    json_mode: JsonMode = "json_schema"
    max_tokens: int | None = Field(None, ge=1)
    extra: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected a URL such as http://127.0.0.1:8080/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("keys and passwords do not belong in a URL; name an environment variable in key_env")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _extra_is_extra(self) -> Endpoint:
        taken = sorted(_RESERVED & {name.lower() for name in self.extra})
        if taken:
            raise ValueError(f"extra: '{taken[0]}' cannot be set here")
        return self


def read_key(endpoint: Endpoint) -> str:
    """The key of an endpoint, empty when it needs none.

    Raises:
        BrigadeError: the environment variable is missing, or holds something that cannot be a key.
    """
    if not endpoint.key_env:
        return ""
    key = os.environ.get(endpoint.key_env, "").strip()
    if not key:
        raise BrigadeError(
            f"no key in ${endpoint.key_env}: export {endpoint.key_env}=..., name another variable in key_env, "
            "or set key_env to '' when the endpoint needs no key"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BrigadeError(f"what ${endpoint.key_env} holds cannot be a key: it has spaces or unusual characters")
    return key


class OpenAIReasoner:
    """Asks an OpenAI-compatible endpoint. Use it within one event loop, and close it there.

    Args:
        endpoint: where and how.
        transport: replaces the network, for tests.
        key: instead of the one in the environment.

    Attributes:
        json_mode: how JSON is asked for now: the endpoint's setting until the endpoint refuses it.

    Raises:
        BrigadeError: there is no key in the environment.
    """

    def __init__(
        self, endpoint: Endpoint, transport: httpx2.AsyncBaseTransport | None = None, key: str | None = None
    ):  # fmt: skip
        import openai  # here, because it takes half a second to load

        self.endpoint, self.json_mode = endpoint, endpoint.json_mode
        self._key = read_key(endpoint) if key is None else key
        self._limit_field, self._counts = "max_tokens", True
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=endpoint.timeout_s,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False,  # the whole prompt would go wherever a server says
                event_hooks={"response": [bound]},
                headers={"Accept-Encoding": "identity"},
                transport=transport,
            ),
        )
        self._places = asyncio.Semaphore(endpoint.max_in_flight)
        self._jitter = random.Random()  # on purpose unlike in other processes: it keeps their retries apart

    def __repr__(self) -> str:
        return f"OpenAIReasoner({self.endpoint.model!r} at {self.endpoint.base_url!r})"

    async def ask(self, request: Request) -> Answer:
        """The whole answer. Never raises for anything the endpoint does; cancellation passes through."""
        call = Call()
        try:
            async with asyncio.timeout(self.endpoint.deadline_s), self._places:
                call.queued_s = call.elapsed_s
                heard = await self._retrying(call, lambda: self._complete(request))
        except TimeoutError:
            return self._failure(call, self._overdue(call))
        return self._failure(call, heard) if isinstance(heard, Problem) else self._reply(call, heard)

    def stream(self, request: Request) -> Stream:
        """The answer as it comes. Attempts are repeated only until the first piece."""
        return Stream(self._pieces(request))

    async def models(self) -> list[str] | Failure:
        """Names of the models the endpoint offers, one attempt."""
        call = Call(attempts=1)
        try:
            async with asyncio.timeout(self.endpoint.timeout_s):
                page = await self._client.models.with_raw_response.list()
            entries = ModelList.model_validate(parse_json(page.content, "the list of models")).data
            return [one_line(entry.id, MAX_NAME) for entry in entries[:MAX_MODELS]]
        except TimeoutError:
            return self._failure(call, Problem("timeout", f"no answer within {self.endpoint.timeout_s:g} s"))
        except caught() as error:
            return self._failure(call, explain(error))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _pieces(self, request: Request) -> AsyncGenerator[Piece | Reply | Failure, None]:
        call, heard = Call(), Heard(request)
        due = asyncio.get_running_loop().time() + self.endpoint.deadline_s
        opened: Opened | Problem | None = None
        waiting = True
        try:
            try:
                async with asyncio.timeout_at(due):
                    await self._places.acquire()
                    waiting, call.queued_s = False, call.elapsed_s
                    opened = await self._retrying(call, lambda: self._open(request))
            except TimeoutError:
                opened = self._overdue(call)
            problem = opened if isinstance(opened, Problem) else None
            while problem is None:
                body = await self._next(cast(Opened, opened), due)
                if isinstance(body, Problem):
                    problem = body
                elif body is None:
                    break
                elif (text := heard.take(body)) and len(heard.text) <= MAX_CHARACTERS:
                    yield Piece(self._scrub(text), call.elapsed_s)
                elif len(heard.text) > MAX_CHARACTERS:
                    break
            problem = problem or heard.problem(self._limit(request)) or unfinished(heard)
            yield self._failure(call, problem) if problem else self._reply(call, heard)
        finally:
            if opened is not None and not isinstance(opened, Problem):
                await opened.close()
            if not waiting:
                self._places.release()

    async def _retrying(self, call: Call, attempt: Callable[[], Awaitable[T | Problem]]) -> T | Problem:
        retries = 0
        while True:
            call.attempts += 1
            outcome = await self._bounded(attempt)
            if not isinstance(outcome, Problem):
                return outcome
            call.last = outcome
            if self._adapt(outcome):
                continue
            pause = self.endpoint.backoff_s * 2.0**retries * self._jitter.uniform(0.5, 1.0)
            pause = max(outcome.wait_s, min(pause, MAX_BACKOFF_S))
            if not outcome.retry or retries >= self.endpoint.retries:
                return outcome
            if call.elapsed_s + pause >= self.endpoint.deadline_s:
                return outcome
            retries += 1
            await asyncio.sleep(pause)

    async def _bounded(self, attempt: Callable[[], Awaitable[T | Problem]]) -> T | Problem:
        try:
            async with asyncio.timeout(self.endpoint.timeout_s):
                return await attempt()
        except TimeoutError:
            return Problem("timeout", f"no answer within {self.endpoint.timeout_s:g} s", retry=True)
        except caught() as error:
            return explain(error)

    async def _complete(self, request: Request) -> Heard | Problem:
        raw = await self._client.chat.completions.with_raw_response.create(**self._arguments(request))
        try:
            body = Body.model_validate(parse_json(raw.content, "the answer"))
        except (ValidationError, BrigadeError):
            return not_a_completion(raw.content)
        heard = Heard(request)
        heard.take(body)
        return heard.problem(self._limit(request)) or heard

    async def _open(self, request: Request) -> Opened:
        arguments = self._arguments(request)
        if self._counts:
            arguments["stream_options"] = {"include_usage": True}
        create: Any = self._client.chat.completions.create  # its overloads cannot take a mapping
        return cast(Opened, await create(**arguments, stream=True))

    async def _next(self, opened: Opened, due: float) -> Body | Problem | None:
        until = min(due, asyncio.get_running_loop().time() + self.endpoint.timeout_s)
        try:
            async with asyncio.timeout_at(until):
                chunk: Any = await anext(opened, None)
            if chunk is None:
                return None
            if asyncio.get_running_loop().time() > until:  # what never waits is never interrupted
                return Problem("timeout", "the stream did not end in time")
            return Body.model_validate(chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk)
        except TimeoutError:
            return Problem("timeout", "the stream stopped")
        except caught() as error:
            problem = explain(error)
            return problem if problem.status else Problem("cut_off", f"the stream broke: {problem.message}")

    def _limit(self, request: Request) -> int:
        return self.endpoint.max_tokens or request.max_tokens

    def _arguments(self, request: Request) -> dict[str, Any]:
        endpoint = self.endpoint
        body: dict[str, Any] = {self._limit_field: self._limit(request)}
        for name in ("temperature", "top_p", "reasoning_effort", "seed"):
            if (value := getattr(endpoint, name)) is not None:
                body[name] = value
        messages = [{"role": role, "content": content} for role, content in request.messages]
        if request.schema is not None:
            body |= response_format(self.json_mode, request.purpose, request.schema)
            if self.json_mode in ("json_object", "none"):
                messages.append({"role": "user", "content": in_words(request.schema)})
        return {
            "model": endpoint.model,
            "messages": messages,
            "extra_body": body | endpoint.extra,
            "extra_headers": {PURPOSE_HEADER: request.purpose},
        }

    def _adapt(self, problem: Problem) -> bool:
        """Whether there is another way to ask an endpoint that refused this one; it is remembered."""
        complaint = problem.message.lower()
        if problem.status not in (400, 422, 500, 501):
            return False
        if "max_completion_tokens" in complaint and self._limit_field == "max_tokens":
            self._limit_field = "max_completion_tokens"
        elif "stream_options" in complaint and self._counts:
            self._counts = False
        elif self.json_mode != "none" and any(
            word in complaint for word in ("response_format", "schema", "json_object")
        ):
            self.json_mode = "none" if self.json_mode == "json_object" else "json_object"
            log.warning("%r refused how JSON was asked for; from now on json_mode is '%s'", self, self.json_mode)
        else:
            return False
        return True

    def _overdue(self, call: Call) -> Problem:
        before = f"; before that: {call.last.message}" if call.last else ""
        return Problem("timeout", f"no answer within the deadline of {self.endpoint.deadline_s:g} s{before}")

    def _scrub(self, text: str) -> str:
        """The text without the key; words such as `none` and `EMPTY`, which local servers take for one, stay."""
        return text.replace(self._key, "***") if len(self._key) >= SECRET_CHARACTERS else text

    def _reply(self, call: Call, heard: Heard) -> Reply:
        sent, received = heard.tokens
        return Reply(
            self._scrub(heard.text), sent, received, call.elapsed_s, heard.model or self.endpoint.model,
            heard.usage is None, call.attempts, call.queued_s,
        )  # fmt: skip

    def _failure(self, call: Call, problem: Problem) -> Failure:
        message = one_line(self._scrub(problem.message), MAX_MESSAGE)
        return Failure(problem.kind, message, call.elapsed_s, *problem.tokens, call.attempts, call.queued_s)
