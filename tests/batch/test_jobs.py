"""Jobs side by side: each result comes once, and whatever ends a process or the whole run costs only what it must."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

from brigade.batch.running import jobs as module
from brigade.batch.running.jobs import Stopped, result_of, run_jobs
from brigade.envs.registry import BrigadeError

ray = pytest.importorskip("ray")


@pytest.fixture
def ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def double(thing: int) -> int:
    return 2 * thing


@pytest.mark.parametrize("workers", [0, 2])
def test_everything_is_done_once_after_what_comes_before(tmp_path, workers):
    def before() -> None:
        (tmp_path / f"{os.getpid()}-{time.monotonic_ns()}").touch()

    def work(thing: int) -> tuple[int, int]:
        assert list(tmp_path.glob(f"{os.getpid()}-*"))
        if thing == 3:
            raise BrigadeError("three is too many")
        return 2 * thing, os.getpid()

    outcomes = dict(run_jobs(work, range(20), workers, before=before, together=2))
    told = outcomes.pop(3)
    assert isinstance(told, BrigadeError)
    assert str(told) == "three is too many"
    assert {thing: result_of(outcome)[0] for thing, outcome in outcomes.items()} == {
        thing: 2 * thing for thing in range(20) if thing != 3
    }
    processes = {result_of(outcome)[1] for outcome in outcomes.values()}
    assert len(list(tmp_path.iterdir())) == len(processes), "once in a process"
    assert (processes == {os.getpid()}) == (workers == 0)
    with pytest.raises(BrigadeError, match="three is too many"):
        result_of(told)


def test_nothing_to_do_starts_nothing():
    assert list(run_jobs(double, [], 2)) == []
    assert not ray.is_initialized()


@pytest.mark.outer
def test_what_kills_its_process_or_has_a_fault_leaves_the_others_alone(tmp_path):
    def work(thing: int) -> int:
        marks = list(tmp_path.glob(f"{thing}-*"))
        (tmp_path / f"{thing}-{len(marks)}").touch()
        if thing == 1 or (thing == 2 and not marks):
            os.kill(os.getpid(), signal.SIGKILL)
        return 10 // (thing - 3)

    outcomes = dict(run_jobs(work, range(8), 1, together=2))
    assert str(outcomes.pop(1)) == "its process was killed again and again"
    fault = outcomes.pop(3)
    assert str(fault) == "ZeroDivisionError: integer division or modulo by zero"
    with pytest.raises(ray.exceptions.RayTaskError, match="in work"):
        result_of(fault)
    assert outcomes == {thing: 10 // (thing - 3) for thing in (0, 2, 4, 5, 6, 7)}
    assert len(list(tmp_path.glob("1-*"))) == module.RETRIES + 1


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.outer)])
def test_ctrl_c_brings_back_what_there_is(tmp_path, ctrl_c, workers):
    def work(thing: int) -> int:
        (tmp_path / str(thing)).touch()
        if thing == 0:
            return 0
        try:
            for _ in range(1200):  # Ray's interruption is heard between two calls, not within one
                time.sleep(0.05)
        except KeyboardInterrupt:
            raise Stopped(f"half of {thing}") from None
        return thing

    def press() -> None:
        while len(list(tmp_path.iterdir())) < 1 + max(1, workers):
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    kept: list[Any] = []
    done = []
    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        done.extend(thing for thing, _ in run_jobs(work, range(6), workers, keep=kept.append))
    assert done in ([0], [])  # `extend` may be interrupted
    assert sorted(kept) == [f"half of {thing}" for thing in range(1, 1 + max(1, workers))]
    assert not ray.is_initialized()


def test_ctrl_c_waits_until_a_result_is_dealt_with(ctrl_c):
    dealt_with = []

    def deal() -> None:
        for thing, outcome in run_jobs(double, range(5), 0):
            if thing == 2:
                signal.raise_signal(signal.SIGINT)
            dealt_with.append(result_of(outcome))

    with pytest.raises(KeyboardInterrupt):
        deal()
    assert dealt_with == [0, 2, 4]


def test_what_goes_wrong_with_the_caller_stops_the_work(ctrl_c):
    def deal() -> None:
        for _ in run_jobs(double, range(5), 0):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deal()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
