"""Endpoints asked in the process beside the kitchen, so that no answer, however it is sent, makes a tick late."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from brigade.dual_process.beside.worker import Listener, Worker, shared_worker
from brigade.dual_process.llm.client import Endpoint, OpenAIReasoner, read_key
from brigade.dual_process.llm.protocol import Answer, Failure, Piece, Reply, Request, Stream
from brigade.envs.asking import asking
from brigade.envs.registry import BrigadeError

CLIENTS = "brigade.dual_process.llm.clients:Clients"  # as the process beside finds it
GRACE_S = 10.0  # seconds that an answer may come after its deadline, for a process that is only starting
_names = itertools.count(1)


class BesideReasoner:
    """Asks an OpenAI-compatible endpoint from the process beside. Otherwise as `OpenAIReasoner`.

    Args:
        endpoint: where and how.

    Raises:
        BrigadeError: there is no key in the environment.
    """

    def __init__(self, endpoint: Endpoint):
        self.endpoint, self._key = endpoint, read_key(endpoint)
        self._name = f"{os.getpid()}-{next(_names)}"
        self._worker: Worker | None = shared_worker()  # it begins to start now

    def __repr__(self) -> str:
        return f"BesideReasoner({self.endpoint.model!r} at {self.endpoint.base_url!r})"

    async def ask(self, request: Request) -> Answer:
        """The whole answer. Never raises for anything the endpoint does; cancellation passes through."""
        answers = [answer async for answer in self._answers("ask", request)]
        assert not isinstance(answers[-1], Piece)
        return answers[-1]

    def stream(self, request: Request) -> Stream:
        """The answer as it comes."""
        return Stream(self._answers("stream", request))

    async def close(self) -> None:
        """Close all connections."""
        if self._worker is not None:
            self._worker.tell(CLIENTS, "close", self._name)

    async def _answers(self, method: str, request: Request) -> AsyncGenerator[Piece | Reply | Failure, None]:
        loop, worker = asyncio.get_running_loop(), shared_worker()
        self._worker = worker
        came: asyncio.Queue[Any] = asyncio.Queue()
        begun, ended = loop.time(), False

        def listen(answer: Any, last: bool) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(came.put_nowait, (answer, last))

        number = worker.listen(listen, CLIENTS, method, self._name, self.endpoint, self._key, request)
        due = begun + self.endpoint.deadline_s + GRACE_S
        try:
            while not ended:
                try:
                    async with asyncio.timeout_at(due):
                        answer, ended = await came.get()
                except TimeoutError:
                    answer, ended = Failure("timeout", _late(self.endpoint), 0.0), True
                if isinstance(answer, ConnectionError):
                    answer = Failure("unreachable", str(answer), 0.0)
                if isinstance(answer, BrigadeError):
                    raise answer
                yield _timed(answer, loop.time() - begun)
        finally:
            _forget(worker, number)


def _timed(answer: Piece | Reply | Failure, seconds: float) -> Piece | Reply | Failure:
    """An answer with the time that it took as the kitchen sees it: starting, waiting and the way here count."""
    return replace(answer, at_s=seconds) if isinstance(answer, Piece) else replace(answer, latency_s=seconds)


def _forget(worker: Worker, number: int) -> None:
    worker.forget(number)
    worker.tell(CLIENTS, "cancel", number)


def _late(endpoint: Endpoint) -> str:
    return f"no answer within the deadline of {endpoint.deadline_s:g} s, nor a word from the process that asks"


class Clients:
    """The clients in the process beside, by name; everything happens in its loop."""

    in_loop = True

    def __init__(self) -> None:
        self._clients: dict[str, OpenAIReasoner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def take(self, method: str, arguments: tuple[Any, ...], number: int | None, answer: Listener) -> None:
        """Begin what is asked for.

        Args:
            method: `ask`, `stream`, `cancel` or `close`.
            arguments: of it.
            number: of the request.
            answer: is told what comes of it, and whether that is the last.
        """
        if method == "cancel":
            task = self._tasks.pop(arguments[0], None)
            if task is not None:
                task.cancel()
        elif method == "close":
            client = self._clients.pop(arguments[0], None)
            if client is not None:
                closing = asyncio.get_running_loop().create_task(client.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        else:
            assert number is not None
            task = asyncio.get_running_loop().create_task(self._answer(method, arguments, answer))
            self._tasks[number] = task
            task.add_done_callback(lambda task: self._tasks.pop(number, None))

    async def _answer(self, method: str, arguments: tuple[Any, ...], answer: Listener) -> None:
        try:
            with asking(lambda: "the process that asks", f"asked to {method}"):
                await self._ask(method, arguments, answer)
        except BrigadeError as fault:
            answer(BrigadeError(str(fault)), True)

    async def _ask(self, method: str, arguments: tuple[Any, ...], answer: Listener) -> None:
        name, endpoint, key, request = arguments
        if name not in self._clients:
            self._clients[name] = OpenAIReasoner(endpoint, key=key)
        client = self._clients[name]
        if method == "ask":
            answer(await client.ask(request), True)
            return
        async with client.stream(request) as stream:
            async for text in stream:
                answer(Piece(text, stream.times_s[-1]), False)
            answer(stream.outcome, True)
