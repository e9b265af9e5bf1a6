"""Playing a batch of episodes on all cores through Ray, so that it can be stopped and gone on with at any time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from brigade.agents.base import Agent, agents, make_agent
from brigade.batch.folder.run_folder import RunFolder
from brigade.batch.running.jobs import Stopped, result_of, run_jobs
from brigade.batch.running.progress import Bar, progress_bar
from brigade.dual_process.build import calls_file, recorded, short_key
from brigade.dual_process.old_names import agent_then
from brigade.dual_process.reasoners import make_reasoner
from brigade.envs.disk import writing
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.plugins import import_plugins
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import Job, RunConfig, jobs_of
from brigade.experiments.kitchen.run.results import (
    CRASHED,
    INTERRUPTED,
    episode_record,
    named_as_there,
    open_results,
    version_of,
)
from brigade.simulation.episode import Watcher, play
from brigade.simulation.played import result
from brigade.simulation.recording import ENDING, RecordingWriter, make_header

TOGETHER = 8  # episodes that a worker plays in one go

Finished = tuple[dict[str, Any], dict[str, Any]]  # the record and the timing of an episode


def play_job(job: Job, agents: Sequence[Agent] | None = None, watch: Watcher | None = None) -> Finished:
    """Play one episode, with the job's agents unless they are given; `watch` is shown every tick.

    Raises:
        BrigadeError: it cannot be played, or its recording cannot be written.
        Stopped: Ctrl-C came in the middle of it.
    """
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
        raise Stopped(episode_record(job, played))
    timing = {"decision_ms": result(played)["decision_ms"], "wall_s": round(time.perf_counter() - begun, 3)}
    return episode_record(job, played), timing


def _recorder(job: Job) -> RecordingWriter | None:
    """Where the episode is written as it is played, in the place of one that was stopped before."""
    if job.recordings is None:
        return None
    path = Path(job.recordings) / f"{short_key(job.key)}{ENDING}"
    with writing(path):
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
    replay = _calls_to_replay(job, seat) if job.replay is not None else None
    inner = None if replay is not None else make_reasoner(job.reasoner, job.clock.occasion(job.seed))
    return make_agent(spec.name, reasoner=recorded(inner, record, replay), **spec.options)


def _calls_to_replay(job: Job, seat: int) -> Path:
    """Where the calls of one chef were recorded, by a run of this revision or an earlier one.

    Raises:
        BrigadeError: an agent of the job had the name of another one then.
    """
    folder = Path(job.replay or "")
    version = version_of(folder.parent)
    team = [agent.model_copy(update={"name": agent_then(agent.name, version)}) for agent in job.team]
    return calls_file(folder, job.model_copy(update={"team": team}).key, seat)


def run(config: RunConfig, console: Console) -> RunFolder:
    """Play what is missing of a run.

    Returns:
        The results folder, complete unless interrupted, and closed.

    Raises:
        BrigadeError: the folder holds another run, or an episode failed; what is finished is kept. An episode that an
            agent crashed does not stop the others: it is kept in `crashed.jsonl`, and named at the end.
        KeyboardInterrupt: stopped by the user; likewise, and the episodes that were being played are kept as far as
            they went, in `interrupted.jsonl`.
    """
    config = named_as_there(config)
    jobs = jobs_of(config)
    crashed: list[dict[str, Any]] = []
    with open_results(config, jobs) as results:
        missing = [job for job in jobs if job.key not in results.done]
        if len(missing) < len(jobs):
            console.print(f"{len(jobs) - len(missing)} of {len(jobs)} episodes are in {config.folder} already")
        if missing:
            with progress_bar(console, config.name, len(jobs), len(jobs) - len(missing)) as bar:
                crashed = _play_all(missing, config, results, bar)
        results.finish(job.key for job in jobs)
    if crashed:
        raise BrigadeError(
            f"{len(crashed)} of {len(jobs)} episodes crashed, the first in {crashed[0]['crashed']}; see "
            f"{config.folder / CRASHED}. The others are kept, and the same command plays these again; where a plug-in "
            "has changed, into another folder with out=DIR"
        )
    return results


def _play_all(jobs: list[Job], config: RunConfig, results: RunFolder, bar: Bar) -> list[dict[str, Any]]:
    """Play episodes and keep them; returns those that an agent has crashed, which are kept apart."""
    crashed = []
    if config.ray.workers != 0:
        Game(jobs[0].kitchen.load()).reset(0)  # compile here, once, rather than in every worker
    for job, outcome in run_jobs(
        play_job, jobs, config.ray.workers, address=config.ray.address, together=TOGETHER,
        before=partial(import_plugins, config.plugins),
        keep=lambda record: results.add_to(INTERRUPTED, record),  # the next run plays it whole
    ):  # fmt: skip
        record, timing = result_of(outcome)
        if "crashed" in record:
            crashed.append(record)
            bar.note(f"crashed: {job.key}: {record['crashed']}")
            results.add_to(CRASHED, record)
        else:
            results.add(record, {"key": job.key, **timing})
        bar.advance()
    return crashed
