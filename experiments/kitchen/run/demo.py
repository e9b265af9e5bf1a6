"""A few episodes in the terminal, as they are cooked, and the report on them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from brigade.agents.base import Observation
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice
from brigade.batch.folder.run_folder import RunFolder
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.pictures.text import captions, draw
from brigade.experiments.kitchen.run.config import Job, RunConfig, jobs_of
from brigade.experiments.kitchen.run.results import open_results
from brigade.experiments.kitchen.run.run import agent_of, play_job

CONFIG = RunConfig(
    name="demo",
    about="Map 1 alone, map 1 and map 2 with two state machines.",
    kitchens=[
        KitchenChoice(name=name)
        for name in ("new_counter_circuit_solo", "new_counter_circuit", "new_asymmetric_advantages")
    ],
    teams=[[AgentSpec(name="fsm")], [AgentSpec(name="fsm"), AgentSpec(name="fsm")]],
)
TICKS_PER_SECOND = 60.0


def demo(console: Console, speed: float = TICKS_PER_SECOND, out: Path | None = None) -> Path:
    """Cook three episodes with a live view.

    Args:
        console: where to draw. Without a terminal only a line per episode is printed.
        speed: ticks shown per second; 0 for as fast as possible.
        out: the results folder; default a temporary one.

    Returns:
        The results folder.
    """
    folder = out or Path(tempfile.mkdtemp(prefix="brigade-demo-"))
    config = CONFIG.model_copy(update={"out": str(folder)})
    with open_results(config) as results:
        for job in jobs_of(config):
            if job.key not in results.done:
                _cook(job, results, console, speed)
    return folder


def _cook(job: Job, results: RunFolder, console: Console, speed: float) -> None:
    agents = [agent_of(job, seat) for seat in range(len(job.team))]
    title = f"{job.kitchen.load().spec.title}: {' and '.join(str(agent) for agent in job.team)}"
    with Live(console=console, refresh_per_second=30, transient=True, auto_refresh=False) as live:

        def watch(game: Game, observation: Observation, actions: Sequence[int]) -> None:
            if not console.is_terminal:
                return
            live.update(_view(game, title, agents), refresh=True)
            if speed > 0:
                time.sleep(1 / speed)

        record, timing = play_job(job, agents, watch)
    results.add(record, {"key": job.key, **timing})
    figures = record["result"]
    points = Text(f"{title}: ").append(str(figures["score"]), "bold")
    console.print(points.append(f" points, {figures['served']} served, {figures['missed']} missed"))


def _view(game: Game, title: str, agents: Sequence[object]) -> Panel:
    described = game.describe()
    head = Text(f"tick {described['tick']:>3}   {described['ticks_left']:>3} left   score ")
    head.append(str(described["score"]), "bold")
    doing = [f"chef {seat + 1}: {getattr(agent, 'current', None) or '-'}" for seat, agent in enumerate(agents)]
    board = Text.from_markup(draw(game.kitchen, described, colour=True))
    lines = Text("\n".join([*doing, *captions(game.kitchen, described)]), style="dim")
    return Panel(Group(head, Text(), board, Text(), lines), title=Text(title), expand=False)
