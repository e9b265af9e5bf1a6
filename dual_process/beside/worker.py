"""The process beside, as its owner sees it: requests go in, answers come back, and it ends with its owner."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future as Promise
from typing import Any

JOIN_S = 2.0  # seconds that the threads of a worker that was ended are waited for
ENDED = "the process beside has ended"
Listener = Callable[[Any, bool], None]  # an answer, and whether it is the last


class Worker:
    """A process that answers. It ends with this one."""

    def __init__(self) -> None:
        path = os.pathsep.join(dict.fromkeys(entry or os.getcwd() for entry in sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "brigade.dual_process.beside.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._listeners: dict[int, Listener] = {}
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        return self._process.poll() is None

    def tell(self, service: str, method: str, *arguments: Any) -> None:
        """Have something done, without an answer."""
        if self.alive:
            self._requests.put(pickle.dumps((None, service, method, arguments), pickle.HIGHEST_PROTOCOL))

    def ask(self, service: str, method: str, *arguments: Any) -> Promise[Any]:
        """Have something answered. The promise ends in a `ConnectionError` if the process ends before."""
        promise = Promise[Any]()

        def take(answer: Any, last: bool) -> None:
            if promise.set_running_or_notify_cancel():
                if isinstance(answer, ConnectionError):
                    promise.set_exception(answer)
                else:
                    promise.set_result(answer)

        self.listen(take, service, method, *arguments)
        return promise

    def listen(self, listener: Listener, service: str, method: str, *arguments: Any) -> int:
        """Have something answered in pieces.

        Args:
            listener: is told every answer, from another thread; a `ConnectionError` if the process ends before the
                last one.
            service: who is to answer.
            method: what is asked of it.
            arguments: whatever can be pickled.

        Returns:
            The number of the request, by which it can be forgotten.
        """
        number = next(self._numbers)
        if not self.alive:
            listener(ConnectionError(ENDED), True)
            return number
        self._listeners[number] = listener
        self._requests.put(pickle.dumps((number, service, method, arguments), pickle.HIGHEST_PROTOCOL))
        return number

    def forget(self, number: int) -> None:
        """Nobody waits for the answers to a request any more."""
        self._listeners.pop(number, None)

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._requests.put(None)
        for thread in self._threads:
            thread.join(JOIN_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _write(self) -> None:
        assert self._process.stdin is not None
        while (data := self._requests.get()) is not None:
            try:
                self._process.stdin.write(data)
                self._process.stdin.flush()
            except (OSError, ValueError):
                return  # it has ended: `_read` tells those who wait

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                number, answer, last = pickle.load(self._process.stdout)
                listener = self._listeners.pop(number, None) if last else self._listeners.get(number)
                if listener is not None:
                    listener(answer, last)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._process.kill()  # it does not speak any more
            self._process.wait()
            self._requests.put(None)
            for number in list(self._listeners):
                listener = self._listeners.pop(number, None)
                if listener is not None:
                    listener(ConnectionError(ENDED), True)


_shared: Worker | None = None


def shared_worker() -> Worker:
    """The worker of this process, begun anew if it has ended."""
    global _shared
    if _shared is None or not _shared.alive:
        if _shared is not None:
            atexit.unregister(_shared.end)
            _shared.end()
        _shared = Worker()
        atexit.register(_shared.end)
    return _shared
