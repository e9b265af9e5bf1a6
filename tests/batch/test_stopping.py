"""Programs that are asked to end: by SIGTERM as by Ctrl-C, with what was finished kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from brigade.batch.running.jobs import run_jobs
from brigade.batch.running.ray_session import AUTH_MODE, AUTH_TOKEN, ray_session
from brigade.batch.running.stopping import handlers_kept, hear_as_interrupt
from brigade.envs.asking import asking

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


def begun(folder: Path, workers: int) -> subprocess.Popen[str]:
    """A run of many episodes, once some are finished."""
    (folder / "run.yaml").write_text(
        f"name: run\nkitchens: [{{name: cramped_room, horizon: 200}}]\nteams: [[fsm, fsm]]\nseeds: 4000\n"
        f"ray: {{workers: {workers}}}\nrecordings: false\n"
    )
    command = [sys.executable, "-m", "brigade", "run", str(folder / "run.yaml"), f"out={folder / 'out'}"]
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored
    try:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    episodes = folder / "out" / "episodes.jsonl"
    until = time.monotonic() + 120
    while time.monotonic() < until and (not episodes.exists() or episodes.read_bytes().count(b"\n") < 3):
        time.sleep(0.05)
    return running


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.outer)])
def test_a_run_ends_in_order(name: str, workers: int, tmp_path: Path) -> None:
    running = begun(tmp_path, workers)
    running.send_signal(getattr(signal, name))
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "goes on from there" in said or "stopped" in said
    lines = (tmp_path / "out" / "episodes.jsonl").read_bytes()
    assert lines.endswith(b"\n")
    keys = [json.loads(line)["key"] for line in lines.split(b"\n")[1:-1]]
    assert len(keys) == len(set(keys)) >= 2


def test_a_job_in_the_background_of_a_script_ends_too(tmp_path: Path) -> None:
    """Scripts begin those with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running = begun(tmp_path, 0)
    finally:
        signal.signal(signal.SIGINT, before)
    running.send_signal(signal.SIGTERM)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said


@pytest.fixture
def default() -> Iterator[None]:
    """As a program begins, for the time of a test."""
    before = {name: signal.signal(getattr(signal, name), signal.SIG_DFL) for name in ("SIGTERM", "SIGHUP")}
    yield
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


def test_what_a_library_does_with_signals_does_not_last() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with handlers_kept():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_interruption_that_something_swallows_is_not_lost(default: None) -> None:
    """As it is when it comes while a finalizer runs."""

    def work(number: int) -> int:
        if number == 1:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
                time.sleep(1)
        return number

    hear_as_interrupt()
    done: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(number for number, _ in run_jobs(work, range(5), 0))
    assert len(done) <= 2
    assert [number for number, _ in run_jobs(work, [7, 8], 0)] == [7, 8], "it is heard once"


def test_what_is_put_away_half_done_ends_in_nothing_else() -> None:
    """As an agent's answer that was still waited for when the program was stopped."""

    class Never:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def asks() -> None:
        with asking(lambda: "the agent", "acting"):
            await Never()

    waiting = asks()
    waiting.send(None)
    waiting.close()  # an error here would be printed when it is collected


def test_a_library_that_answers_a_signal_by_ending_the_program_is_heard_as_ctrl_c(default: None) -> None:
    with pytest.raises(SystemExit), handlers_kept():
        sys.exit(signal.SIGTERM)
    hear_as_interrupt()
    with pytest.raises(KeyboardInterrupt), handlers_kept():
        sys.exit(signal.SIGTERM)
    with pytest.raises(SystemExit), handlers_kept():
        sys.exit("something else is wrong")


@pytest.mark.outer
def test_a_ray_that_is_started_here_lets_in_nobody_without_its_token() -> None:
    script = (
        "import logging, ray, sys\n"
        "try:\n"
        "    ray.init(address=sys.argv[1], logging_level=logging.CRITICAL)\n"
        "    print('in', ray.get(ray.remote(lambda: 5).remote(), timeout=30))\n"
        "except Exception as error:\n"
        "    print('refused', error)\n"
    )
    assert AUTH_MODE not in os.environ
    with ray_session(1):
        import ray

        address = ray.get_runtime_context().gcs_address
        tokens = {"none": {}, "right": {AUTH_MODE: "token", AUTH_TOKEN: os.environ[AUTH_TOKEN]}}
        outside = {name: value for name, value in os.environ.items() if name not in (AUTH_MODE, AUTH_TOKEN)}
        told = {
            name: subprocess.run(
                [sys.executable, "-c", script, address], env={**outside, **more}, capture_output=True, text=True,
                timeout=120, check=False,
            ).stdout
            for name, more in tokens.items()
        }  # fmt: skip
    assert AUTH_MODE not in os.environ
    assert "in 5" in told["right"]
    assert "refused" in told["none"]
    with ray_session(1) as ours:  # and again, in the same process
        assert ours
