"""Asking an agent, a partner or a player: whatever it ends in, what asks goes on or ends in order, and it is named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brigade.envs.faults import in_words
from brigade.envs.registry import BrigadeError


class AgentFault(BrigadeError):
    """An agent has broken the protocol in the middle of an episode.

    Args:
        who: its seat and sort, and the tick.
        told: what it did.
    """

    def __init__(self, who: str, told: str):
        super().__init__(f"{who}: {told}")


@contextmanager
def asking(who: Callable[[], str], doing: str) -> Iterator[None]:
    """A block in which an agent is asked.

    Args:
        who: says which agent, and when.
        doing: what it is asked for.

    Raises:
        AgentFault: whatever it ended in, besides what a person got wrong (`BrigadeError`) and Ctrl-C.
    """
    try:
        yield
    except (BrigadeError, KeyboardInterrupt):
        raise
    except BaseException as error:  # it may call sys.exit(): the batch that it is asked in must not end in it
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        if isinstance(error, GeneratorExit) and _nobody_asks():  # what was waited for is put away half done
            raise
        raise AgentFault(who(), in_words(error, doing)) from error


def _is_cancelled() -> bool:
    task = _task()
    return task is not None and task.cancelling() > 0


def _nobody_asks() -> bool:
    return _task() is None


def _task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop is running
        return None
