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
from functools import lru_cache, partial
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
from brigade.envs.kitchen.content.generate import draw_first
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.interfaces.room_choice import GeneratorSpec
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.played import Played

BENCH_FORMAT, BENCH_VERSION = "brigade-bench", 2
REPEATS, QUICK_REPEATS = 5, 3
BATCHES, QUICK_BATCHES = (1, 64, 1024, 8192), (1, 1024)
SOLO_EPISODES, QUICK_SOLO_EPISODES = 20, 3
QUICK_SECONDS = 0.1  # per figure, at most
LONGEST_START_S = 600.0  # compiling takes half a minute; more than this is a fault
ALONE = ("engine", "vector", "rooms", "pettingzoo", "gymnasium")  # groups that do nothing but compute
UNDISTURBED = 0.95  # less of a core than this means that others wanted it too
WIDE = 1.5  # between the slowest and the fastest repeat
IDLE_LOAD = 0.5  # as many others may wait for a core on a machine whose figures are to be believed
ROOMS, QUICK_ROOMS = 1024, 16
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
        processor: seconds of processor time for each second on the wall, in the middle one of the repeats.
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
    processor: float

    @property
    def doubt(self) -> str | None:
        """Why the figure is not to be believed, None if nothing speaks against it."""
        if self.threads == 1 and self.group in ALONE and self.processor < UNDISTURBED:
            return f"others had the core for {1 - self.processor:.0%} of the time"
        if self.repeats > 1 and self.group in ALONE and self.high > WIDE * self.low:
            return f"the fastest repeat took {self.low / self.high:.0%} of the time of the slowest"
        return None


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
    cases = _cases(kitchen, QUICK_BATCHES if quick else BATCHES, QUICK_ROOMS if quick else ROOMS)
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


def load() -> float | None:
    """How many processes have wanted a core in the last minute, None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def doubts(figures: list[Figure], before: float | None) -> list[str]:
    """Why the figures are not to be believed.

    Args:
        figures: as measured.
        before: the load when it began.
    """
    found = []
    if before is not None and before > IDLE_LOAD:
        found.append(f"the load was {before:.1f} before anything was measured: something else runs on this machine")
    doubted = [figure for figure in figures if figure.doubt]
    if doubted:
        one = doubted[0]
        found.append(
            f"{len(doubted)} of {len(figures)} figures were disturbed, as {one.group}, {one.what}, {one.batch:,}: "
            f"{one.doubt}"
        )
    return found


def print_bench(figures: list[Figure], console: Console, before: float | None = None) -> None:
    """Print the figures as a table, below a line about the machine; `before` is the load when it began."""
    on = machine()
    software = f"python {on.python}, numpy {on.numpy}, numba {on.numba}, brigade {on.brigade}"
    console.print(Text(f"{on.cpu}, {on.cores} cores; {on.system}; {software}"), soft_wrap=True)
    kitchens = ", ".join(dict.fromkeys(figure.kitchen for figure in figures))
    console.print(Text(f"{kitchens}; random actions; median of the repeats", style="dim"), soft_wrap=True)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for head in ("", "", "batch", "threads", "median", "lowest to highest", "", "cpu"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for number, (group, members) in enumerate(groupby(figures, lambda figure: figure.group)):
        if number:
            table.add_row()
        for shown, figure in zip(chain([group], repeat("")), members, strict=False):
            span = f"{measured(figure.low)} to {measured(figure.high)}" if figure.repeats > 1 else "once"
            counts = f"{figure.batch:,}", str(figure.threads)
            share = Text(f"{figure.processor:.0%}", style="red" if figure.doubt else "dim")
            table.add_row(Text(shown), Text(figure.what), *counts, measured(figure.median), span, figure.unit, share)
    # At its own width wherever it is printed: a file or a pipe passes for a terminal of 80 columns.
    table.width = Measurement.get(console, console.options.update(width=200), table).maximum
    console.print(table, crop=False)
    told = "" if before is None else f"; load {before:.1f} before"
    console.print(Text(f"cpu: processor time for each second on the wall{told}", style="dim"), soft_wrap=True)
    for doubt in doubts(figures, before):
        console.print(Text(f"too busy to believe: {doubt}", style="red"), soft_wrap=True)


def as_json(figures: list[Figure], before: float | None = None) -> dict[str, Any]:
    """The figures for programs, with the machine; `before` is the load when it began."""
    return {
        "format": BENCH_FORMAT,
        "version": BENCH_VERSION,
        "machine": asdict(machine()),
        "load": {"before": before, "after": load()},
        "doubts": doubts(figures, before),
        "figures": [asdict(figure) | {"doubt": figure.doubt} for figure in figures],
    }


def _cases(kitchen: str, batches: tuple[int, ...], rooms: int) -> list[Case]:
    every = len(cores())
    sizes = [(batch, threads) for batch in batches for threads in ((1, every) if batch > 1 and every > 1 else (1,))]
    cases = [Case("engine", "step", n, t, partial(_engine, kitchen, n, t)) for n, t in sizes]
    for name in ("none", "features", "planes"):
        cases += [Case("vector", name, n, t, partial(_vector, kitchen, name, n, t)) for n, t in sizes]
    for what, count, drawn in (
        ("features, one room", 1, False), (f"features, {rooms:,} rooms", rooms, False),
        (f"features, drawn of {rooms:,}", rooms, True),
    ):  # fmt: skip
        cases.append(Case("rooms", what, ROOMS, 1, partial(_rooms, kitchen, count, rooms, drawn)))
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


@lru_cache(maxsize=1)
def _generated(cookbook: str, chefs: int, count: int) -> list[Kitchen]:
    spec = GeneratorSpec(cookbook=cookbook, chefs=chefs)
    return [draw_first(spec.recipes(number)) for number in range(count)]


def _rooms(kitchen: str, count: int, rooms: int, drawn: bool) -> Work:
    """A batch of generated rooms for the kitchen's cookbook, which are made before the clock runs."""
    like = load_kitchen(kitchen)
    every = _generated(like.cookbook.name, like.chefs, rooms)[:count]
    env = kitchen_v0.vector_env(kitchens=RoomList(every, drawn=drawn), num_envs=ROOMS, observation="features")
    env.reset(seed=0)
    return _work(env.step, _drawn(like.chefs, ROOMS))


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
    clocks = [Clock() for _ in range(repeats)]
    for clock in clocks:
        with clock:
            work(times)
    speeds = [times * case.batch / clock.wall for clock in clocks]
    return _figure(case.group, case.what, kitchen, speeds, "steps/s", clocks, case.batch, case.threads)


class Clock:
    """How long something takes, on the wall and of processors, this process's and its children's.

    Attributes:
        wall, processor: seconds.
    """

    wall = processor = 0.0

    def __enter__(self) -> Clock:
        self.wall, self.processor = time.perf_counter(), _processor_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.processor = time.perf_counter() - self.wall, _processor_time() - self.processor


def _processor_time() -> float:
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def _time(work: Work, times: int) -> float:
    with Clock() as clock:
        work(times)
    return clock.wall


def _figure(
    group: str, what: str, kitchen: str, values: list[float], unit: str, clocks: list[Clock], batch: int = 1,
    threads: int = 1,
) -> Figure:  # fmt: skip
    median, share = statistics.median(values), statistics.median(clock.processor / clock.wall for clock in clocks)
    return Figure(group, what, kitchen, batch, threads, unit, median, min(values), max(values), len(values), share)


def _state_machine(kitchen: Kitchen, seconds: float, repeats: int) -> list[Figure]:
    """A team of state machines: ticks per second of the whole loop, and how long single decisions take."""
    speeds: list[float] = []
    decisions: list[NDArray[np.float64]] = []  # milliseconds, an array per episode
    _play(kitchen, 0)
    clocks: list[Clock] = []
    until = time.perf_counter() + seconds
    while len(speeds) < repeats or time.perf_counter() < until:
        with Clock() as clock:
            played = _play(kitchen, len(speeds))
        clocks.append(clock)
        speeds.append(played.ticks / clock.wall)
        decisions.append(np.array(played.decision_s) * 1000)
    group, team = "state machine", " + ".join(["fsm"] * kitchen.chefs)
    medians = [float(np.median(each)) for each in decisions]
    slowest = [float(np.percentile(each, 99)) for each in decisions]
    return [
        _figure(group, f"episode of {team}", kitchen.name, speeds, "ticks/s", clocks),
        _figure(group, "one decision, median", kitchen.name, medians, "ms", clocks),
        _figure(group, "one decision, 99th percentile", kitchen.name, slowest, "ms", clocks),
    ]


def _play(kitchen: Kitchen, seed: int) -> Played:
    return play(kitchen, [make_agent("fsm") for _ in range(kitchen.chefs)], seed)


def _solo(episodes: int, repeats: int) -> list[Figure]:
    """Some episodes of a state machine alone, one after the other."""
    kitchen = load_kitchen("new_counter_circuit_solo")
    _play(kitchen, 0)
    clocks = [Clock() for _ in range(repeats)]
    for clock in clocks:
        with clock:
            _play_some(kitchen, episodes)
    values = [clock.wall for clock in clocks]
    return [_figure("state machine", f"{episodes} episodes of fsm alone", kitchen.name, values, "s", clocks)]


def _play_some(kitchen: Kitchen, episodes: int) -> None:
    for seed in range(episodes):
        _play(kitchen, seed)


def _start(start: str, kitchen: str, repeats: int) -> Figure:
    """From a new process to the end of the first step, with compiled code on disk or (once) without."""
    if start == "installed":
        _first_step(kitchen, None)
        clocks = [_first_step(kitchen, None) for _ in range(repeats)]
        return _figure("start", "new process to first step", kitchen, [c.wall for c in clocks], "s", clocks)
    with tempfile.TemporaryDirectory(prefix="brigade-bench-") as empty:
        clock = _first_step(kitchen, empty)
        return _figure("start", "the same, compiling first", kitchen, [clock.wall], "s", [clock])


def _first_step(kitchen: str, cache: str | None) -> Clock:
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache is not None else {})}
    command = [sys.executable, "-W", "ignore", "-c", FIRST_STEP, kitchen]
    try:
        with Clock() as clock:
            subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True, timeout=LONGEST_START_S
            )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise BrigadeError(f"Brigade does not start in a new process: {last}") from None
    except subprocess.TimeoutExpired:
        raise BrigadeError(f"Brigade does not start within {LONGEST_START_S:.0f} s in a new process") from None
    return clock
