"""The same work on many things at once, through Ray."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from brigade.batch.ray_session import cancel, ray_session
from brigade.envs.registry import BrigadeError

T = TypeVar("T")
R = TypeVar("R")
RETRIES = 2  # how often work is begun again when its process was killed


def in_parallel(
    work: Callable[[T], R],
    things: Sequence[T],
    workers: int,
    again: Callable[[T], R] | None = None,
    gpus: float = 0.0,
) -> Iterator[tuple[T, R | BrigadeError]]:
    """Do `work` on everything, `workers` at a time in processes of their own; with 0 one after the other, here.

    When the caller stops early, what is under way is stopped. Ray is started here, unless someone has started it.

    Args:
        work: what is done.
        things: on each of these.
        workers: how many at a time.
        again: what is done instead on a thing whose process was killed; None for the same once more.
        gpus: GPUs for each process, a fraction where several share one.

    Yields:
        Each thing with its result, or with what is wrong with it, in the order in which they are finished.
    """
    if workers == 0:
        for thing in things:
            yield thing, _outcome(work, thing)
        return
    with ray_session(workers, show=True) as ours:
        import ray

        remote: Callable[..., Any] = ray.remote(max_retries=0, num_gpus=gpus)(_outcome).remote
        waiting = {remote(work, thing): thing for thing in things}
        killed: Counter[T] = Counter()
        try:
            while waiting:
                (ready,), _ = ray.wait(list(waiting), num_returns=1)
                thing = waiting.pop(ready)
                try:
                    outcome = ray.get(ready)
                except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
                    killed[thing] += 1
                    if killed[thing] <= RETRIES:
                        waiting[remote(again or work, thing)] = thing
                        continue
                    outcome = BrigadeError("its process was killed again and again")
                except ray.exceptions.RayTaskError as error:
                    outcome = BrigadeError(f"{type(error.cause).__name__}: {error.cause}")
                yield thing, outcome
        finally:
            if not ours:
                cancel(list(waiting), force=True)


def _outcome(work: Callable[[T], R], thing: T) -> R | BrigadeError:
    try:
        return work(thing)
    except BrigadeError as error:
        return BrigadeError(str(error))
