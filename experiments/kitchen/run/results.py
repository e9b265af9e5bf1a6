"""Results of kitchen runs on disk: `episodes.jsonl` (what happened), `timings.jsonl` (how long it took)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from brigade.batch.configuration.specs import AgentSpec
from brigade.batch.folder.lines import read_lines
from brigade.batch.folder.resume import filled_in, go_on, refuse_other_files
from brigade.batch.folder.run_folder import Kind, Record, RunFolder
from brigade.dual_process.old_names import config_now, refuse_mixing
from brigade.envs.kitchen.content.layout import Kitchen, dump_kitchen, kitchen_digest, restore_kitchen
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import Job, RunConfig, jobs_of
from brigade.simulation.outcome import CRASHED as THOUGHT_CRASHED
from brigade.simulation.played import Played, result

RUN_FORMAT, EPISODE_FORMAT = "brigade-run", "brigade-episode"
VERSION = 2  # of both; in version 1 some agents have other names: `dual_process.old_names`
EPISODES, INTERRUPTED, CRASHED = "episodes.jsonl", "interrupted.jsonl", "crashed.jsonl"
CALLS, RECORDINGS = "calls", "recordings"  # folders beside them


class _First(BaseModel):
    config: dict[str, Any]
    kitchens: dict[str, dict[str, Any]] = {}  # earlier revisions kept none


class _Line(BaseModel):
    key: str
    kitchen_digest: str = ""
    order_script: list[str] | None = None


KITCHEN_RUN = Kind(
    what="results file", file=EPISODES, header_format=RUN_FORMAT, record="an episode", record_format=EPISODE_FORMAT,
    version=VERSION,
    traces=(CALLS, RECORDINGS, INTERRUPTED, CRASHED),
    first=_First, line=_Line,
)  # fmt: skip
# keys of a configuration that do not change what is played
IRRELEVANT = ("out", "ray", "about", "calls", "replay", "recordings")
GROWING = ("kitchens", "teams", "seeds", "vary")  # more of these may be asked for later


def episode_record(job: Job, played: Played) -> Record:
    """One episode as it is stored: enough to play it again and to know when that goes differently."""
    kitchen = job.kitchen.load()
    return {
        "format": EPISODE_FORMAT,
        "version": VERSION,
        "key": job.key,
        "kitchen": job.kitchen.model_dump(exclude_none=True),
        "kitchen_digest": kitchen_digest(kitchen),
        "seed": job.seed,
        "order_script": job.script,
        "agents": [agent.model_dump() for agent in job.team],
        "condition": job.condition,
        "ticks": played.ticks,
        "finished": played.finished,
        "result": {key: value for key, value in result(played).items() if key != "decision_ms"},
        "macros": [[list(asdict(record).values()) for record in macros] for macros in played.macros],
        "thoughts": played.thoughts,
        "messages": [list(asdict(message).values()) for message in played.messages],
        "actions": played.actions,
        "checks": "".join(played.checks),
        **({"crashed": crash} if (crash := crash_of(played)) else {}),
    }


def crash_of(played: Played) -> str:
    """What an agent did that ended the episode, or the first thought that ended in an error of its own; empty if none.

    A thought that crashed, or whose call could not be written down, stops no game: the kitchen goes on. But what came
    of that game is not what was asked for.
    """
    failed = (each for each in played.thoughts if each["outcome"] == THOUGHT_CRASHED)
    first = next(failed, None)
    if played.crashed or first is None:
        return played.crashed
    return f"a {first['kind']} thought of chef {first['seat'] + 1} at tick {first['asked']}: {first.get('problem', '')}"


def open_results(config: RunConfig, jobs: Sequence[Job] | None = None) -> RunFolder:
    """The folder of a run, open for adding to.

    Args:
        config: what is run.
        jobs: the episodes that are asked for, where they are known already.

    Raises:
        BrigadeError: another process works in the folder, it holds another run's results, or cannot be read or written.
    """
    asked, kitchens = _told(config), _kitchens(config)

    def going_on(header: Record, episodes: list[Record]) -> Record:
        old = filled_in(config.folder / EPISODES, header["config"], RunConfig, _told)
        teams = [*old["teams"], *asked["teams"]]
        refuse_mixing(config.folder, (agent["name"] for team in teams for agent in team), header["version"])
        whole = go_on(config.folder, "results of another configuration", old, asked, GROWING)
        _refuse_other_episodes(config.folder, episodes, jobs_of(config) if jobs is None else jobs)
        return {"config": whole, "version": VERSION, "kitchens": {**header.get("kitchens", {}), **kitchens}}

    return RunFolder(config.folder, KITCHEN_RUN, {"config": asked, "kitchens": kitchens}, going_on)


def _kitchens(config: RunConfig) -> dict[str, Any]:
    """The kitchens of a run in full, by their digests: their files may be elsewhere when it is looked at."""
    loaded = [choice.load() for choice in config.kitchens]
    return {kitchen_digest(kitchen): dump_kitchen(kitchen) for kitchen in loaded}


class StoredKitchens:
    """The kitchens that a run's header has in full, each made once.

    Args:
        header: the first line of the results.
    """

    def __init__(self, header: Record):
        self._dumped = header.get("kitchens", {})
        self._made: dict[str, Kitchen] = {}

    def of(self, episode: Record, where: str) -> Kitchen | None:
        """The kitchen that an episode was played in; None where the header has none.

        Args:
            episode: one of the other lines.
            where: it is, for messages.

        Raises:
            BrigadeError: what the header has is damaged.
        """
        digest = str(episode.get("kitchen_digest"))
        if digest in self._made or digest not in self._dumped:
            return self._made.get(digest)
        kitchen = restore_kitchen(self._dumped[digest], f"{where}: kitchen {digest}")
        if kitchen_digest(kitchen) != digest:
            raise BrigadeError(f"{where}: damaged: kitchen {digest} is not the one that was recorded")
        self._made[digest] = kitchen
        return kitchen


def named_as_there(config: RunConfig) -> RunConfig:
    """The run with its agents written as its folder has them, so that episodes of an earlier revision count as played.

    Some kinds of thought had other names then, and the key of an episode has the agents' options in it.
    """
    path = config.folder / EPISODES
    header = next(read_lines(path, unfinished=True), {}) if path.exists() else {}
    try:
        old = [spec for team in RunConfig.model_validate(header.get("config")).teams for spec in team]
    except ValidationError:  # opening the folder says what it is about
        return config
    there = {_today(spec): spec for spec in old} | {str(spec): spec for spec in old}
    teams = [[there.get(str(spec), there.get(_today(spec), spec)) for spec in team] for team in config.teams]
    return config.model_copy(update={"teams": teams})


def _today(spec: AgentSpec) -> str:
    return str(AgentSpec.model_validate(config_now(spec.model_dump())))


def read_results(path: str | Path, unfinished: bool = False) -> list[Record]:
    """The lines of a results file or folder: the run's header, then its episodes.

    Args:
        path: a results folder, or its `episodes.jsonl`.
        unfinished: leave out a last line that was cut off, as a killed run leaves it.

    Raises:
        BrigadeError: no such file, damaged (with the line), of another format, or of a newer version.
    """
    return KITCHEN_RUN.read(Path(path), unfinished)


def version_of(folder: Path) -> int:
    """The version of the format of a folder's results; today's while there are none.

    Raises:
        BrigadeError: they cannot be read.
    """
    path = folder / EPISODES
    header = next(read_lines(path, unfinished=True), {}) if path.exists() else {}
    return int(header.get("version", VERSION))


def _told(config: RunConfig) -> dict[str, Any]:
    """A configuration without what does not change what is played."""
    return {key: value for key, value in config.model_dump(mode="json").items() if key not in IRRELEVANT}


def _refuse_other_episodes(folder: Path, episodes: list[Record], jobs: Sequence[Job]) -> None:
    """What a configuration only names must be as it was: kitchens and order scripts.

    Raises:
        BrigadeError: it is not.
    """
    played = {episode["key"]: episode for episode in episodes}
    digests = {job.kitchen.model_dump_json(): kitchen_digest(job.kitchen.load()) for job in jobs}
    for job in jobs:
        if job.key in played:
            episode, kitchen = played[job.key], f"kitchen '{job.kitchen.name}'"
            before = {kitchen: episode["kitchen_digest"], "its order script": episode["order_script"]}
            now = {kitchen: digests[job.kitchen.model_dump_json()], "its order script": job.script}
            refuse_other_files(f"{job.key} in {folder}", before, now)
