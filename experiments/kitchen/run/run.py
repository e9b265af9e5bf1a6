"""Playing a batch of episodes on all cores through Ray, so that it can be stopped and gone on with at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from brigade.agents.base import Agent, agents, make_agent
from brigade.batch.ray_session import cancel, in_words, ray_session
from brigade.batch.records import Results, episode_record
from brigade.dual_process.build import calls_file, make_reasoner, recorded, short_key
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.plugins import Plugin, import_plugins
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import Job, RunConfig, jobs_of
from brigade.simulation.episode import Watcher, play, result
from brigade.simulation.recording import ENDING, RecordingWriter, make_header

STOPPING_S = 10.0  # how long workers have to bring what they have played when a run is stopped

Finished = tuple[dict[str, Any], dict[str, Any]]  # the record and the timing of an episode


class EpisodeInterrupted(KeyboardInterrupt):
    """Ctrl-C came in the middle of an episode; `record` is what was played of it."""

    def __init__(self, record: dict[str, Any]):
        super().__init__("interrupted")
        self.record = record


def play_job(job: Job, agents: Sequence[Agent] | None = None, watch: Watcher | None = None) -> Finished:
    """Play one episode, with the job's agents unless they are given; `watch` is shown every tick."""
    begun = time.perf_counter()
    if agents is None:
        agents = [agent_of(job, seat) for seat in range(len(job.team))]
    recorder = _recorder(job)
    try:
        played = play(job.kitchen.load(), agents, job.seed, job.script, job.clock.make(), watch, job.messages, recorder)
    finally:
        if recorder is not None:
            recorder.close()
    if recorder is not None and recorder.failed is not None:
        raise BrigadeError(f"{recorder.path}: cannot be written: {recorder.failed}")
    if played.interrupted:
        raise EpisodeInterrupted(episode_record(job, played))
    timing = {"decision_ms": result(played)["decision_ms"], "wall_s": round(time.perf_counter() - begun, 3)}
    return episode_record(job, played), timing


def _recorder(job: Job) -> RecordingWriter | None:
    """Where the episode is written as it is played, in the place of one that was stopped before."""
    if job.recordings is None:
        return None
    path = Path(job.recordings) / f"{short_key(job.key)}{ENDING}"
    path.unlink(missing_ok=True)
    agents = [spec.model_dump() for spec in job.team]
    ids = {"key": job.key, "condition": job.condition}
    clock = job.clock.model_dump()
    return RecordingWriter(
        path, make_header(job.kitchen.load(), job.seed, job.script, agents, job.messages, clock, ids)
    )


def agent_of(job: Job, seat: int) -> Agent:
    """The agent of a seat; one that thinks is given the run's reasoner, unless it brings its own."""
    spec = job.team[seat]
    if not agents[spec.name].takes_reasoner or "reasoner" in spec.options:
        return make_agent(spec.name, **spec.options)
    record = calls_file(Path(job.calls), job.key, seat) if job.calls is not None else None
    replay = calls_file(Path(job.replay), job.key, seat) if job.replay is not None else None
    inner = None if replay is not None else make_reasoner(job.reasoner, job.seed, job.clock)
    return make_agent(spec.name, reasoner=recorded(inner, record, replay), **spec.options)


class Batch(NamedTuple):
    """Episodes played one after the other, and what was played of the one in which it was stopped."""

    finished: list[Finished]
    interrupted: dict[str, Any] | None


def run(config: RunConfig, console: Console) -> Results:
    """Play what is missing of a run.

    Returns:
        The results folder, complete unless interrupted.

    Raises:
        BrigadeError: the folder holds another run, or an episode failed; what is finished is kept.
        KeyboardInterrupt: stopped by the user; likewise, and the episodes that were being played are kept as far as
            they went, in `interrupted.jsonl`.
    """
    jobs = jobs_of(config)
    results = Results(config.folder, config)
    missing = [job for job in jobs if job.key not in results.done]
    if len(missing) < len(jobs):
        console.print(f"{len(jobs) - len(missing)} of {len(jobs)} episodes are in {config.folder} already")
    if missing:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(config.name, total=len(jobs), completed=len(jobs) - len(missing))

            def keep(batch: Batch) -> None:
                for record, timing in batch.finished:
                    results.add(record, timing)
                    progress.advance(task)
                if batch.interrupted is not None:
                    results.keep_interrupted(batch.interrupted)

            if config.ray.workers == 0:
                _play_here(missing, keep)
            else:
                Game(missing[0].kitchen.load()).reset(0)  # compile here, once, rather than in every worker
                _play_with_ray(missing, config, keep)
    results.finish([job.key for job in jobs])
    return results


def _play_here(jobs: list[Job], keep: Callable[[Batch], None]) -> None:
    for job in jobs:
        batch = _play_some([job])
        keep(batch)
        if batch.interrupted is not None:
            raise KeyboardInterrupt


def _play_with_ray(jobs: list[Job], config: RunConfig, keep: Callable[[Batch], None]) -> None:
    """Play on Ray's workers, a handful of episodes to a task, keeping them as they are finished."""
    with ray_session(config.ray.workers, config.ray.address) as ours:
        import ray

        remote: Callable[..., Any] = ray.remote(_play_some).remote
        cpus = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        size = max(1, min(8, len(jobs) // (cpus * 4)))
        waiting = [remote(jobs[i : i + size], config.plugins) for i in range(0, len(jobs), size)]
        try:
            while waiting:
                (ready,), _ = ray.wait(waiting, num_returns=1)
                batch = ray.get(ready)
                waiting.remove(ready)
                keep(batch)
        except ray.exceptions.RayError as error:
            raise in_words(error) from None
        except KeyboardInterrupt:
            for batch in _stop(waiting):
                keep(batch)
            raise
        finally:
            if not ours:
                cancel(waiting, force=True)


def _stop(waiting: list[Any]) -> list[Batch]:
    """Ask Ray's tasks to stop where they are; what those under way have played comes back from them."""
    import ray

    if not waiting:
        return []
    cancel(waiting, force=False)
    ended, _ = ray.wait(waiting, num_returns=len(waiting), timeout=STOPPING_S)
    batches = []
    for reference in ended:
        try:
            batches.append(ray.get(reference))
        except ray.exceptions.RayError:
            continue  # it had not begun, or it could not be stopped in order
    return batches


def _play_some(jobs: list[Job], plugins: Sequence[Plugin] = ()) -> Batch:
    import_plugins(plugins)
    finished: list[Finished] = []
    for job in jobs:
        try:
            finished.append(play_job(job))
        except EpisodeInterrupted as stopped:
            return Batch(finished, stopped.record)
    return Batch(finished, None)
