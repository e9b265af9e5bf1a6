"""What `brigade.play`, `brigade.run`, `brigade.train` and `brigade.verify` do: the command line's work, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brigade.agents.base import Agent, make_agent
from brigade.batch.terminal import Terminal
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.simulation import episode
from brigade.simulation.clock import Clock
from brigade.simulation.episode import Recorder, Watcher
from brigade.simulation.messages import Mode
from brigade.simulation.played import Played

if TYPE_CHECKING:
    from brigade.experiments.kitchen.run.verify import Verdict


def play(
    kitchen: Kitchen | str,
    agents: Sequence[Agent | str],
    seed: int = 0,
    script: Sequence[str] | None = None,
    clock: Clock | None = None,
    watch: Watcher | None = None,
    mode: Mode = "both",
    recorder: Recorder | None = None,
) -> Played:
    """Play one episode, in a script or in a notebook.

    Args:
        kitchen: a kitchen, or its name.
        agents: one per chef, in order of seats; agents, or their names.
        seed: of the kitchen's random draws, and of the agents' own.
        script: dishes in the order they will be ordered.
        clock: the pace; default as fast as possible.
        watch: is shown every tick.
        mode: who may send messages.
        recorder: is given every tick as it is played, and the end.

    Raises:
        BrigadeError: an unknown name, the number of agents is not the number of chefs, or an agent broke the protocol
            (what it raised is logged).
    """
    place = load_kitchen(kitchen) if isinstance(kitchen, str) else kitchen
    team = [make_agent(agent) if isinstance(agent, str) else agent for agent in agents]
    played = episode.play(place, team, seed, script, clock, watch, mode, recorder)
    if played.crashed:
        raise BrigadeError(played.crashed)
    return played


def run(config: str | Path, *changes: str, quiet: bool = False) -> list[dict[str, Any]]:
    """Play what is missing of a batch of episodes: `run("state_machine", "seeds=5", "out=results/five")`.

    Args:
        config: a file, or the name of a bundled configuration.
        changes: `key=value` each, as on the command line.
        quiet: show no progress.

    Returns:
        The records of all its episodes, in order.

    Raises:
        BrigadeError: the configuration is not right, its folder holds another run, or an episode failed.
    """
    from brigade.experiments.kitchen.run.config import RunConfig
    from brigade.experiments.kitchen.run.run import run as play_all

    results = play_all(RunConfig.load(config, changes), Terminal(quiet=quiet))
    return list(results.done.values())


def train(config: str | Path, *changes: str, resume: bool = False, quiet: bool = False) -> list[Path]:
    """Train the policies of a configuration, one for each seed: `train("selfplay_cramped_room", "seeds=1")`.

    Args:
        config: a file, or the name of a bundled configuration.
        changes: `key=value` each, as on the command line.
        resume: go on with what is in its folder.
        quiet: show no progress.

    Returns:
        The folder of each seed, which `make_agent("neural", checkpoint=...)` takes.

    Raises:
        BrigadeError: the configuration is not right, PyTorch is missing, or a training failed.
    """
    from brigade.agents.learned.checkpoint import require_torch
    from brigade.experiments.rl.config import TrainConfig

    loaded = TrainConfig.load(config, changes)
    require_torch()
    from brigade.experiments.rl.training.population import train_seeds

    train_seeds(loaded, Terminal(quiet=quiet), resume)
    return [loaded.run_folder(seed) for seed in loaded.seeds]


def verify(path: str | Path) -> list[Verdict]:
    """Replay the episodes in a recording or a results folder, step by step.

    Returns:
        For each episode whether it went the same, or the first step and field in which it did not.

    Raises:
        BrigadeError: the file cannot be read.
    """
    from brigade.experiments.kitchen.run.verify import verify_file

    return list(verify_file(Path(path)))
