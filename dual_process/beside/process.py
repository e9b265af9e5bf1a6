"""The process beside: it answers over its standard output, and ends with its owner.

It knows nothing of who answers in it: requests name the service. Services that compute are asked one after the other,
those that wait for others side by side, both in threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import pickle
import pkgutil
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any, Protocol

from brigade.dual_process.beside.worker import Listener

WATCH_S = 1.0  # seconds between looks whether the owner is still there
NICE = 5  # the kitchen goes first


class Service(Protocol):
    """What answers in this process. It is made with its first request.

    Attributes:
        in_loop: whether it is asked in the thread in which an event loop runs, where it must return at once.
    """

    in_loop: bool

    def take(self, method: str, arguments: tuple[Any, ...], number: int | None, answer: Listener) -> None:
        """Begin what is asked for, and answer when something comes of it."""
        ...


class Services:
    """Whoever answers, by the name `module:class` that requests have."""

    def __init__(self) -> None:
        self._services: dict[str, Service] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._computing: queue.SimpleQueue[Callable[[], None]] | None = None

    def take(self, name: str, *request: Any) -> None:
        """Have a request answered."""
        if name not in self._services:
            self._services[name] = pkgutil.resolve_name(name)()
        service = self._services[name]
        if service.in_loop:
            self._running().call_soon_threadsafe(service.take, *request)
        else:
            self._computed().put(functools.partial(service.take, *request))

    def _computed(self) -> queue.SimpleQueue[Callable[[], None]]:
        """What is to be computed, one after the other: requests that others wait for are read meanwhile."""
        if self._computing is None:
            waiting = self._computing = queue.SimpleQueue()
            threading.Thread(target=lambda: _work_off(waiting), daemon=True).start()
        return self._computing

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        return self._loop


def _work_off(waiting: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        waiting.get()()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until there are no more requests: (number or None, service, method, arguments)."""
    services, lock = Services(), threading.Lock()

    def send(number: int | None, answer: Any, last: bool) -> None:
        if number is not None:
            with lock, contextlib.suppress(OSError):  # nobody listens any more: the watch ends this process
                pickle.dump((number, answer, last), answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()

    while True:
        try:
            number, service, method, arguments = pickle.load(requests)
        except EOFError:
            return
        services.take(service, method, arguments, number, functools.partial(send, number))


def _end_with(parent: int) -> None:
    """End this process when its owner is gone, whatever it is doing: a model of somebody else's may loop for ever."""
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(0)


def main() -> None:
    """Serve whoever started this process, and end with it."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what Ctrl-C means
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what others print is no answer
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
