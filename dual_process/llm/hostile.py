"""An endpoint that misbehaves on purpose, one kind at a time: an instrument for clients.

It speaks raw bytes, so that it can say what no server says. Every kind is named after what it does; the ones that
answer at all answer with a text that a client can use, so that only the misbehaviour differs. Nothing of what it is
sent is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from brigade.envs.budgets import KIB, MIB
from brigade.envs.registry import BrigadeError, unknown

Piece = bytes | float  # bytes to send, or seconds to wait
Behaviour = Callable[["Asked"], Iterable[Piece]]
LONG_S = 600.0
ANY, EVERY = "any", "every"
LIMIT = 16 * MIB  # bytes of a request's head
MAX_BODY = 4 * MIB
TEXT = json.dumps(
    {
        "rationale": "r", "plan": [], "tasks": [], "message": None, "belief": "b", "guidelines": "g", "lesson": "l",
        "reflection": "r", "outline": "o", "thought": "t", "action": "wait(1)",
    }
)  # fmt: skip
EVIL = "\x1b]0;gone\a\x1b[2J\x1b[31m\u202ered\u2066 <script>alert(1)</script> [bold]x[/] \x00\x07 =1+1"


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        streams: whether a stream is asked for.
        port: that it came in on.
    """

    streams: bool
    port: int


def completion(**changes: Any) -> dict[str, Any]:
    """A completion as an endpoint should give it, with changes."""
    message = {"role": "assistant", "content": TEXT}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {"id": "h", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return whole | changes


def saying(text: str | None, **more: Any) -> dict[str, Any]:
    """A completion with another text."""
    message = {"role": "assistant", "content": text, **more}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": "stop"}])


def chunk(text: str, finish: str | None = None) -> bytes:
    """A piece of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    body = {"id": "h", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def head(length: int | None = None, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """The head of an answer; `more` are whole lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}"]
    lines += [f"Content-Length: {length}"] if length is not None else ["Connection: close"]
    return ("\r\n".join(lines) + "\r\n" + more + "\r\n").encode("latin-1")


def whole(body: Any, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """An answer: plain data as JSON, or bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(len(data), status, kind, more) + data


def events(*pieces: bytes, done: bool = True) -> bytes:
    """A whole stream."""
    end = chunk("", "stop") + b"data: [DONE]\n\n" if done else b""
    return head(kind="text/event-stream") + b"".join(pieces) + end


def either(body: Any, *pieces: bytes) -> Behaviour:
    """One body where a whole answer is asked for, or a stream of pieces."""
    return lambda asked: [events(*pieces)] if asked.streams and pieces else [whole(body)]


def always(*pieces: Piece) -> Behaviour:
    """The same, whatever is asked."""
    return lambda asked: pieces


def forever(first: bytes, again: bytes, pause: float = 0.0) -> Behaviour:
    """Something, and then the same thing without end."""

    def behave(asked: Asked) -> Iterator[Piece]:
        yield first
        while True:
            yield again
            yield pause

    return behave


def flood(first: bytes, part: bytes, times: int, last: bytes = b"") -> Behaviour:
    """Something, a part many times over, and an end."""

    def behave(asked: Asked) -> Iterator[Piece]:
        yield first
        for _ in range(times):
            yield part
        yield last

    return behave


def packed(data: Iterable[bytes], window: int = 31) -> bytes:
    """Compressed, as gzip by default."""
    pack = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join([*(pack.compress(part) for part in data), pack.flush()])


def bomb(asked: Asked) -> list[Piece]:
    """A small answer that unpacks to 1.5 GB: after a full flush the same bytes stand for the same text again."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = pack.compress(_G) + pack.flush(zlib.Z_FULL_FLUSH)
    body = first + (pack.compress(b" " * MIB) + pack.flush(zlib.Z_FULL_FLUSH)) * 1500 + pack.flush()
    return [head(len(body), more="Content-Encoding: gzip\r\n") + body]


def dripping(asked: Asked) -> Iterator[Piece]:
    """A byte a second."""
    yield head(kind="text/event-stream" if asked.streams else "application/json")
    for byte in events(chunk(TEXT)) if asked.streams else json.dumps(completion()).encode():
        yield bytes([byte])
        yield 1.0


def endless_words(asked: Asked) -> Iterator[Piece]:
    """Words without end."""
    yield head(kind="text/event-stream" if asked.streams else "application/json")
    yield b"" if asked.streams else b'{"choices":[{"message":{"content":"'
    while True:
        yield chunk("word " * 200) if asked.streams else b"word " * 8000
        yield 0.001


def noise(asked: Asked) -> list[Piece]:
    """Bytes at random instead of an answer."""
    return [random.Random(0).randbytes(5000)]


def _error(message: str, status: str = "400 Bad Request") -> bytes:
    return whole({"error": {"message": message, "code": "x"}}, status)


_G = json.dumps(completion()).encode()
_JUNK = b"\x00\xff\xfe\n\ndata: {bad\n\nevent: \x80\n\ndata: []\n\ndata: null\n\ndata: 5\n\n: c\n\nretry: x\n\nid\n\n"
_HALVES = saying(None, refusal="no \ud800")
_SSE = head(kind="text/event-stream")

KINDS: dict[str, Behaviour] = {
    "good": either(completion(), chunk(TEXT)),
    # slow, or nothing at all
    "silence": always(LONG_S),
    "headers_then_silence": always(head(len(_G)), LONG_S),
    "half_a_head": always(b"HTTP/1.1 200 OK\r\nContent-Ty", LONG_S),
    "slow_drip": dripping,
    "stream_stops": always(_SSE + chunk("I think"), LONG_S),
    "comments_only": forever(_SSE, b": still here\n\n", 0.2),
    # without end
    "endless": endless_words,
    "endless_spaces": forever(head(), b" " * 65_536),
    "endless_comments": forever(_SSE, b": \n"),
    "endless_line": forever(_SSE + b"data: ", b"x" * 65_536),
    "endless_events": forever(_SSE, chunk("")),
    "endless_head": forever(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"b" * 1000 + b"\r\n"),
    "endless_continue": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless_chunks": forever(head(more="Transfer-Encoding: chunked\r\n"), b"1\r\n \r\n"),
    # too large
    "huge_header": flood(b"HTTP/1.1 200 OK\r\nX: ", b"a" * KIB, 50 * KIB, b"\r\n\r\n"),
    "many_headers": flood(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 100, 2000, b"\r\n"),
    "huge_text": flood(head() + b'{"choices":[{"message":{"content":"', b"a" * KIB, 100 * KIB, b'"}}]}'),
    "huge_tail": flood(head(len(_G) + 100 * MIB) + _G, b" " * KIB, 100 * KIB),
    "huge_error": flood(head(100 * MIB, "500 Internal Server Error"), b"e" * KIB, 100 * KIB),
    "deep": flood(head(100 * MIB), b"[" * KIB, 100 * KIB),
    "deep_small": always(whole(b"[" * (100 * KIB) + b"]" * (100 * KIB))),
    "many_choices": flood(head() + b'{"choices":[{}', b',{"message":{"content":"a"}}' * 1000, 800, b"]}"),
    "many_small_choices": flood(head() + b'{"choices":[{}', b",{}" * 1000, 500, b"]}"),
    "long_text": either(saying("a" * 200_000), *[chunk("a" * 2000)] * 100),
    "long_model": always(whole(completion(model=EVIL + "m" * MIB))),
    "long_number": always(whole(_G.replace(b'"created": 0', b'"created": ' + b"9" * 100_000))),
    "huge_usage": always(whole(completion(usage={"prompt_tokens": 10**30, "completion_tokens": 10**300}))),
    # compressed
    "gzip_bomb": bomb,
    "gzip_garbage": always(whole(bytes(range(100)), more="Content-Encoding: gzip\r\n")),
    "gzip_cut": always(whole(packed([_G])[:-12], more="Content-Encoding: gzip\r\n")),
    "gzip_good": always(whole(packed([_G]), more="Content-Encoding: gzip\r\n")),
    "brotli_said": always(whole(_G, more="Content-Encoding: br\r\n")),
    # lengths that lie
    "length_short": always(head(50) + _G),
    "length_long": always(head(len(_G) + 1000) + _G),
    "length_negative": always(head(more="Content-Length: -5\r\n") + _G),
    "length_huge": always(head(10**15) + _G, LONG_S),
    "length_twice": always(head(len(_G), more="Content-Length: 3\r\n") + _G),
    "chunk_huge": always(head(more="Transfer-Encoding: chunked\r\n") + b"F" * 16 + b"\r\n" + _G, LONG_S),
    # not what was asked for
    "html": always(whole(b"<!DOCTYPE html><title>\x1b[31mlog in", kind="text/html")),
    "nothing": always(whole(b"")),
    "null": always(whole(b"null")),
    "numbers": always(whole(b"[1e999, NaN, -0]")),
    "no_choices": either(completion(choices=[]), b'data: {"choices":[]}\n\n'),
    "odd_types": always(whole(completion(choices=[{"message": {"content": [1, {"a": 2}]}}], model=5))),
    "stream_of_junk": lambda asked: [_SSE + _JUNK + chunk("x") + _JUNK] if asked.streams else [whole(_JUNK)],
    "whole_for_stream": always(whole(completion())),
    "no_end": lambda asked: [events(chunk(TEXT), done=False)] if asked.streams else [whole(_G[: len(_G) // 2])],
    "http_09": always(_G),
    "noise": noise,
    "usage_bad": always(whole(completion(usage={"prompt_tokens": -1, "completion_tokens": "x"}))),
    "tool_call": always(whole(saying(None, tool_calls=[{"id": "x", "function": {"name": "rm", "arguments": "-rf"}}]))),
    # characters
    "surrogate": always(whole(saying(TEXT.replace("belief", "\ud800")))),
    "split_emoji": either(completion(), chunk("Nice \ud83d"), chunk("\ude00 plan")),
    "half_emoji": either(saying("Nice \ud83d"), chunk("Nice \ud83d")),
    "refusal_surrogate": always(whole(_HALVES)),
    "error_surrogate": always(_error("bad \ud800 text")),
    "error_500_surrogate": always(_error("bad \ud800 text", "500 Internal Server Error")),
    "stream_error_surrogate": always(_SSE + b'data: {"error":{"message":"bad \\ud800 text"}}\n\n'),
    "evil_error": always(_error(EVIL)),
    "evil_text": either(saying(json.dumps({"belief": EVIL, "plan": [EVIL], "message": EVIL})), chunk(EVIL)),
    "latin_1": always(whole(json.dumps(saying("caf\u00e9"), ensure_ascii=False).encode("latin-1"))),
    # statuses
    "status_999": always(b"HTTP/1.1 999 \xff\xfe\r\nContent-Length: 0\r\n\r\n"),
    "status_204": always(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "error_in_200": always(whole({"error": {"message": "no \x1b[31m", "code": "x"}})),
    "error_names_all": always(_error("response_format schema json_object stream_options max_completion_tokens")),
    "redirect_to_itself": lambda asked: [_redirect("/redirect_to_itself/v1/chat/completions")],
    "redirect_elsewhere": lambda asked: [_redirect(f"http://127.0.0.1:{asked.port + 1}/good/v1/chat/completions")],
    "retry_after_ages": always(whole(b"", "429 Too Many Requests", more="Retry-After: 1e18\r\n")),
    "retry_at_once": always(whole(b"", "429 Too Many Requests", more="Retry-After-Ms: 0\r\n")),
    "set_cookie": always(whole(completion(), more=f"Set-Cookie: a={'b' * 4000}\r\n")),
    "reset": lambda asked: iter(()),
    "closes": always(b""),
}


def _redirect(where: str) -> bytes:
    return head(0, "307 Temporary Redirect", more=f"Location: {where}\r\n")


class Hostile:
    """A server that misbehaves.

    Args:
        kind: in which way; `every`: another one with each request; `any`: as the first part of a URL's path says, as in
            `http://HOST:PORT/silence/v1`.

    Raises:
        BrigadeError: a kind that there is not.
    """

    def __init__(self, kind: str = ANY):
        if kind not in (ANY, EVERY, *KINDS):
            raise unknown("kind of misbehaviour", kind, (ANY, EVERY, *KINDS))
        self.kind = kind
        self._turns = itertools.cycle(KINDS)

    async def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Serve on a port until cancelled.

        Raises:
            BrigadeError: the port cannot be had.
        """
        async with self.listening(port, host) as server:
            await server.serve_forever()

    @contextlib.asynccontextmanager
    async def listening(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[asyncio.Server]:
        """A server on a port, or on any free one."""
        try:
            server = await asyncio.start_server(self._answer, host, port, limit=LIMIT)
        except OSError as error:
            told = f"cannot listen on {host}:{port}: {error.strerror}; choose another port"
            raise BrigadeError(told) from None
        async with server:
            yield server

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
        with contextlib.suppress(*gone):  # the task ends here either way
            kind, asked = await _read(reader, writer)
            kind = next(self._turns) if self.kind == EVERY else kind if self.kind == ANY else self.kind
            if kind == "reset":
                _reset(writer)
                return
            for piece in KINDS.get(kind, KINDS["good"])(asked):
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece)
                    await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, Asked]:
    """The kind that the path names, and what is asked."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lengths = (line.partition(":")[2] for line in lines if line.lower().startswith("content-length:"))
    body = await reader.readexactly(min(int(next(lengths, "0")), MAX_BODY))
    path = lines[0].split(" ")[1] if lines[0].count(" ") > 1 else "/"
    streams = b'"stream":true' in body.replace(b" ", b"")
    return path.strip("/").split("/")[0], Asked(streams, writer.get_extra_info("sockname")[1])


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection in the middle, without a word."""
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
