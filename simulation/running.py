"""Running a coroutine to its end from ordinary code, in a script as in a notebook, where a loop is running already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


def to_the_end(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """The same for ordinary code; see `run_to_end`."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_to_end(work(*args, **kwargs))

    return run


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine comes to. Ctrl-C cancels it, and is heard when it has ended.

    Where a loop is running in this thread, as in a notebook, the work is done in a loop and a thread of its own; the
    running loop stands still until then, as it does for any other call.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _in_a_thread(work)


def _in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()

    async def supervised() -> T:
        task = asyncio.current_task()
        assert task is not None
        begun.set_result((asyncio.get_running_loop(), task))
        return await work

    with ThreadPoolExecutor(1, "brigade-episode") as thread:
        outcome = thread.submit(asyncio.run, supervised())
        try:
            return outcome.result()
        except KeyboardInterrupt:
            loop, task = begun.result()
            heard: list[bool] = []
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(lambda: heard.append(task.cancel()))
            result = outcome.result()
            if heard != [True]:  # it ended before it could be cancelled: whoever called must hear of it
                raise
            return result
