"""The measurements: that they are made and shown. How fast anything is, no test says."""

from __future__ import annotations

import io
import json
import os
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
    assert max(len(line) for line in text.splitlines()[2:]) <= 110
    assert "…" not in text
    for word in ("engine", "gymnasium", "steps/s", "once", "cramped_room", "numba"):
        assert word in text
    report = json.loads(json.dumps(as_json(figures)))
    assert (report["format"], report["version"]) == ("brigade-bench", 1)
    assert set(report["machine"]) == {"cpu", "cores", "system", "python", "numpy", "numba", "brigade"}
    assert set(report["figures"][0]) == {
        "group", "what", "kitchen", "batch", "threads", "unit", "median", "low", "high", "repeats",
    }  # fmt: skip


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

    def first_step(kitchen: str, cache: str | None) -> float:
        seen.append(cache)
        if cache is not None:
            assert os.listdir(cache) == []
        return 1.5

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
