"""The same work on many things: here, or side by side through Ray, stopped in order and told in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from brigade.batch.running.ray_session import cancel, in_words, interrupted_later, ray_session
from brigade.batch.running.stopping import asked_to_end
from brigade.envs.registry import BrigadeError

T = TypeVar("T")
R = TypeVar("R")
RETRIES = 2  # how often work is begun again when its process was killed
STOPPING_S = 10.0  # how long workers have to bring what they have done when they are stopped


class Stopped(KeyboardInterrupt):
    """Ctrl-C came in the middle of work; `left` is what had come of it."""

    def __init__(self, left: Any):
        super().__init__("interrupted")
        self.left = left


class Batch(NamedTuple, Generic[R]):
    """What came of a few things, one after the other, and of the one in which a worker was stopped."""

    outcomes: list[R | BrigadeError]
    left: Any | None = None


def run_jobs(
    work: Callable[[T], R],
    things: Sequence[T],
    workers: int | None,
    *,
    address: str | None = None,
    before: Callable[[], None] | None = None,
    again: Callable[[T], R] | None = None,
    keep: Callable[[Any], None] | None = None,
    together: int = 1,
    gpus: float = 0.0,
    show: bool = False,
) -> Iterator[tuple[T, R | BrigadeError]]:
    """Do `work` on everything, `workers` at a time in processes of their own; with 0 one after the other, here.

    When the caller stops early, what is under way is stopped. Ctrl-C waits until the caller is done with a result, so
    none is torn. Ray is started here, unless someone has started it.

    Args:
        work: what is done.
        things: on each of these.
        workers: how many at a time; None for as many as there are CPUs.
        address: of a Ray cluster; None for this machine.
        before: what every process does once before any work, such as importing what it needs.
        again: what is done instead on a thing whose process was killed; None for the same once more.
        keep: is given what `work` has left (`Stopped`) when Ctrl-C came in the middle of it. With it, workers are
            asked to stop and waited for, and what else they have finished is yielded before the interruption is raised.
        together: up to how many things go to a process at once, where there are many.
        gpus: GPUs for each process, a fraction where several share one.
        show: whether what is printed in the processes is shown here.

    Yields:
        Each thing with its result, or with what is wrong with it, in the order in which they are finished.

    Raises:
        KeyboardInterrupt: stopped by the user.
    """
    if not things:
        return
    if workers == 0:
        yield from _here(work, things, before, keep)
        return
    with ray_session(workers, address, show) as ours:
        tasks = _Tasks(work, again or work, before, gpus)
        try:
            tasks.begin(things, together)
            while tasks.waiting:
                if asked_to_end():
                    raise KeyboardInterrupt
                finished = tasks.next()
                with interrupted_later():
                    yield from finished
        except KeyboardInterrupt:
            if keep is not None:
                for things_done, batch in tasks.stop():
                    yield from zip(things_done, batch.outcomes, strict=False)
                    if batch.left is not None:
                        keep(batch.left)
            raise
        finally:
            if not ours:
                cancel(list(tasks.waiting), force=True)


def result_of(outcome: R | BrigadeError) -> R:
    """The result.

    Raises:
        BrigadeError: what went wrong instead.
        Exception: a fault of the code's, with where it was in the process that it was in.
    """
    if isinstance(outcome, BrigadeError):
        raise outcome.__cause__ or outcome
    return outcome


def _here(
    work: Callable[[T], R],
    things: Sequence[T],
    before: Callable[[], None] | None,
    keep: Callable[[Any], None] | None,
) -> Iterator[tuple[T, R | BrigadeError]]:
    if before is not None:
        before()
    for thing in things:
        if asked_to_end():
            raise KeyboardInterrupt
        try:
            outcome = _outcome(work, thing)
        except Stopped as stopped:
            if keep is not None:
                keep(stopped.left)
            raise KeyboardInterrupt from None
        with interrupted_later():
            yield thing, outcome


class _Tasks(Generic[T, R]):
    """Work under way on Ray, within its session.

    Attributes:
        waiting: what has not come back yet, by Ray's reference to the task: the things, and how often their process was
            killed.
    """

    def __init__(self, work: Callable[[T], R], again: Callable[[T], R], before: Callable[[], None] | None, gpus: float):
        import ray

        self.waiting: dict[Any, tuple[tuple[T, ...], int]] = {}
        self._work, self._again = work, again
        self._before = None if before is None else ray.cloudpickle.dumps(before)  # type: ignore[no-untyped-call]
        self._remote: Callable[..., Any] = ray.remote(max_retries=0, num_gpus=gpus)(_do).remote

    def begin(self, things: Sequence[T], together: int) -> None:
        """Hand out everything, in portions small enough that all workers have some."""
        import ray

        workers = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        size = max(1, min(together, len(things) // (workers * 4)))
        for i in range(0, len(things), size):
            self._hand_out(self._work, tuple(things[i : i + size]))

    def next(self) -> list[tuple[T, R | BrigadeError]]:
        """Wait for a task and take what came of it: nothing if it has to be done again."""
        import ray

        (ready,), _ = ray.wait(list(self.waiting), num_returns=1)
        things, killed = self.waiting[ready]
        outcomes: list[R | BrigadeError] = []
        try:
            outcomes = ray.get(ready).outcomes
        except ray.exceptions.RayTaskError as error:
            if len(things) == 1:
                outcomes = [_fault(error)]
            else:  # in which of them, and what comes of the others
                self._one_by_one(self._work, things, killed)
        except ray.exceptions.RayError as error:
            if killed < RETRIES:
                self._one_by_one(self._again, things, killed + 1)
            else:
                outcomes = [_lost(error)] * len(things)
        del self.waiting[ready]
        return list(zip(things, outcomes, strict=False))

    def stop(self) -> Iterator[tuple[tuple[T, ...], Batch[R]]]:
        """Ask the tasks to stop where they are; what those under way have done comes back from them."""
        import ray

        tasks = list(self.waiting)
        if not tasks:
            return
        cancel(tasks, force=False)
        ended, _ = ray.wait(tasks, num_returns=len(tasks), timeout=STOPPING_S)
        for reference in ended:
            try:
                yield self.waiting[reference][0], ray.get(reference)
            except ray.exceptions.RayError:
                continue  # it had not begun, or it could not be stopped in order

    def _hand_out(self, work: Callable[[T], R], things: tuple[T, ...], killed: int = 0) -> None:
        self.waiting[self._remote(self._before, work, things)] = things, killed

    def _one_by_one(self, work: Callable[[T], R], things: tuple[T, ...], killed: int) -> None:
        for thing in things:
            self._hand_out(work, (thing,), killed)


def _do(before: bytes | None, work: Callable[[T], R], things: Sequence[T]) -> Batch[R]:
    """Work in a process of Ray's."""
    if before is not None:
        _prepare(before)
    outcomes: list[R | BrigadeError] = []
    for thing in things:
        try:
            outcomes.append(_outcome(work, thing))
        except KeyboardInterrupt as stopped:
            return Batch(outcomes, getattr(stopped, "left", None))
    return Batch(outcomes)


@cache
def _prepare(before: bytes) -> None:
    """Do what comes before any work, once in a process."""
    from ray import cloudpickle

    cloudpickle.loads(before)()


def _outcome(work: Callable[[T], R], thing: T) -> R | BrigadeError:
    try:
        return work(thing)
    except BrigadeError as error:
        return BrigadeError(str(error))


def _fault(error: Any) -> BrigadeError:
    """What a task of Ray's failed of, in words; a fault of the code's has it whole as its cause."""
    told = in_words(error)
    if isinstance(told, BrigadeError):
        return told
    fault = BrigadeError(f"{type(error.cause).__name__}: {error.cause}")
    fault.__cause__ = error
    return fault


def _lost(error: Any) -> BrigadeError:
    import ray

    if isinstance(error, ray.exceptions.WorkerCrashedError | ray.exceptions.OutOfMemoryError):
        return BrigadeError("its process was killed again and again")
    return BrigadeError(str(in_words(error)))
