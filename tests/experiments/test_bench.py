"""The measurements: that they are made and shown. How fast anything is, no test says."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from rich.console import Console

from brigade.batch.running.machine import choose_core, cores, machine, pinned
from brigade.envs.registry import BrigadeError
from brigade.experiments.bench import bench as benches
from brigade.experiments.bench.bench import Figure, as_json, bench, print_bench


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return bench(Console(file=io.StringIO()), seconds_per_figure=0.002, kitchen="cramped_room", quick=True)


def test_every_interface_is_measured(figures: list[Figure]) -> None:
    measured = {(figure.group, figure.what) for figure in figures}
    assert measured >= {
        ("engine", "step"), ("vector", "none"), ("vector", "planes"), ("vector", "features"),
        ("pettingzoo", "features"), ("pettingzoo", "planes"), ("pettingzoo", "symbolic"),
        ("rooms", "features, one room"), ("rooms", "features, 16 rooms"), ("rooms", "features, drawn of 16"),
        ("gymnasium", "solo, features"), ("state machine", "episode of fsm + fsm"),
        ("state machine", "one decision, 99th percentile"), ("start", "new process to first step"),
    }  # fmt: skip
    for figure in figures:
        assert 0 < figure.low <= figure.median <= figure.high
        assert figure.repeats >= 3
    sizes = {(figure.batch, figure.threads) for figure in figures if figure.group == "engine"}
    assert sizes == {(1, 1), (1024, 1), (1024, len(cores()))}


def test_they_are_shown_to_people_and_programs(figures: list[Figure]) -> None:
    once = replace(figures[-1], what="compiling first", repeats=1)
    file = io.StringIO()
    print_bench([*figures, once], Console(file=file, width=60, color_system=None))
    text = file.getvalue()
    table, _, below = text.partition("\ncpu: ")
    assert max(len(line) for line in table.splitlines()[2:]) <= 110
    assert "processor time" in below
    assert "…" not in text
    for word in ("engine", "gymnasium", "steps/s", "once", "cramped_room", "numba"):
        assert word in text
    report = json.loads(json.dumps(as_json(figures)))
    assert (report["format"], report["version"]) == ("brigade-bench", 2)
    assert set(report["machine"]) == {"cpu", "cores", "system", "python", "numpy", "numba", "brigade"}
    assert set(report["figures"][0]) == {
        "group", "what", "kitchen", "batch", "threads", "unit", "median", "low", "high", "repeats", "processor",
        "doubt",
    }  # fmt: skip
    assert set(report["load"]) == {"before", "after"}


def test_a_machine_that_is_too_busy_is_said(figures: list[Figure]) -> None:
    calm = [replace(figure, processor=1.0, low=figure.median, high=figure.median) for figure in figures]
    assert benches.doubts(calm, 0.2) == []
    engine = next(figure for figure in calm if figure.group == "engine" and figure.threads == 1)
    shared, uneven = replace(engine, processor=0.6), replace(engine, high=engine.low * 2)
    assert "40%" in str(shared.doubt)
    assert uneven.doubt is not None
    (told,) = benches.doubts([*calm, shared], 0.2)
    assert "1 of" in told
    assert len(benches.doubts([*calm, shared], 3.0)) == 2
    file = io.StringIO()
    print_bench([*calm, shared], Console(file=file, width=60, color_system=None), 3.0)
    assert file.getvalue().count("too busy to believe") == 2


def test_processor_time_is_that_of_the_work_and_of_its_processes() -> None:
    with benches.Clock() as idle:
        time.sleep(0.2)
    with benches.Clock() as working:
        while working.processor is not None and time.perf_counter() - working.wall < 0.2:
            pass
    with benches.Clock() as beside:
        subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    assert idle.processor < 0.1 <= idle.wall
    assert working.processor > idle.processor
    assert beside.processor > 0.05


def test_episodes_begin_again_when_they_end() -> None:
    for make in (
        lambda: benches._engine("cramped_room", 2, 1),
        lambda: benches._vector("cramped_room", "none", 2, 1),
        lambda: benches._pettingzoo("cramped_room", "symbolic"),
        lambda: benches._gymnasium("cramped_room"),
    ):
        make()(850)  # ticks; an episode has 400


def test_the_first_compilation_is_measured_with_an_empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def first_step(kitchen: str, cache: str | None) -> benches.Clock:
        seen.append(cache)
        if cache is not None:
            assert os.listdir(cache) == []
        clock = benches.Clock()
        clock.wall = 1.5
        return clock

    monkeypatch.setattr(benches, "_first_step", first_step)
    installed, first = (benches._start(start, "cramped_room", 3) for start in ("installed", "first"))
    assert (installed.repeats, first.repeats, first.median) == (3, 1, 1.5)
    assert [cache is None for cache in seen] == [True] * 4 + [False]
    assert not os.path.exists(str(seen[-1]))


def test_a_process_that_does_not_start_is_reported() -> None:
    with pytest.raises(BrigadeError, match=r"does not start in a new process: .*no_such_kitchen"):
        benches._first_step("no_such_kitchen", None)


def test_cores() -> None:
    assert choose_core(None) in cores()
    assert choose_core(cores()[0]) == cores()[0]
    with pytest.raises(BrigadeError, match="core 100000 is not available"):
        choose_core(100_000)
    before = cores()
    with pinned(None):
        assert cores() == before
    with pinned(before[0]):
        assert cores() == ([before[0]] if hasattr(os, "sched_setaffinity") else before)
    assert cores() == before
    assert machine().cores == len(before)


def test_an_unknown_kitchen_is_refused() -> None:
    with pytest.raises(BrigadeError, match="no_such"):
        bench(Console(file=io.StringIO()), kitchen="no_such")
