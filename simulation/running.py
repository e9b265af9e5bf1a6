"""Running a coroutine to its end from ordinary code, in a script as in a notebook, where a loop is running already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


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
    loop = asyncio.new_event_loop()
    outcome: Future[T] = Future()
    begun = threading.Event()
    tasks: list[asyncio.Task[T]] = []

    async def supervised() -> T:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        begun.set()
        return await work

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                outcome.set_result(runner.run(supervised()))
            except BaseException as error:  # noqa: BLE001  # handed on to the thread that waits for it
                outcome.set_exception(error)

    thread = threading.Thread(target=run, name="brigade-episode")
    thread.start()
    try:
        return outcome.result()
    except KeyboardInterrupt:
        begun.wait()
        heard: list[bool] = []
        with suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(lambda: heard.append(tasks[0].cancel()))
        result = outcome.result()
        if heard != [True]:  # it ended before it could be cancelled: whoever called must hear of it
            raise
        return result
    finally:
        thread.join()
