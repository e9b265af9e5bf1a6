"""The twelve names, in a script as in a notebook, whatever was imported before."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import brigade

NAMES = {
    "load_kitchen", "make_agent", "play", "run", "train", "verify", "Agent", "View", "Reasoner", "VirtualClock",
    "RealClock", "api_test",
}  # fmt: skip


def test_the_facade_is_twelve_names() -> None:
    assert set(brigade.__all__) - {"__version__"} == NAMES
    assert set(brigade.__all__) <= set(dir(brigade))
    for name in NAMES:
        assert getattr(brigade, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'plya'"):
        _ = brigade.plya


def test_an_episode_in_a_running_loop_is_the_same_as_in_a_script() -> None:
    script = brigade.play("new_counter_circuit", ["fsm", "dpt"], seed=3)

    async def notebook() -> str:
        return "".join(brigade.play("new_counter_circuit", ["fsm", "dpt"], seed=3).checks)

    assert asyncio.run(notebook()) == "".join(script.checks)
    assert script.finished


def test_a_run_in_a_running_loop(tmp_path: Path) -> None:
    async def notebook() -> list[str]:
        changes = ("seeds=1", "ray.workers=0", f"out={tmp_path / 'out'}")
        return [record["key"] for record in brigade.run("state_machine", *changes, quiet=True)]

    keys = asyncio.run(notebook())
    assert len(keys) == len(set(keys)) > 5
    verdicts = brigade.verify(tmp_path / "out")
    assert [verdict.difference for verdict in verdicts] == [None] * len(keys)


def test_what_goes_wrong_in_a_running_loop_is_said_as_in_a_script() -> None:
    async def notebook() -> None:
        brigade.play("new_counter_circuit", ["fsm"])

    with pytest.raises(brigade.envs.registry.BrigadeError, match="has 2 chefs, got 1 agents"):
        asyncio.run(notebook())


@pytest.mark.parametrize(
    "before",
    [
        "import gymnasium", "import brigade.envs.kitchen_v0", "import brigade.agents.base",
        "import brigade.dual_process.build", "import brigade.agents.specialists",
    ],
)  # fmt: skip
def test_the_same_call_gives_the_same_answer_whatever_was_imported_before(before: str) -> None:
    program = f"""
{before}
import brigade, gymnasium
from brigade.agents.base import agents
env = gymnasium.make("Brigade/CrampedRoom-v0", partners="dpt")
print(agents.names, type(brigade.make_agent("dpt")).__name__, env.reset(seed=1)[0].sum())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    alone = subprocess.run([sys.executable, "-c", program.replace(before, "", 1)], capture_output=True, text=True)
    assert done.stdout == alone.stdout


def test_importing_it_loads_nothing_that_takes_long() -> None:
    heavy = ["pygame", "ray", "torch", "openai", "gymnasium", "numpy"]
    program = f"import brigade, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
