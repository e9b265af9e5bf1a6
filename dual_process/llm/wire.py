"""What goes over the wire to an endpoint and what comes back, as values: bodies, answers, problems."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import anyio
import httpx2
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from brigade.dual_process.llm.bounded import TooLarge
from brigade.dual_process.llm.protocol import (
    MAX_CHARACTERS,
    FailureKind,
    Request,
    estimate_tokens,
    prompt_tokens,
)  # fmt: skip
from brigade.envs.text import one_line, taken

if TYPE_CHECKING:  # it takes half a second to load, and only who asks an endpoint needs it
    import openai

JsonMode = Literal["json_schema", "json_object_schema", "json_object", "none"]
JSON_MODES: tuple[JsonMode, ...] = ("json_schema", "json_object_schema", "json_object", "none")
_STATUS: dict[int, FailureKind] = {
    401: "authentication", 403: "authentication", 404: "not_found", 405: "not_found", 408: "timeout",
    413: "too_long", 429: "rate_limit",
}  # fmt: skip
MAX_NAME = 200  # characters of a model's name that are kept
MOST_TOKENS = 1_000_000_000  # that an endpoint may say it counted
_RETRIED = {"timeout", "rate_limit", "server", "unreachable"}


@dataclass(frozen=True)
class Problem:
    """An attempt without a usable answer."""

    kind: FailureKind
    message: str
    retry: bool = False
    wait_s: float = 0.0  # the endpoint asked for at least this pause
    status: int = 0
    tokens: tuple[int, int] = (0, 0)


@dataclass
class Call:
    """What is known of a call while it lasts; times in seconds of a monotonic clock."""

    begun: float = field(default_factory=time.monotonic)
    queued_s: float = 0.0
    attempts: int = 0
    last: Problem | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the question."""
        return time.monotonic() - self.begun


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0, le=MOST_TOKENS)
    completion_tokens: int = Field(ge=0, le=MOST_TOKENS)


def _usable(value: Any) -> Any:
    """A count that can be one; else tokens are estimated."""
    try:
        return _Usage.model_validate(value)
    except ValidationError:
        return None


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None


def _first(choices: Any) -> Any:
    """Only the first choice is read, however many there are."""
    return choices[:1] if isinstance(choices, list) else choices


class Body(BaseModel):
    """The part of a completion, or of a chunk of one, that matters here."""

    choices: Annotated[list[_Choice], BeforeValidator(_first)]
    model: str | None = None
    usage: Annotated[_Usage | None, BeforeValidator(_usable)] = None


class Heard:
    """An answer put together from one body or from many chunks."""

    def __init__(self, request: Request):
        self._request = request
        self.text = self.refusal = self.model = ""
        self._half = ""  # of a character, whose other half may come with the next chunk
        self.finish: str | None = None
        self.usage: _Usage | None = None

    def take(self, body: Body) -> str:
        """Add what a body says; the new text."""
        self.usage = body.usage or self.usage
        self.model = one_line(body.model or self.model, MAX_NAME)
        if not body.choices:
            return ""
        choice = body.choices[0]
        said = choice.message or choice.delta or _Said()
        self.finish = choice.finish_reason or self.finish
        self.refusal = taken(self.refusal + (said.refusal or ""), MAX_CHARACTERS)
        came = self._half + (said.content or "")
        last = came[-1:]
        more = choice.message is None and choice.finish_reason is None
        self._half = last if more and "\ud800" <= last < "\udc00" else ""
        new = taken(came[: len(came) - len(self._half)], MAX_CHARACTERS + 1)
        self.text += new
        return new

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens, estimated when they were not counted."""
        if self.usage is not None:
            return self.usage.prompt_tokens, self.usage.completion_tokens
        return prompt_tokens(self._request.messages), estimate_tokens(self.text or self.refusal)

    def problem(self, limit: int) -> Problem | None:
        """Why this cannot be used, if it cannot."""
        if self.refusal or self.finish == "content_filter":
            return Problem("refusal", self.refusal or "the endpoint's content filter stopped it", tokens=self.tokens)
        if len(self.text) > MAX_CHARACTERS:
            size = f"more than {MAX_CHARACTERS:,} characters"
            return Problem("too_long", f"the answer is {size} long", tokens=self.tokens)
        if self.finish == "length":
            text = f"the answer reached the limit of {limit} tokens; raise max_tokens (reasoning counts too)"
            return Problem("cut_off", text, tokens=self.tokens)
        if not self.text.strip():
            return Problem("empty", "the answer is empty", tokens=self.tokens)
        return None


class ModelList(BaseModel):
    """The body of an answer to `GET /models`."""

    class Entry(BaseModel):
        """One model."""

        id: str

    data: list[Entry]


class Opened(Protocol):
    """A stream of chunks that an endpoint has begun."""

    async def __anext__(self) -> object: ...

    async def close(self) -> None:
        """End it."""
        ...


def unfinished(heard: Heard) -> Problem | None:
    """The problem of a stream that ended without saying that it was complete."""
    if heard.finish is not None:
        return None
    return Problem("cut_off", "the stream ended before the answer was complete", tokens=heard.tokens)


def not_a_completion(content: bytes) -> Problem:
    """The problem with a body that is not a chat completion."""
    begin = content[:80].decode("utf-8", "replace").strip()
    if begin.startswith("<"):
        return Problem("not_found", f"a web page, not an API, answered: is base_url right? It begins: {begin}")
    if begin.startswith("{") and not content.rstrip().endswith(b"}"):
        return Problem("cut_off", "the answer broke off before its end", retry=True)
    return Problem("server", f"the answer is not a chat completion; it begins: {begin}", retry=True)


def response_format(mode: JsonMode, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a request's body that asks for JSON."""
    if mode == "json_schema":
        inner = {"name": name, "schema": dict(schema), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": inner}}
    if mode == "json_object_schema":
        return {"response_format": {"type": "json_object", "schema": dict(schema)}}
    return {"response_format": {"type": "json_object"}} if mode == "json_object" else {}


def in_words(schema: Mapping[str, Any]) -> str:
    """The same in words, for endpoints that cannot be given a schema."""
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{json.dumps(schema)}"


@cache
def caught() -> tuple[type[Exception], ...]:
    """All that the libraries raise for what an endpoint does. ValueError: texts that are not what they should be."""
    import openai

    return (
        openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError,
        anyio.EndOfStream, OSError, ValueError, RecursionError,
    )  # fmt: skip


def explain(error: Exception) -> Problem:
    """What an exception of the libraries means. The message may still hold the key."""
    import openai

    if isinstance(error, TooLarge) or isinstance(error.__cause__, TooLarge):
        return Problem("too_long", str(error if isinstance(error, TooLarge) else error.__cause__))
    if isinstance(error, openai.APITimeoutError):
        return Problem("timeout", "the endpoint did not answer in time", retry=True)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        if isinstance(cause, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.DecodingError):
            return Problem("cut_off", f"the connection closed before the answer was complete ({cause})", retry=True)
        return Problem("unreachable", f"{type(cause).__name__}: {cause}", retry=True)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return Problem("refusal", str(error))
    if isinstance(error, openai.APIError):  # an error that was sent inside a stream
        return Problem("server", error.message, retry=True)
    if isinstance(error, OSError | anyio.EndOfStream | httpx2.HTTPError):
        return Problem("unreachable", f"{type(error).__name__}: {error}", retry=True)
    if isinstance(error, UnicodeEncodeError):
        return Problem("bad_request", "the prompt holds characters that cannot be sent")
    return Problem("server", f"the answer cannot be read: {type(error).__name__}: {error}")


def _of_status(error: openai.APIStatusError) -> Problem:
    status, message = error.status_code, f"HTTP {error.status_code}: {_complaint(error)}"
    kind = _STATUS.get(status, "server" if status >= 500 or status == 409 else "bad_request")
    if error.code == "context_length_exceeded":
        kind = "too_long"
    if error.code == "content_filter":
        kind = "refusal"
    if 300 <= status < 400:
        where = error.response.headers.get("location", "elsewhere")
        message = f"HTTP {status}: the endpoint sends us to {where}, and the prompt is sent to base_url alone"
        kind = "not_found"
    retry = kind in _RETRIED and error.code != "insufficient_quota"
    return Problem(kind, message, retry, _pause_s(error.response.headers), status)


def _complaint(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, Mapping) and isinstance(body.get("message"), str):
        return str(body["message"])
    return error.message


def _pause_s(headers: httpx2.Headers) -> float:
    """Seconds an endpoint asks to be left alone, 0 when it does not say so in seconds."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            pause = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if pause >= 0 and math.isfinite(pause):
            return pause
    return 0.0
