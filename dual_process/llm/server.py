"""Scripted answers behind the same protocol as a language model: in process, or as an ASGI app on a port.

An instrument: its latency and its faults are set exactly, and repeat from run to run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, cast

from pydantic import BaseModel, Field, ValidationError

from brigade.dual_process.llm.faults import REFUSAL, AnswerFunction, Draw, House, HouseKnobs, timed
from brigade.dual_process.llm.protocol import (
    MAX_CHARACTERS,
    Answer,
    Failure,
    FailureKind,
    Piece,
    Reply,
    Request,
    Stream,
)  # fmt: skip
from brigade.envs.asking import asking
from brigade.envs.content import misfit
from brigade.envs.registry import BrigadeError, nearest
from brigade.envs.text import one_line

__all__ = ["AnswerFunction", "App", "HouseKnobs", "HouseReasoner", "build_app", "serve"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PURPOSE_HEADER = b"x-brigade-purpose"
MAX_REQUEST = 4_000_000  # bytes
MAX_NAME, MAX_WORDS = 200, 400  # characters of a model's name, and of a complaint
HEAD_S, BODY_S = 10.0, 20.0  # seconds that a client has for the head of its first request, and for a body
CONNECTIONS = 1024  # at a time
# What a client makes of faults that are no text.
_FAILED: dict[str, tuple[FailureKind, str]] = {
    "refusal": ("refusal", REFUSAL),
    "rate_limit": ("rate_limit", "HTTP 429: too many requests"),
    "server_error": ("server", "HTTP 500: something broke"),
    "cut_stream": ("cut_off", "the answer broke off before its end"),
    "oversized": ("too_long", f"the answer is more than {MAX_CHARACTERS:,} characters long"),
    "empty": ("empty", "the answer is empty"),
}
_STATUS = {"rate_limit": 429, "server_error": 500}


class HouseReasoner:
    """A scripted reasoner in this process. It makes one attempt, and pays no heed to `max_tokens`.

    Args:
        answer: what is said.
        knobs: latency and faults.
        sleep: whether answers take as long as they say. If not, every call ends at once and only `latency_s` (for a
            stream, `times_s`) says how long it would have taken.
        deadline_s: seconds after which a call is given up.
    """

    def __init__(self, answer: AnswerFunction, knobs: HouseKnobs, sleep: bool = False, deadline_s: float = 60.0):
        self._house, self._sleep, self.deadline_s = House(answer, knobs), sleep, deadline_s

    async def ask(self, request: Request) -> Answer:
        """The whole answer."""
        draw = self._house.draw(request.messages, request.purpose, request.schema)
        answer = self._judge(draw)
        if self._sleep:
            await asyncio.sleep(answer.latency_s)
        return answer

    def stream(self, request: Request) -> Stream:
        """The answer as it comes."""
        return Stream(self._pieces(request))

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _pieces(self, request: Request) -> AsyncGenerator[Piece | Reply | Failure, None]:
        draw = self._house.draw(request.messages, request.purpose, request.schema)
        answer, now_s, said = self._judge(draw), 0.0, 0
        speaks = draw.fault not in ("hang", "refusal", "rate_limit", "server_error", "empty")
        for at_s, text in timed(draw, self._house.knobs) if speaks else ():
            said += len(text)
            if at_s > self.deadline_s or said > MAX_CHARACTERS:
                break
            if self._sleep:
                await asyncio.sleep(at_s - now_s)
            now_s = at_s
            yield Piece(text, at_s)
        end_s = now_s if isinstance(answer, Failure) and answer.kind in ("cut_off", "too_long") else answer.latency_s
        if self._sleep:
            await asyncio.sleep(max(0.0, end_s - now_s))
        yield replace(answer, latency_s=end_s)

    def _judge(self, draw: Draw) -> Answer:
        """What a client with this deadline makes of it."""
        if draw.fault == "hang" or draw.latency_s > self.deadline_s:
            text = f"no answer within the deadline of {self.deadline_s:g} s"
            return Failure("timeout", text, self.deadline_s)
        if draw.fault in _FAILED:
            kind, message = _FAILED[draw.fault]
            spent = (draw.sent, draw.received) if draw.fault in ("refusal", "oversized", "empty") else (0, 0)
            return Failure(kind, message, draw.latency_s, *spent)
        return Reply(draw.text, draw.sent, draw.received, draw.latency_s, "house")


class _Message(BaseModel):
    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class _Asked(BaseModel):
    """The body of a chat completions request."""

    model: str = Field(max_length=MAX_NAME)
    messages: list[_Message] = Field(min_length=1, max_length=1000)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None

    def form(self) -> tuple[str, Mapping[str, Any] | None]:
        """Name and schema of the JSON that is asked for."""
        wanted = self.response_format or {}
        inner = wanted.get("json_schema")
        if isinstance(inner, dict):
            return str(inner.get("name", "")), cast("Mapping[str, Any] | None", inner.get("schema"))
        return "", cast("Mapping[str, Any] | None", wanted.get("schema"))


def build_app(answer: AnswerFunction, knobs: HouseKnobs, model: str = "house") -> App:
    """An ASGI app that speaks `POST /v1/chat/completions` (streams too) and `GET /v1/models`.

    Args:
        answer: what is said.
        knobs: latency and faults.
        model: the name of the only model there is.
    """
    return _HouseApp(House(answer, knobs), model)


class _HouseApp:
    def __init__(self, house: House, model: str):
        self._house, self._model = house, model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"house does not speak {scope['type']}")
        route = (scope["method"], scope["path"])
        if route == ("GET", "/v1/models"):
            entry = {"id": self._model, "object": "model", "created": 0, "owned_by": "brigade"}
            await _respond(send, 200, {"object": "list", "data": [entry]})
        elif route == ("POST", "/v1/chat/completions"):
            try:
                async with asyncio.timeout(BODY_S):
                    body = await _read_body(receive)
            except TimeoutError:
                return await _refuse(send, 408, "the request took too long to come")
            if body is None:
                await _refuse(send, 413, "the request is too large")
            else:
                await self._complete(body, dict(scope["headers"]), receive, send)
        else:
            await _refuse(send, 404, f"there is no {route[0]} {route[1]} here; base_url ends in /v1")

    async def _complete(self, body: bytes, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        try:
            asked = _Asked.model_validate_json(body)
        except ValidationError as error:
            return await _refuse(send, 400, misfit(_Asked, error))
        if asked.model != self._model:
            text = f"the model '{asked.model}' does not exist; {nearest(asked.model, [self._model])}"
            return await _refuse(send, 404, text, "model_not_found")
        name, schema = asked.form()
        purpose = headers.get(PURPOSE_HEADER, b"").decode("latin-1") or name
        messages = tuple((message.role, message.text) for message in asked.messages)
        try:
            with asking(lambda: "house", "answering"):
                draw = self._house.draw(messages, purpose, schema)
        except BrigadeError as fault:
            return await _refuse(send, 400, one_line(str(fault), MAX_WORDS))
        if draw.fault == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
        elif draw.fault in _STATUS:
            await asyncio.sleep(draw.latency_s)
            await _refuse(send, _STATUS[draw.fault], _FAILED[draw.fault][1].partition(": ")[2])
        elif asked.stream:
            await self._stream(draw, bool((asked.stream_options or {}).get("include_usage")), send)
        else:
            await asyncio.sleep(draw.latency_s)
            await self._whole(draw, send)

    async def _whole(self, draw: Draw, send: Send) -> None:
        refusal = REFUSAL if draw.fault == "refusal" else None
        message = {"role": "assistant", "content": None if refusal else draw.text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        completion = self._envelope("chat.completion", [choice], _usage(draw))
        payload = json.dumps(completion).encode()
        await _start(send, 200, b"application/json")
        cut = payload[: len(payload) // 2] if draw.fault == "cut_stream" else payload
        await send({"type": "http.response.body", "body": cut})

    async def _stream(self, draw: Draw, counts: bool, send: Send) -> None:
        await _start(send, 200, b"text/event-stream")
        now_s = 0.0
        for at_s, text in () if draw.fault == "refusal" else timed(draw, self._house.knobs):
            await asyncio.sleep(at_s - now_s)
            now_s = at_s
            await self._event(send, {"content": text})
        if draw.fault != "cut_stream":
            await asyncio.sleep(max(0.0, draw.latency_s - now_s))
            await self._event(send, {"refusal": REFUSAL} if draw.fault == "refusal" else {}, "stop")
            if counts:
                await _say(send, self._envelope("chat.completion.chunk", [], _usage(draw)))
            await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _event(self, send: Send, delta: Mapping[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
        await _say(send, self._envelope("chat.completion.chunk", [choice], None))

    def _envelope(self, kind: str, choices: list[Any], usage: Mapping[str, int] | None) -> dict[str, Any]:
        return {
            "id": "house", "object": kind, "created": 0, "model": self._model, "choices": choices, "usage": usage,
        }  # fmt: skip


def _usage(draw: Draw) -> dict[str, int]:
    return {
        "prompt_tokens": draw.sent, "completion_tokens": draw.received, "total_tokens": draw.sent + draw.received,
    }  # fmt: skip


async def _read_body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_REQUEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _start(send: Send, status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"retry-after", b"0")] if status == 429 else [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _respond(send: Send, status: int, body: Mapping[str, Any]) -> None:
    await _start(send, status, b"application/json")
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _refuse(send: Send, status: int, message: str, code: str | None = None) -> None:
    await _respond(send, status, {"error": {"message": message, "type": "house", "param": None, "code": code}})


async def _say(send: Send, chunk: Mapping[str, Any]) -> None:
    body = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def serve(app: App, port: int, host: str = "127.0.0.1") -> None:
    """Serve an app on a port until cancelled or interrupted.

    Raises:
        BrigadeError: the port cannot be had.
    """
    import socket

    import uvicorn  # only a served house needs it
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        """Does not keep a connection for who never says what he wants."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(HEAD_S, lambda: None if self.cycle else transport.close())

    try:
        taken = socket.create_server((host, port))
    except OSError as error:
        raise BrigadeError(f"cannot listen on {host}:{port}: {error.strerror}; choose another port") from None
    config = uvicorn.Config(
        app, http=Impatient, ws="none", log_level="error", lifespan="off", timeout_graceful_shutdown=1,
        limit_concurrency=CONNECTIONS,
    )  # fmt: skip
    with taken:
        await uvicorn.Server(config).serve(sockets=[taken])
