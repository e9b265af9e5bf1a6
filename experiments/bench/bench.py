"""How fast this is on this machine: steps per second of every interface, start-up, compilation, the state machine.

All random actions are drawn before the clock runs. A step is one tick of one kitchen with all its chefs, resets at the
end of episodes included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, cycle, groupby, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from brigade.agents.base import make_agent
from brigade.batch.numbers import measured
from brigade.batch.running.machine import choose_core, cores, machine, pinned
from brigade.envs import kitchen_v0
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.played import Played

BENCH_FORMAT, BENCH_VERSION = "brigade-bench", 1
REPEATS, QUICK_REPEATS = 5, 3
BATCHES, QUICK_BATCHES = (1, 64, 1024, 8192), (1, 1024)
SOLO_EPISODES, QUICK_SOLO_EPISODES = 20, 3
QUICK_SECONDS = 0.1  # per figure, at most
LONGEST_START_S = 600.0  # compiling takes half a minute; more than this is a fault
DRAWN_TICKS = 64  # random actions are drawn for so many ticks, then used again
FIRST_STEP = """
import sys
from brigade.envs import kitchen_v0
env = kitchen_v0.parallel_env(kitchen=sys.argv[1])
env.reset(seed=0)
env.step(dict.fromkeys(env.agents, 0))
"""

Work = Callable[[int], None]  # does something so many times


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        group: what is measured: `engine`, `vector`, `pettingzoo`, `gymnasium`, `state machine`, `start`; or on which
            GPU.
        what: which of those.
        kitchen: where.
        batch: kitchens stepped together.
        threads: sharing the work; 1 is measured on one core where the system allows to ask for that.
        unit: `steps/s`, `ticks/s`, `ms` or `s`.
        median, low, high: of the repeats.
        repeats: how many there were.
    """

    group: str
    what: str
    kitchen: str
    batch: int
    threads: int
    unit: str
    median: float
    low: float
    high: float
    repeats: int


@dataclass(frozen=True)
class Case:
    """Something whose speed is measured.

    Attributes:
        group, what, batch, threads: as in `Figure`.
        make: returns the work, ready to run: a step of the whole batch, so many times.
    """

    group: str
    what: str
    batch: int
    threads: int
    make: Callable[[], Work]


def bench(
    console: Console,
    seconds_per_figure: float = 1.0,
    kitchen: str = "new_counter_circuit",
    quick: bool = False,
) -> list[Figure]:
    """Measure everything.

    Args:
        console: where progress is shown.
        seconds_per_figure: wall time of the repeats of one figure together, warm-up apart.
        kitchen: where to cook.
        quick: shorter, fewer batch sizes, without the first compilation.

    Raises:
        BrigadeError: an unknown kitchen, or Brigade does not start in a new process.
    """
    loaded = load_kitchen(kitchen)
    core = choose_core(None)
    repeats = QUICK_REPEATS if quick else REPEATS
    seconds = min(seconds_per_figure, QUICK_SECONDS) if quick else seconds_per_figure
    cases = _cases(kitchen, QUICK_BATCHES if quick else BATCHES)
    starts = ("installed",) if quick else ("installed", "first")
    figures = []
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(cases) + 2 + len(starts))
        for case in cases:
            progress.update(task, description=f"{case.group}, {case.what}, {case.batch} x {case.threads}")
            with pinned(core if case.threads == 1 else None):
                figures.append(measure(case, loaded.name, seconds, repeats))
            progress.advance(task)
        progress.update(task, description="state machine")
        with pinned(core):
            figures += _state_machine(loaded, seconds, repeats)
            progress.advance(task)
            figures += _solo(QUICK_SOLO_EPISODES if quick else SOLO_EPISODES, repeats)
            progress.advance(task)
        for start in starts:
            progress.update(task, description=f"start, {start}")
            figures.append(_start(start, kitchen, repeats))
            progress.advance(task)
    return figures


def print_bench(figures: list[Figure], console: Console) -> None:
    """Print the figures as a table, below a line about the machine."""
    on = machine()
    software = f"python {on.python}, numpy {on.numpy}, numba {on.numba}, brigade {on.brigade}"
    console.print(Text(f"{on.cpu}, {on.cores} cores; {on.system}; {software}"), soft_wrap=True)
    kitchens = ", ".join(dict.fromkeys(figure.kitchen for figure in figures))
    console.print(Text(f"{kitchens}; random actions; median of the repeats", style="dim"), soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("", "", "batch", "threads", "median", "lowest to highest", ""):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for number, (group, members) in enumerate(groupby(figures, lambda figure: figure.group)):
        if number:
            table.add_row()
        for shown, figure in zip(chain([group], repeat("")), members, strict=False):
            span = f"{measured(figure.low)} to {measured(figure.high)}" if figure.repeats > 1 else "once"
            counts = f"{figure.batch:,}", str(figure.threads)
            table.add_row(Text(shown), Text(figure.what), *counts, measured(figure.median), span, figure.unit)
    # At its own width wherever it is printed: a file or a pipe passes for a terminal of 80 columns.
    table.width = Measurement.get(console, console.options.update(width=200), table).maximum
    console.print(table, crop=False)


def as_json(figures: list[Figure]) -> dict[str, Any]:
    """The figures for programs, with the machine."""
    return {
        "format": BENCH_FORMAT,
        "version": BENCH_VERSION,
        "machine": asdict(machine()),
        "figures": [asdict(figure) for figure in figures],
    }


def _cases(kitchen: str, batches: tuple[int, ...]) -> list[Case]:
    every = len(cores())
    sizes = [(batch, threads) for batch in batches for threads in ((1, every) if batch > 1 and every > 1 else (1,))]
    cases = [Case("engine", "step", n, t, partial(_engine, kitchen, n, t)) for n, t in sizes]
    for name in ("none", "features", "planes"):
        cases += [Case("vector", name, n, t, partial(_vector, kitchen, name, n, t)) for n, t in sizes]
    names = ("features", "planes", "symbolic")
    cases += [Case("pettingzoo", name, 1, 1, partial(_pettingzoo, kitchen, name)) for name in names]
    return [*cases, Case("gymnasium", "solo, features", 1, 1, partial(_gymnasium, kitchen))]


def _engine(kitchen: str, batch: int, threads: int) -> Work:
    game = Game(kitchen, batch, threads)
    game.reset(0)
    every = np.ones(batch, np.bool_)

    def step(actions: NDArray[np.int8]) -> None:
        game.step(actions)
        if game.state.tick[0] >= game.kitchen.horizon:  # all began together
            game.next_episode(every)

    return _work(step, _drawn(game.kitchen.chefs, batch))


def _vector(kitchen: str, observation: str, batch: int, threads: int) -> Work:
    env = kitchen_v0.vector_env(kitchen=kitchen, num_envs=batch, observation=observation, threads=threads)
    env.reset(seed=0)
    return _work(env.step, _drawn(env.kitchen.chefs, batch))


def _pettingzoo(kitchen: str, observation: str) -> Work:
    env = kitchen_v0.parallel_env(kitchen=kitchen, observation=observation)
    env.reset(seed=0)

    def step(actions: dict[str, int]) -> None:
        env.step(actions)
        if not env.agents:
            env.reset()

    drawn = _drawn(env.kitchen.chefs, 1)[:, 0].tolist()
    return _work(step, [dict(zip(env.possible_agents, joint, strict=True)) for joint in drawn])


def _gymnasium(kitchen: str) -> Work:
    env = kitchen_v0.solo_env(kitchen=kitchen, observation="features")
    env.reset(seed=0)

    def step(action: int) -> None:
        if env.step(action)[3]:
            env.reset()

    return _work(step, _drawn(1, 1)[:, 0, 0].tolist())


def _work(step: Callable[[Any], object], actions: Iterable[Any]) -> Work:
    """Step with the actions, and from the first again after the last."""
    following = cycle(actions)

    def work(times: int) -> None:
        for _ in range(times):
            step(next(following))

    return work


def _drawn(chefs: int, batch: int) -> NDArray[np.int8]:
    """Random actions (ticks, batch, chefs)."""
    return np.random.default_rng(0).integers(0, 6, (DRAWN_TICKS, batch, chefs), np.int8)


def measure(case: Case, kitchen: str, seconds: float, repeats: int) -> Figure:
    """Warm up, find out how often fits into a repeat, then repeat."""
    work = case.make()
    times, spent = 1, 0.0
    while spent < seconds / repeats / 4:
        times *= 2 if spent else 1
        spent = _time(work, times)
    times = max(1, round(times * seconds / repeats / max(spent, 1e-9)))
    speeds = [times * case.batch / _time(work, times) for _ in range(repeats)]
    return _figure(case.group, case.what, kitchen, speeds, "steps/s", case.batch, case.threads)


def _time(work: Work, times: int) -> float:
    begun = time.perf_counter()
    work(times)
    return time.perf_counter() - begun


def _figure(
    group: str, what: str, kitchen: str, values: list[float], unit: str, batch: int = 1, threads: int = 1
) -> Figure:
    median = statistics.median(values)
    return Figure(group, what, kitchen, batch, threads, unit, median, min(values), max(values), len(values))


def _state_machine(kitchen: Kitchen, seconds: float, repeats: int) -> list[Figure]:
    """A team of state machines: ticks per second of the whole loop, and how long single decisions take."""
    speeds: list[float] = []
    decisions: list[NDArray[np.float64]] = []  # milliseconds, an array per episode
    _play(kitchen, 0)
    until = time.perf_counter() + seconds
    while len(speeds) < repeats or time.perf_counter() < until:
        begun = time.perf_counter()
        played = _play(kitchen, len(speeds))
        speeds.append(played.ticks / (time.perf_counter() - begun))
        decisions.append(np.array(played.decision_s) * 1000)
    group, team = "state machine", " + ".join(["fsm"] * kitchen.chefs)
    medians = [float(np.median(each)) for each in decisions]
    slowest = [float(np.percentile(each, 99)) for each in decisions]
    return [
        _figure(group, f"episode of {team}", kitchen.name, speeds, "ticks/s"),
        _figure(group, "one decision, median", kitchen.name, medians, "ms"),
        _figure(group, "one decision, 99th percentile", kitchen.name, slowest, "ms"),
    ]


def _play(kitchen: Kitchen, seed: int) -> Played:
    return play(kitchen, [make_agent("fsm") for _ in range(kitchen.chefs)], seed)


def _solo(episodes: int, repeats: int) -> list[Figure]:
    """Some episodes of a state machine alone, one after the other."""
    kitchen = load_kitchen("new_counter_circuit_solo")
    _play(kitchen, 0)
    values = [_time(partial(_play_some, kitchen), episodes) for _ in range(repeats)]
    return [_figure("state machine", f"{episodes} episodes of fsm alone", kitchen.name, values, "s")]


def _play_some(kitchen: Kitchen, episodes: int) -> None:
    for seed in range(episodes):
        _play(kitchen, seed)


def _start(start: str, kitchen: str, repeats: int) -> Figure:
    """From a new process to the end of the first step, with compiled code on disk or (once) without."""
    if start == "installed":
        _first_step(kitchen, None)
        values = [_first_step(kitchen, None) for _ in range(repeats)]
        return _figure("start", "new process to first step", kitchen, values, "s")
    with tempfile.TemporaryDirectory(prefix="brigade-bench-") as empty:
        return _figure("start", "the same, compiling first", kitchen, [_first_step(kitchen, empty)], "s")


def _first_step(kitchen: str, cache: str | None) -> float:
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache is not None else {})}
    command = [sys.executable, "-W", "ignore", "-c", FIRST_STEP, kitchen]
    begun = time.perf_counter()
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=LONGEST_START_S)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise BrigadeError(f"Brigade does not start in a new process: {last}") from None
    except subprocess.TimeoutExpired:
        raise BrigadeError(f"Brigade does not start within {LONGEST_START_S:.0f} s in a new process") from None
    return time.perf_counter() - begun
